/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: finished requests, their attempts and verdicts, and labels, in
 * SQLite.
 *
 * Both are handed over through one bounded queue a loop (a lane: one producer,
 * no lock) to the one writer thread. Handing over never blocks: a full lane
 * drops what comes and counts it. The writer commits in batches and retries
 * with back-off when the disk refuses; a process that dies loses what was not
 * yet committed, never what was.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/metric.h"

struct ledger;

/* Strings are NUL-terminated, live in the row's arena and may be NULL where
 * the column may. Names equal the columns. */
struct ledger_attempt {
	const char *backend, *model;
	const char *purpose;  /* answer (NULL means it, too), verify, audit */
	const char *verifier; /* whose call it was; NULL: nobody's */
	const char *mode;     /* blind, verdict; NULL: it has none */
	const char *about;    /* backend whose reply was judged; NULL: none */
	int tier;
	int status;	    /* 0: none came */
	int refused_before; /* status that rejected fields of ours, and the
			     * question went out again; 0: none. Not a column */
	const char *fault;  /* NULL: a sound reply */
	int64_t start_us;   /* since the request's start */
	int64_t first_byte_us, total_us; /* since start_us */
	int64_t prompt_tokens, completion_tokens, cached_tokens;
	bool usage_estimated;
	int64_t cost_pusd;
	const char *response_text; /* only when texts are stored */
};

struct ledger_verdict {
	int attempt_seq; /* index of the attempt that was judged, from 0 */
	const char *verifier, *kind;
	double score;	 /* NaN: NULL */
	const char *why; /* may be NULL */
	int64_t us, cost_pusd;
	const char *signals; /* JSON object */
};

/* What is said of one backend's answer to a request. */
struct ledger_mark {
	const char *backend;
	bool right;
};

struct ledger_row {
	struct arena *arena; /* owns the row itself and all in it */
	const char *request_id;
	int64_t time_us;     /* wall clock */
	const char *cascade; /* "" when a backend was named */
	const char *mode;    /* enforce, shadow, eval */
	const char *key;     /* its name, "" for none */
	const char *outcome;
	int status;
	bool stream;
	int tier;
	const char *backend, *decision, *reason;
	double confidence; /* NaN: NULL */
	bool calibrated;
	int64_t total_us, upstream_us, overhead_us, cost_pusd;
	uint64_t generation;
	const char *request_text; /* only when texts are stored */
	/* Do the answers of the first and of the terminal tier say the same? 0,
	 * 1, or -1: not known. */
	int agrees;
	/* Decision and reason of the cascade where it was not for it to decide
	 * (eval, shadow); NULL: it was. */
	const char *compared_by; /* what agrees was told by; NULL: unknown */
	const char *would, *would_reason;
	const char *record; /* an imported record's line; NULL: our own row */
	struct ledger_attempt *attempts;
	size_t n_attempts;
	struct ledger_verdict *verdicts;
	size_t n_verdicts;
	/* Only of a row that was read: the last label for each backend. */
	struct ledger_mark *marks;
	size_t n_marks;
};

/* A zeroed row with room for so many, but agrees is -1; fill it and put it. */
struct ledger_row *ledger_row_new(size_t n_attempts, size_t n_verdicts);
void ledger_row_free(struct ledger_row *row); /* NULL is fine */
/* Attempts for an answer, verifying ones left out. */
size_t ledger_row_answers(const struct ledger_row *row);

/* Somebody says whether an answer was right. */
struct ledger_label {
	struct arena *arena; /* owns the label itself and all in it */
	const char *request_id;
	/* Name of the client's key: only its own requests are meant. NULL: the
	 * operator says it, of requests of any key. */
	const char *key;
	const char *backend; /* NULL: who answered */
	bool right;
	const char *source; /* may be NULL */
	int64_t time_us;    /* wall clock */
};

/* A zeroed label; fill it and put it. */
struct ledger_label *ledger_label_new(void);
void ledger_label_free(struct ledger_label *label); /* NULL is fine */

/* Opens (creates, mode 0600) the file, brings its schema up to date, starts
 * the writer. A file that is no sound database is moved aside
 * (PATH.damaged-TIME) with one log line and a new one begun; a newer schema
 * than ours is a fault. keep_us: rows and labels older are removed now and
 * then; 0: never. metrics: frugald_ledger_rows_total,
 * frugald_ledger_labels_total, frugald_ledger_dropped_total (of both),
 * frugald_ledger_errors_total. */
struct ledger *ledger_new(const char *path, size_t n_lanes, int64_t keep_us,
			  struct metric_set *metrics, struct err *err);

/* Only from the one thread of that lane. Takes the row, *row becomes NULL. */
void ledger_put(struct ledger *g, size_t lane, struct ledger_row **row);
/* Likewise. False: the lane was full, and it is dropped. */
bool ledger_put_label(struct ledger *g, size_t lane,
		      struct ledger_label **label);

/* Writes what is queued (bounded by 5 s), stops the writer, closes. */
void ledger_free(struct ledger *g);

#endif
