/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are made, brought up to date, refused when they are somebody else's,
 * and told apart from damaged ones.
 */
#include "store/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static const char *const steps[] = {
	"CREATE TABLE one(a TEXT NOT NULL); INSERT INTO one VALUES('x');",
	"CREATE TABLE two(b INTEGER); INSERT INTO two SELECT 7 FROM one;",
	"this is no SQL",
};

static char dir[64];
static char path[96];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/frugald-db-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.db", dir);
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

static int number(struct db *d, const char *sql)
{
	struct err err = {0};
	sqlite3_stmt *st = db_prepare(d, sql, &err);
	int n;

	assert_non_null(st);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return n;
}

static void plain(const char *sql)
{
	sqlite3 *h;

	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(h), SQLITE_OK);
}

static void refused(int n_steps, enum err_kind kind, const char *says)
{
	struct err err = {0};

	assert_null(db_open(path, steps, n_steps, &err));
	assert_int_equal(err.kind, kind);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" not in \"%s\"", says, err.text);
	assert_non_null(strstr(err.text, path));
}

static int mode_of(const char *tail)
{
	char file[128];
	struct stat st;

	snprintf(file, sizeof(file), "%s%s", path, tail);
	assert_int_equal(stat(file, &st), 0);
	return (int)(st.st_mode & 0777);
}

static void test_new_file(void **state)
{
	struct err err = {0};
	struct db *d;

	(void)state;
	umask(0);
	d = db_open(path, steps, 2, &err);
	umask(022);
	assert_non_null(d);
	assert_int_equal(number(d, "SELECT b FROM two"), 7);
	assert_int_equal(number(d, "PRAGMA user_version"), 2);
	assert_int_equal(mode_of(""), 0600);
	assert_int_equal(mode_of("-wal"), 0600);
	assert_int_equal(mode_of("-shm"), 0600);
	assert_int_equal(db_check(d, &err), 0);
	assert_false(err_is_set(&err));
	db_close(d);
	db_close(NULL);
}

static void test_settings(void **state)
{
	struct err err = {0};
	struct db *d = db_open(path, steps, 1, &err);
	int on;

	(void)state;
	assert_int_equal(number(d, "SELECT count(*) FROM pragma_journal_mode"
				   " WHERE journal_mode = 'wal'"),
			 1);
	assert_int_equal(number(d, "PRAGMA synchronous"), 1);
	assert_int_equal(number(d, "PRAGMA trusted_schema"), 0);
	assert_int_equal(number(d, "PRAGMA busy_timeout"), 1000);
	assert_int_equal(sqlite3_db_config(db_handle(d),
					   SQLITE_DBCONFIG_DEFENSIVE, -1, &on),
			 SQLITE_OK);
	assert_int_equal(on, 1);
	/* What "defensive" is for. */
	assert_int_not_equal(sqlite3_exec(db_handle(d),
					  "PRAGMA writable_schema = ON;"
					  "UPDATE sqlite_schema SET sql = ''",
					  NULL, NULL, NULL),
			     SQLITE_OK);
	db_close(d);
}

static void test_steps_from_each_version(void **state)
{
	struct err err = {0};
	struct db *d = db_open(path, steps, 1, &err);

	(void)state;
	assert_non_null(d);
	assert_int_equal(number(d, "PRAGMA user_version"), 1);
	db_close(d);
	for (int i = 0; i < 2; i++) { /* the second time nothing is done */
		d = db_open(path, steps, 2, &err);
		assert_non_null(d);
		assert_int_equal(number(d, "PRAGMA user_version"), 2);
		assert_int_equal(number(d, "SELECT count(*) FROM two"), 1);
		db_close(d);
	}
}

static void test_failing_step_changes_nothing(void **state)
{
	(void)state;
	refused(3, ERR_PARSE, "syntax error");
	plain("CREATE TABLE one(a); CREATE TABLE two(b)"); /* not there yet */
}

