/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded requests into samples: lines are read, judged for one cascade, and
 * collected; what cannot be used is passed over and counted by reason.
 */
#ifndef CTL_RECORDS_H
#define CTL_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"
#include "conf/conf.h"
#include "ctl/samples.h"

struct records;

struct records_want {
	const struct conf *conf; /* whose other cascades' rows are passed over;
				  * NULL: a row may name any cascade */
	const struct conf_cascade *cascade; /* of two tiers */
	size_t n_words; /* buckets of the words; 0: none wanted */
	bool every;	/* no row is passed over, but a torn last line */
};

/* Why rows are passed over. */
#define RECORDS_ELSEWHERE  "of another cascade"
#define RECORDS_AGAIN	   "with an id that was there before"
#define RECORDS_MODEL	   "by other models than are configured now"
#define RECORDS_UNANSWERED "without a reply of the first tier"
#define RECORDS_TORN	   "torn at the end of the file"

/* In the order met. */
struct records_passed {
	const char *why; /* one of the above */
	size_t n;
};

/* Borrows what w points to. */
struct records *records_new(const struct records_want *w);
void records_free(struct records *r); /* NULL is fine */

/* Reads a whole file of JSON Lines; empty lines are nothing. -1: it cannot be
 * read (ERR_SYS), or "FILE:LINE: ..." tells what is wrong (ERR_PARSE). A last
 * line that has no end and is no whole JSON was torn: it is passed over. */
int records_read(struct records *r, const char *path, struct err *err);

/* One line that does not come from a file. Faults do not say where. */
int records_add(struct records *r, struct span line, struct err *err);

/* The samples so far; they live as long as r. Names are sorted, those known
 * before the check first. To be called once, after the last line. */
const struct samples *records_samples(struct records *r);
/* Ends with a NULL why. */
const struct records_passed *records_passed(const struct records *r);
/* "a, b": the backends that rows without an answer of the first tier named;
 * "" where there were none. */
const char *records_backends(const struct records *r);

#endif
