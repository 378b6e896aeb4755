/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: finished requests, their attempts and verdicts, in SQLite.
 *
 * Rows are handed over through one bounded queue a loop (a lane: one producer,
 * no lock) to the one writer thread. Handing over never blocks: a full lane
 * drops the row and counts it. The writer commits in batches and retries with
 * back-off when the disk refuses; a process that dies loses what was not yet
 * committed, never what was.
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
	const char *purpose; /* answer (NULL means it, too), verify, audit */
	int tier;
	int status;	     /* 0: none came */
	int refused_before;  /* status that rejected fields of ours, and the
			      * question went out again; 0: none. Not a column */
	const char *fault;   /* NULL: a sound reply */
	int64_t start_us;    /* since the request's start */
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

struct ledger_row {
	struct arena *arena; /* owns the row itself and all in it */
	const char *request_id;
	int64_t time_us; /* wall clock */
	const char *cascade; /* "" when a backend was named */
	const char *mode, *key; /* key: its name, "" for none */
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
	struct ledger_attempt *attempts;
	size_t n_attempts;
	struct ledger_verdict *verdicts;
	size_t n_verdicts;
};

/* A zeroed row with room for so many; fill it and put it. */
struct ledger_row *ledger_row_new(size_t n_attempts, size_t n_verdicts);
void ledger_row_free(struct ledger_row *row); /* NULL is fine */
/* Attempts for an answer, verifying ones left out. */
size_t ledger_row_answers(const struct ledger_row *row);

/* Opens (creates, mode 0600) the file, brings its schema up to date, starts
 * the writer. A file that is no sound database is moved aside
 * (PATH.damaged-TIME) with one log line and a new one begun; a newer schema
 * than ours is a fault. keep_us: rows older are removed now and then; 0: never.
 * metrics: frugald_ledger_rows_total, frugald_ledger_dropped_total,
 * frugald_ledger_errors_total. */
struct ledger *ledger_new(const char *path, size_t n_lanes, int64_t keep_us,
			  struct metric_set *metrics, struct err *err);

/* Only from the one thread of that lane. Takes the row, *row becomes NULL. */
void ledger_put(struct ledger *g, size_t lane, struct ledger_row **row);

/* Writes what is queued (bounded by 5 s), stops the writer, closes. */
void ledger_free(struct ledger *g);

#endif
