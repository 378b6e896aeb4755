/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics against scikit-learn's, and against their definitions with ties.
 */
#include "stat/curve.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vectors.h"

#define NEAR 1e-9
#define MOST 256

static void test_metric_vectors(void **state)
{
	const json_t *group = cases_of(state, "metrics"), *c;
	struct curve_bin bins[10];
	double p[MOST];
	bool y[MOST];
	size_t i, n;

	json_array_foreach(group, i, c)
	{
		n = numbers(json_object_get(c, "p"), p, MOST);
		assert_int_equal(labels(json_object_get(c, "y"), y, MOST), n);
		expect_within(curve_auroc(p, y, n), member(c, "auroc"), NEAR);
		expect_within(curve_brier(p, y, n), member(c, "brier"), NEAR);
		expect_within(curve_nll(p, y, n), member(c, "nll"), NEAR);
		curve_bins(p, y, n, bins, 10);
		expect_within(curve_ece(bins, 10), member(c, "ece_eqwidth10"),
			      NEAR);
		curve_bins_even(p, y, n, bins, 10);
		expect_within(
			curve_ece(bins, 10),
			member(c,
			       "ece_eqmass10(array_split of stable argsort)"),
			NEAR);
		expect_within(curve_aurc(p, y, n), member(c, "aurc"), NEAR);
		expect_within(curve_eaurc(p, y, n), member(c, "e_aurc"), NEAR);
		expect_within(
			curve_auarc(p, y, n),
			member(c, "auarc(mean acc over coverages 1/n..1)"),
			NEAR);
	}
}

static void test_bin_vectors(void **state)
{
	const json_t *group = cases_of(state, "calibration_curve"), *c;
	double p[MOST], right[MOST], mean[MOST];
	struct curve_bin bins[MOST];
	bool y[MOST];
	size_t i, n, m;

	json_array_foreach(group, i, c)
	{
		n = numbers(json_object_get(c, "p"), p, MOST);
		labels(json_object_get(c, "y"), y, MOST);
		m = count_member(c, "n_bins");
		assert_int_equal(
			numbers(json_object_get(c, "prob_true"), right, MOST),
			m);
		numbers(json_object_get(c, "prob_pred"), mean, MOST);
		if (json_object_get(c, "strategy"))
			curve_bins_even(p, y, n, bins, m);
		else
			curve_bins(p, y, n, bins, m);
		for (size_t k = 0; k < m; k++) {
			expect_within(bins[k].share_right, right[k], NEAR);
			expect_within(bins[k].mean_p, mean[k], NEAR);
		}
	}
}

/* Few distinct scores: many ties. */
static void draw_rows(double *score, bool *y, size_t n, uint64_t *x)
{
	for (size_t i = 0; i < n; i++) {
		score[i] = floor(8 * draw(x)) / 7;
		y[i] = draw(x) < score[i];
	}
}

/* Of all pairs of a right and a wrong one. */
static double auroc_by_pairs(const double *score, const bool *y, size_t n)
{
	double won = 0, pairs = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (y[i] && !y[j]) {
				won += score[i] > score[j];
				won += score[i] == score[j] ? 0.5 : 0;
				pairs++;
			}
	return won / pairs;
}

/* At each k the first k and whatever is tied with the last of them. */
static double aurc_by_steps(const double *score, const bool *y, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double kept = 0, wrong = 0;

		for (size_t j = 0; j < n; j++)
			if (score[j] >= score[i]) {
				kept++;
				wrong += !y[j];
			}
		sum += wrong / kept;
	}
	return sum / (double)n;
}

static void test_ties_by_definition(void **state)
{
	double score[40];
	uint64_t x = 5;
	bool y[40];

	(void)state;
	for (int round = 0; round < 500; round++) {
		size_t n = 2 + (size_t)round % 39;

		draw_rows(score, y, n, &x);
		y[0] = true;
		y[1] = false;
		expect_within(curve_auroc(score, y, n),
			      auroc_by_pairs(score, y, n), NEAR);
		expect_within(curve_aurc(score, y, n),
			      aurc_by_steps(score, y, n), NEAR);
		assert_true(curve_eaurc(score, y, n) >= -NEAR);
		expect_within(curve_aurc(score, y, n) +
				      curve_auarc(score, y, n),
			      1, NEAR);
	}
}

static void test_best_and_worst_order(void **state)
{
	const double up[] = {0.1, 0.2, 0.3, 0.4}, flat[] = {1, 1, 1, 1};
	const bool y[] = {false, false, true, true};
	const bool inverse[] = {true, true, false, false};

	(void)state;
	assert_true(curve_auroc(up, y, 4) == 1);
	assert_true(curve_auroc(up, inverse, 4) == 0);
	assert_true(curve_auroc(flat, y, 4) == 0.5);
	/* (0 + 0 + 1/3 + 2/4) / 4, and (1 + 1 + 2/3 + 2/4) / 4 */
	expect_within(curve_aurc(up, y, 4), 5.0 / 24, NEAR);
	expect_within(curve_eaurc(up, y, 4), 0, NEAR);
	expect_within(curve_aurc(up, inverse, 4), 19.0 / 24, NEAR);
	expect_within(curve_aurc(flat, y, 4), 0.5, NEAR);
	expect_within(curve_auarc(flat, y, 4), 0.5, NEAR);
}

