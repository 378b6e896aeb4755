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
	ST_COUNT,
	ST_ATTEMPTS,
	ST_VERDICTS,
	ST_MARKS,
	ST_FIND,
	ST_IDS,
	ST_N
};

#define WANTED                                                                 \
	" (?1 IS NULL OR cascade = ?1) AND (?2 IS NULL OR mode = ?2)"          \
	" AND time_us >= ?3 AND time_us < ?4"

/* What belongs to the request ?1, or to the requests r. */
#define CHILDREN " WHERE id BETWEEN " LEDGER_IDS_OF("?1")
#define ANSWERS_R                                                              \
	"attempts AS a WHERE a.id BETWEEN " LEDGER_IDS_OF(                     \
		"r.id") " AND ifnull(a.purpose, 'answer') = 'answer'"
#define LABEL_IS_OF_R LEDGER_LABEL_IS_OF("l", "r")

static const char *const sql[ST_N] = {
	[ST_REQUESTS] =
		"SELECT id, request_id, time_us, cascade, mode, key, outcome,"
		" status, stream, tier, backend, decision, reason, confidence,"
		" calibrated, total_us, upstream_us, overhead_us, cost_pusd,"
		" generation, request_text, agrees, compared_by, would,"
		" would_reason, record"
		" FROM requests WHERE" WANTED " ORDER BY id",
	[ST_COUNT] = "SELECT (SELECT count(*) FROM attempts" CHILDREN "),"
		     " (SELECT count(*) FROM verdicts" CHILDREN "),"
		     " (SELECT count(*) FROM labels WHERE request_id = ?2)",
	[ST_ATTEMPTS] =
		"SELECT backend, model, purpose, verifier, mode, about, tier,"
		" status, fault, start_us, first_byte_us, total_us,"
		" prompt_tokens, completion_tokens, cached_tokens,"
		" usage_estimated, cost_pusd, response_text"
		" FROM attempts" CHILDREN " ORDER BY id",
	[ST_VERDICTS] =
		"SELECT attempt_seq, verifier, kind, score, why, us, cost_pusd,"
		" signals FROM verdicts" CHILDREN " ORDER BY id",
	/* Of each group the last one: loops hand theirs over in any order. */
	[ST_MARKS] =
		"SELECT about, right FROM (SELECT right,"
		" ifnull(l.backend, r.backend) AS about, row_number() OVER"
		" (PARTITION BY ifnull(l.backend, r.backend)"
		" ORDER BY l.time_us DESC, l.id DESC) AS n"
		" FROM requests AS r JOIN labels AS l ON " LABEL_IS_OF_R
		" WHERE r.id = ?1) WHERE n = 1 AND about IS NOT NULL"
		" ORDER BY about",
	[ST_FIND] =
		"SELECT EXISTS (SELECT 1 FROM requests WHERE request_id = ?1"
		" AND (?2 IS NULL OR key = ?2))",
	[ST_IDS] = "SELECT request_id, EXISTS (SELECT 1 FROM " ANSWERS_R ")"
		   " AND NOT EXISTS (SELECT 1 FROM " ANSWERS_R
		   " AND (a.fault IS NOT NULL"
		   " OR a.status NOT BETWEEN 200 AND 299))"
		   " FROM requests AS r WHERE" WANTED " ORDER BY id",
};

struct ledger_reader {
	struct db *db;
	sqlite3_stmt *st[ST_N];
};

static void bind_want(sqlite3_stmt *st, const struct ledger_reader_want *w)
{
	sqlite3_bind_text(st, 1, w->cascade, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, w->mode, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, w->since_us ? w->since_us : INT64_MIN);
	sqlite3_bind_int64(st, 4, w->until_us ? w->until_us : INT64_MAX);
}

static int prepare(struct ledger_reader *r, const struct ledger_reader_want *w,
		   struct err *err)
{
	for (int i = 0; i < ST_N; i++) {
		r->st[i] = db_prepare(r->db, sql[i], err);
		if (!r->st[i])
			return -1;
	}
	bind_want(r->st[ST_REQUESTS], w);
	bind_want(r->st[ST_IDS], w);
	return 0;
}

struct ledger_reader *ledger_reader_open(const char *path,
					 const struct ledger_reader_want *w,
					 struct err *err)
{
	struct ledger_reader *r = mem_new(sizeof(*r));

	r->db = db_open_to_read(path, ledger_schema_version(), err);
	if (r->db && prepare(r, w, err) == 0)
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
	free(r);
}

/* ---- columns ------------------------------------------------------------- */

/* The columns of a statement's row, one after the other. */
struct take {
	sqlite3_stmt *st;
	struct arena *arena;
	int n; /* taken so far */
};

static const char *take_text(struct take *t)
{
	const char *text = (const char *)sqlite3_column_text(t->st, t->n);
	int n = sqlite3_column_bytes(t->st, t->n++);

	return text ? arena_dup(t->arena, (struct span){text, (size_t)n})
		    : NULL;
}

static int64_t take_int64(struct take *t)
{
	return sqlite3_column_int64(t->st, t->n++);
}

static int take_int(struct take *t)
{
	return sqlite3_column_int(t->st, t->n++);
}

static bool is_null(const struct take *t)
{
	return sqlite3_column_type(t->st, t->n) == SQLITE_NULL;
}

static double take_real(struct take *t)
{
	double v = is_null(t) ? NAN : sqlite3_column_double(t->st, t->n);

	t->n++;
	return v;
}

static int take_known(struct take *t)
{
	int v = is_null(t) ? -1 : sqlite3_column_int(t->st, t->n);

	t->n++;
	return v;
}

/* ---- rows ---------------------------------------------------------------- */

