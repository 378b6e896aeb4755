/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger has written is read back, and the file is left alone.
 */
#include "store/ledger_reader.h"

#include <math.h>
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

#include "ledger_rig.h"

static void write_row(struct ledger_row *row)
{
	struct err err = {0};
	struct ledger_file *f = ledger_file_open(path, &err);
	size_t bad;

	assert_non_null(f);
	assert_int_equal(ledger_file_write(f, &row, 1, &bad, &err), 0);
	ledger_row_free(row);
	ledger_file_close(f);
}

static struct ledger_row *bare_row(const char *id, const char *cascade,
				   const char *mode, int64_t time_us)
{
	struct ledger_row *row = ledger_row_new(0, 0);

	row->request_id = id;
	row->cascade = cascade;
	row->mode = mode;
	row->time_us = time_us;
	row->key = "";
	row->confidence = NAN;
	return row;
}

static struct ledger_reader *open_reader(const struct ledger_reader_want *w)
{
	struct err err = {0};
	struct ledger_reader *r = ledger_reader_open(path, w, &err);

	if (!r)
		fail_msg("%s", err.text);
	return r;
}

static struct ledger_row *next(struct ledger_reader *r)
{
	struct err err = {0};
	struct ledger_row *row = NULL;
	int rc = ledger_reader_next(r, &row, &err);

	if (rc < 0)
		fail_msg("%s", err.text);
	return rc ? row : NULL;
}

/* ---- rows ---------------------------------------------------------------- */

static struct ledger_row *full_row(void)
{
	struct ledger_row *row = ledger_row_new(2, 2);

	row->request_id = "a";
	row->time_us = 1764000000000001;
	row->cascade = "auto";
	row->mode = "shadow";
	row->key = "team";
	row->outcome = "ok";
	row->status = 200;
	row->stream = true;
	row->tier = 2;
	row->backend = "large";
	row->decision = "escalate";
	row->reason = "shadow";
	row->confidence = 0.25;
	row->calibrated = true;
	row->total_us = 11;
	row->upstream_us = 12;
	row->overhead_us = 13;
	row->cost_pusd = INT64_MAX;
	row->generation = 14;
	row->request_text = "{\"model\":\"auto\"}";
	row->agrees = 1;
	row->would = "accept";
	row->would_reason = "confident";
	row->record = "{}";
	row->attempts[0] = (struct ledger_attempt){
		.backend = "small",
		.model = "m",
		.purpose = "answer",
		.tier = 1,
		.status = 200,
		.start_us = 21,
		.first_byte_us = 22,
		.total_us = 23,
		.prompt_tokens = 24,
		.completion_tokens = 25,
		.cached_tokens = 26,
		.usage_estimated = true,
		.cost_pusd = 25000000,
		.response_text = "{\"id\":1}",
	};
	row->attempts[1] = (struct ledger_attempt){
		.backend = "large",
		.purpose = "verify",
		.verifier = "check",
		.mode = "blind",
		.about = "small",
		.status = 503,
		.fault = "status",
	};
	row->verdicts[0] = (struct ledger_verdict){
		.attempt_seq = 0,
		.verifier = "logprob",
		.kind = "score",
		.score = 0.5,
		.us = 31,
		.signals = "{\"logprob.min\":-1}",
	};
	row->verdicts[1] = (struct ledger_verdict){
		.attempt_seq = 1,
		.verifier = "check",
		.kind = "none",
		.score = NAN,
		.why = "status",
		.cost_pusd = 32,
	};
	return row;
}

static void expect_request(const struct ledger_row *row)
{
	assert_string_equal(row->request_id, "a");
	assert_int_equal(row->time_us, 1764000000000001);
	assert_string_equal(row->cascade, "auto");
	assert_string_equal(row->mode, "shadow");
	assert_string_equal(row->key, "team");
	assert_string_equal(row->outcome, "ok");
	assert_int_equal(row->status, 200);
	assert_true(row->stream && row->calibrated);
	assert_int_equal(row->tier, 2);
	assert_string_equal(row->backend, "large");
	assert_string_equal(row->decision, "escalate");
	assert_string_equal(row->reason, "shadow");
	assert_true(row->confidence == 0.25);
	assert_int_equal(row->total_us, 11);
	assert_int_equal(row->upstream_us, 12);
	assert_int_equal(row->overhead_us, 13);
	assert_true(row->cost_pusd == INT64_MAX);
	assert_int_equal(row->generation, 14);
	assert_string_equal(row->request_text, "{\"model\":\"auto\"}");
	assert_int_equal(row->agrees, 1);
	assert_string_equal(row->would, "accept");
	assert_string_equal(row->would_reason, "confident");
	assert_string_equal(row->record, "{}");
}

