/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calibrators against the fits of scikit-learn and betacal, and what each must
 * be on data of any kind.
 */
#include "stat/calibrator.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "stat/curve.h"
#include "stat/logit.h"
#include "vectors.h"

#define MOST 3000

/* The programs that gave the vectors stop where the slope of the loss is 1e-5
 * (Platt) or 4e-4 (beta). These are the minima themselves: scipy 1.10.1's BFGS
 * with gtol=1e-13, and scikit-learn 1.2.1's LogisticRegression with C=1e11,
 * solver="newton-cholesky", tol=1e-13. */
static const double platt_minima[][2] = {
	{-0.2026144896, 0.6523666390},
	{-1.1583753933, 0.5065458040},
};
static const double beta_minimum[] = {3.06850537, 0.54556182, -0.21052769};

static void test_platt_vectors(void **state)
{
	const json_t *group = cases_of(state, "platt"), *c;
	double f[64], a, b;
	bool y[64];
	size_t i, n;

	json_array_foreach(group, i, c)
	{
		n = numbers(json_object_get(c, "F"), f, 64);
		assert_int_equal(labels(json_object_get(c, "Y"), y, 64), n);
		calibrator_platt(f, y, n, &a, &b);
		expect_within(a, member(c, "A"), 1e-5);
		expect_within(b, member(c, "B"), 1e-5);
		assert_true(i < 2);
		expect_within(a, platt_minima[i][0], 1e-8);
		expect_within(b, platt_minima[i][1], 1e-8);
	}
}

static void test_beta_vectors(void **state)
{
	const json_t *group = cases_of(state, "beta_cal"), *o;
	double p[64], a, b, c;
	bool y[64];
	size_t i, n;

	json_array_foreach(group, i, o)
	{
		n = numbers(json_object_get(o, "s"), p, 64);
		assert_int_equal(labels(json_object_get(o, "y"), y, 64), n);
		calibrator_beta(p, y, n, &a, &b, &c);
		expect_within(a, member(o, "a"), 1e-3);
		expect_within(b, member(o, "b"), 1e-3);
		expect_within(c, member(o, "c"), 1e-3);
		assert_true(i == 0);
		expect_within(a, beta_minimum[0], 1e-6);
		expect_within(b, beta_minimum[1], 1e-6);
		expect_within(c, beta_minimum[2], 1e-6);
	}
}

/* p, and a truth whose odds are bent by a, b and c as beta's are. */
static void draw_rows(double *p, bool *y, size_t n, const double abc[3],
		      uint64_t *x)
{
	for (size_t i = 0; i < n; i++) {
		p[i] = draw(x);
		y[i] = draw(x) < logit_sigma(abc[0] * log(p[i]) -
					     abc[1] * log1p(-p[i]) + abc[2]);
	}
}

static double logit(double p)
{
	double q = calibrator_clip(p);

	return log(q / (1 - q));
}

/* Enough rows show what they were drawn from. */
static void test_finds_what_was_there(void **state)
{
	static const double abc[] = {1.5, 0.5, 0.3}, straight[] = {2, 2, -1};
	static double p[100000];
	static bool y[100000];
	struct calibrator c;
	uint64_t x = 1;

	(void)state;
	draw_rows(p, y, 100000, abc, &x);
	calibrator_fit(&c, CALIBRATOR_BETA, p, y, 100000);
	expect_within(c.a, 1.5, 0.05);
	expect_within(c.b, 0.5, 0.05);
	expect_within(c.c, 0.3, 0.05);
	draw_rows(p, y, 100000, straight, &x);
	calibrator_fit(&c, CALIBRATOR_PLATT, p, y, 100000);
	expect_within(c.a, -2, 0.05);
	expect_within(c.b, 1, 0.05);
}

/* Platt's loss with the smoothed targets, as his paper has it. */
static double platt_loss(const double *p, const bool *y, size_t n, double a,
			 double b)
{
	double n_true = 0, loss = 0;

	for (size_t i = 0; i < n; i++)
		n_true += y[i];
	for (size_t i = 0; i < n; i++) {
		double q = 1 / (1 + exp(a * logit(p[i]) + b));
		double t = y[i] ? (n_true + 1) / (n_true + 2)
				: 1 / ((double)n - n_true + 2);

		loss -= t * log(q) + (1 - t) * log(1 - q);
	}
	return loss;
}

