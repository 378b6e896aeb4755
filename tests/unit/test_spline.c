/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splines against scikit-learn's, and what every basis must be.
 */
#include "stat/spline.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vectors.h"

#define NEAR 1e-9

/* scikit-learn 1.2.1: SplineTransformer(n_knots=5, degree=2,
 * knots="quantile", extrapolation="constant").fit(sample).transform(x) */
static const double sample[] = {-3.2, -2.5, -2.5, -1.7, -1.1,
				-0.6, -0.4, 0.3,  1.9,	4.0};
static const double sample_knots[] = {-3.2, -2.3, -0.85, 0.125, 4.0};
static const struct {
	double x, basis[6];
} bent[] = {
	{-9, {0.5, 0.5, 0, 0, 0, 0}},
	{-3.2, {0.5, 0.5, 0, 0, 0, 0}},
	{-2.9, {0.222222222222, 0.735224586288, 0.0425531914894, 0, 0, 0}},
	{-2.3, {0, 0.617021276596, 0.382978723404, 0, 0, 0}},
	{-1.7, {0, 0.212032281731, 0.685585919477, 0.102381798791, 0, 0}},
	{-0.85, {0, 0, 0.40206185567, 0.59793814433, 0, 0}},
	{-0.5, {0, 0, 0.165212794079, 0.80888183981, 0.0259053661116, 0}},
	{0, {0, 0, 0.00660851176315, 0.840602696273, 0.152788791964, 0}},
	{0.15, {0, 0, 0, 0.788693049551, 0.211286138794, 2.08116545265e-05}},
	{2.5, {0, 0, 0, 0.119720651812, 0.692454166086, 0.187825182102}},
	{4, {0, 0, 0, 0, 0.5, 0.5}},
	{7, {0, 0, 0, 0, 0.5, 0.5}},
};

/* The same with knots=[[0], [1], [3]]: what is left of quantiles that merge. */
static const double tied[] = {0, 0, 0, 0, 0, 0, 1, 2, 3};
static const struct {
	double x, basis[4];
} tied_bent[] = {
	{-1, {0.5, 0.5, 0, 0}},
	{0.25, {0.28125, 0.697916666667, 0.0208333333333, 0}},
	{0.999, {5e-07, 0.6673325, 0.332667, 0}},
	{1, {0, 0.666666666667, 0.333333333333, 0}},
	{2, {0, 0.166666666667, 0.708333333333, 0.125}},
	{3, {0, 0, 0.5, 0.5}},
};

static void test_like_sklearn(void **state)
{
	double out[SPLINE_BASIS];
	struct spline s;

	(void)state;
	spline_fit(&s, sample, 10);
	assert_int_equal(s.n, 5);
	for (size_t i = 0; i < 5; i++)
		expect_within(s.knots[i], sample_knots[i], NEAR);
	assert_int_equal(spline_basis(&s), 6);
	for (size_t i = 0; i < sizeof(bent) / sizeof(*bent); i++) {
		spline_eval(&s, bent[i].x, out);
		for (size_t j = 0; j < 6; j++)
			expect_within(out[j], bent[i].basis[j], NEAR);
	}
}

static void test_equal_quantiles_merge(void **state)
{
	double out[SPLINE_BASIS];
	struct spline s;

	(void)state;
	spline_fit(&s, tied, 9);
	assert_int_equal(s.n, 3);
	assert_int_equal(spline_basis(&s), 4);
	for (size_t i = 0; i < sizeof(tied_bent) / sizeof(*tied_bent); i++) {
		spline_eval(&s, tied_bent[i].x, out);
		for (size_t j = 0; j < 4; j++)
			expect_within(out[j], tied_bent[i].basis[j], NEAR);
	}
}

/* Anything may come in: constants, gaps, sentinels. */
static void test_no_basis(void **state)
{
	const double none[] = {NAN, INFINITY, -INFINITY, NAN};
	const double flat[] = {2, 2, NAN, INFINITY, 2, -INFINITY};
	double out = -7;
	struct spline s;

	(void)state;
	spline_fit(&s, none, 0);
	assert_int_equal(s.n, 0);
	assert_int_equal(spline_basis(&s), 0);
	spline_fit(&s, none, 4);
	assert_int_equal(s.n, 0);
	spline_eval(&s, 1, &out);
	spline_fit(&s, flat, 1);
	assert_int_equal(s.n, 1);
	spline_fit(&s, flat, 6);
	assert_int_equal(s.n, 1);
	assert_true(s.knots[0] == 2);
	assert_int_equal(spline_basis(&s), 0);
	spline_eval(&s, 1, &out);
	assert_true(out == -7);
}

