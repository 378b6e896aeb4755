/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong in a ledger's file is found, and what is not is not.
 */
#include "store/ledger_check.h"

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

/* So many rows, each with an attempt, a verdict and a label. */
static void fill(int n)
{
	struct err err = {0};
	struct ledger_file *f = ledger_file_join(path, &err);
	size_t bad;

	assert_non_null(f);
	for (int i = 0; i < n; i++) {
		struct ledger_row *r = ledger_row_new(1, 1);
		struct ledger_label *l = ledger_label_new();
		struct ledger_item items[] = {{.row = r}, {.label = l}};

		r->request_id = arena_printf(r->arena, "r%d", i);
		r->cascade = "auto";
		r->key = "team";
		r->record = "{\"id\":\"1\"}";
		r->verdicts[0].signals = "{\"x.v\":1}";
		l->request_id = r->request_id;
		l->key = i % 2 ? NULL : "team";
		assert_int_equal(
			ledger_file_write_items(f, items, 2, &bad, &err), 0);
		ledger_row_free(r);
		ledger_label_free(l);
	}
	ledger_file_close(f);
}

static void change(const char *sql)
{
	sqlite3 *h;

	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	if (sqlite3_exec(h, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(h));
	sqlite3_close(h);
}

struct said {
	char text[2000];
	int faults;
};

static void note(void *arg, bool is_fault, const char *text)
{
	struct said *s = arg;
	size_t n = strlen(s->text);

	snprintf(s->text + n, sizeof(s->text) - n, "%s\n", text);
	s->faults += is_fault;
}

static struct said check(void)
{
	struct said s = {.faults = 0};
	struct err err = {0};

	if (ledger_check(path, note, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void test_sound(void **state)
{
	struct said s;

	(void)state;
	fill(20);
	s = check();
	assert_int_equal(s.faults, 0);
	assert_string_equal(s.text, "20 requests, 20 attempts, 20 verdicts, "
				    "20 labels\n");
}

static const struct {
	const char *sql, *says;
	int faults;
} cases[] = {
	{"DELETE FROM requests WHERE id > 17",
	 "attempts of no request: 3\nverdicts of no request: 3\n"
	 "labels of no request: 3\n",
	 2},
	{"UPDATE attempts SET request = 3 WHERE id = 4000",
	 "attempts that are not found with their request: 1\n", 1},
	{"UPDATE verdicts SET id = 99 WHERE id = 4000",
	 "verdicts that are not found with their request: 1\n", 1},
	{"UPDATE verdicts SET signals = '[]' WHERE id = 4000",
	 "verdicts whose signals are no JSON object: 1\n", 1},
	{"UPDATE verdicts SET signals = '{' WHERE id < 4000",
	 "verdicts whose signals are no JSON object: 3\n", 1},
	{"UPDATE verdicts SET signals = NULL", "", 0},
	{"UPDATE requests SET record = 'x' WHERE id = 1",
	 "imported requests whose record is no JSON object: 1\n", 1},
	{"UPDATE requests SET record = NULL", "", 0},
	{"UPDATE requests SET request_id = 'r1' WHERE id IN (3, 4, 5)",
	 "request ids that come again within a cascade and key: 1\n"
	 "labels of no request: 3\n",
	 0},
	{"UPDATE requests SET request_id = 'r1', cascade = 'b' WHERE id = 3;"
	 "UPDATE requests SET request_id = 'r1', key = 'b' WHERE id = 4",
	 "labels of no request: 2\n", 0},
	{"UPDATE labels SET key = 'foes' WHERE id = 1",
	 "labels of no request: 1\n", 0},
};

static void test_findings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct said s;
		const char *rest;

		unlink(path);
		fill(20);
		change(cases[i].sql);
		s = check();
		rest = strchr(s.text, '\n') + 1;
		if (strcmp(rest, cases[i].says) != 0)
			fail_msg("%s: %s", cases[i].sql, rest);
		assert_int_equal(s.faults, cases[i].faults);
	}
}

/* A page is overwritten. */
static void test_pages(void **state)
{
	static const char junk[4096] = {0x0d, 0x0d, 0x0d, 0x0d};
	struct said s = {.faults = 0};
	struct err err = {0};
	FILE *f;

	(void)state;
	fill(300);
	change("PRAGMA wal_checkpoint(TRUNCATE)");
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, -(long)sizeof(junk), SEEK_END);
	fwrite(junk, 1, sizeof(junk), f);
	fclose(f);
	if (ledger_check(path, note, &s, &err) < 0)
		assert_int_equal(err.kind, ERR_PARSE);
	assert_true(s.faults > 0);
}

static void test_no_ledger(void **state)
{
	struct said s = {.faults = 0};
	struct err err = {0};

	(void)state;
	assert_int_equal(ledger_check(path, note, &s, &err), -1);
	assert_int_equal(access(path, F_OK), -1);
	err = (struct err){0};
	change("PRAGMA user_version = 2; CREATE TABLE x(a)");
	assert_int_equal(ledger_check(path, note, &s, &err), -1);
	assert_non_null(strstr(err.text, "is of version 2"));
	assert_string_equal(s.text, "");
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_sound),
		T(test_findings),
		T(test_pages),
		T(test_no_ledger),
	};

	return cmocka_run_group_tests_name("ledger_check", tests, NULL, NULL);
}
