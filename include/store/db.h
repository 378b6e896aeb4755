/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SQLite handle with our settings: WAL, synchronous NORMAL, defensive, no
 * trust in the schema, zeros over what is deleted; schema steps by
 * user_version; prepared statements.
 *
 * Used by one thread at a time. Faults tell what may be done about them:
 * ERR_PARSE, the file is damaged; ERR_LIMIT, these values will never be taken;
 * ERR_CONF, the file is somebody else's or of a later version; ERR_SYS, all
 * else, and trying again later may help.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "base/err.h"

struct db;

/* Makes the file (mode 0600) when it is not there. steps[i] brings
 * user_version i to i + 1; n_steps is the newest version. The strings are
 * constants and are run as they are. */
struct db *db_open(const char *path, const char *const *steps, int n_steps,
		   struct err *err);
/* Of a file that is there, of just that version; writes nothing to it. */
struct db *db_open_to_read(const char *path, int wanted, struct err *err);
/* NULL is fine. Statements must be finalized before. */
void db_close(struct db *d);
sqlite3 *db_handle(struct db *d);
/* Waits up to 10 s for the locks of others; until then it is 1 s. */
void db_be_patient(struct db *d);
/* The statement is yours: sqlite3_finalize(). */
sqlite3_stmt *db_prepare(struct db *d, const char *sql, struct err *err);
/* Is the file a sound database (quick_check)? ERR_PARSE when not. Reads all
 * of it. */
int db_check(struct db *d, struct err *err);
/* What SQLite refused last, as a fault; what: the words before it. Returns
 * -1. */
int db_fault(struct db *d, const char *what, struct err *err);

#endif
