/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token statistics against numbers that others computed.
 */
#include "stat/tokens.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vectors.h"

#define NEAR 1e-9

static void expect_near(double got, double want)
{
	expect_within(got, want, NEAR);
}

static void test_quantile_vectors(void **state)
{
	const json_t *group = cases_of(state, "quantile_linear");
	double v[64], q[64], want[64];
	const json_t *c;
	size_t i, n, k;

	json_array_foreach(group, i, c)
	{
		n = numbers(json_object_get(c, "a"), v, 64);
		k = numbers(json_object_get(c, "q"), q, 64);
		assert_int_equal(numbers(json_object_get(c, "value"), want, 64),
				 k);
		tokens_sort(v, n);
		for (size_t j = 0; j < k; j++)
			expect_near(tokens_quantile(v, n, q[j]), want[j]);
	}
}

static void test_entropy_vectors(void **state)
{
	const json_t *group = cases_of(state, "topk_entropy");
	double top[64], h;
	const json_t *c;
	size_t i, k;

	json_array_foreach(group, i, c)
	{
		k = numbers(json_object_get(c, "top_logprobs"), top, 64);
		h = tokens_entropy(top, k);
		expect_near(h, member(c, "renormalised(uqlm)"));
		expect_near(1 - h / log((double)k),
			    member(c, "negentropy_uqlm=1-H/ln k"));
		expect_near(
			tokens_entropy_bucket(top, k),
			member(c, "with_residual_bucket(lower bound on H)"));
		expect_near(tokens_margin(top, k), member(c, "margin_logprob"));
	}
}

static void test_quantile_edges(void **state)
{
	const double one[] = {-2}, two[] = {-4, -2}, inf[] = {-100, -100, -1};

	(void)state;
	assert_true(isnan(tokens_quantile(one, 0, 0.5)));
	for (int i = 0; i <= 10; i++)
		expect_near(tokens_quantile(one, 1, i / 10.0), -2);
	expect_near(tokens_quantile(two, 2, 0), -4);
	expect_near(tokens_quantile(two, 2, 0.25), -3.5);
	expect_near(tokens_quantile(two, 2, 1), -2);
	expect_near(tokens_quantile(inf, 3, 0.75), -50.5);
}

/* Few and many, in orders that sorting may stumble over. */
static void test_sort(void **state)
{
	static double v[3000], w[3000];

	(void)state;
	for (int order = 0; order < 5; order++)
		for (size_t n = 0; n <= 3000; n += n < 40 ? 1 : 197) {
			double before = 0, after = 0;

			for (size_t i = 0; i < n; i++) {
				size_t k = i * 7919 % 3001;

				v[i] = order == 0   ? -(double)k
				       : order == 1 ? (double)i
				       : order == 2 ? -(double)i
				       : order == 3 ? (double)(k % 3)
						    : (double)(i % 57);
				w[i] = v[i];
			}
			tokens_sort(v, n);
			for (size_t i = 0; i < n; i++) {
				assert_true(i == 0 || v[i - 1] <= v[i]);
				before += w[i] * w[i];
				after += v[i] * v[i];
			}
			assert_true(before == after); /* whole numbers */
		}
}

/* Between its neighbours, never falling, ends exact; sorting keeps all. */
static void test_quantile_is_monotone(void **state)
{
	double v[40];
	uint64_t x = 12345;

	(void)state;
	for (size_t n = 1; n <= 40; n++) {
		double sum = 0, sorted = 0, last = -INFINITY;

		for (size_t i = 0; i < n; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			v[i] = -(double)(x >> 40) / 1e6;
			sum += v[i];
		}
		tokens_sort(v, n);
		for (size_t i = 0; i < n; i++) {
			sorted += v[i];
			assert_true(i == 0 || v[i - 1] <= v[i]);
		}
		expect_near(sorted, sum);
		for (int q = 0; q <= 1000; q++) {
			double at = tokens_quantile(v, n, q / 1000.0);

			assert_true(at >= last - NEAR);
			last = at;
		}
		assert_true(tokens_quantile(v, n, 0) == v[0]);
		assert_true(tokens_quantile(v, n, 1) == v[n - 1]);
	}
}

static void test_entropy_edges(void **state)
{
	const double even[] = {-1.3862943611198906, -1.3862943611198906,
			       -1.3862943611198906, -1.3862943611198906};
	const double sure[] = {0, -9999, -3.4e38, -INFINITY};
	const double twice[] = {0, 0}, rare[] = {-9999, -9999};
	const double half[] = {-0.6931471805599453};

	(void)state;
	assert_true(isnan(tokens_entropy(even, 0)));
	assert_true(isnan(tokens_entropy_bucket(even, 0)));
	assert_true(tokens_entropy(even, 1) == 0);
	expect_near(tokens_entropy(even, 4), log(4));
	expect_near(tokens_entropy(even, 2), log(2));
	expect_near(tokens_entropy_bucket(even, 4), log(4));
	expect_near(tokens_entropy_bucket(even, 3), log(4));
	expect_near(tokens_entropy_bucket(half, 1), log(2));
	expect_near(tokens_entropy(sure, 4), 0);
	expect_near(tokens_entropy_bucket(sure, 4), 0);
	/* More than all the mass, as rounding servers send it, and none. */
	expect_near(tokens_entropy_bucket(twice, 2), log(2));
	expect_near(tokens_entropy(rare, 2), log(2));
	assert_true(tokens_entropy_bucket(rare, 2) >= 0);
}

/* From 0 to ln k; and what is missing never makes it less. */
static void test_entropy_bounds(void **state)
{
	uint64_t x = 99;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		double top[20];
		size_t k = 1 + (size_t)round % 20;

		for (size_t i = 0; i < k; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			top[i] = -(double)(x >> 50) / 100 - log((double)k);
		}
		assert_true(tokens_entropy(top, k) >= 0);
		assert_true(tokens_entropy(top, k) <= log((double)k) + NEAR);
		assert_true(tokens_entropy_bucket(top, k) >= 0);
		assert_true(tokens_entropy_bucket(top, k) <=
			    log((double)k + 1) + NEAR);
	}
}

static void test_margin(void **state)
{
	const double up[] = {-3, -2, -1}, down[] = {-1, -2, -3};
	const double mixed[] = {-2, -1, -3, -1}, low[] = {-0.5, -INFINITY};
	const double lowest[] = {-INFINITY, -9999};

	(void)state;
	assert_true(isnan(tokens_margin(up, 0)));
	assert_true(isnan(tokens_margin(up, 1)));
	expect_near(tokens_margin(up, 3), 1);
	expect_near(tokens_margin(down, 3), 1);
	expect_near(tokens_margin(mixed, 4), 0);
	expect_near(tokens_margin(low, 2), 99.5);
	expect_near(tokens_margin(lowest, 2), 0);
}

static void test_clamp(void **state)
{
	(void)state;
	assert_true(tokens_clamp(-0.5) == -0.5);
	assert_true(tokens_clamp(-100) == -100);
	assert_true(tokens_clamp(-100.1) == TOKENS_FLOOR);
	assert_true(tokens_clamp(-INFINITY) == TOKENS_FLOOR);
	assert_true(tokens_clamp(0) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantile_vectors),
		cmocka_unit_test(test_entropy_vectors),
		cmocka_unit_test(test_quantile_edges),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_quantile_is_monotone),
		cmocka_unit_test(test_entropy_edges),
		cmocka_unit_test(test_entropy_bounds),
		cmocka_unit_test(test_margin),
		cmocka_unit_test(test_clamp),
	};

	return cmocka_run_group_tests_name("tokens", tests, load_vectors,
					   free_vectors);
}
