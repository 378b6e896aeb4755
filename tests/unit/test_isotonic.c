/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Isotonic regression against scikit-learn's and against its definition.
 */
#include "stat/isotonic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vectors.h"

#define NEAR 1e-9
#define MOST 64

static void test_pool_vectors(void **state)
{
	const json_t *group = cases_of(state, "isotonic"), *c;
	double y[MOST], w[MOST], want[MOST], fit[MOST];
	size_t i, n;

	json_array_foreach(group, i, c)
	{
		const json_t *weights = json_object_get(c, "w");
		bool all_1 = json_is_null(weights);

		n = numbers(json_object_get(c, "y"), y, MOST);
		assert_int_equal(numbers(json_object_get(c, "fit"), want, MOST),
				 n);
		if (!all_1)
			assert_int_equal(numbers(weights, w, MOST), n);
		isotonic_pool(y, all_1 ? NULL : w, n, fit);
		for (size_t j = 0; j < n; j++)
			expect_within(fit[j], want[j], NEAR);
	}
}

/* The second of the group is printed with five digits. */
static void test_fit_vectors(void **state)
{
	const json_t *group = cases_of(state, "isotonic_with_ties_x"), *c;
	double x[MOST], y[MOST], want[MOST], xs[MOST], ys[MOST];
	size_t i, n, m;

	json_array_foreach(group, i, c)
	{
		n = numbers(json_object_get(c, "x"), x, MOST);
		numbers(json_object_get(c, "y"), y, MOST);
		numbers(json_object_get(c, "fit"), want, MOST);
		m = isotonic_fit(x, y, NULL, n, xs, ys);
		for (size_t j = 0; j < n; j++)
			expect_within(isotonic_apply(xs, ys, m, x[j]), want[j],
				      5e-6);
	}
}

/* max over s <= i of min over t >= i of the mean of s..t (Barlow et al.). */
static double by_definition(const double *y, const double *w, size_t n,
			    size_t i)
{
	double best = -INFINITY;

	for (size_t s = 0; s <= i; s++) {
		double least = INFINITY, sum = 0, weight = 0;

		for (size_t t = s; t < n; t++) {
			sum += w[t] * y[t];
			weight += w[t];
			if (t >= i)
				least = fmin(least, sum / weight);
		}
		best = fmax(best, least);
	}
	return best;
}

static void test_pool_is_what_it_should_be(void **state)
{
	double y[24], w[24], fit[24];
	uint64_t x = 3;

	(void)state;
	for (int round = 0; round < 500; round++) {
		size_t n = 1 + (size_t)round % 24;

		for (size_t i = 0; i < n; i++) {
			y[i] = round % 2 ? draw(&x) : floor(2 * draw(&x));
			w[i] = round % 3 ? 1 : 0.1 + draw(&x);
		}
		isotonic_pool(y, w, n, fit);
		for (size_t i = 0; i < n; i++) {
			expect_within(fit[i], by_definition(y, w, n, i), NEAR);
			assert_true(i == 0 || fit[i] >= fit[i - 1]);
		}
	}
}

/* Points rise, the line never falls, and order and repetition of rows change
 * nothing but the weight. */
static void test_fit_never_falls(void **state)
{
	double x[60], y[60], xs[60], ys[60], back_x[60], back_y[60];
	uint64_t seed = 4;

	(void)state;
	for (int round = 0; round < 200; round++) {
		size_t n = 1 + (size_t)round % 60, m;
		double last = -INFINITY;

		for (size_t i = 0; i < n; i++) {
			x[i] = floor(20 * draw(&seed)) / 20;
			y[i] = floor(2 * draw(&seed));
			back_x[n - 1 - i] = x[i];
			back_y[n - 1 - i] = y[i];
		}
		m = isotonic_fit(x, y, NULL, n, xs, ys);
		assert_true(m >= 1 && m <= n);
		for (size_t i = 1; i < m; i++)
			assert_true(xs[i] > xs[i - 1] && ys[i] >= ys[i - 1]);
		for (int i = -100; i <= 1100; i++) {
			double at = isotonic_apply(xs, ys, m, i / 1000.0);

			assert_true(at >= last && at >= 0 && at <= 1);
			last = at;
		}
		assert_int_equal(isotonic_fit(back_x, back_y, NULL, n, x, y),
				 m);
		assert_memory_equal(x, xs, m * sizeof(*x));
	}
}

static void test_fit_edges(void **state)
{
	const double one[] = {0.5}, y1[] = {1};
	const double x[] = {3, 1, 2, 1}, y[] = {0, 1, 0.5, 0},
		     w[] = {1, 3, 2, 1};
	double xs[4], ys[4];

	(void)state;
	isotonic_pool(NULL, NULL, 0, NULL);
	assert_int_equal(isotonic_fit(NULL, NULL, NULL, 0, xs, ys), 0);
	assert_true(isnan(isotonic_apply(xs, ys, 0, 0.5)));
	assert_int_equal(isotonic_fit(one, y1, NULL, 1, xs, ys), 1);
	for (int i = -1; i <= 2; i++)
		assert_true(isotonic_apply(xs, ys, 1, i) == 1);
	assert_true(isnan(isotonic_apply(xs, ys, 1, NAN)));
	/* 3/4 at 1, 1/2 at 2, 0 at 3: all one pool, of which the ends stay. */
	assert_int_equal(isotonic_fit(x, y, w, 4, xs, ys), 2);
	assert_true(xs[0] == 1 && xs[1] == 3);
	expect_within(ys[0], 4.0 / 7, NEAR);
	expect_within(isotonic_apply(xs, ys, 2, 1.3), 4.0 / 7, NEAR);
}

/* As log-probs of -inf come: a place left of all, reached only by itself. */
static void test_infinite_x(void **state)
{
	const double x[] = {-INFINITY, 0, 1, INFINITY, -INFINITY};
	const double y[] = {0, 0.5, 0.6, 1, 0.2};
	double xs[5], ys[5];
	size_t m;

	(void)state;
	m = isotonic_fit(x, y, NULL, 5, xs, ys);
	assert_int_equal(m, 4);
	expect_within(isotonic_apply(xs, ys, m, -INFINITY), 0.1, NEAR);
	expect_within(isotonic_apply(xs, ys, m, -1e300), 0.1, NEAR);
	expect_within(isotonic_apply(xs, ys, m, 0), 0.5, NEAR);
	expect_within(isotonic_apply(xs, ys, m, 0.5), 0.55, NEAR);
	expect_within(isotonic_apply(xs, ys, m, 1e300), 0.6, NEAR);
	expect_within(isotonic_apply(xs, ys, m, INFINITY), 1, NEAR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool_vectors),
		cmocka_unit_test(test_fit_vectors),
		cmocka_unit_test(test_pool_is_what_it_should_be),
		cmocka_unit_test(test_fit_never_falls),
		cmocka_unit_test(test_fit_edges),
		cmocka_unit_test(test_infinite_x),
	};

	return cmocka_run_group_tests_name("isotonic", tests, load_vectors,
					   free_vectors);
}