static void expect_attempts(const struct ledger_attempt *a)
{
	assert_string_equal(a[0].backend, "small");
	assert_string_equal(a[0].model, "m");
	assert_string_equal(a[0].purpose, "answer");
	assert_null(a[0].verifier);
	assert_null(a[0].mode);
	assert_null(a[0].about);
	assert_null(a[0].fault);
	assert_int_equal(a[0].tier, 1);
	assert_int_equal(a[0].start_us, 21);
	assert_int_equal(a[0].first_byte_us, 22);
	assert_int_equal(a[0].total_us, 23);
	assert_int_equal(a[0].prompt_tokens, 24);
	assert_int_equal(a[0].completion_tokens, 25);
	assert_int_equal(a[0].cached_tokens, 26);
	assert_true(a[0].usage_estimated);
	assert_int_equal(a[0].cost_pusd, 25000000);
	assert_string_equal(a[0].response_text, "{\"id\":1}");
	assert_string_equal(a[1].verifier, "check");
	assert_string_equal(a[1].mode, "blind");
	assert_string_equal(a[1].about, "small");
	assert_string_equal(a[1].fault, "status");
	assert_int_equal(a[1].status, 503);
	assert_null(a[1].response_text);
}

static void expect_verdicts(const struct ledger_verdict *v)
{
	assert_int_equal(v[0].attempt_seq, 0);
	assert_string_equal(v[0].verifier, "logprob");
	assert_string_equal(v[0].kind, "score");
	assert_true(v[0].score == 0.5);
	assert_int_equal(v[0].us, 31);
	assert_string_equal(v[0].signals, "{\"logprob.min\":-1}");
	assert_int_equal(v[1].attempt_seq, 1);
	assert_true(isnan(v[1].score));
	assert_string_equal(v[1].why, "status");
	assert_int_equal(v[1].cost_pusd, 32);
	assert_null(v[1].signals);
}

static void test_reads_back(void **state)
{
	const struct ledger_reader_want all = {NULL};
	struct ledger_reader *r;
	struct ledger_row *row;

	(void)state;
	write_row(full_row());
	write_row(bare_row("b", "auto", "enforce", 5));
	r = open_reader(&all);
	row = next(r);
	expect_request(row);
	assert_int_equal(row->n_attempts, 2);
	expect_attempts(row->attempts);
	assert_int_equal(row->n_verdicts, 2);
	expect_verdicts(row->verdicts);
	assert_int_equal(row->n_marks, 0);
	ledger_row_free(row);
	row = next(r);
	assert_string_equal(row->request_id, "b");
	assert_int_equal(row->agrees, -1);
	assert_true(isnan(row->confidence));
	assert_null(row->request_text);
	assert_null(row->record);
	assert_int_equal(row->n_attempts + row->n_verdicts, 0);
	ledger_row_free(row);
	assert_null(next(r));
	ledger_reader_close(r);
	ledger_reader_close(NULL);
}

/* The ids of what is wanted, one after the other. */
static void expect_ids(struct ledger_reader_want w, const char *wanted)
{
	struct ledger_reader *r = open_reader(&w);
	struct ledger_row *row;
	char ids[32] = "";

	while ((row = next(r))) {
		assert_true(strlen(ids) < 30);
		strncat(ids, row->request_id, 1);
		ledger_row_free(row);
	}
	ledger_reader_close(r);
	assert_string_equal(ids, wanted);
}

static void test_only_what_is_wanted(void **state)
{
	typedef struct ledger_reader_want want;

	(void)state;
	write_row(bare_row("a", "auto", "enforce", 10));
	write_row(bare_row("b", "auto", "eval", 20));
	write_row(bare_row("c", "other", "eval", 15));
	write_row(bare_row("d", "", "enforce", 30));
	expect_ids((want){NULL}, "abcd");
	expect_ids((want){.cascade = "auto"}, "ab");
	expect_ids((want){.cascade = ""}, "d");
	expect_ids((want){.cascade = "none"}, "");
	expect_ids((want){.mode = "eval"}, "bc");
	expect_ids((want){.cascade = "auto", .mode = "eval"}, "b");
	expect_ids((want){.since_us = 15}, "bcd");
	expect_ids((want){.until_us = 20}, "ac");
	expect_ids((want){.since_us = 11, .until_us = 30}, "bc");
}

/* ---- labels -------------------------------------------------------------- */

