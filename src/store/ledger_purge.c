/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes requests some at a time, by their ids.
 */
#include "store/ledger_purge.h"

#include <poll.h>
#include <unistd.h>

#include "store/db.h"
#include "store/ledger_schema.h"

#define BATCH 500
#define PAUSE_MS                                                               \
	10 /* between two batches: whoever waits for the lock has it           \
	    */

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_OLD,
	ST_OLD_WITH_TEXTS,
	ST_LABELS_OF,
	ST_ATTEMPTS,
	ST_VERDICTS,
	ST_REQUEST,
	ST_OLD_LABELS,
	ST_REQUEST_TEXT,
	ST_RESPONSE_TEXTS,
	ST_RECORD,
	ST_NEW_RECORD,
	ST_N
};

#define OLD                                                                    \
	"SELECT id FROM requests AS r WHERE id > ?1 AND time_us < ?2"          \
	" AND (?3 IS NULL OR cascade = ?3)"
#define CHILDREN " WHERE id BETWEEN " LEDGER_IDS_OF("?1")
#define TEXTS_OF_R                                                             \
	"attempts AS a WHERE a.id BETWEEN " LEDGER_IDS_OF(                     \
		"r.id") " AND a.response_text IS NOT NULL"

static const char *const sql[ST_N] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_OLD] = OLD " ORDER BY id LIMIT ?4",
	[ST_OLD_WITH_TEXTS] =
		OLD " AND (request_text IS NOT NULL OR record IS NOT NULL"
		    " OR EXISTS (SELECT 1 FROM " TEXTS_OF_R "))"
		    " ORDER BY id LIMIT ?4",
	[ST_LABELS_OF] =
		"DELETE FROM labels WHERE request_id ="
		" (SELECT request_id FROM requests WHERE id = ?1)"
		" AND NOT EXISTS (SELECT 1 FROM requests AS r"
		" WHERE r.request_id = labels.request_id AND r.id <> ?1)",
	[ST_ATTEMPTS] = "DELETE FROM attempts" CHILDREN,
	[ST_VERDICTS] = "DELETE FROM verdicts" CHILDREN,
	[ST_REQUEST] = "DELETE FROM requests WHERE id = ?1",
	[ST_OLD_LABELS] = "DELETE FROM labels WHERE time_us < ?1",
	[ST_REQUEST_TEXT] = "UPDATE requests SET request_text = NULL"
			    " WHERE id = ?1 AND request_text IS NOT NULL",
	[ST_RESPONSE_TEXTS] =
		"UPDATE attempts SET response_text = NULL" CHILDREN
		" AND response_text IS NOT NULL",
	[ST_RECORD] = "SELECT record FROM requests"
		      " WHERE id = ?1 AND record IS NOT NULL",
	[ST_NEW_RECORD] = "UPDATE requests SET record = ?2 WHERE id = ?1",
};

struct purge {
	const struct ledger_purge *want;
	struct ledger_purged *done;
	struct db *db;
	sqlite3_stmt *st[ST_N];
	int64_t ids[BATCH];
	size_t n;
	int64_t last; /* id looked at */
};

/* ---- statements ---------------------------------------------------------- */

/* Of no result and at most one number; how many rows it changed, or -1. */
static int run(struct purge *p, enum statement which, int64_t number)
{
	sqlite3_stmt *st = p->st[which];
	int rc;

	if (sqlite3_bind_parameter_count(st))
		sqlite3_bind_int64(st, 1, number);
	rc = sqlite3_step(st);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? sqlite3_changes(db_handle(p->db)) : -1;
}