static void test_platt_is_the_least(void **state)
{
	const double abc[] = {1.5, 0.5, -2};
	struct calibrator c;
	double p[200];
	bool y[200];
	uint64_t x = 2;

	(void)state;
	for (int round = 0; round < 100; round++) {
		size_t n = 20 + (size_t)round;
		double loss;

		draw_rows(p, y, n, abc, &x);
		calibrator_fit(&c, CALIBRATOR_PLATT, p, y, n);
		if (c.a == 0) /* the slope was the wrong way round */
			continue;
		loss = platt_loss(p, y, n, c.a, c.b);
		for (int i = 0; i < 8; i++) {
			double off_a = 1e-3 * cos(i * 0.785398);
			double off_b = 1e-3 * sin(i * 0.785398);

			assert_true(platt_loss(p, y, n, c.a + off_a,
					       c.b + off_b) > loss);
		}
	}
}

static void expect_never_falls(const struct calibrator *c)
{
	double last = 0;

	for (int i = -10; i <= 2010; i++) {
		double at = calibrator_apply(c, i / 2000.0);

		assert_true(at >= last && at <= 1);
		last = at;
	}
}

/* Whatever the rows say, also the reverse of it, and however few. */
static void test_never_falls(void **state)
{
	const double bent[][3] = {{2, 0.2, 0}, {-1, -1, 0}, {1, -2, 0},
				  {-2, 1, 0},  {5, 5, -12}, {0, 0, 0}};
	struct calibrator c;
	double p[300];
	bool y[300];
	uint64_t x = 3;

	(void)state;
	for (size_t round = 0; round < 600; round++) {
		size_t n = round % 2 ? 300 : round % 30;

		draw_rows(p, y, n, bent[round % 6], &x);
		for (enum calibrator_kind k = CALIBRATOR_PLATT;
		     k < CALIBRATOR_NKINDS; k++) {
			calibrator_fit(&c, k, p, y, n);
			expect_never_falls(&c);
			calibrator_release(&c);
		}
		calibrator_pick(&c, round % 3 == 0, p, y, n, round);
		expect_never_falls(&c);
		calibrator_release(&c);
	}
}

/* Where p speaks against the truth, it is not listened to. */
static void test_falling_rows_give_their_share(void **state)
{
	const double falls[] = {-3, -3, 0.5};
	struct calibrator c;
	double p[500], n_true = 0;
	bool y[500];
	uint64_t x = 4;

	(void)state;
	draw_rows(p, y, 500, falls, &x);
	for (size_t i = 0; i < 500; i++)
		n_true += y[i];
	for (enum calibrator_kind k = CALIBRATOR_PLATT; k < CALIBRATOR_NKINDS;
	     k++) {
		calibrator_fit(&c, k, p, y, 500);
		if (k != CALIBRATOR_ISOTONIC)
			assert_true(c.a == 0 && c.kind == k);
		expect_within(calibrator_apply(&c, 0.3), n_true / 500, 0.01);
		expect_within(calibrator_apply(&c, 0.99), n_true / 500, 0.01);
		calibrator_release(&c);
	}
}

/* Of two columns of which one falls, beta leaves out that one alone, and finds
 * the minimum of the other, where the slopes of the loss are 0. */
static void test_beta_drops_one(void **state)
{
	const double falls[2][3] = {{-1, 3, 0}, {3, -1, 0}};
	double p[2000], a, b, c;
	bool y[2000];
	uint64_t x = 5;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		double slope = 0, base = 0;

		draw_rows(p, y, 2000, falls[k], &x);
		calibrator_beta(p, y, 2000, &a, &b, &c);
		assert_true(k ? a > 0 && b == 0 : a == 0 && b > 0);
		for (size_t i = 0; i < 2000; i++) {
			double with = k ? log(p[i]) : -log1p(-p[i]);
			double off = logit_sigma((a + b) * with + c) - y[i];

			slope += off * with;
			base += off;
		}
		expect_within(slope, 0, 1e-6);
		expect_within(base, 0, 1e-6);
	}
}

static void test_all_alike_is_platt(void **state)
{
	const double p[] = {0.1, 0.5, 0.9};
	const bool yes[] = {true, true, true}, no[] = {false, false, false};
	struct calibrator c;

	(void)state;
	for (enum calibrator_kind k = CALIBRATOR_PLATT; k < CALIBRATOR_NKINDS;
	     k++) {
		for (size_t n = 0; n <= 3; n++) {
			double least = 1 / ((double)n + 2);

			calibrator_fit(&c, k, p, yes, n);
			assert_int_equal(c.kind, CALIBRATOR_PLATT);
			expect_within(calibrator_apply(&c, 0.2), 1 - least,
				      1e-9);
			calibrator_fit(&c, k, p, no, n);
			assert_int_equal(c.kind, CALIBRATOR_PLATT);
			expect_within(calibrator_apply(&c, 0.2), least, 1e-9);
		}
	}
	calibrator_pick(&c, false, p, yes, 3, 1);
	assert_int_equal(c.kind, CALIBRATOR_PLATT);
	calibrator_pick(&c, false, p, yes, 0, 1);
	assert_int_equal(c.kind, CALIBRATOR_PLATT);
	expect_within(calibrator_apply(&c, 0.7), 0.5, 1e-12);
}

