/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is purged is in no file any more, and the rest is untouched.
 */
#include "store/ledger_purge.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "store/ledger_file.h"

#include "ledger_rig.h"

static int count_in(const char *file, const char *word)
{
	struct buf b;
	char piece[65536];
	FILE *f = fopen(file, "r");
	struct span wanted = span_of(word);
	size_t n;
	int count = 0;

	if (!f)
		return 0;
	buf_init(&b, 0);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&b, piece, n);
	fclose(f);
	/* By hand: under TSan each memmem() takes as long as all that is left. */
	for (size_t i = 0; i + wanted.n <= b.n; i++)
		count += span_eq((struct span){b.p + i, wanted.n}, wanted);
	buf_release(&b);
	return count;
}

/* How often the file and its log hold the word. */
static int holds(const char *word)
{
	char wal[128];

	snprintf(wal, sizeof(wal), "%s-wal", path);
	return count_in(path, word) + count_in(wal, word);
}

static struct ledger_file *join(void)
{
	struct err err = {0};
	struct ledger_file *f = ledger_file_join(path, &err);

	if (!f)
		fail_msg("%s", err.text);
	return f;
}

/* Of a day: its texts say CANARY-DAY over and over, short ones and long ones
 * that take many pages. */
static struct ledger_row *row_of(int i, int day, const char *cascade)
{
	struct ledger_row *r = ledger_row_new(2, 1);
	struct buf text;

	buf_init(&text, 0);
	for (int n = 0; n < 1 + i % 40 * 20; n++)
		buf_addf(&text, "CANARY-%d ", day);
	r->request_id = arena_printf(r->arena, "r%d", i);
	r->time_us = (int64_t)day * 86400 * 1000000;
	r->cascade = cascade;
	r->backend = "small";
	r->request_text = arena_dup(r->arena, buf_span(&text));
	r->attempts[1].response_text = r->request_text;
	r->verdicts[0].signals = "{}";
	buf_release(&text);
	return r;
}

static void write_row(struct ledger_file *f, struct ledger_row *r)
{
	struct err err = {0};
	size_t bad;

	if (ledger_file_write(f, &r, 1, &bad, &err) < 0)
		fail_msg("%s", err.text);
	ledger_row_free(r);
}

static void write_label(struct ledger_file *f, const char *id, int day)
{
	struct ledger_label *l = ledger_label_new();
	struct err err = {0};
	size_t bad;

	l->request_id = id;
	l->time_us = (int64_t)day * 86400 * 1000000;
	assert_int_equal(ledger_file_write_labels(f, &l, 1, &bad, &err), 0);
	ledger_label_free(l);
}

/* Days 1 and 2 by turns, more than go at once. */
static void fill(struct ledger_file *f)
{
	for (int i = 0; i < 1300; i++)
		write_row(f, row_of(i, 1 + i % 2, i % 4 < 2 ? "auto" : "b"));
}

static struct ledger_purged purge(struct ledger_purge w)
{
	struct ledger_purged done;
	struct err err = {0};