/* A score that is not there ranks with -inf, below all others. */
static void test_nan_is_the_lowest(void **state)
{
	const double odd[] = {0.5, NAN, -1e308, -INFINITY, INFINITY};
	const double even[] = {4, 2, 3, 2, 5};
	const bool y[] = {true, false, false, true, true};

	(void)state;
	expect_within(curve_auroc(odd, y, 5), curve_auroc(even, y, 5), NEAR);
	expect_within(curve_aurc(odd, y, 5), curve_aurc(even, y, 5), NEAR);
}

static void test_nothing_to_judge(void **state)
{
	const bool yes[] = {true, true}, no[] = {false, false};
	const double p[] = {0.25, 0.75};
	struct curve_bin bins[3];

	(void)state;
	assert_true(isnan(curve_auroc(p, yes, 0)));
	assert_true(isnan(curve_auroc(p, yes, 1)));
	assert_true(isnan(curve_auroc(p, yes, 2)));
	assert_true(isnan(curve_auroc(p, no, 2)));
	assert_true(isnan(curve_brier(p, yes, 0)));
	assert_true(isnan(curve_nll(p, yes, 0)));
	assert_true(isnan(curve_aurc(p, yes, 0)));
	assert_true(isnan(curve_eaurc(p, yes, 0)));
	assert_true(isnan(curve_auarc(p, yes, 0)));
	curve_bins(p, yes, 0, bins, 3);
	assert_true(isnan(curve_ece(bins, 3)));
	curve_bins_even(p, yes, 0, bins, 3);
	assert_true(isnan(curve_ece(bins, 3)));
	assert_true(isnan(bins[0].from) && isnan(bins[0].mean_p));
	expect_within(curve_brier(p, yes, 1), 0.5625, NEAR);
	expect_within(curve_nll(p, yes, 1), log(4), NEAR);
	assert_true(curve_aurc(p, yes, 2) == 0);
	assert_true(curve_aurc(p, no, 2) == 1);
	assert_true(curve_eaurc(p, no, 2) == 0);
}

static void test_sure_and_wrong_is_finite(void **state)
{
	const double p[] = {0, 1};
	const bool right[] = {false, true}, wrong[] = {true, false};

	(void)state;
	expect_within(curve_nll(p, right, 2), 0, 1e-14);
	expect_within(curve_nll(p, wrong, 2), -log(1e-15), 0.01);
	assert_true(curve_brier(p, wrong, 2) == 1);
}

/* A value on an edge belongs to the bin it opens, whatever rounding says. */
static void test_edges_of_bins(void **state)
{
	struct curve_bin bins[128];
	const bool y = true;

	(void)state;
	for (size_t m = 1; m <= 128; m++)
		for (size_t k = 0; k <= m; k++) {
			double p = (double)k / (double)m;
			size_t in = k < m ? k : m - 1;

			curve_bins(&p, &y, 1, bins, m);
			for (size_t j = 0; j < m; j++) {
				assert_int_equal(bins[j].n, j == in);
				assert_int_equal(isnan(bins[j].mean_p),
						 j != in);
			}
			p = nextafter(p, 0);
			curve_bins(&p, &y, 1, bins, m);
			assert_int_equal(bins[k ? k - 1 : 0].n, 1);
		}
}

static void test_even_bins_split_evenly(void **state)
{
	const double p[] = {0.9, 0.5, 0.5, 0.5, 0.1};
	const bool y[] = {true, true, false, false, false};
	struct curve_bin bins[7];

	(void)state;
	/* 2, 2, 1 as they stand: of the tied, the first comes first. */
	curve_bins_even(p, y, 5, bins, 3);
	assert_int_equal(bins[0].n, 2);
	assert_int_equal(bins[0].n_right, 1);
	assert_true(bins[0].from == 0.1 && bins[0].to == 0.5);
	assert_int_equal(bins[1].n, 2);
	assert_int_equal(bins[1].n_right, 0);
	assert_int_equal(bins[2].n, 1);
	expect_within(curve_ece(bins, 3), (2 * 0.2 + 2 * 0.5 + 0.1) / 5, NEAR);
	curve_bins_even(p, y, 5, bins, 7);
	for (size_t k = 0; k < 7; k++)
		assert_int_equal(bins[k].n, k < 5);
	assert_true(isnan(bins[6].share_right));
}

/* Shuffled rows give the same figures. */
static void test_order_does_not_matter(void **state)
{
	double score[MOST], back[MOST];
	bool y[MOST], back_y[MOST];
	uint64_t x = 6;

	(void)state;
	draw_rows(score, y, MOST, &x);
	for (size_t i = 0; i < MOST; i++) {
		back[i] = score[MOST - 1 - i];
		back_y[i] = y[MOST - 1 - i];
	}
	expect_within(curve_auroc(back, back_y, MOST),
		      curve_auroc(score, y, MOST), 1e-12);
	expect_within(curve_aurc(back, back_y, MOST),
		      curve_aurc(score, y, MOST), 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metric_vectors),
		cmocka_unit_test(test_bin_vectors),
		cmocka_unit_test(test_ties_by_definition),
		cmocka_unit_test(test_best_and_worst_order),
		cmocka_unit_test(test_nan_is_the_lowest),
		cmocka_unit_test(test_nothing_to_judge),
		cmocka_unit_test(test_sure_and_wrong_is_finite),
		cmocka_unit_test(test_edges_of_bins),
		cmocka_unit_test(test_even_bins_split_evenly),
		cmocka_unit_test(test_order_does_not_matter),
	};

	return cmocka_run_group_tests_name("curve", tests, load_vectors,
					   free_vectors);
}
