/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Money: exact sums, and no overflow whatever a backend claims.
 */
#include "chat/price.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* gpt-4o-mini's: $0.15, $0.60 and $0.075 a million tokens. */
static const struct price mini = {150000, 600000, 75000};

static struct chat_usage used(int64_t prompt, int64_t completion,
			      int64_t cached)
{
	return (struct chat_usage){.there = true,
				   .prompt = prompt,
				   .completion = completion,
				   .cached = cached};
}

static int64_t cost(int64_t prompt, int64_t completion, int64_t cached)
{
	struct chat_usage u = used(prompt, completion, cached);

	return price_of(&mini, &u);
}

static void test_cost(void **state)
{
	(void)state;
	assert_int_equal(cost(0, 0, 0), 0);
	assert_int_equal(cost(1, 0, 0), 150000);
	assert_int_equal(cost(0, 1, 0), 600000);
	assert_int_equal(cost(1, 0, 1), 75000);
	assert_int_equal(cost(1000000, 0, 0), 150000000000);
	assert_int_equal(cost(1000, 500, 400),
			 600 * 150000 + 400 * 75000 + 500 * 600000);
}

static void test_absurd_counts(void **state)
{
	const struct price dear = {INT64_MAX, INT64_MAX, 1};
	struct chat_usage u = used(1, 1, 0);

	(void)state;
	assert_int_equal(cost(-5, -5, -5), 0);
	assert_int_equal(cost(10, 0, -1), 1500000);
	assert_int_equal(cost(10, 0, 11), 750000);
	assert_int_equal(cost(0, 0, 7), 0);
	assert_int_equal(cost(INT64_MAX, 0, 0), INT64_MAX);
	assert_int_equal(cost(0, INT64_MAX, 0), INT64_MAX);
	assert_int_equal(cost(INT64_MAX, INT64_MAX, INT64_MAX), INT64_MAX);
	assert_int_equal(price_of(&dear, &u), INT64_MAX);
	u.prompt = 0;
	assert_int_equal(price_of(&dear, &u), INT64_MAX);
	u.completion = 2;
	assert_int_equal(price_of(&dear, &u), INT64_MAX);
}

static void test_add(void **state)
{
	(void)state;
	assert_int_equal(price_add(1, 2), 3);
	assert_int_equal(price_add(INT64_MAX, 0), INT64_MAX);
	assert_int_equal(price_add(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(price_add(1, INT64_MAX), INT64_MAX);
	assert_int_equal(price_add(INT64_MAX, -1), INT64_MAX - 1);
	assert_int_equal(price_add(INT64_MIN, -1), INT64_MIN);
	assert_int_equal(price_add(INT64_MIN, INT64_MAX), -1);
}

static void test_estimate(void **state)
{
	static const struct {
		size_t bytes;
		int64_t tokens;
	} cases[] = {{0, 0}, {1, 1}, {3, 1}, {4, 1}, {5, 2}, {400, 100}};
	struct chat_usage u;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		u = used(9, 9, 9);
		price_estimate(&u, cases[i].bytes, 8);
		assert_true(u.there);
		assert_int_equal(u.prompt, cases[i].tokens);
		assert_int_equal(u.completion, 2);
		assert_int_equal(u.cached, 0);
		assert_int_equal(u.total, cases[i].tokens + 2);
	}
	price_estimate(&u, SIZE_MAX, SIZE_MAX);
	assert_true(u.prompt > 0 && u.completion > 0);
	assert_int_equal(u.total, u.prompt + u.completion);
}

static void expect_text(int64_t pusd, const char *want)
{
	char text[32];

	price_text(pusd, text);
	assert_string_equal(text, want);
}

static void test_text(void **state)
{
	(void)state;
	expect_text(0, "0");
	expect_text(1, "0.000000000001");
	expect_text(31200000, "0.0000312");
	expect_text(1000000000000, "1");
	expect_text(1500000000000, "1.5");
	expect_text(10000000000000, "10");
	expect_text(100000000000, "0.1");
	expect_text(123456789012345, "123.456789012345");
	expect_text(INT64_MAX, "9223372.036854775807");
	expect_text(-1500000000000, "-1.5");
	expect_text(-1, "-0.000000000001");
	expect_text(INT64_MIN, "-9223372.036854775808");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_absurd_counts),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_estimate),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("price", tests, NULL, NULL);
}
