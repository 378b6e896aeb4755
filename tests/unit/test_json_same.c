/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same value in other words.
 */
#include "verify/json_same.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *a, *b;
	int same; /* -1: cannot be told */
} rows[] = {
	{"1", "1", 1},
	{"1", "1.0", 1},
	{"1e2", "100", 1},
	{"0.1", "0.10", 1},
	{"0.3", "0.30000000000000004", 1},
	{"1", "2", 0},
	{"9007199254740993", "9007199254740992", 0}, /* beyond a double */
	{"1", "\"1\"", 0},
	{"null", "false", 0},
	{"true", "true", 1},
	{"\"\\u0041\"", "\"A\"", 1},
	{"\"a\"", "\"A\"", 0},
	{"[1,2]", "[1, 2.0]", 1},
	{"[1,2]", "[2,1]", 0},
	{"[1,2]", "[1]", 0},
	{"{\"a\":1,\"b\":[true]}", "{ \"b\": [true], \"a\": 1.0 }", 1},
	{"{\"a\":1}", "{\"a\":1,\"b\":null}", 0},
	{"{\"a\":1}", "{\"b\":1}", 0},
	{"\"a\\u0000b\"", "\"a\\u0000b\"", 1},
	{"\"a\\u0000b\"", "\"a\\u0000c\"", 0},
	{"{\"\\u0000\":1}", "{\"\\u0000\":1}", -1},
	{"{\"a\":1,\"a\":2}", "{\"a\":2}", 1},
	{"{}", "[]", 0},
	{"{}", "", -1},
	{"{\"a\":", "{\"a\":1}", -1},
	{"[1] 2", "[1]", -1},
	{"NaN", "NaN", -1},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span a = span_of(rows[i].a), b = span_of(rows[i].b);
		int want = rows[i].same < 0 ? -1 : 0;
		bool same = rows[i].same == 0;

		assert_int_equal(json_same(a, b, &same), want);
		if (want == 0 && same != (rows[i].same == 1))
			fail_msg("%s and %s", rows[i].a, rows[i].b);
		same = rows[i].same == 0;
		assert_int_equal(json_same(b, a, &same), want);
		if (want == 0 && same != (rows[i].same == 1))
			fail_msg("%s and %s", rows[i].b, rows[i].a);
	}
}

static void test_large(void **state)
{
	size_t n = JSON_SAME_MOST + 1;
	char *text = malloc(n);
	bool same;

	(void)state;
	memset(text, ' ', n);
	text[0] = '1';
	assert_int_equal(json_same((struct span){text, n - 1},
				   (struct span){text, n - 1}, &same),
			 0);
	assert_true(same);
	assert_int_equal(json_same((struct span){text, n},
				   (struct span){text, n}, &same),
			 -1);
	memset(text, '[', n); /* deeper than is read */
	assert_int_equal(json_same((struct span){text, n - 1},
				   (struct span){text, n - 1}, &same),
			 -1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests_name("json_same", tests, NULL, NULL);
}
