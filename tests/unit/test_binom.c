/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binomial tails and limits against scipy's and against exact sums.
 */
#include "stat/binom.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vectors.h"

/* By a share of want, but for what is below the least normal double. */
static void expect_ratio(double got, double want, double by)
{
	if (!(fabs(got - want) <= by * fabs(want) + DBL_MIN))
		fail_msg("%.17g, not %.17g", got, want);
}

/* Downwards from k, in long double. */
static double exact_sum(size_t k, size_t n, double p)
{
	long double q = 1 - (long double)p, ln_term, term, sum = 0;
	int sign;

	ln_term = lgammal_r((long double)n + 1, &sign) -
		  lgammal_r((long double)k + 1, &sign) -
		  lgammal_r((long double)(n - k) + 1, &sign) +
		  (long double)k * logl(p) + (long double)(n - k) * logl(q);
	term = expl(ln_term);
	for (size_t i = k; term > 0; i--) {
		sum += term;
		if (i == 0 || term < sum * 1e-22L)
			break;
		term *= (long double)i / (long double)(n - i + 1) * q / p;
	}
	return (double)sum;
}

static void test_tail_vectors(void **state)
{
	const json_t *group = cases_of(state, "pvalues"), *c;
	size_t i;

	json_array_foreach(group, i, c)
	{
		double p = binom_cdf(count_member(c, "k"), count_member(c, "n"),
				     member(c, "alpha"));

		expect_ratio(p, member(c, "cp_binom_cdf"), 1e-10);
	}
}

static void test_limit_vectors(void **state)
{
	const json_t *group = cases_of(state, "clopper_pearson"), *c;
	size_t i;

	json_array_foreach(group, i, c)
	{
		size_t k = count_member(c, "k"), n = count_member(c, "n");
		double delta = member(c, "delta");

		expect_within(binom_upper(k, n, delta),
			      member(c, "upper_1sided"), 1e-12);
		expect_within(binom_lower(k, n, delta),
			      member(c, "lower_1sided"), 1e-12);
	}
}

static void test_small_counts(void **state)
{
	const double ps[] = {1e-9, 0.001, 0.02, 0.3, 0.5, 0.7, 0.99, 1 - 1e-9};

	(void)state;
	for (size_t n = 1; n <= 60; n++)
		for (size_t i = 0; i < 8; i++)
			for (size_t k = 0; k < n; k++)
				expect_ratio(binom_cdf(k, n, ps[i]),
					     exact_sum(k, n, ps[i]), 1e-11);
}

/* From the middle to tails so deep that little is left of a double. */
static void test_large_counts(void **state)
{
	const struct {
		size_t k, n;
		double p;
	} c[] = {
		{1000, 10000, 0.1},	 {800, 10000, 0.1},
		{100, 10000, 0.1},	 {10, 10000, 0.1},
		{10, 10000, 0.06},	 {1, 10000, 0.0665},
		{500000, 1000000, 0.5},	 {498000, 1000000, 0.5},
		{482000, 1000000, 0.5},	 {10000, 1000000, 0.01},
		{9900, 1000000, 0.01},	 {6800, 1000000, 0.01},
		{2, 1000000, 0.0007},	 {999000, 1000000, 0.9991},
		{12, 1000000, 0.000001}, {1, 1000000, 1e-9},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++)
		expect_ratio(binom_cdf(c[i].k, c[i].n, c[i].p),
			     exact_sum(c[i].k, c[i].n, c[i].p), 1e-7);
	assert_true(exact_sum(10, 10000, 0.0692) < 1e-280);
	expect_ratio(binom_cdf(10, 10000, 0.0692), exact_sum(10, 10000, 0.0692),
		     1e-9);
	assert_true(exact_sum(482000, 1000000, 0.5) < 1e-280);
	/* Past the end of a double nothing is left, and nothing breaks. */
	assert_true(binom_cdf(10, 1000000, 0.5) == 0);
}