static void write_label(const char *id, const char *key, const char *backend,
			bool right)
{
	struct ledger_label *l = ledger_label_new();
	struct err err = {0};
	struct ledger_file *f = ledger_file_join(path, &err);
	size_t bad;

	assert_non_null(f);
	l->request_id = id;
	l->key = key;
	l->backend = backend;
	l->right = right;
	assert_int_equal(ledger_file_write_labels(f, &l, 1, &bad, &err), 0);
	ledger_label_free(l);
	ledger_file_close(f);
}

/* "small+ large-": the marks of the first request. */
static void expect_marks(const char *wanted)
{
	const struct ledger_reader_want all = {NULL};
	struct ledger_reader *r = open_reader(&all);
	struct ledger_row *row = next(r);
	char text[200] = "";
	size_t n = 0;

	for (size_t i = 0; i < row->n_marks; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%c",
				      i ? " " : "", row->marks[i].backend,
				      row->marks[i].right ? '+' : '-');
	ledger_row_free(row);
	ledger_reader_close(r);
	assert_string_equal(text, wanted);
}

static void test_labels(void **state)
{
	(void)state;
	write_row(full_row()); /* "a" of "team", answered by "large" */
	write_label("other", NULL, "small", true);
	write_label("a", "foes", "small", true);
	write_label("a", "", NULL, false);
	expect_marks("");
	write_label("a", NULL, NULL, true);
	expect_marks("large+");
	write_label("a", "team", "small", true);
	expect_marks("large+ small+");
	write_label("a", NULL, "large", false);
	write_label("a", "team", "small", false);
	write_label("a", "foes", "small", true);
	expect_marks("large- small-");
}

/* Who answered is not known. */
static void test_label_for_nobody(void **state)
{
	(void)state;
	write_row(bare_row("a", "auto", "enforce", 1));
	write_label("a", NULL, NULL, true);
	expect_marks("");
	write_label("a", "", "small", true);
	expect_marks("small+");
}

/* ---- ids ----------------------------------------------------------------- */

static void test_find(void **state)
{
	const struct ledger_reader_want none = {.cascade = "none"};
	struct ledger_reader *r;
	struct err err = {0};

	(void)state;
	write_row(full_row());
	r = open_reader(&none);
	assert_int_equal(ledger_reader_find(r, "a", NULL, &err), 1);
	assert_int_equal(ledger_reader_find(r, "a", "team", &err), 1);
	assert_int_equal(ledger_reader_find(r, "a", "foes", &err), 0);
	assert_int_equal(ledger_reader_find(r, "b", NULL, &err), 0);
	ledger_reader_close(r);
}

/* An eval's request with two calls for an answer. */
static void write_eval(const char *id, int status, const char *fault)
{
	struct ledger_row *row = ledger_row_new(3, 0);

	row->request_id = id;
	row->cascade = "auto";
	row->mode = "eval";
	row->attempts[0] =
		(struct ledger_attempt){.purpose = "answer", .status = 200};
	row->attempts[1] =
		(struct ledger_attempt){.purpose = "verify", .status = 500};
	row->attempts[2] =
		(struct ledger_attempt){.status = status, .fault = fault};
	write_row(row);
}

static void note_id(void *arg, const char *request_id, bool well)
{
	char *ids = arg;

	assert_true(strlen(ids) < 30);
	strncat(ids, request_id, 1);
	strcat(ids, well ? "+" : "-");
}

static void test_ids(void **state)
{
	const struct ledger_reader_want w = {.cascade = "auto", .mode = "eval"};
	struct ledger_reader *r;
	struct err err = {0};
	char ids[64] = "";

	(void)state;
	write_eval("a", 200, NULL);
	write_eval("b", 429, "status");
	write_eval("c", 0, NULL);
	write_eval("d", 200, "cut");
	write_row(bare_row("e", "auto", "eval", 1));
	write_row(bare_row("f", "auto", "enforce", 1));
	write_eval("b", 204, NULL);
	r = open_reader(&w);
	assert_int_equal(ledger_reader_ids(r, note_id, ids, &err), 0);
	ledger_reader_close(r);
	assert_string_equal(ids, "a+b-c-d-e-b+");
}

/* ---- what is no ledger --------------------------------------------------- */

static void expect_refused(const char *says)
{
	const struct ledger_reader_want all = {NULL};
	struct err err = {0};

	assert_null(ledger_reader_open(path, &all, &err));
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

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_reads_back), T(test_only_what_is_wanted),
		T(test_labels),	    T(test_label_for_nobody),
		T(test_find),	    T(test_ids),
		T(test_refuses),
	};

	return cmocka_run_group_tests_name("ledger_reader", tests, NULL, NULL);
}
