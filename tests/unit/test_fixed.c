/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed-point numbers as text, against printf of exact integers.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fixed.h"

static const struct {
	int64_t v;
	int decimals;
	const char *whole, *brief;
} rows[] = {
	{ 0, 0, "0", "0" },
	{ 0, 3, "0.000", "0" },
	{ 7, 0, "7", "7" },
	{ 100, 0, "100", "100" },
	{ 5, 3, "0.005", "0.005" },
	{ 1500, 3, "1.500", "1.5" },
	{ 12000, 3, "12.000", "12" },
	{ -1500, 3, "-1.500", "-1.5" },
	{ -1, 12, "-0.000000000001", "-0.000000000001" },
	{ 31200000, 12, "0.000031200000", "0.0000312" },
	{ INT64_MAX, 18, "9.223372036854775807", "9.223372036854775807" },
	{ INT64_MIN, 18, "-9.223372036854775808", "-9.223372036854775808" },
	{ INT64_MIN, 0, "-9223372036854775808", "-9223372036854775808" },
};

static void test_rows(void **state)
{
	char text[FIXED_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(
			fixed_text(text, rows[i].v, rows[i].decimals),
			rows[i].whole);
		assert_string_equal(
			fixed_short(text, rows[i].v, rows[i].decimals),
			rows[i].brief);
	}
}

/* Read back as an integer, every number is what it was. */
static void test_random(void **state)
{
	char text[FIXED_ROOM], plain[FIXED_ROOM];
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int decimals = i % 19;
		int64_t v;
		char *dot;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		v = (int64_t)(seed >> (seed % 63));
		fixed_text(text, v, decimals);
		dot = strchr(text, '.');
		assert_int_equal(dot != NULL, decimals > 0);
		if (dot) {
			assert_int_equal(strlen(dot + 1), decimals);
			memmove(dot, dot + 1, strlen(dot));
		}
		snprintf(plain, sizeof(plain), "%0*" PRId64,
			 decimals + 1 + (v < 0), v);
		assert_string_equal(text, plain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("fixed", tests, NULL, NULL);
}