static void test_tail_edges(void **state)
{
	(void)state;
	assert_true(binom_cdf(0, 0, 0.5) == 1);
	assert_true(binom_cdf(5, 5, 0.5) == 1);
	assert_true(binom_cdf(9, 5, 1) == 1);
	assert_true(binom_cdf(3, 5, 0) == 1);
	assert_true(binom_cdf(3, 5, 1) == 0);
	assert_true(binom_cdf(0, 5, 1) == 0);
	expect_ratio(binom_cdf(0, 1, 0.25), 0.75, 1e-15);
	expect_ratio(binom_cdf(1, 2, 0.5), 0.75, 1e-14);
}

/* More seen, more likely; a larger risk, less likely. */
static void test_tail_is_monotone(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 2000; n = 3 * n + 1)
		for (int i = 1; i < 40; i++) {
			double p = i / 40.0, last = 0;

			for (size_t k = 0; k <= n; k += 1 + n / 50) {
				double at = binom_cdf(k, n, p);

				assert_true(at >= last * (1 - 1e-9));
				assert_true(at <= 1 + 1e-12);
				assert_true(at >= binom_cdf(k, n, p + 0.02) *
							  (1 - 1e-9));
				last = at;
			}
		}
}

static void test_limits_undo_tails(void **state)
{
	const size_t ns[] = {1, 2, 7, 100, 3000, 1000000};
	const double deltas[] = {1e-9, 0.01, 0.1, 0.5, 0.9};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < ns[i]; k = 2 * k + 1)
			for (size_t j = 0; j < 5; j++) {
				double u = binom_upper(k, ns[i], deltas[j]);
				double at = binom_cdf(k, ns[i], u);

				expect_ratio(at, deltas[j], 1e-6);
				/* never on the bold side */
				assert_true(at <= deltas[j]);
				expect_within(binom_lower(ns[i] - k, ns[i],
							  deltas[j]),
					      1 - u, 1e-15);
			}
}

static void test_limit_edges(void **state)
{
	(void)state;
	assert_true(binom_upper(0, 0, 0.1) == 1);
	assert_true(binom_upper(4, 4, 0.1) == 1);
	assert_true(binom_upper(5, 4, 0.1) == 1);
	assert_true(binom_lower(0, 0, 0.1) == 0);
	assert_true(binom_lower(0, 4, 0.1) == 0);
	expect_within(binom_upper(0, 1, 0.1), 0.9, 1e-15);
	expect_within(binom_lower(1, 1, 0.1), 0.1, 1e-15);
	expect_within(binom_lower(2, 1, 0.1), 0.1, 1e-15);
}

static void test_least_rows(void **state)
{
	(void)state;
	assert_int_equal(binom_least(0.01, 0.1), 230);
	assert_int_equal(binom_least(0.02, 0.1), 114);
	assert_int_equal(binom_least(0.05, 0.1), 45);
	assert_int_equal(binom_least(0.5, 0.25), 2);
	assert_int_equal(binom_least(0.5, 0.5), 1);
	assert_int_equal(binom_least(0.9, 0.5), 1);
	assert_true(binom_least(1e-300, 0.1) == SIZE_MAX);
	for (int i = 1; i < 100; i++)
		for (int j = 1; j < 100; j++) {
			size_t n = binom_least(i / 100.0, j / 100.0);

			assert_true(binom_cdf(0, n, i / 100.0) <= j / 100.0);
			assert_true(n == 1 ||
				    binom_cdf(0, n - 1, i / 100.0) > j / 100.0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tail_vectors),
		cmocka_unit_test(test_limit_vectors),
		cmocka_unit_test(test_small_counts),
		cmocka_unit_test(test_large_counts),
		cmocka_unit_test(test_tail_edges),
		cmocka_unit_test(test_tail_is_monotone),
		cmocka_unit_test(test_limits_undo_tails),
		cmocka_unit_test(test_limit_edges),
		cmocka_unit_test(test_least_rows),
	};

	return cmocka_run_group_tests_name("binom", tests, load_vectors,
					   free_vectors);
}
