/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One generation of the configuration: plain values, immutable once read.
 *
 * Times are microseconds, sizes bytes, prices micro-USD per million tokens
 * (equal to pico-USD per token). Strings are never NULL unless said so and
 * live as long as the generation.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/log.h"

#define CONF_NO_LIMIT INT64_MAX

struct arena;

/* ---- rows of keys ------------------------------------------------------ */

enum conf_type {
	CONF_STRING,	/* const char *, not empty, no control characters */
	CONF_BOOL,	/* bool */
	CONF_INT,	/* int64_t, [min, max] */
	CONF_NUMBER,	/* double, [min, max] */
	CONF_TIME,	/* int64_t microseconds: 10ms, 2s, 5m, 1h, 90d */
	CONF_SIZE,	/* size_t bytes: 512, 8MiB */
	CONF_ENUM,	/* int: index into `words` */
	CONF_STRINGS,	/* struct conf_strings; one string is a list of one */
	CONF_ADDRESSES, /* the same, each an address to listen on */
	CONF_FILE,	/* const char *, the path of a file to read; a relative
			   one is from the configuration file's folder */
	CONF_URL,	/* const char *, of a scheme in `words`; normal form,
			   without a slash at its end unless `exact` */
	CONF_SECRET,	/* const char *, from env:NAME or file:/PATH */
	CONF_HASH,	/* struct digest, from sha256:HEX */
	CONF_USD,	/* int64_t pico-USD, from a decimal number of USD */
	CONF_PRICE,	/* int64_t micro-USD per million tokens, from USD */
	CONF_RANGE,	/* struct conf_range, from [LOW, HIGH] in [min, max] */
	CONF_BACKEND,	/* const struct conf_backend *, by its name; in cascades
			   only, which are read after the backends */
	CONF_HEADERS,	/* struct conf_headers, from a mapping of names */
	CONF_SECTION,	/* nested mapping: the rows of `sub`, same struct */
	CONF_ENTRIES,	/* mapping of names to mappings of `sub`; read apart */
	CONF_VERIFIERS, /* list of verifiers with their rows; read apart */
};

struct conf_strings {
	const char **v;
	size_t n;
};

struct conf_range {
	bool said; /* false: there is none */
	double low, high;
};

/* Of requests that frugald sends. No name twice, whatever its case; none that
 * frugald has to say itself; at most CONF_HEADERS_MOST. */
#define CONF_HEADERS_MOST 32
struct conf_header {
	const char *name;  /* a token */
	const char *value; /* printable ASCII; NULL: a secret, left unread */
	bool is_secret;
};
struct conf_headers {
	const struct conf_header *v;
	size_t n;
};

/* One key of a mapping, and where its value goes in the mapping's struct. */
struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;
	const char *fallback; /* default as it would be written; NULL: required
				 unless optional */
	bool optional;	      /* absent leaves the struct as it was (zero, in
				 a verifier's) */
	double min, max;      /* of the value as it is stored; STRINGS,
				 ADDRESSES: how many; 0, 0: no bound */
	const char *zero;     /* INT, STRING(S), ADDRESSES, FILE, URL, SECRET:
				 the word that means 0, NULL, empty: "none" */
	const char *words;    /* ENUM, URL: "off,on,auto" */
	const char *lone;     /* SECTION: the key that a bare value is for */
	const struct conf_key *sub; /* SECTION, ENTRIES: ended by a NULL name */
	bool exact;		    /* URL: every slash of it counts */
	bool restart;		    /* a change needs a restart, not a reload */
	bool tunes; /* a verifier's: says when it is asked, not what it says */
	const char *help;	    /* one line for the manual page */
};

/* What a verifier's entry in `verify` may say; brought by the verifier. */
struct conf_verifier {
	const char *name;
	const struct conf_key *keys; /* into a struct of opts_size bytes */
	size_t opts_size;
	/* Checks what rows cannot say; NULL: nothing more. Returns -1 and *err.
	 */
	int (*check)(const void *opts, struct err *err);
	/* After that, makes what opts needs beside what the rows put there, with
	 * memory of the generation's arena; NULL: nothing. -1 and *err, a fault
	 * of the entry like those of check. */
	int (*prepare)(void *opts, struct arena *a, struct err *err);
	/* What is unwise in options that are right, for people; static. NULL:
	 * nothing, as the function itself. */
	const char *(*warning)(const void *opts);
};

/* ---- values -------------------------------------------------------------- */

struct conf_ledger {
	const char *path; /* NULL: none kept */
	bool store_text;
	int64_t keep_us;
};

struct conf_log {
	const char *to; /* "stderr" or a path */
	int level;	/* enum log_level */
};

struct conf_limits {
	size_t max_body;
	int64_t max_depth;
	int64_t header_timeout_us, body_timeout_us, idle_timeout_us;
	int64_t max_inflight, max_queue, queue_wait_us;
	size_t memory;
	size_t max_reply;
	int64_t deadline_us;
	int64_t drain_us;
};

