/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the ledger: its tables, and rows written to and removed from
 * them. For one thread at a time.
 *
 * A file that is no sound database is moved aside, with one log line, and a
 * new one begun: when it is opened (files up to 256 MiB are read whole then,
 * larger ones are not) and whenever the damage shows later.
 */
#ifndef STORE_LEDGER_FILE_H
#define STORE_LEDGER_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/ledger.h"

struct ledger_file;

struct ledger_file *ledger_file_open(const char *path, struct err *err);
void ledger_file_close(struct ledger_file *f); /* NULL is fine */

/* Of its tables, as this program writes them. */
int ledger_file_version(void);

/* The n-th attempt of a request, and its n-th verdict (from 0), has the id
 * 1000 * request + n: a request's are a range of ids, and no index is kept. Of
 * more than so many the first are written. As SQL. */
#define LEDGER_CHILDREN_MOST 1000
#define LEDGER_CHILDREN	     "1000"
#define LEDGER_IDS_OF(request)                                                 \
	request " * " LEDGER_CHILDREN " AND " request " * " LEDGER_CHILDREN    \
		" + " LEDGER_CHILDREN " - 1"

/* Writes all rows in one transaction, or none: -1. *bad is then the index of
 * the row that will never be taken, or n when trying again later may help. */
int ledger_file_write(struct ledger_file *f, struct ledger_row *const *rows,
		      size_t n, size_t *bad, struct err *err);

/* Removes some of the rows from before that time (wall clock), oldest first;
 * *more: there are perhaps others. */
int ledger_file_purge(struct ledger_file *f, int64_t before_us, bool *more,
		      struct err *err);

#endif