static void test_newer_version(void **state)
{
	(void)state;
	plain("PRAGMA user_version = 41; CREATE TABLE t(a)");
	refused(2, ERR_CONF, "version 41");
	refused(2, ERR_CONF, "up to 2");
}

static void test_of_somebody_else(void **state)
{
	(void)state;
	plain("CREATE TABLE other(a)");
	refused(2, ERR_CONF, "not one of ours");
	plain("PRAGMA user_version = -1");
	refused(2, ERR_CONF, "not one of ours");
}

static void test_no_database(void **state)
{
	FILE *f = fopen(path, "w");

	(void)state;
	for (int i = 0; i < 1000; i++)
		fputs("no database at all\n", f);
	fclose(f);
	refused(2, ERR_PARSE, "not a database");
}

static void test_no_such_place(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(db_open("/nonexistent/x.db", steps, 2, &err));
	assert_int_equal(err.kind, ERR_SYS);
	err = (struct err){0};
	assert_null(db_open(dir, steps, 2, &err));
	assert_int_equal(err.kind, ERR_SYS);
	err = (struct err){0};
	assert_null(db_open("", steps, 2, &err));
	assert_int_equal(err.kind, ERR_SYS);
}

/* The first page is sound, a later one is not. */
static void test_check_finds_damage(void **state)
{
	struct err err = {0};
	struct db *d = db_open(path, steps, 2, &err);
	char junk[4096];
	FILE *f;

	(void)state;
	assert_int_equal(
		sqlite3_exec(db_handle(d),
			     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
			     " SELECT i + 1 FROM n WHERE i < 9999)"
			     " INSERT INTO two SELECT i FROM n",
			     NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(db_check(d, &err), 0);
	db_close(d);
	memset(junk, 0x5a, sizeof(junk));
	f = fopen(path, "r+");
	fseek(f, 5 * 4096, SEEK_SET);
	fwrite(junk, 1, sizeof(junk), f);
	fclose(f);
	d = db_open(path, steps, 2, &err);
	assert_non_null(d);
	assert_int_equal(db_check(d, &err), -1);
	assert_int_equal(err.kind, ERR_PARSE);
	db_close(d);
}

static enum err_kind kind_of(struct db *d, const char *sql)
{
	struct err err = {0};

	assert_int_not_equal(sqlite3_exec(db_handle(d), sql, NULL, NULL, NULL),
			     SQLITE_OK);
	assert_int_equal(db_fault(d, "trying", &err), -1);
	assert_non_null(strstr(err.text, "trying"));
	return err.kind;
}

static void test_kinds_of_faults(void **state)
{
	struct err err = {0};
	struct db *d = db_open(path, steps, 2, &err);

	(void)state;
	assert_int_equal(kind_of(d, "INSERT INTO one VALUES(NULL)"), ERR_LIMIT);
	assert_int_equal(kind_of(d, "INSERT INTO none VALUES(1)"), ERR_PARSE);
	assert_int_equal(kind_of(d, "INSERT INTO one"
				    " VALUES(zeroblob(2000000000))"),
			 ERR_LIMIT);
	sqlite3_exec(db_handle(d), "PRAGMA max_page_count = 1", NULL, NULL,
		     NULL);
	assert_int_equal(kind_of(d, "INSERT INTO one"
				    " VALUES(zeroblob(1000000))"),
			 ERR_SYS);
	assert_null(db_prepare(d, "SELECT nothing FROM one", &err));
	assert_int_equal(err.kind, ERR_PARSE);
	db_close(d);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_new_file),
		T(test_settings),
		T(test_steps_from_each_version),
		T(test_failing_step_changes_nothing),
		T(test_newer_version),
		T(test_of_somebody_else),
		T(test_no_database),
		T(test_no_such_place),
		T(test_check_finds_damage),
		T(test_kinds_of_faults),
	};

	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