static void fill_request(struct ledger_row *row, struct take *t)
{
	row->request_id = take_text(t);
	row->time_us = take_int64(t);
	row->cascade = take_text(t);
	row->mode = take_text(t);
	row->key = take_text(t);
	row->outcome = take_text(t);
	row->status = take_int(t);
	row->stream = take_int(t);
	row->tier = take_int(t);
	row->backend = take_text(t);
	row->decision = take_text(t);
	row->reason = take_text(t);
	row->confidence = take_real(t);
	row->calibrated = take_int(t);
	row->total_us = take_int64(t);
	row->upstream_us = take_int64(t);
	row->overhead_us = take_int64(t);
	row->cost_pusd = take_int64(t);
	row->generation = (uint64_t)take_int64(t);
	row->request_text = take_text(t);
	row->agrees = take_known(t);
	row->compared_by = take_text(t);
	row->would = take_text(t);
	row->would_reason = take_text(t);
	row->record = take_text(t);
}

static void fill_attempt(struct ledger_row *row, size_t i, struct take *t)
{
	struct ledger_attempt *a = &row->attempts[i];

	a->backend = take_text(t);
	a->model = take_text(t);
	a->purpose = take_text(t);
	a->verifier = take_text(t);
	a->mode = take_text(t);
	a->about = take_text(t);
	a->tier = take_int(t);
	a->status = take_int(t);
	a->fault = take_text(t);
	a->start_us = take_int64(t);
	a->first_byte_us = take_int64(t);
	a->total_us = take_int64(t);
	a->prompt_tokens = take_int64(t);
	a->completion_tokens = take_int64(t);
	a->cached_tokens = take_int64(t);
	a->usage_estimated = take_int(t);
	a->cost_pusd = take_int64(t);
	a->response_text = take_text(t);
}

static void fill_verdict(struct ledger_row *row, size_t i, struct take *t)
{
	struct ledger_verdict *v = &row->verdicts[i];

	v->attempt_seq = take_int(t);
	v->verifier = take_text(t);
	v->kind = take_text(t);
	v->score = take_real(t);
	v->why = take_text(t);
	v->us = take_int64(t);
	v->cost_pusd = take_int64(t);
	v->signals = take_text(t);
}

static void fill_mark(struct ledger_row *row, size_t i, struct take *t)
{
	row->marks[i].backend = take_text(t);
	row->marks[i].right = take_int(t);
}

typedef void fill_fn(struct ledger_row *row, size_t i, struct take *t);

/* What belongs to a request, *n of them at most. */
static int fill_each(struct ledger_reader *r, enum statement which,
		     fill_fn *fill, int64_t id, struct ledger_row *row,
		     size_t *n, struct err *err)
{
	sqlite3_stmt *st = r->st[which];
	int rc = SQLITE_DONE;
	size_t i = 0;

	sqlite3_bind_int64(st, 1, id);
	while (i < *n && (rc = sqlite3_step(st)) == SQLITE_ROW)
		fill(row, i++, &(struct take){st, row->arena, 0});
	sqlite3_reset(st);
	*n = i;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return db_fault(r->db, "cannot read", err);
	return 0;
}

static int fill_row(struct ledger_reader *r, int64_t id, struct ledger_row *row,
		    struct err *err)
{
	if (fill_each(r, ST_ATTEMPTS, fill_attempt, id, row, &row->n_attempts,
		      err) < 0 ||
	    fill_each(r, ST_VERDICTS, fill_verdict, id, row, &row->n_verdicts,
		      err) < 0)
		return -1;
	return fill_each(r, ST_MARKS, fill_mark, id, row, &row->n_marks, err);
}

/* With room for all that belongs to it. */
static struct ledger_row *new_row(struct ledger_reader *r, int64_t id,
				  struct err *err)
{
	sqlite3_stmt *st = r->st[ST_COUNT];
	struct ledger_row *row = NULL;

	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_value(st, 2, sqlite3_column_value(r->st[ST_REQUESTS], 1));
	if (sqlite3_step(st) == SQLITE_ROW) {
		row = ledger_row_new((size_t)sqlite3_column_int64(st, 0),
				     (size_t)sqlite3_column_int64(st, 1));
		row->n_marks = (size_t)sqlite3_column_int64(st, 2);
		row->marks = arena_get(row->arena,
				       row->n_marks * sizeof(*row->marks));
	} else {
		db_fault(r->db, "cannot read", err);
	}
	sqlite3_reset(st);
	return row;
}

static struct ledger_row *read_row(struct ledger_reader *r, struct err *err)
{
	struct take t = {.st = r->st[ST_REQUESTS]};
	int64_t id = take_int64(&t);
	struct ledger_row *row = new_row(r, id, err);

	if (!row)
		return NULL;
	t.arena = row->arena;
	fill_request(row, &t);
	if (fill_row(r, id, row, err) == 0)
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

/* ---- ids ----------------------------------------------------------------- */

int ledger_reader_find(struct ledger_reader *r, const char *request_id,
		       const char *key, struct err *err)
{
	sqlite3_stmt *st = r->st[ST_FIND];
	int rc = -1;

	sqlite3_bind_text(st, 1, request_id, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, key, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		rc = sqlite3_column_int(st, 0);
	else
		db_fault(r->db, "cannot read", err);
	sqlite3_reset(st);
	return rc;
}

int ledger_reader_ids(struct ledger_reader *r, ledger_reader_id_fn *say,
		      void *arg, struct err *err)
{
	sqlite3_stmt *st = r->st[ST_IDS];
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		say(arg, (const char *)sqlite3_column_text(st, 0),
		    sqlite3_column_int(st, 1));
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : db_fault(r->db, "cannot read", err);
}
