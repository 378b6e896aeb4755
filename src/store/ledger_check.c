/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks SQLite whether its pages are whole, and the tables whether they hold
 * what belongs together.
 */
#include "store/ledger_check.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "store/db.h"
#include "store/ledger_schema.h"

#define NO_OBJECT(text)                                                        \
	text " IS NOT NULL AND CASE WHEN json_valid(" text ")"                 \
	     " THEN json_type(" text ") <> 'object' ELSE 1 END"

/* Counts of what should not be there. */
static const struct question {
	const char *sql, *words;
	bool is_fault;
} questions[] = {
	{"SELECT count(*) FROM attempts AS c WHERE NOT EXISTS"
	 " (SELECT 1 FROM requests AS r WHERE r.id = c.request)",
	 "attempts of no request", true},
	{"SELECT count(*) FROM verdicts AS c WHERE NOT EXISTS"
	 " (SELECT 1 FROM requests AS r WHERE r.id = c.request)",
	 "verdicts of no request", true},
	{"SELECT count(*) FROM attempts"
	 " WHERE id / " LEDGER_CHILDREN " IS NOT request",
	 "attempts that are not found with their request", true},
	{"SELECT count(*) FROM verdicts"
	 " WHERE id / " LEDGER_CHILDREN " IS NOT request",
	 "verdicts that are not found with their request", true},
	{"SELECT count(*) FROM verdicts WHERE " NO_OBJECT("signals"),
	 "verdicts whose signals are no JSON object", true},
	{"SELECT count(*) FROM requests WHERE " NO_OBJECT("record"),
	 "imported requests whose record is no JSON object", true},
	{"SELECT count(*) FROM (SELECT 1 FROM requests"
	 " GROUP BY cascade, key, request_id HAVING count(*) > 1)",
	 "request ids that come again within a cascade and key", false},
	{"SELECT count(*) FROM labels AS l WHERE NOT EXISTS (SELECT 1"
	 " FROM requests AS r WHERE " LEDGER_LABEL_IS_OF("l", "r") ")",
	 "labels of no request", false},
};

struct check {
	struct db *db;
	ledger_check_fn *say;
	void *arg;
};

static int ask(struct check *c, const struct question *q, struct err *err)
{
	sqlite3_stmt *st = db_prepare(c->db, q->sql, err);
	char text[120];
	int rc;

	if (!st)
		return -1;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW && sqlite3_column_int64(st, 0) > 0) {
		snprintf(text, sizeof(text), "%s: %lld", q->words,
			 (long long)sqlite3_column_int64(st, 0));
		c->say(c->arg, q->is_fault, text);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : db_fault(c->db, "cannot read", err);
}

static int say_counts(struct check *c, struct err *err)
{
	sqlite3_stmt *st =
		db_prepare(c->db,
			   "SELECT (SELECT count(*) FROM requests)"
			   " || ' requests, ' ||"
			   " (SELECT count(*) FROM attempts)"
			   " || ' attempts, ' ||"
			   " (SELECT count(*) FROM verdicts)"
			   " || ' verdicts, ' ||"
			   " (SELECT count(*) FROM labels) || ' labels'",
			   err);
	int rc;

	if (!st)
		return -1;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		c->say(c->arg, false, (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : db_fault(c->db, "cannot read", err);
}

/* Pages and indexes; the first ten faults. */
static int check_pages(struct check *c, struct err *err)
{
	sqlite3_stmt *st = db_prepare(c->db, "PRAGMA integrity_check(10)", err);
	int rc;

	if (!st)
		return -1;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *says = (const char *)sqlite3_column_text(st, 0);

		if (says && strcmp(says, "ok") != 0)
			c->say(c->arg, true, says);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : db_fault(c->db, "cannot read", err);
}

int ledger_check(const char *path, ledger_check_fn *say, void *arg,
		 struct err *err)
{
	struct check c = {
		.db = db_open_to_read(path, ledger_schema_version(), err),
		.say = say,
		.arg = arg,
	};
	int rc;

	if (!c.db)
		return -1;
	rc = check_pages(&c, err);
	if (rc == 0)
		rc = say_counts(&c, err);
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
		if (rc == 0)
			rc = ask(&c, &questions[i], err);
	db_close(c.db);
	return rc;
}