/* The next requests that are meant. */
static int find(struct purge *p)
{
	sqlite3_stmt *st = p->st[p->want->strip ? ST_OLD_WITH_TEXTS : ST_OLD];
	int rc;

	sqlite3_bind_int64(st, 1, p->last);
	sqlite3_bind_int64(st, 2, p->want->before_us);
	sqlite3_bind_text(st, 3, p->want->cascade, -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 4, BATCH);
	p->n = 0;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		p->ids[p->n++] = p->last = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* ---- one request --------------------------------------------------------- */

static int remove_request(struct purge *p, int64_t id)
{
	int labels = run(p, ST_LABELS_OF, id);

	if (labels < 0 || run(p, ST_ATTEMPTS, id) < 0 ||
	    run(p, ST_VERDICTS, id) < 0 || run(p, ST_REQUEST, id) < 0)
		return -1;
	p->done->labels += labels;
	p->done->requests++;
	return 0;
}

static int put_record(struct purge *p, int64_t id, const struct buf *line)
{
	sqlite3_stmt *st = p->st[ST_NEW_RECORD];
	int rc;

	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_text(st, 2, line->n ? line->p : NULL, (int)line->n,
			  SQLITE_STATIC);
	rc = sqlite3_step(st);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 1 : -1;
}

/* How many records were changed, or -1. */
static int strip_record(struct purge *p, int64_t id)
{
	sqlite3_stmt *st = p->st[ST_RECORD];
	struct buf line;
	int rc, n = 0;

	buf_init(&line, 0);
	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		struct span old = {(const char *)sqlite3_column_text(st, 0),
				   (size_t)sqlite3_column_bytes(st, 0)};

		if (p->want->strip(old, &line) < 0)
			buf_clear(&line);
		n = !span_eq(old, buf_span(&line));
	}
	sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		n = -1;
	else if (n)
		n = put_record(p, id, &line);
	buf_release(&line);
	return n;
}

static int remove_texts(struct purge *p, int64_t id)
{
	int request = run(p, ST_REQUEST_TEXT, id);
	int responses = run(p, ST_RESPONSE_TEXTS, id);
	int record = strip_record(p, id);

	if (request < 0 || responses < 0 || record < 0)
		return -1;
	p->done->requests += request + responses + record > 0;
	return 0;
}

/* ---- all ----------------------------------------------------------------- */

static int undo(struct purge *p, struct err *err)
{
	db_fault(p->db, "cannot remove", err);
	sqlite3_exec(db_handle(p->db), "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

static int remove_batch(struct purge *p, struct err *err)
{
	const struct ledger_purged before = *p->done;
	int rc;

	if (run(p, ST_BEGIN, 0) < 0)
		return db_fault(p->db, "cannot remove", err);
	rc = find(p);
	for (size_t i = 0; i < p->n && rc == 0; i++)
		rc = p->want->strip ? remove_texts(p, p->ids[i])
				    : remove_request(p, p->ids[i]);
	if (rc == 0 && run(p, ST_COMMIT, 0) >= 0)
		return 0;
	*p->done = before;
	return undo(p, err);
}

static int remove_labels(struct purge *p, struct err *err)
{
	int n;

	if (p->want->strip || p->want->cascade)
		return 0;
	n = run(p, ST_OLD_LABELS, p->want->before_us);
	if (n < 0)
		return db_fault(p->db, "cannot remove", err);
	p->done->labels += n;
	return 0;
}

/* All that is in the log goes to the file, and the log is cut to nothing. It
 * is no fault when others hold it up. */
static int empty_log(struct purge *p, struct err *err)
{
	int rc = sqlite3_wal_checkpoint_v2(
		db_handle(p->db), NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	p->done->overwritten = rc == SQLITE_OK;
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY)
		return 0;
	return db_fault(p->db, "cannot be overwritten", err);
}

static int remove_all(struct purge *p, struct err *err)
{
	do {
		if (remove_batch(p, err) < 0)
			return -1;
		if (p->n)
			poll(NULL, 0, PAUSE_MS);
	} while (p->n);
	return remove_labels(p, err) < 0 ? -1 : empty_log(p, err);
}

static int prepare(struct purge *p, const char *path, struct err *err)
{
	if (access(path, F_OK) < 0)
		return err_set(err, ERR_SYS, "%s: %m", path);
	p->db = db_open(path, ledger_schema_steps(), ledger_schema_version(),
			err);
	if (!p->db)
		return -1;
	db_be_patient(p->db);
	for (int i = 0; i < ST_N; i++) {
		p->st[i] = db_prepare(p->db, sql[i], err);
		if (!p->st[i])
			return -1;
	}
	return 0;
}

int ledger_purge(const char *path, const struct ledger_purge *w,
		 struct ledger_purged *done, struct err *err)
{
	struct purge p = {.want = w, .done = done, .last = INT64_MIN};
	int rc;

	*done = (struct ledger_purged){0};
	rc = prepare(&p, path, err);
	if (rc == 0)
		rc = remove_all(&p, err);
	for (int i = 0; i < ST_N; i++)
		sqlite3_finalize(p.st[i]);
	db_close(p.db);
	return rc;
}
