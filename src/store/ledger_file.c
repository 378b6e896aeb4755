/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions on the ledger, and what becomes of a damaged file.
 */
#include "store/ledger_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/now.h"
#include "store/db.h"
#include "store/ledger_insert.h"
#include "store/ledger_schema.h"

#define CHECK_MOST  ((int64_t)256 << 20) /* bytes; about a second */
#define PURGE_BATCH "500"

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_PURGE_ATTEMPTS,
	ST_PURGE_VERDICTS,
	ST_PURGE_REQUESTS,
	ST_PURGE_LABELS,
	ST_COUNT,
};

/* Rows come in by time, give or take a batch, so their ids are in its order
 * and no index is needed for it. Imported ones may be older than those before
 * them: they go after them. */
#define OLDEST_OF(table)                                                       \
	"(SELECT id FROM (SELECT id, time_us FROM " table                      \
	" ORDER BY id LIMIT " PURGE_BATCH ") WHERE time_us < ?1)"
#define OLDEST OLDEST_OF("requests")
/* The ids of each are a range. */
#define DELETE_CHILDREN(table)                                                 \
	"DELETE FROM " table " WHERE id IN"                                    \
	" (SELECT c.id FROM " OLDEST " AS r CROSS JOIN " table " AS c"         \
	" ON c.id BETWEEN " LEDGER_IDS_OF("r.id") ")"

static const char *const sql[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_ROLLBACK] = "ROLLBACK",
	[ST_PURGE_ATTEMPTS] = DELETE_CHILDREN("attempts"),
	[ST_PURGE_VERDICTS] = DELETE_CHILDREN("verdicts"),
	[ST_PURGE_REQUESTS] = "DELETE FROM requests WHERE id IN " OLDEST,
	[ST_PURGE_LABELS] =
		"DELETE FROM labels WHERE id IN " OLDEST_OF("labels"),
};

struct ledger_file {
	char *path;
	bool joined;
	struct db *db; /* NULL: could not be opened anew after damage */
	struct ledger_insert *insert;
	sqlite3_stmt *st[ST_COUNT];
};

/* ---- opening ------------------------------------------------------------- */

static void let_go(struct ledger_file *f)
{
	ledger_insert_free(f->insert);
	f->insert = NULL;
	for (int i = 0; i < ST_COUNT; i++) {
		sqlite3_finalize(f->st[i]);
		f->st[i] = NULL;
	}
	db_close(f->db);
	f->db = NULL;
}

static bool is_small(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size <= CHECK_MOST;
}

static int try_open(struct ledger_file *f, struct err *err)
{
	f->db = db_open(f->path, ledger_schema_steps(), ledger_schema_version(),
			err);
	if (!f->db ||
	    (!f->joined && is_small(f->path) && db_check(f->db, err) < 0))
		goto fail;
	for (int i = 0; i < ST_COUNT; i++) {
		f->st[i] = db_prepare(f->db, sql[i], err);
		if (!f->st[i])
			goto fail;
	}
	f->insert = ledger_insert_new(f->db, err);
	if (f->insert)
		return 0;
fail:
	let_go(f);
	return -1;
}

/* 0 also when there is none. */
static int move(const char *from, const char *to, struct err *err)
{
	if (rename(from, to) == 0 || errno == ENOENT)
		return 0;
	return err_set(err, ERR_SYS, "%s: cannot be moved aside: %s", from,
		       strerror(errno));
}

/* The file goes last: were it gone and its log still there, that log would
 * become part of the next file. */
static int move_aside(const char *path, const char *why, struct err *err)
{
	static const char *const tails[] = {"-wal", "-shm", ""};
	time_t now = (time_t)(now_wall_us() / 1000000);
	char from[4200], to[4200], place[4200], text[300], stamp[24];
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", gmtime_r(&now, &tm));
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		snprintf(from, sizeof(from), "%s%s", path, tails[i]);
		snprintf(to, sizeof(to), "%s.damaged-%s%s", path, stamp,
			 tails[i]);
		if (move(from, to, err) < 0)
			return -1;
	}
	log_line(LOG_ERROR,
		 "msg=\"ledger damaged, moved aside, new one begun\" "
		 "moved_to=%s why=%s",
		 log_value(place, sizeof(place), to),
		 log_value(text, sizeof(text), why));
	return 0;
}

static int open_sound(struct ledger_file *f, struct err *err)
{
	struct err why = {0};

	if (try_open(f, &why) == 0)
		return 0;
	if (why.kind != ERR_PARSE)
		return err_set(err, why.kind, "%s", why.text);
	if (move_aside(f->path, why.text, err) < 0)
		return -1;
	return try_open(f, err);
}

struct ledger_file *ledger_file_open(const char *path, struct err *err)
{
	struct ledger_file *f = mem_new(sizeof(*f));

	f->path = mem_dup(path);
	if (open_sound(f, err) == 0)
		return f;
	ledger_file_close(f);
	return NULL;
}

struct ledger_file *ledger_file_join(const char *path, struct err *err)
{
	struct ledger_file *f = mem_new(sizeof(*f));

	f->path = mem_dup(path);
	f->joined = true;
	if (try_open(f, err) == 0) {
		db_be_patient(f->db);
		return f;
	}
	ledger_file_close(f);
	return NULL;
}

