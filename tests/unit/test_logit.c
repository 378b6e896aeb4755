/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logistic regression against scikit-learn's and against the conditions of its
 * minimum.
 */
#include "stat/logit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vectors.h"

#define ROWS	 300
#define FEATURES 200
#define PER_ROW	 12

static const double small_x[16][3] = {
	{1, 0.5, 0},  {0, -1.2, 0}, {2, 0.3, 1},  {0, 0.8, 0},
	{1, -0.4, 0}, {0, 0, 1},    {3, -2, 0},	  {1, 1.5, 0},
	{0, -0.7, 1}, {2, 0, 0},    {0, 2.1, 0},  {1, -1, 1},
	{4, 0.6, 0},  {0, 0.1, 0},  {2, -0.3, 0}, {1, 0.9, 1}};
static const bool small_y[16] = {1, 0, 1, 0, 0, 0, 0, 1,
				 0, 1, 1, 0, 1, 0, 1, 0};

/* scikit-learn 1.2.1, LogisticRegression(C=c, solver="lbfgs", tol=1e-12): the
 * intercept is quite free there. */
static const struct {
	double c, w[3], b;
} small_fits[] = {
	{1, {1.0875827, 1.2260025, -0.4699281}, -1.5151142},
	{0.1, {0.2870682, 0.3182951, -0.0934770}, -0.5779191},
	{50, {5.5582236, 5.7053845, -4.4407649}, -7.0863188},
};

/* Rows whose zeros are left out. */
struct sparse {
	struct logit_entry entries[ROWS * FEATURES];
	const struct logit_entry *row[ROWS];
	size_t row_n[ROWS];
	struct logit_rows rows;
};

static struct sparse sparse;

static void small_rows(void)
{
	struct logit_entry *e = sparse.entries;

	for (size_t i = 0; i < 16; i++) {
		sparse.row[i] = e;
		for (uint32_t j = 0; j < 3; j++)
			if (small_x[i][j] != 0)
				*e++ = (struct logit_entry){j, small_x[i][j]};
		sparse.row_n[i] = (size_t)(e - sparse.row[i]);
	}
	sparse.rows = (struct logit_rows){16, 3, sparse.row, sparse.row_n};
}

static void test_like_sklearn(void **state)
{
	double w[3], b;

	(void)state;
	small_rows();
	for (size_t i = 0; i < 3; i++) {
		struct err err = {0};

		assert_int_equal(logit_fit(&sparse.rows, small_y,
					   small_fits[i].c, w, &b, &err),
				 0);
		for (size_t j = 0; j < 3; j++)
			expect_within(w[j], small_fits[i].w[j], 1e-3);
		expect_within(b, small_fits[i].b, 1e-3);
	}
}

/* Which label comes first means nothing. */
static void test_the_other_way_round(void **state)
{
	double w[3], b, w2[3], b2;
	bool not_y[16];

	(void)state;
	small_rows();
	for (size_t i = 0; i < 16; i++)
		not_y[i] = !small_y[i];
	assert_int_equal(logit_fit(&sparse.rows, small_y, 1, w, &b, NULL), 0);
	assert_int_equal(logit_fit(&sparse.rows, not_y, 1, w2, &b2, NULL), 0);
	for (size_t j = 0; j < 3; j++)
		expect_within(w2[j], -w[j], 1e-5);
	expect_within(b2, -b, 1e-5);
}

static void drawn_rows(bool *y, double base)
{
	struct logit_entry *e = sparse.entries;
	uint64_t x = 21;

	for (size_t i = 0; i < ROWS; i++) {
		double z = base;

		sparse.row[i] = e;
		for (uint32_t j = 0; j < FEATURES; j++)
			if (draw(&x) * FEATURES < PER_ROW) {
				*e++ = (struct logit_entry){j, draw(&x)};
				z += e[-1].value * (j % 3 - 1.0);
			}
		sparse.row_n[i] = (size_t)(e - sparse.row[i]);
		y[i] = draw(&x) < logit_sigma(z);
	}
	sparse.rows =
		(struct logit_rows){ROWS, FEATURES, sparse.row, sparse.row_n};
}

/* Where the loss is least w + C sum (p - y) x is 0, and for b, which is free,
 * sum (p - y). */
static void test_gradient_is_zero(void **state)
{
	static double w[FEATURES], g[FEATURES];
	static bool y[ROWS];
	double b, g_b, c = 0.5;

	(void)state;
	for (double base = -4; base <= 4; base += 2) {
		drawn_rows(y, base);
		assert_int_equal(logit_fit(&sparse.rows, y, c, w, &b, NULL), 0);
		memcpy(g, w, sizeof(g));
		g_b = 0;
		for (size_t i = 0; i < ROWS; i++) {
			double z = b, off;

			for (size_t j = 0; j < sparse.row_n[i]; j++)
				z += w[sparse.row[i][j].feature] *
				     sparse.row[i][j].value;
			off = logit_sigma(z) - y[i];
			g_b += off;
			for (size_t j = 0; j < sparse.row_n[i]; j++)
				g[sparse.row[i][j].feature] +=
					c * off * sparse.row[i][j].value;
		}
		for (size_t j = 0; j < FEATURES; j++)
			expect_within(g[j], 0, 1e-3);
		expect_within(g_b, 0, 2e-3);
	}
}

