/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads finished requests back from a ledger's file, without writing to it: a
 * daemon may be at work on it meanwhile.
 */
#ifndef STORE_LEDGER_READER_H
#define STORE_LEDGER_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/ledger.h"

struct ledger_reader;

struct ledger_reader_want {
	const char *cascade, *mode; /* NULL: of any */
	/* Wall clock, from the one up to before the other; 0: no bound. */
	int64_t since_us, until_us;
};

/* Borrows the strings of w. */
struct ledger_reader *ledger_reader_open(const char *path,
					 const struct ledger_reader_want *w,
					 struct err *err);
void ledger_reader_close(struct ledger_reader *r); /* NULL is fine */

/* In the order they were written, as they were when the first was read. 1:
 * *row is yours (ledger_row_free), all of it and its marks; 0: there are no
 * more; -1. */
int ledger_reader_next(struct ledger_reader *r, struct ledger_row **row,
		       struct err *err);

/* Is there a request of that id, whatever w wanted? key: and of that key's;
 * NULL: of any. 1, 0 or -1. */
int ledger_reader_find(struct ledger_reader *r, const char *request_id,
		       const char *key, struct err *err);

/* well: it was asked for an answer, and each attempt for one came well. */
typedef void ledger_reader_id_fn(void *arg, const char *request_id, bool well);

/* The ids of what is wanted, in the order written; an id may come again. */
int ledger_reader_ids(struct ledger_reader *r, ledger_reader_id_fn *say,
		      void *arg, struct err *err);

#endif
