/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger has written is read back, and the file is left alone.
 */
#include "store/ledger_reader.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "store/ledger_file.h"

static char dir[64], path[96];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/frugald-reader-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/l.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char file[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, tails[i]);
		unlink(file);
	}
	return rmdir(dir);
}

static void write_row(const char *id, const char *cascade, const char *request,
		      const char *response)
{
	struct ledger_row *row = ledger_row_new(2, 0);
	struct err err = {0};
	struct ledger_file *f = ledger_file_open(path, &err);
	size_t bad;

	assert_non_null(f);
	row->request_id = id;
	row->cascade = cascade;
	row->mode = "enforce";
	row->request_text = request;
	row->decision = "escalate";
	row->attempts[0] = (struct ledger_attempt){
		.backend = "small",
		.model = "m",
		.purpose = "answer",
		.tier = 1,
		.status = 200,
		.total_us = 7,
		.cost_pusd = 25000000,
		.response_text = response,
	};
	row->attempts[1] = (struct ledger_attempt){
		.backend = "large",
		.purpose = "verify",
		.status = 503,
	};
	assert_int_equal(ledger_file_write(f, &row, 1, &bad, &err), 0);
	ledger_row_free(row);
	ledger_file_close(f);
}

static void test_reads_back(void **state)
{
	struct err err = {0};
	struct ledger_reader *r;
	struct ledger_row *row;
	int64_t n;

	(void)state;
	write_row("a", "auto", "{\"model\":\"auto\"}", "{\"id\":1}");
	write_row("b", "auto", NULL, NULL);
	write_row("c", "other", "{}", "{}");
	write_row("d", "auto", "{}", NULL);
	r = ledger_reader_open(path, "auto", &err);
	assert_non_null(r);
	assert_int_equal(ledger_reader_next(r, &row, &err), 1);
	assert_string_equal(row->request_id, "a");
	assert_string_equal(row->cascade, "auto");
	assert_string_equal(row->mode, "enforce");
	assert_string_equal(row->request_text, "{\"model\":\"auto\"}");
	assert_int_equal(row->n_attempts, 2);
	assert_string_equal(row->attempts[0].backend, "small");
	assert_string_equal(row->attempts[0].purpose, "answer");
	assert_string_equal(row->attempts[0].response_text, "{\"id\":1}");
	assert_int_equal(row->attempts[0].cost_pusd, 25000000);
	assert_int_equal(row->attempts[0].total_us, 7);
	assert_string_equal(row->attempts[1].purpose, "verify");
	assert_int_equal(row->attempts[1].status, 503);
	assert_null(row->attempts[1].response_text);
	ledger_row_free(row);
	assert_int_equal(ledger_reader_next(r, &row, &err), 1);
	assert_string_equal(row->request_id, "d");
	ledger_row_free(row);
	assert_int_equal(ledger_reader_next(r, &row, &err), 0);
	assert_int_equal(ledger_reader_textless(r, &n, &err), 0);
	assert_int_equal(n, 1);
	ledger_reader_close(r);
	ledger_reader_close(NULL);
}

static void expect_refused(const char *says)
{
	struct err err = {0};

	assert_null(ledger_reader_open(path, "auto", &err));
	if (!strstr(err.text, says))
		fail_msg("%s", err.text);
}

static void make(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Nothing is made, moved or upgraded. */
static void test_refuses(void **state)
{
	struct stat st;
	FILE *f;

	(void)state;
	expect_refused("cannot open");
	assert_int_equal(stat(path, &st), -1);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("this is no database, and long enough to show it: ...........",
	      f);
	fclose(f);
	expect_refused("not a database");
	assert_int_equal(stat(path, &st), 0);
	unlink(path);
	make("CREATE TABLE x(a)");
	expect_refused("not one of ours");
	make("PRAGMA user_version = 99");
	expect_refused("is of version 99");
	make("PRAGMA user_version = 2");
	expect_refused("is of version 2, and version 3 is wanted");
	make("PRAGMA user_version = 3");
	expect_refused("cannot prepare");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads_back, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(test_refuses, make_dir,
						remove_dir),
	};

	return cmocka_run_group_tests_name("ledger_reader", tests, NULL, NULL);
}