/* Two classes a cut tells apart, one value of p, p at the ends. */
static void test_hard_rows_stay_finite(void **state)
{
	double p[100], a, b, c;
	struct calibrator cal;
	bool y[100];

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		p[i] = (double)i / 99;
		y[i] = i >= 50;
	}
	calibrator_beta(p, y, 100, &a, &b, &c);
	assert_true(isfinite(a) && isfinite(b) && isfinite(c));
	calibrator_fit(&cal, CALIBRATOR_BETA, p, y, 100);
	assert_true(calibrator_apply(&cal, 0.4) < 1e-4);
	assert_true(calibrator_apply(&cal, 0.6) > 1 - 1e-4);
	for (size_t i = 0; i < 100; i++) {
		p[i] = 0.7;
		y[i] = i % 4 == 0;
	}
	for (enum calibrator_kind k = CALIBRATOR_PLATT; k < CALIBRATOR_NKINDS;
	     k++) {
		calibrator_fit(&cal, k, p, y, 100);
		expect_within(calibrator_apply(&cal, 0.7), 0.25, 0.01);
		calibrator_release(&cal);
	}
}

/* p in heaps, at the ends, or split in two by the truth, and few of them. */
static void draw_hard_rows(double *p, bool *y, size_t n, size_t kind,
			   uint64_t *x)
{
	double cut = draw(x);

	for (size_t i = 0; i < n; i++) {
		double u = draw(x);

		p[i] = kind == 0   ? floor(2 * u)
		       : kind == 1 ? exp(-30 * u)
		       : kind == 2 ? 1 - exp(-30 * u)
		       : kind == 3 ? floor(3 * u) / 2
				   : u;
		y[i] = draw(x) < 0.1 ? draw(x) < 0.5 : p[i] > cut;
	}
}

/* Whatever the rows, beta ends where the slopes of the loss are 0. */
static void test_hard_rows_reach_the_minimum(void **state)
{
	double p[200], a, b, c;
	bool y[200];
	uint64_t x = 8;

	(void)state;
	for (size_t round = 0; round < 5000; round++) {
		size_t n = 1 + round % (round % 10 ? 12 : 200);
		double base = 0, by_a = 0, by_b = 0;

		draw_hard_rows(p, y, n, round % 5, &x);
		calibrator_beta(p, y, n, &a, &b, &c);
		assert_true(isfinite(a) && isfinite(b) && isfinite(c));
		for (size_t i = 0; i < n; i++) {
			double q = calibrator_clip(p[i]);
			double z = a * log(q) - b * log1p(-q) + c;
			double off = logit_sigma(z) - y[i];

			base += off;
			by_a += a > 0 ? off * log(q) : 0;
			by_b += b > 0 ? off * log1p(-q) : 0;
		}
		expect_within(base, 0, 1e-5);
		expect_within(by_a, 0, 1e-5);
		expect_within(by_b, 0, 1e-5);
	}
}

static void test_apply_by_hand(void **state)
{
	double xs[] = {0.2, 0.6}, ys[] = {0.1, 0.5};
	struct calibrator none = {.kind = CALIBRATOR_NONE};
	struct calibrator platt = {CALIBRATOR_PLATT, .a = -2, .b = 0.5};
	struct calibrator beta = {CALIBRATOR_BETA, .a = 2, .b = 1, .c = 0.1};
	struct calibrator iso = {CALIBRATOR_ISOTONIC, .xs = xs, .ys = ys,
				 .n_points = 2};

	(void)state;
	assert_true(calibrator_apply(&none, 0.3) == 0.3);
	assert_true(calibrator_apply(&none, 1) == 1);
	expect_within(calibrator_apply(&platt, 0.3),
		      1 / (1 + exp(-2 * log(3.0 / 7) + 0.5)), 1e-15);
	expect_within(calibrator_apply(&beta, 0.3),
		      1 / (1 + exp(-(2 * log(0.3) - log(0.7) + 0.1))), 1e-15);
	expect_within(calibrator_apply(&iso, 0.3), 0.2, 1e-15);
	expect_within(calibrator_apply(&iso, 0), 0.1, 1e-15);
	/* 0 and 1 are clipped, and what is no number is no confidence. */
	assert_true(calibrator_apply(&platt, 0) ==
		    calibrator_apply(&platt, 1e-12));
	assert_true(calibrator_apply(&beta, 1) ==
		    calibrator_apply(&beta, 1 - 1e-12));
	assert_true(calibrator_apply(&beta, NAN) == calibrator_apply(&beta, 0));
	assert_true(calibrator_apply(&iso, NAN) == 0.1);
	assert_true(calibrator_apply(&platt, -INFINITY) ==
		    calibrator_apply(&platt, 0));
}