/* NaN are not there, infinities are the outermost values once more. */
static void test_what_is_not_finite(void **state)
{
	const double wild[] = {NAN, 3, -INFINITY, 1, INFINITY, 2, NAN};
	const double tame[] = {1, 1, 2, 3, 3};
	struct spline a, b;

	(void)state;
	spline_fit(&a, wild, 7);
	spline_fit(&b, tame, 5);
	assert_int_equal(a.n, b.n);
	for (size_t i = 0; i < a.n; i++)
		assert_true(a.knots[i] == b.knots[i]);
}

static void drawn_spline(struct spline *s, uint64_t *x)
{
	double v[40];
	size_t n = 2 + (size_t)(draw(x) * 38);
	int rough = draw(x) < 0.3; /* many ties */

	for (size_t i = 0; i < n; i++)
		v[i] = rough ? floor(4 * draw(x)) : pow(10, 3 * draw(x));
	v[0] = -1;
	spline_fit(s, v, n);
	assert_true(s->n >= 2);
	for (size_t i = 1; i < s->n; i++)
		assert_true(s->knots[i] > s->knots[i - 1]);
}

static void test_partition_of_unity(void **state)
{
	double out[SPLINE_BASIS], sum;
	uint64_t x = 7;
	struct spline s;

	(void)state;
	for (int round = 0; round < 300; round++) {
		drawn_spline(&s, &x);
		double from = s.knots[0], to = s.knots[s.n - 1];

		for (int i = -50; i <= 250; i++) {
			spline_eval(&s, from + i / 200.0 * (to - from), out);
			sum = 0;
			for (size_t j = 0; j < s.n + 1; j++) {
				assert_true(out[j] >= -1e-12);
				sum += out[j];
			}
			expect_within(sum, 1, 1e-12);
		}
	}
}

/* No jump, and no kink, at any knot within. */
static void test_smooth_at_knots(void **state)
{
	double at[SPLINE_BASIS], below[SPLINE_BASIS], above[SPLINE_BASIS];
	uint64_t x = 8;
	struct spline s;

	(void)state;
	for (int round = 0; round < 300; round++) {
		drawn_spline(&s, &x);
		for (size_t k = 1; k + 1 < s.n; k++) {
			double gap = fmin(s.knots[k] - s.knots[k - 1],
					  s.knots[k + 1] - s.knots[k]);
			double h = 1e-5 * gap;

			spline_eval(&s, s.knots[k], at);
			spline_eval(&s, s.knots[k] - h, below);
			spline_eval(&s, s.knots[k] + h, above);
			for (size_t j = 0; j < s.n + 1; j++) {
				expect_within(below[j], at[j], 1e-4);
				expect_within((at[j] - below[j]) * 1e5,
					      (above[j] - at[j]) * 1e5, 1e-3);
			}
		}
	}
}

static void test_flat_outside(void **state)
{
	double edge[SPLINE_BASIS], out[SPLINE_BASIS];
	const double below[] = {-3.3, -1e9, -1e308, -INFINITY};
	const double above[] = {4.1, 1e9, 1e308, INFINITY};
	struct spline s;

	(void)state;
	spline_fit(&s, sample, 10);
	for (size_t i = 0; i < 4; i++) {
		spline_eval(&s, -3.2, edge);
		spline_eval(&s, below[i], out);
		assert_memory_equal(edge, out, sizeof(out));
		spline_eval(&s, 4, edge);
		spline_eval(&s, above[i], out);
		assert_memory_equal(edge, out, sizeof(out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_sklearn),
		cmocka_unit_test(test_equal_quantiles_merge),
		cmocka_unit_test(test_no_basis),
		cmocka_unit_test(test_what_is_not_finite),
		cmocka_unit_test(test_partition_of_unity),
		cmocka_unit_test(test_smooth_at_knots),
		cmocka_unit_test(test_flat_outside),
	};

	return cmocka_run_group_tests_name("spline", tests, NULL, NULL);
}
