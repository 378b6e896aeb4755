/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What passes for a score, and all that must not.
 */
#include "verify/verify_http_read.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct verify_http_said read_text(const char *text)
{
	struct verify_http_said said;

	verify_http_read(200, span_of(text), &said);
	return said;
}

static void test_scores(void **state)
{
	static const struct {
		const char *text;
		double score;
		const char *reason;
	} t[] = {
		{"{\"score\":0.9}", 0.9, ""},
		{"{\"score\":0}", 0, ""},
		{"{\"score\":1}", 1, ""},
		{"{\"score\":1.0e0}", 1, ""},
		{"{\"score\":1e-400}", 0, ""},
		{"\n{ \"score\" : 0.25 }\r\n", 0.25, ""},
		{"{\"score\":0.5,\"reason\":\"so\"}", 0.5, "so"},
		{"{\"reason\":\"a \\\"b\\\"\",\"score\":0.5}", 0.5,
		 "a \\\"b\\\""},
		{"{\"reason\":\"\",\"score\":0.5}", 0.5, ""},
		{"{\"\\u0073core\":0.5}", 0.5, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct verify_http_said said = read_text(t[i].text);

		if (said.fault)
			fail_msg("%s: %s", t[i].text, said.detail);
		assert_null(said.detail);
		assert_true(said.score == t[i].score);
		assert_true(span_is(said.reason, t[i].reason));
	}
}

static void test_nought_has_no_sign(void **state)
{
	struct verify_http_said said = read_text("{\"score\":-0.0}");

	(void)state;
	assert_null(said.fault);
	assert_false(signbit(said.score));
}

static void check_fault(const struct verify_http_said *said, const char *fault,
			const char *detail, const char *of)
{
	if (!said->fault || strcmp(said->fault, fault) != 0)
		fail_msg("%s: %s", of, said->fault ? said->fault : "taken");
	if (strcmp(said->detail, detail) != 0)
		fail_msg("%s: %s", of, said->detail);
	assert_true(said->score == 0);
	assert_int_equal(said->reason.n, 0);
}

#define NO_NUMBER "`score` is not a number"
#define BESIDE	  "a member beside `score` and `reason`"
#define TWICE	  "a member is there twice"
#define NO_SCORE  "no `score`"

static void test_garbage(void **state)
{
	static const char *const t[][2] = {
		{"{\"score\":\"0.9\"}", NO_NUMBER},
		{"{\"score\":true}", NO_NUMBER},
		{"{\"score\":null}", NO_NUMBER},
		{"{\"score\":[0.9]}", NO_NUMBER},
		{"{\"score\":{\"score\":0.9}}", NO_NUMBER},
		{"{\"score\":NaN}", NO_NUMBER},
		{"{\"score\":Infinity}", NO_NUMBER},
		{"{}", NO_SCORE},
		{"{\"reason\":\"so\"}", NO_SCORE},
		{"{\"score\":0.9,\"score\":0.9}", TWICE},
		{"{\"score\":0.1,\"\\u0073core\":0.9}", TWICE},
		{"{\"reason\":\"a\",\"score\":1,\"reason\":\"b\"}", TWICE},
		{"{\"score\":0.9,\"verdict\":\"ok\"}", BESIDE},
		{"{\"Score\":0.9}", BESIDE},
		{"{\"score \":0.9}", BESIDE},
		{"{\"x\":[[[[]]]],\"score\":0.9}", BESIDE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct verify_http_said said = read_text(t[i][0]);

		check_fault(&said, "garbage", t[i][1], t[i][0]);
	}
}

/* The scanner's own words for it. */
static void test_no_object(void **state)
{
	static const char *const t[] = {
		"",
		" ",
		"0.9",
		"\"yes\"",
		"[]",
		"[{\"score\":0.9}]",
		"null",
		"{\"score\":0.9",
		"{\"score\":0.9}}",
		"{\"score\":0.9}{\"score\":0.9}",
		"{\"score\":0.9,}",
		"{\"score\":00.9}",
		"{\"score\":.9}",
		"{\"score\":+1}",
		"{\"score\":-NaN}",
		"{\"score\":-Infinity}",
		"{\"score\":0.9,\"reason\":null}",
		"{\"score\":0.9,\"reason\":7}",
		"{\"score\":0.9,\"reason\":[\"a\"]}",
		"{\"score\":0.9,\"reason\":\"\xff\"}",
		"{\"score\":0.9,\"reason\":\"\n\"}",
		"{score:0.9}",
		"<html>sorry</html>",
		"\xef\xbb\xbf{\"score\":0.9}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct verify_http_said said = read_text(t[i]);

		if (!said.fault)
			fail_msg("taken: %s", t[i]);
		assert_string_equal(said.fault, "garbage");
		assert_true(strlen(said.detail) > 3);
	}
}

static void test_range(void **state)
{
	static const char *const t[] = {
		"{\"score\":7}",     "{\"score\":-1}",
		"{\"score\":1.0001}", "{\"score\":-1e-9}",
		"{\"score\":1e999}", "{\"score\":-1e999}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct verify_http_said said = read_text(t[i]);

		check_fault(&said, "range", "`score` is not in [0, 1]", t[i]);
	}
}

static void test_statuses(void **state)
{
	static const int t[] = {0, 201, 204, 302, 400, 404, 500, 503};
	struct verify_http_said said;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		verify_http_read(t[i], span_of("{\"score\":0.9}"), &said);
		check_fault(&said, "status", "a status other than 200",
			    "a status");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_nought_has_no_sign),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_no_object),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_statuses),
	};

	return cmocka_run_group_tests_name("verify_http_read", tests, NULL,
					   NULL);
}