enum conf_usage { CONF_USAGE_ANSWER, CONF_USAGE_TOTAL };
enum conf_keepalive {
	CONF_KEEPALIVE_COMMENT,
	CONF_KEEPALIVE_CHUNK,
	CONF_KEEPALIVE_OFF
};

struct conf_reply {
	bool headers;
	int usage; /* enum conf_usage */
	int64_t commit_after_us;
	int keepalive; /* enum conf_keepalive */
	int64_t keepalive_every_us;
	int64_t slice; /* bytes of a replayed delta */
};

struct conf_client_key {
	const char *name;
	struct digest hash;
	struct conf_strings cascades; /* cascades and backends it may ask for;
					 n 0: all */
};

enum conf_kind {
	CONF_KIND_AUTO,
	CONF_KIND_OPENAI,
	CONF_KIND_VLLM,
	CONF_KIND_LLAMACPP,
	CONF_KIND_OLLAMA,
	CONF_KIND_SGLANG,
	CONF_KIND_TGI
};

struct conf_backend {
	const char *name;
	const char
		*base_url; /* http[s]://host[:port]/path, no trailing slash */
	const char *model;
	const char *api_key; /* the secret itself, NULL: none */
	bool priced;
	int64_t price_input, price_output,
		price_cached; /* cached: input's when not said */
	int64_t connect_us, first_byte_us, idle_us, total_us;
	int64_t max_inflight; /* 0: no bound */
	int64_t top_logprobs; /* 1..20 */
	const char *ca_file;  /* NULL: the system's */
	const char *proxy;    /* NULL: none */
	int kind;	      /* enum conf_kind */
};

struct conf_verify {
	const struct conf_verifier *verifier;
	const void *opts; /* of opts_size bytes */
};

/* What counts as the same answer. Patterns are no choice: a model would write
 * them. */
#define CONF_COMPARE_WORDS "auto,json,choice,number,contains,text,exact,judge"
#define CONF_COMPARE_JUDGE 7 /* its place */

enum conf_mode { CONF_MODE_ENFORCE, CONF_MODE_SHADOW };
enum conf_on_failure { CONF_FAIL_ERROR, CONF_FAIL_BEST_REJECTED };

struct conf_cascade {
	const char *name;
	struct conf_strings match;
	struct conf_strings tier_names; /* of backends, as written */
	const struct conf_backend **tiers;
	size_t n_tiers;
	struct conf_verify *verify;
	size_t n_verify;
	double threshold;    /* [0, 1]; NaN: not said, as with a target or in
				the shadow */
	/* The promise to keep: with probability 1 - delta at most max_error of
	 * all answers are a loss. max_error 0: none, the threshold rules. */
	double max_error, delta;
	const char *calibration; /* path; NULL: none */
	int calibration_line;	 /* in the file */
	int compare;		 /* which of CONF_COMPARE_WORDS */
	const struct conf_backend *compare_backend; /* the judge; else NULL */
	int64_t deadline_us; /* the process's when not said */
	int64_t max_attempts;
	/* CONF_NO_LIMIT when not said. */
	int64_t max_cost_pusd, max_verify_pusd;
	int mode;		 /* enum conf_mode */
	int on_terminal_failure; /* enum conf_on_failure */
};

struct conf {
	const char *path;
	struct conf_strings listen, admin; /* admin.n 0: none */
	bool admin_public;
	int64_t workers; /* 0: one a core */
	struct conf_ledger ledger;
	struct conf_log log;
	struct conf_limits limits;
	struct conf_reply reply;
	bool keys_asked; /* `keys` is there and not `none` */
	struct conf_client_key *keys;
	size_t n_keys;
	struct conf_backend *backends;
	size_t n_backends;
	struct conf_cascade *cascades;
	size_t n_cascades;
	struct arena *arena; /* owns all of the above */
};

void conf_free(struct conf *c); /* overwrites secrets; NULL is fine */

/* What a client's model name means. */
enum conf_target_kind {
	CONF_TARGET_NONE,
	CONF_TARGET_CASCADE,
	CONF_TARGET_BACKEND,
};
struct conf_target {
	enum conf_target_kind kind;
	const struct conf_cascade *cascade;
	const struct conf_backend *backend;
};
/* Exact cascade, exact match, backend, then patterns in file order. */
struct conf_target conf_lookup(const struct conf *c, struct span model);

/* `*` stands for any run of characters, `?` for any one byte. */
bool conf_is_pattern(const char *match);
bool conf_pattern_fits(const char *pattern, struct span model);

/* An address to listen on: "127.0.0.1:8080", "localhost:8080", "[::1]:8080",
 * "unix:/run/frugald.sock". */
bool conf_address_is_valid(const char *address);
/* Is this (valid) address loopback or a Unix socket? */
bool conf_address_is_local(const char *address);
/* The same of a host alone, as in a URL: "::1" stands in brackets. */
bool conf_host_is_local(const char *host);

#endif
