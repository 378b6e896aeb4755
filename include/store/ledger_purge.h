/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes requests, or only their texts, from a ledger's file for good: zeros
 * are written over the bytes, and the log that may still hold them is emptied.
 * A daemon may be at work on the file meanwhile.
 */
#ifndef STORE_LEDGER_PURGE_H
#define STORE_LEDGER_PURGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Appends the line of a record without its texts. -1: it is no record, and all
 * of it goes. */
typedef int ledger_strip_fn(struct span record, struct buf *out);

struct ledger_purge {
	int64_t before_us;   /* requests from before that time, wall clock */
	const char *cascade; /* NULL: of any */
	/* NULL: whole requests go, and with the last request of an id its
	 * labels; of no certain cascade, labels of before that time as well.
	 * Else only request_text, response_text and what strip leaves out of
	 * records. */
	ledger_strip_fn *strip;
};

struct ledger_purged {
	int64_t requests; /* removed; or that had texts */
	int64_t labels;
	bool overwritten; /* else others still read the old bytes in the log */
};

/* In steps, so that the daemon can write in between: what was done before a
 * fault is done, and in *done. A file that is not there is a fault. */
int ledger_purge(const char *path, const struct ledger_purge *w,
		 struct ledger_purged *done, struct err *err);

#endif
