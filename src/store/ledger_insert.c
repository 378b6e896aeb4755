/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and labels of the ledger into SQLite, by statements prepared once.
 */
#include "store/ledger_insert.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/ledger_schema.h"

enum statement {
	ST_REQUEST,
	ST_ATTEMPT,
	ST_VERDICT,
	ST_LABEL,
	ST_KNOWN,
	ST_COUNT,
};

static const char *const sql[ST_COUNT] = {
	[ST_REQUEST] =
		"INSERT INTO requests(request_id, time_us, cascade, mode, key,"
		" outcome, status, stream, tier, backend, decision, reason,"
		" confidence, calibrated, attempts, total_us, upstream_us,"
		" overhead_us, cost_pusd, generation, request_text, agrees,"
		" compared_by, would, would_reason, record)"
		" VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[ST_KNOWN] = "SELECT EXISTS (SELECT 1 FROM requests"
		     " WHERE request_id = ?1 AND cascade IS ?2)",
	/* Whoever deletes requests by hand leaves rows with ids that come
	 * again. */
	[ST_ATTEMPT] =
		"INSERT OR REPLACE INTO attempts(id, request, seq, backend,"
		" model, purpose, verifier, mode, about, tier, status, fault,"
		" start_us, first_byte_us, total_us, prompt_tokens,"
		" completion_tokens, cached_tokens, usage_estimated,"
		" cost_pusd, response_text)"
		" VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[ST_VERDICT] =
		"INSERT OR REPLACE INTO verdicts(id, request, attempt_seq,"
		" verifier, kind, score, why, us, cost_pusd, signals)"
		" VALUES(?,?,?,?,?,?,?,?,?,?)",
	[ST_LABEL] = "INSERT INTO labels(request_id, key, backend, right,"
		     " source, time_us) VALUES(?,?,?,?,?,?)",
};

struct ledger_insert {
	struct db *db;
	sqlite3_stmt *st[ST_COUNT];
};

struct ledger_insert *ledger_insert_new(struct db *db, struct err *err)
{
	struct ledger_insert *in = mem_new(sizeof(*in));

	in->db = db;
	for (int i = 0; i < ST_COUNT; i++) {
		in->st[i] = db_prepare(db, sql[i], err);
		if (!in->st[i]) {
			ledger_insert_free(in);
			return NULL;
		}
	}
	return in;
}

void ledger_insert_free(struct ledger_insert *in)
{
	if (!in)
		return;
	for (int i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(in->st[i]);
	free(in);
}

/* ---- statements ---------------------------------------------------------- */

/* A statement being filled, column by column. */
struct fill {
	sqlite3_stmt *st;
	int n;	/* bound so far */
	int rc; /* when not SQLITE_OK, nothing more is bound */
};

static void put_int(struct fill *f, int64_t v)
{
	if (f->rc == SQLITE_OK)
		f->rc = sqlite3_bind_int64(f->st, ++f->n, v);
}

/* What is not known (below 0) becomes NULL. */
static void put_known(struct fill *f, int v)
{
	if (v >= 0)
		put_int(f, v);
	else if (f->rc == SQLITE_OK)
		f->rc = sqlite3_bind_null(f->st, ++f->n);
}

/* NaN becomes NULL. */
static void put_real(struct fill *f, double v)
{
	if (f->rc == SQLITE_OK)
		f->rc = sqlite3_bind_double(f->st, ++f->n, v);
}

/* The text must stay until the statement has run. */
static void put_text(struct fill *f, const char *s)
{
	if (f->rc == SQLITE_OK)
		f->rc = sqlite3_bind_text(f->st, ++f->n, s, -1, SQLITE_STATIC);
}

static int step(struct fill *f)
{
	int rc;

	if (f->rc != SQLITE_OK)
		return -1;
	rc = sqlite3_step(f->st);
	sqlite3_reset(f->st);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int insert_request(struct ledger_insert *in, const struct ledger_row *r)
{
	struct fill s = {.st = in->st[ST_REQUEST]};

	put_text(&s, r->request_id);
	put_int(&s, r->time_us);
	put_text(&s, r->cascade);
	put_text(&s, r->mode);
	put_text(&s, r->key);
	put_text(&s, r->outcome);
	put_int(&s, r->status);
	put_int(&s, r->stream);
	put_int(&s, r->tier);
	put_text(&s, r->backend);
	put_text(&s, r->decision);
	put_text(&s, r->reason);
	put_real(&s, r->confidence);
	put_int(&s, r->calibrated);
	put_int(&s, (int64_t)ledger_row_answers(r));
	put_int(&s, r->total_us);
	put_int(&s, r->upstream_us);
	put_int(&s, r->overhead_us);
	put_int(&s, r->cost_pusd);
	put_int(&s, (int64_t)r->generation);
	put_text(&s, r->request_text);
	put_known(&s, r->agrees);
	put_text(&s, r->compared_by);
	put_text(&s, r->would);
	put_text(&s, r->would_reason);
	put_text(&s, r->record);
	return step(&s);
}

static int64_t child_id(int64_t request, size_t n)
{
	return request * LEDGER_CHILDREN_MOST + (int64_t)n;
}

/* More would have the ids of the next request's. */
static size_t children(size_t n)
{
	return n < LEDGER_CHILDREN_MOST ? n : LEDGER_CHILDREN_MOST;
}

static int insert_attempt(struct ledger_insert *in, int64_t request, size_t seq,
			  const struct ledger_attempt *a)
{
	struct fill s = {.st = in->st[ST_ATTEMPT]};

	put_int(&s, child_id(request, seq));
	put_int(&s, request);
	put_int(&s, (int64_t)seq);
	put_text(&s, a->backend);
	put_text(&s, a->model);
	put_text(&s, a->purpose);
	put_text(&s, a->verifier);
	put_text(&s, a->mode);
	put_text(&s, a->about);
	put_int(&s, a->tier);
	put_int(&s, a->status);
	put_text(&s, a->fault);
	put_int(&s, a->start_us);
	put_int(&s, a->first_byte_us);
	put_int(&s, a->total_us);
	put_int(&s, a->prompt_tokens);
	put_int(&s, a->completion_tokens);
	put_int(&s, a->cached_tokens);
	put_int(&s, a->usage_estimated);
	put_int(&s, a->cost_pusd);
	put_text(&s, a->response_text);
	return step(&s);
}

static int insert_verdict(struct ledger_insert *in, int64_t request, size_t n,
			  const struct ledger_verdict *v)
{
	struct fill s = {.st = in->st[ST_VERDICT]};

	put_int(&s, child_id(request, n));
	put_int(&s, request);
	put_int(&s, v->attempt_seq);
	put_text(&s, v->verifier);
	put_text(&s, v->kind);
	put_real(&s, v->score);
	put_text(&s, v->why);
	put_int(&s, v->us);
	put_int(&s, v->cost_pusd);
	put_text(&s, v->signals);
	return step(&s);
}

int ledger_insert_row(struct ledger_insert *in, const struct ledger_row *r)
{
	int64_t id;

	if (insert_request(in, r) < 0)
		return -1;
	id = sqlite3_last_insert_rowid(db_handle(in->db));
	for (size_t i = 0; i < children(r->n_attempts); i++)
		if (insert_attempt(in, id, i, &r->attempts[i]) < 0)
			return -1;
	for (size_t i = 0; i < children(r->n_verdicts); i++)
		if (insert_verdict(in, id, i, &r->verdicts[i]) < 0)
			return -1;
	return 0;
}

int ledger_insert_label(struct ledger_insert *in, const struct ledger_label *l)
{
	struct fill s = {.st = in->st[ST_LABEL]};

	put_text(&s, l->request_id);
	put_text(&s, l->key);
	put_text(&s, l->backend);
	put_int(&s, l->right);
	put_text(&s, l->source);
	put_int(&s, l->time_us);
	return step(&s);
}

int ledger_insert_is_known(struct ledger_insert *in, const struct ledger_row *r)
{
	struct fill s = {.st = in->st[ST_KNOWN]};
	int rc = -1;

	put_text(&s, r->request_id);
	put_text(&s, r->cascade);
	if (s.rc == SQLITE_OK && sqlite3_step(s.st) == SQLITE_ROW)
		rc = sqlite3_column_int(s.st, 0);
	sqlite3_reset(s.st);
	return rc;
}