static void test_deterministic(void **state)
{
	static double w[FEATURES], again[FEATURES];
	static bool y[ROWS];
	double b, b2;

	(void)state;
	drawn_rows(y, -1);
	assert_int_equal(logit_fit(&sparse.rows, y, 1, w, &b, NULL), 0);
	srand(99);
	assert_int_equal(logit_fit(&sparse.rows, y, 1, again, &b2, NULL), 0);
	assert_memory_equal(w, again, sizeof(w));
	assert_true(b == b2);
}

static void test_all_alike(void **state)
{
	const bool yes[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	const bool no[16] = {0};
	double w[3] = {7, 7, 7}, b;

	(void)state;
	small_rows();
	assert_int_equal(logit_fit(&sparse.rows, yes, 1, w, &b, NULL), 0);
	assert_true(w[0] == 0 && w[1] == 0 && w[2] == 0);
	expect_within(logit_sigma(b), 16.5 / 17, 1e-12);
	assert_int_equal(logit_fit(&sparse.rows, no, 1, w, &b, NULL), 0);
	expect_within(logit_sigma(b), 0.5 / 17, 1e-12);
	sparse.rows.n = 1;
	assert_int_equal(logit_fit(&sparse.rows, no, 1, w, &b, NULL), 0);
	expect_within(logit_sigma(b), 0.25, 1e-12);
}

/* Without features, or without a value in any row, the share is all there is:
 * a rare loss keeps its rate. */
static void test_only_the_intercept(void **state)
{
	static bool y[ROWS] = {[7] = true, [100] = true, [299] = true};
	double w[2] = {7, 7}, b;

	(void)state;
	memset(sparse.row_n, 0, sizeof(sparse.row_n));
	for (size_t i = 0; i < ROWS; i++)
		sparse.row[i] = NULL;
	sparse.rows = (struct logit_rows){ROWS, 0, sparse.row, sparse.row_n};
	assert_int_equal(logit_fit(&sparse.rows, y, 1, NULL, &b, NULL), 0);
	expect_within(logit_sigma(b), 0.01, 1e-5);
	sparse.rows.n_features = 2;
	assert_int_equal(logit_fit(&sparse.rows, y, 1, w, &b, NULL), 0);
	assert_true(w[0] == 0 && w[1] == 0);
	expect_within(logit_sigma(b), 0.01, 1e-5);
}

static void expect_refusal(double c, const char *why)
{
	double w[3] = {7, 7, 7}, b = 7;
	struct err err = {0};

	assert_int_equal(logit_fit(&sparse.rows, small_y, c, w, &b, &err), -1);
	assert_non_null(strstr(err.text, why));
	assert_true(w[0] == 7 && b == 7);
}

static void test_refusals(void **state)
{
	const double odd[] = {NAN, INFINITY, -INFINITY};

	(void)state;
	small_rows();
	expect_refusal(0, "C is 0");
	expect_refusal(-1, "C is -1");
	expect_refusal(NAN, "C is ");
	expect_refusal(INFINITY, "C is inf");
	for (size_t i = 0; i < 3; i++) {
		sparse.entries[3].value = odd[i];
		expect_refusal(1, "row 2, feature 0");
	}
	small_rows();
	sparse.rows.n_features = SIZE_MAX;
	expect_refusal(1, "too much");
	sparse.rows.n = 0;
	expect_refusal(1, "no rows");
}

static void test_sigma(void **state)
{
	double last = 0;

	(void)state;
	assert_true(logit_sigma(0) == 0.5);
	assert_true(logit_sigma(INFINITY) == 1);
	assert_true(logit_sigma(-INFINITY) == 0);
	assert_true(logit_sigma(1e308) == 1);
	assert_true(logit_sigma(-1e308) == 0);
	assert_true(isnan(logit_sigma(NAN)));
	expect_within(logit_sigma(-700) / exp(-700), 1, 1e-12);
	for (int i = -8000; i <= 8000; i++) {
		double at = logit_sigma(i / 10.0);

		assert_true(at >= last);
		expect_within(at + logit_sigma(-i / 10.0), 1, 1e-15);
		last = at;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_sklearn),
		cmocka_unit_test(test_the_other_way_round),
		cmocka_unit_test(test_gradient_is_zero),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_all_alike),
		cmocka_unit_test(test_only_the_intercept),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_sigma),
	};

	return cmocka_run_group_tests_name("logit", tests, NULL, NULL);
}
