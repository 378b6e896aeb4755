/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the ledger out of SQLite.
 */
#include "store/ledger_reader.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/db.h"
#include "store/ledger_schema.h"

enum statement {
	ST_REQUESTS,
	ST_COUNT_ATTEMPTS,
	ST_ATTEMPTS,
	ST_TEXTLESS,
	ST_N
};

static const char *const sql[ST_N] = {
	[ST_REQUESTS] =
		"SELECT id, request_id, time_us, cascade, mode, decision,"
		" reason, request_text FROM requests"
		" WHERE cascade = ?1 AND request_text IS NOT NULL ORDER BY id",
	[ST_COUNT_ATTEMPTS] = "SELECT count(*) FROM attempts"
			      " WHERE id BETWEEN " LEDGER_IDS_OF("?1"),
	[ST_ATTEMPTS] =
		"SELECT backend, model, purpose, tier, status, total_us,"
		" cost_pusd, response_text FROM attempts"
		" WHERE id BETWEEN " LEDGER_IDS_OF("?1") " ORDER BY id",
	[ST_TEXTLESS] = "SELECT count(*) FROM requests"
			" WHERE cascade = ?1 AND request_text IS NULL",
};

struct ledger_reader {
	struct db *db;
	sqlite3_stmt *st[ST_N];
	char *cascade;
};

static int prepare(struct ledger_reader *r, struct err *err)
{
	for (int i = 0; i < ST_N; i++) {
		r->st[i] = db_prepare(r->db, sql[i], err);
		if (!r->st[i])
			return -1;
	}
	sqlite3_bind_text(r->st[ST_REQUESTS], 1, r->cascade, -1, SQLITE_STATIC);
	sqlite3_bind_text(r->st[ST_TEXTLESS], 1, r->cascade, -1, SQLITE_STATIC);
	return 0;
}

struct ledger_reader *ledger_reader_open(const char *path, const char *cascade,
					 struct err *err)
{
	struct ledger_reader *r = mem_new(sizeof(*r));

	r->cascade = mem_dup(cascade);
	r->db = db_open_to_read(path, ledger_schema_version(), err);
	if (r->db && prepare(r, err) == 0)
		return r;
	ledger_reader_close(r);
	return NULL;
}

void ledger_reader_close(struct ledger_reader *r)
{
	if (!r)
		return;
	for (int i = 0; i < ST_N; i++)
		sqlite3_finalize(r->st[i]);
	db_close(r->db);
	free(r->cascade);
	free(r);
}

/* ---- rows ---------------------------------------------------------------- */

static const char *text_of(struct arena *a, sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);
	int n = sqlite3_column_bytes(st, column);

	return text ? arena_dup(a, (struct span){text, (size_t)n}) : NULL;
}

/* A statement's one number. */
static int count(struct ledger_reader *r, enum statement which, int64_t *n,
		 struct err *err)
{
	sqlite3_stmt *st = r->st[which];
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		*n = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? 0 : db_fault(r->db, "cannot read", err);
}

static void fill_attempt(struct ledger_row *row, struct ledger_attempt *t,
			 sqlite3_stmt *st)
{
	t->backend = text_of(row->arena, st, 0);
	t->model = text_of(row->arena, st, 1);
	t->purpose = text_of(row->arena, st, 2);
	t->tier = sqlite3_column_int(st, 3);
	t->status = sqlite3_column_int(st, 4);
	t->total_us = sqlite3_column_int64(st, 5);
	t->cost_pusd = sqlite3_column_int64(st, 6);
	t->response_text = text_of(row->arena, st, 7);
}

static int fill_attempts(struct ledger_reader *r, struct ledger_row *row,
			 struct err *err)
{
	sqlite3_stmt *st = r->st[ST_ATTEMPTS];
	size_t i = 0;
	int rc = SQLITE_DONE;

	while (i < row->n_attempts && (rc = sqlite3_step(st)) == SQLITE_ROW)
		fill_attempt(row, &row->attempts[i++], st);
	sqlite3_reset(st);
	row->n_attempts = i;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return db_fault(r->db, "cannot read", err);
	return 0;
}

static struct ledger_row *read_row(struct ledger_reader *r, struct err *err)
{
	sqlite3_stmt *st = r->st[ST_REQUESTS];
	int64_t id = sqlite3_column_int64(st, 0), n;
	struct ledger_row *row;

	sqlite3_bind_int64(r->st[ST_COUNT_ATTEMPTS], 1, id);
	sqlite3_bind_int64(r->st[ST_ATTEMPTS], 1, id);
	if (count(r, ST_COUNT_ATTEMPTS, &n, err) < 0)
		return NULL;
	row = ledger_row_new((size_t)n, 0);
	row->request_id = text_of(row->arena, st, 1);
	row->time_us = sqlite3_column_int64(st, 2);
	row->cascade = text_of(row->arena, st, 3);
	row->mode = text_of(row->arena, st, 4);
	row->decision = text_of(row->arena, st, 5);
	row->reason = text_of(row->arena, st, 6);
	row->request_text = text_of(row->arena, st, 7);
	row->confidence = NAN;
	if (fill_attempts(r, row, err) == 0)
		return row;
	ledger_row_free(row);
	return NULL;
}

int ledger_reader_next(struct ledger_reader *r, struct ledger_row **row,
		       struct err *err)
{
	int rc = sqlite3_step(r->st[ST_REQUESTS]);

	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return db_fault(r->db, "cannot read", err);
	*row = read_row(r, err);
	return *row ? 1 : -1;
}

int ledger_reader_textless(struct ledger_reader *r, int64_t *n, struct err *err)
{
	return count(r, ST_TEXTLESS, n, err);
}
