/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as a reader of a report sees them.
 */
#include "ctl/amount.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define DASH  "\u2013"
#define MINUS "\u2212"
#define NB    "\u00a0"

static void test_share(void **state)
{
	(void)state;
	assert_string_equal(amount_share(0).s, "0.0" NB "%");
	assert_string_equal(amount_share(1).s, "100.0" NB "%");
	assert_string_equal(amount_share(0.39).s, "39.0" NB "%");
	assert_string_equal(amount_share(0.0093).s, "0.93" NB "%");
	assert_string_equal(amount_share(0.00996).s, "1.0" NB "%");
	assert_string_equal(amount_share(0.000049).s, "0.0" NB "%");
	assert_string_equal(amount_share(0.000051).s, "0.01" NB "%");
	assert_string_equal(amount_share(-0.02).s, MINUS "2.0" NB "%");
	assert_string_equal(amount_share(-1e-9).s, "0.0" NB "%");
	assert_string_equal(amount_share(NAN).s, DASH);
	assert_string_equal(amount_share(INFINITY).s, DASH);
	assert_string_equal(amount_given(0.02).s, "2" NB "%");
	assert_string_equal(amount_given(0.005).s, "0.5" NB "%");
	assert_string_equal(amount_given(1 - 0.05).s, "95" NB "%");
}

static void test_usd(void **state)
{
	(void)state;
	assert_string_equal(amount_usd(0).s, "$0");
	assert_string_equal(amount_usd(-0.0).s, "$0");
	assert_string_equal(amount_usd(1).s, "$1.00");
	assert_string_equal(amount_usd(0.745).s, "$0.745");
	assert_string_equal(amount_usd(0.06).s, "$0.0600");
	assert_string_equal(amount_usd(12.4).s, "$12.40");
	assert_string_equal(amount_usd(0.9999).s, "$1.00");
	assert_string_equal(amount_usd(1234567.891).s, "$1,234,567.89");
	assert_string_equal(amount_usd(-0.2).s, MINUS "$0.200");
	assert_string_equal(amount_usd(0.00000123).s, "$0.00000123");
	assert_string_equal(amount_usd(1e-30).s, "$0");
	assert_string_equal(amount_usd(NAN).s, DASH);
	assert_string_equal(amount_usd(1e300).s, DASH);
}

static void test_count(void **state)
{
	(void)state;
	assert_string_equal(amount_count(0).s, "0");
	assert_string_equal(amount_count(999).s, "999");
	assert_string_equal(amount_count(14042).s, "14,042");
	assert_string_equal(amount_count(1000000).s, "1,000,000");
	assert_string_equal(amount_count(SIZE_MAX).s,
			    "18,446,744,073,709,551,615");
	assert_string_equal(amount_decimal(0.9134).s, "0.913");
	assert_string_equal(amount_decimal(NAN).s, DASH);
}

static void test_range(void **state)
{
	(void)state;
	assert_string_equal(amount_share_range(0.0039, 0.019).s,
			    "0.39" NB "% to 1.9" NB "%");
	assert_string_equal(amount_usd_range(-0.1, 0.5).s,
			    MINUS "$0.100 to $0.500");
	assert_string_equal(amount_decimal_range(0.1, 0.25).s,
			    "0.100 to 0.250");
	assert_string_equal(amount_share_range(NAN, 0.1).s, DASH);
	assert_string_equal(amount_share_range(0.1, NAN).s, DASH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_usd),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