	if (ledger_purge(path, &w, &done, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(done.overwritten);
	return done;
}

static int64_t number(const char *sql)
{
	sqlite3_stmt *st;
	sqlite3 *h;
	int64_t n;

	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(h);
	return n;
}

static const int64_t day_2 = (int64_t)2 * 86400 * 1000000;

/* The file is open elsewhere, as it is in a daemon's hands. */
static void test_rows(void **state)
{
	struct ledger_file *f = join();
	struct ledger_purged done;

	(void)state;
	fill(f);
	assert_true(holds("CANARY-1") > 0);
	done = purge((struct ledger_purge){.before_us = day_2});
	assert_int_equal(done.requests, 650);
	assert_int_equal(holds("CANARY-1"), 0);
	assert_true(holds("CANARY-2") > 0);
	assert_int_equal(number("SELECT count(*) FROM requests"), 650);
	assert_int_equal(number("SELECT count(*) FROM attempts"), 1300);
	assert_int_equal(number("SELECT count(*) FROM verdicts"), 650);
	done = purge((struct ledger_purge){.before_us = day_2});
	assert_int_equal(done.requests, 0);
	write_row(f, row_of(7, 3, "auto"));
	ledger_file_close(f);
	assert_int_equal(number("SELECT count(*) FROM requests"), 651);
}

static void test_of_a_cascade(void **state)
{
	struct ledger_file *f = join();
	struct ledger_purged done;

	(void)state;
	fill(f);
	done = purge((struct ledger_purge){.before_us = day_2, .cascade = "b"});
	assert_int_equal(done.requests, 325);
	assert_int_equal(
		number("SELECT count(*) FROM requests"
		       " WHERE cascade = 'b' AND time_us < 172800000000"),
		0);
	assert_int_equal(number("SELECT count(*) FROM requests"), 975);
	ledger_file_close(f);
}

/* "{...}" becomes "{}", anything else is no record. */
static int strip(struct span record, struct buf *out)
{
	return record.p[0] == '{' ? buf_adds(out, "{}") : -1;
}

static void write_record(struct ledger_file *f, const char *record)
{
	struct ledger_row *r = ledger_row_new(0, 0);

	r->request_id = "imported";
	r->time_us = 1;
	r->record = record;
	write_row(f, r);
}

/* The rest of each request stays. */
static void test_texts(void **state)
{
	const struct ledger_purge w = {.before_us = day_2, .strip = strip};
	struct ledger_file *f = join();
	struct ledger_purged done;

	(void)state;
	fill(f);
	write_record(f, "{\"a\":\"CANARY-1\"}");
	write_record(f, "CANARY-1");
	write_record(f, "{}");
	done = purge(w);
	assert_int_equal(done.requests, 652);
	assert_int_equal(holds("CANARY-1"), 0);
	assert_true(holds("CANARY-2") > 0);
	assert_int_equal(number("SELECT count(*) FROM requests"), 1303);
	assert_int_equal(number("SELECT count(*) FROM attempts"), 2600);
	assert_int_equal(number("SELECT count(*) FROM verdicts"), 1300);
	assert_int_equal(number("SELECT count(*) FROM requests"
				" WHERE request_text IS NULL"),
			 653);
	assert_int_equal(number("SELECT count(*) FROM requests"
				" WHERE record = '{}'"),
			 2);
	assert_int_equal(purge(w).requests, 0);
	ledger_file_close(f);
}

/* ---- labels -------------------------------------------------------------- */

static void fill_labels(struct ledger_file *f)
{
	write_row(f, row_of(1, 1, "auto"));
	write_row(f, row_of(1, 3, "b"));
	write_row(f, row_of(2, 1, "auto"));
	write_label(f, "r1", 1);
	write_label(f, "r1", 3);
	write_label(f, "r2", 3);
	write_label(f, "nobody's", 1);
	write_label(f, "nobody's", 3);
}

/* They go with the last request of their id, and by age. */
static void test_labels(void **state)
{
	struct ledger_file *f = join();
	struct ledger_purged done;

	(void)state;
	fill_labels(f);
	done = purge((struct ledger_purge){.before_us = day_2});
	assert_int_equal(done.requests, 2);
	assert_int_equal(done.labels, 3);
	assert_int_equal(number("SELECT count(*) FROM labels"
				" WHERE time_us > 172800000000"
				" AND request_id <> 'r2'"),
			 2);
	ledger_file_close(f);
}

static void test_labels_of_a_cascade(void **state)
{
	struct ledger_file *f = join();
	struct ledger_purged done;

	(void)state;
	fill_labels(f);
	done = purge(
		(struct ledger_purge){.before_us = day_2, .cascade = "auto"});
	assert_int_equal(done.requests, 2);
	assert_int_equal(done.labels, 1);
	done = purge(
		(struct ledger_purge){.before_us = 2 * day_2, .cascade = "b"});
	assert_int_equal(done.requests, 1);
	assert_int_equal(done.labels, 2);
	assert_int_equal(number("SELECT count(*) FROM labels"), 2);
	ledger_file_close(f);
}

/* ---- what is no ledger --------------------------------------------------- */

static void test_no_file(void **state)
{
	const struct ledger_purge w = {.before_us = 1};
	struct ledger_purged done;
	struct err err = {0};

	(void)state;
	assert_int_equal(ledger_purge(path, &w, &done, &err), -1);
	assert_int_equal(err.kind, ERR_SYS);
	assert_int_equal(access(path, F_OK), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rows),	T(test_of_a_cascade),	     T(test_texts),
		T(test_labels), T(test_labels_of_a_cascade), T(test_no_file),
	};

	return cmocka_run_group_tests_name("ledger_purge", tests, NULL, NULL);
}
