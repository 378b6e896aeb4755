/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SQLite handle with our settings: WAL, synchronous NORMAL, defensive, no
 * trust in the schema; schema steps by user_version; prepared statements.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "base/err.h"

struct db;

/* steps[i] brings user_version i to i + 1; n_steps is the newest version. */
struct db *db_open(const char *path, const char *const *steps, int n_steps,
		   struct err *err);
void db_close(struct db *d); /* NULL is fine */
sqlite3 *db_handle(struct db *d);
sqlite3_stmt *db_prepare(struct db *d, const char *sql, struct err *err);
/* Is the file a sound database (quick_check)? ERR_PARSE when not. */
int db_check(struct db *d, struct err *err);

#endif