/* True above 0.6 in 9 of 10, below in 1 of 10: a step, which only pools see. */
static void test_pick(void **state)
{
	const double straight[] = {1.7, 1.7, -1}, bent[] = {6, 0.1, 1};
	static double p[MOST];
	static bool y[MOST];
	struct calibrator c, again;
	uint64_t x = 6;

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		p[i] = draw(&x);
		y[i] = draw(&x) < (p[i] > 0.6 ? 0.9 : 0.1);
	}
	calibrator_pick(&c, false, p, y, MOST, 1);
	assert_int_equal(c.kind, CALIBRATOR_ISOTONIC);
	calibrator_pick(&again, false, p, y, MOST, 1);
	assert_int_equal(c.n_points, again.n_points);
	assert_memory_equal(c.ys, again.ys, c.n_points * sizeof(*c.ys));
	calibrator_release(&again);
	calibrator_release(&c);
	assert_true(!c.xs && !c.ys && c.n_points == 0);
	calibrator_pick(&c, true, p, y, MOST, 1);
	assert_true(c.kind == CALIBRATOR_PLATT || c.kind == CALIBRATOR_BETA);
	draw_rows(p, y, MOST, bent, &x);
	calibrator_pick(&c, true, p, y, MOST, 1);
	assert_int_equal(c.kind, CALIBRATOR_BETA);
	draw_rows(p, y, 300, straight, &x);
	calibrator_pick(&c, false, p, y, 300, 1);
	assert_int_equal(c.kind, CALIBRATOR_PLATT);
}

/* On rows that it has not seen, too. */
static void test_mends_what_is_too_sure(void **state)
{
	const double too_sure[] = {0.4, 0.4, -0.7};
	static double p[2 * MOST], mended[MOST];
	static bool y[2 * MOST];
	uint64_t x = 7;

	(void)state;
	draw_rows(p, y, 2 * MOST, too_sure, &x);
	for (enum calibrator_kind k = CALIBRATOR_PLATT; k < CALIBRATOR_NKINDS;
	     k++) {
		struct curve_bin raw[10], bins[10];
		struct calibrator c;

		calibrator_fit(&c, k, p, y, MOST);
		for (size_t i = 0; i < MOST; i++)
			mended[i] = calibrator_apply(&c, p[MOST + i]);
		curve_bins(p + MOST, y + MOST, MOST, raw, 10);
		curve_bins(mended, y + MOST, MOST, bins, 10);
		assert_true(curve_ece(raw, 10) > 0.15);
		assert_true(curve_ece(bins, 10) < 0.04);
		calibrator_release(&c);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(calibrator_name(CALIBRATOR_NONE), "none");
	assert_string_equal(calibrator_name(CALIBRATOR_PLATT), "platt");
	assert_string_equal(calibrator_name(CALIBRATOR_BETA), "beta");
	assert_string_equal(calibrator_name(CALIBRATOR_ISOTONIC), "isotonic");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_platt_vectors),
		cmocka_unit_test(test_beta_vectors),
		cmocka_unit_test(test_finds_what_was_there),
		cmocka_unit_test(test_platt_is_the_least),
		cmocka_unit_test(test_never_falls),
		cmocka_unit_test(test_falling_rows_give_their_share),
		cmocka_unit_test(test_beta_drops_one),
		cmocka_unit_test(test_all_alike_is_platt),
		cmocka_unit_test(test_hard_rows_stay_finite),
		cmocka_unit_test(test_hard_rows_reach_the_minimum),
		cmocka_unit_test(test_apply_by_hand),
		cmocka_unit_test(test_pick),
		cmocka_unit_test(test_mends_what_is_too_sure),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("calibrator", tests, load_vectors,
					   free_vectors);
}
