/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed-sequence testing: what passes, where it stops, and what it promises.
 */
#include "stat/risk.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stat/binom.h"
#include "vectors.h"

static void test_p_value_vectors(void **state)
{
	const json_t *group = cases_of(state, "pvalues"), *c;
	size_t i;

	json_array_foreach(group, i, c)
	{
		double p =
			risk_p_value(count_member(c, "k"), count_member(c, "n"),
				     member(c, "alpha"));

		expect_within(p, member(c, "cp_binom_cdf"), 1e-12);
	}
}

static void test_no_rows_show_nothing(void **state)
{
	const size_t none[] = {0, 0, 0};

	(void)state;
	assert_true(risk_p_value(0, 0, 0.05) == 1);
	assert_int_equal(risk_sequence(none, 3, 0, 0.05, 0.1), 0);
	assert_int_equal(risk_sequence(NULL, 0, 100, 0.05, 0.1), 0);
	/* 45 rows without a loss are the fewest at 5 %. */
	assert_int_equal(risk_sequence(none, 3, 44, 0.05, 0.1), 0);
	assert_int_equal(risk_sequence(none, 3, 45, 0.05, 0.1), 3);
}

/* Of 1,000 rows 4 losses pass at 1 % and 5 do not (p = 0.0661 at delta 0.05),
 * and what comes after the first failure is not looked at. */
static void test_stops_at_the_first_failure(void **state)
{
	const size_t rising[] = {0, 1, 4, 5, 9}, dip[] = {0, 5, 0, 0};
	const size_t bad[] = {1000, 0};

	(void)state;
	assert_int_equal(risk_sequence(rising, 5, 1000, 0.01, 0.05), 3);
	assert_int_equal(risk_sequence(rising, 3, 1000, 0.01, 0.05), 3);
	assert_int_equal(risk_sequence(rising, 5, 1000, 0.01, 0.1), 4);
	assert_int_equal(risk_sequence(dip, 4, 1000, 0.01, 0.05), 1);
	assert_int_equal(risk_sequence(bad, 2, 1000, 0.01, 0.05), 0);
}

/* Passing at delta is the same as an upper limit at alpha or below. */
static void test_agrees_with_the_limit(void **state)
{
	(void)state;
	for (size_t n = 10; n <= 3000; n *= 3)
		for (size_t k = 0; k <= n / 10; k++) {
			size_t passed = risk_sequence(&k, 1, n, 0.05, 0.1);
			double upper = binom_upper(k, n, 0.1);

			assert_int_equal(passed, upper <= 0.05);
		}
}

/* Losses of three nested policies whose risks are at most, at and above alpha,
 * drawn 4,000 times: the one that is above may pass in a share of delta. */
static void test_keeps_its_promise(void **state)
{
	const double risk[] = {0.01, 0.05, 0.051};
	const size_t n = 400;
	size_t broken = 0;
	uint64_t x = 11;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		size_t k[3] = {0};

		for (size_t i = 0; i < n; i++) {
			double u = draw(&x);

			for (size_t j = 0; j < 3; j++)
				k[j] += u < risk[j];
		}
		broken += risk_sequence(k, 3, n, 0.05, 0.1) == 3;
	}
	/* Five standard deviations above a tenth would be 495. */
	assert_true(broken > 100 && broken < 495);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_p_value_vectors),
		cmocka_unit_test(test_no_rows_show_nothing),
		cmocka_unit_test(test_stops_at_the_first_failure),
		cmocka_unit_test(test_agrees_with_the_limit),
		cmocka_unit_test(test_keeps_its_promise),
	};

	return cmocka_run_group_tests_name("risk", tests, load_vectors,
					   free_vectors);
}
