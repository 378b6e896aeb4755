/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the ledger: rows and labels written to its tables, and removed
 * from them. For one thread at a time; other processes may be at work on the
 * same file.
 *
 * Its owner, the daemon, moves a file that is no sound database aside, with one
 * log line, and begins a new one: when it is opened (files up to 256 MiB are
 * read whole then, larger ones are not) and whenever the damage shows later.
 * Whoever joins only says so.
 */
#ifndef STORE_LEDGER_FILE_H
#define STORE_LEDGER_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/ledger.h"

struct ledger_file;

struct ledger_file *ledger_file_open(const char *path, struct err *err);
/* Beside the owner, or in its absence: makes the file when it is not there, and
 * waits up to 10 s for the locks of others. */
struct ledger_file *ledger_file_join(const char *path, struct err *err);
void ledger_file_close(struct ledger_file *f); /* NULL is fine */

/* Just one of both. */
struct ledger_item {
	struct ledger_row *row;
	struct ledger_label *label;
};

/* Writes all in one transaction, which is committed on return, or none: -1.
 * *bad is then the index of what will never be taken, or n when trying again
 * later may help. */
int ledger_file_write_items(struct ledger_file *f,
			    const struct ledger_item *items, size_t n,
			    size_t *bad, struct err *err);
int ledger_file_write(struct ledger_file *f, struct ledger_row *const *rows,
		      size_t n, size_t *bad, struct err *err);
/* Passes over those whose id is there already in the same cascade: *n_known. */
int ledger_file_write_new(struct ledger_file *f, struct ledger_row *const *rows,
			  size_t n, size_t *n_known, size_t *bad,
			  struct err *err);
int ledger_file_write_labels(struct ledger_file *f,
			     struct ledger_label *const *labels, size_t n,
			     size_t *bad, struct err *err);

/* Removes some of the rows and labels from before that time (wall clock),
 * oldest first; *more: there are perhaps others. */
int ledger_file_purge(struct ledger_file *f, int64_t before_us, bool *more,
		      struct err *err);

#endif
