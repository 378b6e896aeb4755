/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens SQLite files and brings their schema up to date.
 */
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define BUSY_MS	   1000
#define PATIENT_MS 10000

struct db {
	sqlite3 *handle;
	char *path;
};

static enum err_kind kind_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* a table or column of ours is not there */
	case SQLITE_SCHEMA:
		return ERR_PARSE;
	case SQLITE_TOOBIG:
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
		return ERR_LIMIT;
	default:
		return ERR_SYS;
	}
}

int db_fault(struct db *d, const char *what, struct err *err)
{
	return err_set(err, kind_of(sqlite3_errcode(d->handle)), "%s: %s: %s",
		       d->path, what, sqlite3_errmsg(d->handle));
}

/* SQLite gives -wal and -shm the mode of the file, so it must be right from
 * the beginning. A file that is there is not opened: closing it would let go
 * of the locks of other handles. */
static int make_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST)
		return err_set(err, ERR_SYS, "%s: %s", path, strerror(errno));
	return 0;
}

/* The statement's first row, first column, as a number. */
static int query_int(struct db *d, const char *sql, int *value, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d, sql, err);
	int rc = 0;

	if (!st)
		return -1;
	if (sqlite3_step(st) == SQLITE_ROW)
		*value = sqlite3_column_int(st, 0);
	else
		rc = db_fault(d, sql, err);
	sqlite3_finalize(st);
	return rc;
}

static int run(struct db *d, const char *sql, struct err *err)
{
	if (sqlite3_exec(d->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_fault(d, "cannot set up", err);
	return 0;
}

/* The pragma answers with the mode that is now in force. */
static int use_wal(struct db *d, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d, "PRAGMA journal_mode = WAL", err);
	const char *mode;
	int rc = 0;

	if (!st)
		return -1;
	if (sqlite3_step(st) != SQLITE_ROW)
		rc = db_fault(d, "journal_mode", err);
	else {
		mode = (const char *)sqlite3_column_text(st, 0);
		if (!mode || strcmp(mode, "wal") != 0)
			rc = err_set(err, ERR_SYS,
				     "%s: no write-ahead log is possible here",
				     d->path);
	}
	sqlite3_finalize(st);
	return rc;
}

static void guard(struct db *d)
{
	sqlite3_extended_result_codes(d->handle, 1);
	sqlite3_busy_timeout(d->handle, BUSY_MS);
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
}

static int settle(struct db *d, struct err *err)
{
	guard(d);
	/* A checkpoint each 16 MiB, so that pages written often are copied to
	 * the file seldom. */
	if (run(d,
		"PRAGMA cell_size_check = ON;"
		"PRAGMA mmap_size = 0;"
		"PRAGMA synchronous = NORMAL;"
		"PRAGMA secure_delete = ON;"
		"PRAGMA cache_size = -8192;"
		"PRAGMA wal_autocheckpoint = 4096;"
		"PRAGMA journal_size_limit = 67108864",
		err) < 0)
		return -1;
	return use_wal(d, err);
}

static int read_version(struct db *d, int newest, int *version, struct err *err)
{
	int n_objects;

	if (query_int(d, "PRAGMA user_version", version, err) < 0 ||
	    query_int(d, "SELECT count(*) FROM sqlite_schema", &n_objects,
		      err) < 0)
		return -1;
	if (*version > newest)
		return err_set(err, ERR_CONF,
			       "%s: is of version %d, this program knows "
			       "versions up to %d",
			       d->path, *version, newest);
	if (*version < 0 || (*version == 0 && n_objects > 0))
		return err_set(err, ERR_CONF,
			       "%s: is a database, but not one of ours",
			       d->path);
	return 0;
}

static int step_up(struct db *d, const char *step, int to, struct err *err)
{
	char version[40];

	snprintf(version, sizeof(version), "PRAGMA user_version = %d", to);
	return run(d, step, err) < 0 ? -1 : run(d, version, err);
}

/* The version is read again under the lock: another process may have done the
 * steps meanwhile. */
static int bring_up(struct db *d, const char *const *steps, int n_steps,
		    struct err *err)
{
	int version, rc;

	if (read_version(d, n_steps, &version, err) < 0)
		return -1;
	if (version == n_steps)
		return 0;
	if (run(d, "BEGIN IMMEDIATE", err) < 0)
		return -1;
	rc = read_version(d, n_steps, &version, err);
	for (; rc == 0 && version < n_steps; version++)
		rc = step_up(d, steps[version], version + 1, err);
	if (rc == 0)
		rc = run(d, "COMMIT", err);
	if (rc < 0)
		sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

struct db *db_open(const char *path, const char *const *steps, int n_steps,
		   struct err *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
			  SQLITE_OPEN_PRIVATECACHE;
	struct db *d;

	if (make_file(path, err) < 0)
		return NULL;
	d = mem_new(sizeof(*d));
	d->path = mem_dup(path);
	if (sqlite3_open_v2(path, &d->handle, flags, NULL) != SQLITE_OK)
		db_fault(d, "cannot open", err);
	else if (settle(d, err) == 0 && bring_up(d, steps, n_steps, err) == 0)
		return d;
	db_close(d);
	return NULL;
}

struct db *db_open_to_read(const char *path, int wanted, struct err *err)
{
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
			  SQLITE_OPEN_PRIVATECACHE;
	struct db *d = mem_new(sizeof(*d));
	int version;

	d->path = mem_dup(path);
	if (sqlite3_open_v2(path, &d->handle, flags, NULL) != SQLITE_OK) {
		db_fault(d, "cannot open", err);
		goto fail;
	}
	guard(d);
	if (read_version(d, wanted, &version, err) < 0)
		goto fail;
	if (version == wanted)
		return d;
	if (version == 0)
		err_set(err, ERR_CONF, "%s: is an empty database", path);
	else
		err_set(err, ERR_CONF,
			"%s: is of version %d, and version %d is wanted: let "
			"frugald write to it once",
			path, version, wanted);
fail:
	db_close(d);
	return NULL;
}

void db_close(struct db *d)
{
	int rc;

	if (!d)
		return;
	rc = sqlite3_close(d->handle);
	assert(rc == SQLITE_OK); /* else a statement is still alive */
	free(d->path);
	free(d);
}

sqlite3 *db_handle(struct db *d)
{
	return d->handle;
}

void db_be_patient(struct db *d)
{
	sqlite3_busy_timeout(d->handle, PATIENT_MS);
}

sqlite3_stmt *db_prepare(struct db *d, const char *sql, struct err *err)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v3(d->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
			       &st, NULL) != SQLITE_OK)
		db_fault(d, "cannot prepare", err);
	return st;
}

int db_check(struct db *d, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d, "PRAGMA quick_check(1)", err);
	const char *says;
	int rc = 0;

	if (!st)
		return -1;
	if (sqlite3_step(st) != SQLITE_ROW)
		rc = db_fault(d, "quick_check", err);
	else {
		says = (const char *)sqlite3_column_text(st, 0);
		if (!says || strcmp(says, "ok") != 0)
			rc = err_set(err, ERR_PARSE, "%s: damaged: %s", d->path,
				     says ? says : "no answer");
	}
	sqlite3_finalize(st);
	return rc;
}