void ledger_file_close(struct ledger_file *f)
{
	if (!f)
		return;
	let_go(f);
	free(f->path);
	free(f);
}

/* ---- statements ---------------------------------------------------------- */

static int finish(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int step_plain(struct ledger_file *f, enum statement which)
{
	return finish(f->st[which]);
}

/* ---- transactions -------------------------------------------------------- */

/* Gives up the transaction, if one is open, and a damaged file of ours with
 * it. */
static int give_up(struct ledger_file *f, const char *what, struct err *err)
{
	struct err why = {0};

	db_fault(f->db, what, &why);
	err_set(err, why.kind, "%s", why.text);
	if (!sqlite3_get_autocommit(db_handle(f->db)))
		step_plain(f, ST_ROLLBACK);
	if (why.kind == ERR_PARSE && !f->joined) {
		let_go(f);
		move_aside(f->path, why.text, NULL);
	}
	return -1;
}

/* Inserts the i-th of what is to be written. */
typedef int insert_fn(struct ledger_file *f, const void *all, size_t i);

static int write_each(struct ledger_file *f, insert_fn *insert, const void *all,
		      size_t n, size_t *bad, struct err *err)
{
	struct err why = {0};

	*bad = n;
	if (!f->db && open_sound(f, err) < 0)
		return -1;
	if (step_plain(f, ST_BEGIN) < 0)
		return give_up(f, "cannot write", err);
	for (size_t i = 0; i < n; i++) {
		if (insert(f, all, i) == 0)
			continue;
		give_up(f, "cannot write", &why);
		if (why.kind == ERR_LIMIT)
			*bad = i;
		return err_set(err, why.kind, "%s", why.text);
	}
	if (step_plain(f, ST_COMMIT) < 0)
		return give_up(f, "cannot write", err);
	return 0;
}

static int insert_item(struct ledger_file *f, const void *all, size_t i)
{
	const struct ledger_item *items = all;

	return items[i].row ? ledger_insert_row(f->insert, items[i].row)
			    : ledger_insert_label(f->insert, items[i].label);
}

static int insert_nth_row(struct ledger_file *f, const void *all, size_t i)
{
	return ledger_insert_row(f->insert,
				 ((struct ledger_row *const *)all)[i]);
}

struct new_rows {
	struct ledger_row *const *rows;
	size_t *n_known;
};

static int insert_nth_new(struct ledger_file *f, const void *all, size_t i)
{
	const struct new_rows *new = all;
	int known = ledger_insert_is_known(f->insert, new->rows[i]);

	if (known <= 0)
		return known < 0 ? -1
				 : ledger_insert_row(f->insert, new->rows[i]);
	++*new->n_known;
	return 0;
}

static int insert_nth_label(struct ledger_file *f, const void *all, size_t i)
{
	return ledger_insert_label(f->insert,
				   ((struct ledger_label *const *)all)[i]);
}

int ledger_file_write_items(struct ledger_file *f,
			    const struct ledger_item *items, size_t n,
			    size_t *bad, struct err *err)
{
	return write_each(f, insert_item, items, n, bad, err);
}

int ledger_file_write(struct ledger_file *f, struct ledger_row *const *rows,
		      size_t n, size_t *bad, struct err *err)
{
	return write_each(f, insert_nth_row, rows, n, bad, err);
}

int ledger_file_write_new(struct ledger_file *f, struct ledger_row *const *rows,
			  size_t n, size_t *n_known, size_t *bad,
			  struct err *err)
{
	const struct new_rows new = {rows, n_known};

	*n_known = 0;
	return write_each(f, insert_nth_new, &new, n, bad, err);
}

int ledger_file_write_labels(struct ledger_file *f,
			     struct ledger_label *const *labels, size_t n,
			     size_t *bad, struct err *err)
{
	return write_each(f, insert_nth_label, labels, n, bad, err);
}

static int delete_oldest(struct ledger_file *f, enum statement which,
			 int64_t before_us)
{
	sqlite3_bind_int64(f->st[which], 1, before_us);
	return finish(f->st[which]);
}

static bool changed(struct ledger_file *f)
{
	return sqlite3_changes(db_handle(f->db)) > 0;
}

int ledger_file_purge(struct ledger_file *f, int64_t before_us, bool *more,
		      struct err *err)
{
	bool rows;

	if (!f->db && open_sound(f, err) < 0)
		return -1;
	if (step_plain(f, ST_BEGIN) < 0 ||
	    delete_oldest(f, ST_PURGE_ATTEMPTS, before_us) < 0 ||
	    delete_oldest(f, ST_PURGE_VERDICTS, before_us) < 0 ||
	    delete_oldest(f, ST_PURGE_REQUESTS, before_us) < 0)
		return give_up(f, "cannot remove old rows", err);
	rows = changed(f);
	if (delete_oldest(f, ST_PURGE_LABELS, before_us) < 0)
		return give_up(f, "cannot remove old rows", err);
	*more = rows || changed(f);
	if (step_plain(f, ST_COMMIT) < 0)
		return give_up(f, "cannot remove old rows", err);
	return 0;
}
