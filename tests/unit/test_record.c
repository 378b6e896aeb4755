/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of records: what is found in them, and what is told of bad ones.
 */
#include "ctl/record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct record read_good(const char *line, struct arena *a)
{
	struct record r;
	struct err err = {0};

	if (record_read(&r, span_of(line), a, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	return r;
}

static void test_all_members(void **state)
{
	struct arena *a = arena_new();
	struct record r = read_good(
		"{\"id\":\"r-\\u0031\",\"cascade\":\"auto\",\"mode\":\"shadow\""
		",\"time\":\"2026-11-23\",\"decision\":\"accept\",\"request\":{"
		"\"model\": \"m\"},"
		"\"agrees\":false,\"signals\":{\"x.a\":-1.5,\"b\":null},"
		"\"labels\":{\"small\":true,\"large\":false,\"c\":null},"
		"\"attempts\":[{\"backend\":\"small\",\"purpose\":\"answer\","
		"\"status\":200,\"seconds\":0.1,\"cost_usd\":2e-5,"
		"\"response\":{\"a\" : [1]}},{\"backend\":\"large\","
		"\"purpose\":\"verify\",\"verifier\":\"check\",\"mode\":"
		"\"blind\",\"about\":\"small\",\"status\":503,\"answer\":\"B\","
		"\"signals\":{\"check.p\":0.5}}]}",
		a);
	const struct record_attempt *t = r.attempts;

	(void)state;
	assert_string_equal(r.id, "r-1");
	assert_string_equal(r.cascade, "auto");
	assert_int_equal(r.mode, SAMPLE_SHADOW);
	assert_int_equal(r.agrees, KNOWN_FALSE);
	assert_string_equal(r.time, "2026-11-23");
	assert_string_equal(r.decision, "accept");
	assert_true(r.attempts->seconds == 0.1);
	assert_true(r.attempts->next->seconds == 0);
	assert_true(span_is(r.request, "{\"model\": \"m\"}"));
	assert_string_equal(r.signals->name, "x.a");
	assert_true(r.signals->value == -1.5);
	assert_string_equal(r.signals->next->name, "b");
	assert_true(isnan(r.signals->next->value));
	assert_null(r.signals->next->next);
	assert_string_equal(r.labels->backend, "small");
	assert_int_equal(r.labels->right, KNOWN_TRUE);
	assert_int_equal(r.labels->next->right, KNOWN_FALSE);
	assert_int_equal(r.labels->next->next->right, KNOWN_NOT);
	assert_string_equal(t->backend, "small");
	assert_string_equal(t->purpose, "answer");
	assert_null(t->verifier);
	assert_int_equal(t->status, 200);
	assert_true(t->cost_usd == 2e-5);
	assert_true(span_is(t->response, "{\"a\" : [1]}"));
	t = t->next;
	assert_string_equal(t->verifier, "check");
	assert_string_equal(t->mode, "blind");
	assert_string_equal(t->about, "small");
	assert_int_equal(t->status, 503);
	assert_true(isnan(t->cost_usd));
	assert_int_equal(t->response.n, 0);
	assert_string_equal(t->answer, "B");
	assert_true(t->signals->value == 0.5);
	assert_null(t->next);
	arena_free(a);
}

static void test_absent_and_null(void **state)
{
	struct arena *a = arena_new();
	struct record r = read_good(" {\"id\":\"1\"} ", a);

	(void)state;
	assert_int_equal(r.mode, SAMPLE_EVAL);
	assert_int_equal(r.agrees, KNOWN_NOT);
	assert_null(r.attempts);
	assert_null(r.labels);
	r = read_good("{\"id\":\"1\",\"mode\":null,\"attempts\":[{\"status\":"
		      "null,\"response\":null,\"cost_usd\":null}],\"labels\":"
		      "null,\"agrees\":null,\"new\":{\"a\":[]}}",
		      a);
	assert_int_equal(r.mode, SAMPLE_EVAL);
	assert_int_equal(r.attempts->status, 200);
	assert_true(isnan(r.attempts->cost_usd));
	/* The last one counts. */
	r = read_good("{\"id\":\"1\",\"id\":\"2\",\"attempts\":[{}],"
		      "\"attempts\":[]}",
		      a);
	assert_string_equal(r.id, "2");
	assert_null(r.attempts);
	arena_free(a);
}

#define ATTEMPT(member) "{\"id\":\"1\",\"attempts\":[{},{" member "}]}"

static const char *const bad[][2] = {
	{"", "not a JSON object: at byte 1, "},
	{"[]", "not a JSON object: at byte 1, "},
	{"{\"id\":\"1\"", "not a JSON object: at byte 10, "},
	{"{\"id\":\"1\"}x", "not a JSON object: at byte 11, "},
	{"{\"id\":NaN}", "not a JSON object: at byte 7, "},
	{"{\"id\":\"1\",\"signals\":{\"x.a\":1,\"x.b\":NaN}}",
	 "not a JSON object: at byte 36, a value was expected; in or after "
	 "signals.x.b"},
	{ATTEMPT("\"new\":[1,Infinity]"),
	 "not a JSON object: at byte 36, a value was expected; in or after "
	 "attempts[1].new"},
	{ATTEMPT("\"labels\":{},\"cost_usd\":nan"),
	 "not a JSON object: at byte 50, a value was expected; in or after "
	 "attempts[1].cost_usd"},
	{"{\"id\":\"1\",\"labels\":{\"small\":NaN}}",
	 "not a JSON object: at byte 29, a value was expected; in or after "
	 "labels.small"},
	{"{}", "id is missing; give each record its own"},
	{"{\"id\":\"\"}", "id is missing; give each record its own"},
	{"{\"id\":17}", "id must be text in quotes"},
	{"{\"id\":\"1\",\"mode\":\"test\"}",
	 "mode must be \"eval\", \"shadow\" or \"enforce\""},
	{"{\"id\":\"1\",\"mode\":1}", "mode must be text in quotes"},
	{"{\"id\":\"1\",\"request\":\"hi\"}", "request must be an object"},
	{"{\"id\":\"1\",\"attempts\":{}}", "attempts must be a list"},
	{"{\"id\":\"1\",\"attempts\":[1]}", "attempts[0].* must be in an"},
	{"{\"id\":\"1\",\"agrees\":1}", "agrees must be true or false"},
	{"{\"id\":\"1\",\"labels\":[]}", "labels must be an object of"},
	{"{\"id\":\"1\",\"labels\":{\"small\":1}}",
	 "labels.small must be true or false"},
	{"{\"id\":\"1\",\"signals\":[]}", "signals must be an object of num"},
	{"{\"id\":\"1\",\"signals\":{\"x.a\":\"1\"}}",
	 "signals.x.a must be a finite number, or null"},
	{"{\"id\":\"1\",\"signals\":{\"x.a\":1e999}}",
	 "signals.x.a must be a finite number, or null"},
	{ATTEMPT("\"backend\":1"), "attempts[1].backend must be text in quo"},
	{ATTEMPT("\"status\":\"ok\""), "attempts[1].status must be an HTTP"},
	{ATTEMPT("\"status\":1e99"), "attempts[1].status must be an HTTP"},
	{ATTEMPT("\"cost_usd\":-1"), "attempts[1].cost_usd must be a number"},
	{ATTEMPT("\"cost_usd\":1e999"), "attempts[1].cost_usd must be a num"},
	{ATTEMPT("\"cost_usd\":\"1\""), "attempts[1].cost_usd must be a numb"},
	{ATTEMPT("\"response\":[]"), "attempts[1].response must be an obj"},
	{ATTEMPT("\"answer\":7"), "attempts[1].answer must be text in quotes"},
	{ATTEMPT("\"signals\":{\"check.p\":true}"),
	 "attempts[1].signals.check.p must be a finite number, or null"},
};

static void test_faults(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct record r;
		struct err err = {0};

		if (record_read(&r, span_of(bad[i][0]), a, &err) == 0)
			fail_msg("taken: %s", bad[i][0]);
		assert_int_equal(err.kind, ERR_PARSE);
		if (strncmp(err.text, bad[i][1], strlen(bad[i][1])) != 0)
			fail_msg("%s: %s", bad[i][0], err.text);
	}
	arena_free(a);
}

/* Every cut of a whole record is refused, and none is read past. */
static void test_cut_anywhere(void **state)
{
	static const char line[] =
		"{\"id\":\"1\",\"attempts\":[{\"backend\":\"s\",\"response\":"
		"{\"a\":[1,2]},\"signals\":{\"x\":1}}],\"labels\":{\"s\":true}"
		"}";
	struct arena *a = arena_new();

	(void)state;
	for (size_t n = 0; n + 1 < sizeof(line); n++) {
		char *cut = malloc(n + 1);
		struct record r;

		memcpy(cut, line, n);
		assert_int_equal(
			record_read(&r, (struct span){cut, n}, a, NULL), -1);
		free(cut);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_members),
		cmocka_unit_test(test_absent_and_null),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
