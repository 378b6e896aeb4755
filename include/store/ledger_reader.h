/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads finished requests back from a ledger's file, without writing to it: a
 * daemon may be at work on it meanwhile.
 */
#ifndef STORE_LEDGER_READER_H
#define STORE_LEDGER_READER_H

#include "base/err.h"
#include "store/ledger.h"

struct ledger_reader;

/* Of the requests of that cascade whose texts were stored, in the order they
 * were written. */
struct ledger_reader *ledger_reader_open(const char *path, const char *cascade,
					 struct err *err);
void ledger_reader_close(struct ledger_reader *r); /* NULL is fine */

/* 1: *row is yours (ledger_row_free), with its attempts and no verdicts; 0:
 * there are no more; -1. */
int ledger_reader_next(struct ledger_reader *r, struct ledger_row **row,
		       struct err *err);

/* How many of the cascade's requests were passed over for want of texts. */
int ledger_reader_textless(struct ledger_reader *r, int64_t *n,
			   struct err *err);

#endif
