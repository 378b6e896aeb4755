/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policies do, and the frontier against all policies there are.
 */
#include "ctl/cuts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "near.h"

static struct cuts_row row(double before, double after, bool loss)
{
	return (struct cuts_row){.regret = {before, after},
				 .cheap_usd = .1,
				 .check_usd = .2,
				 .expensive_usd = 1,
				 .loss = loss};
}

static void test_fates(void **state)
{
	const struct artifact_cuts c = {.1, .5, .3};
	const struct {
		double before, after;
		enum cuts_fate fate;
		double spent;
	} cases[] = {
		{.1, .9, CUTS_ACCEPT, .1},
		{.10001, .3, CUTS_CHECK_ACCEPT, .3},
		{.5, .30001, CUTS_CHECK_ESCALATE, 1.3},
		{.50001, 0, CUTS_ESCALATE, 1.1},
		{.2, NAN, CUTS_CHECK_ESCALATE, 1.3},
		{NAN, 0, CUTS_ESCALATE, 1.1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cuts_row r = row(cases[i].before, cases[i].after, false);

		assert_int_equal(cuts_apply(&c, &r), cases[i].fate);
		assert_near(cuts_spent(cases[i].fate, &r), cases[i].spent,
			    1e-12);
	}
}

static void test_none_takes_nothing(void **state)
{
	const struct artifact_cuts c = cuts_none();
	struct cuts_row r = row(0, 0, false);

	(void)state;
	assert_int_equal(cuts_apply(&c, &r), CUTS_ESCALATE);
}

static void test_sums(void **state)
{
	const struct artifact_cuts c = {.1, .5, .3};
	const struct cuts_row rows[] = {
		row(.05, .9, true),
		row(.2, .1, false),
		row(.2, .9, true),
		row(.9, .1, true),
	};
	struct cuts_sum sum = cuts_count(&c, rows, 4);

	(void)state;
	assert_int_equal(sum.n, 4);
	assert_int_equal(sum.n_accepted, 2);
	assert_int_equal(sum.n_checked, 2);
	assert_int_equal(sum.n_losses, 1);
	assert_near(sum.expensive_usd, 4, 1e-12);
	assert_near(sum.avoided_usd, 2, 1e-12);
	assert_near(sum.spent_usd, 4 * .1 + 2 * .2 + 2, 1e-12);
	assert_near(cuts_saving(&sum), 1 - 2.8 / 4, 1e-12);
	sum = cuts_count(&c, rows, 0);
	assert_near(cuts_saving(&sum), 0, 0);
}

/* ---- the frontier -------------------------------------------------------- */

enum { ROWS = 12, MOST = 400 };

static void draw_rows(struct cuts_row *rows, unsigned short state[3])
{
	for (size_t i = 0; i < ROWS; i++) {
		double before = erand48(state);

		rows[i] = row(before, before * erand48(state),
			      erand48(state) < before);
		rows[i].check_usd = .3 * erand48(state);
		rows[i].expensive_usd = .5 + erand48(state);
		if (erand48(state) < .1)
			rows[i].regret[HEADS_AFTER] = NAN;
		if (erand48(state) < .1)
			rows[i].regret[HEADS_BEFORE] = NAN;
	}
}

/* As the header says: half regret, half loss. */
static double risk_of(const struct artifact_cuts *c,
		      const struct cuts_row *rows)
{
	double risk = 0;

	for (size_t i = 0; i < ROWS; i++) {
		enum cuts_fate fate = cuts_apply(c, &rows[i]);

		if (fate == CUTS_ACCEPT)
			risk += (rows[i].regret[HEADS_BEFORE] + rows[i].loss) /
				2;
		if (fate == CUTS_CHECK_ACCEPT)
			risk += (rows[i].regret[HEADS_AFTER] + rows[i].loss) /
				2;
	}
	return risk;
}

static double saving_of(const struct artifact_cuts *c,
			const struct cuts_row *rows)
{
	struct cuts_sum sum = cuts_count(c, rows, ROWS);

	return cuts_saving(&sum);
}

/* The most saved by any policy no riskier: cuts at every regret there is. */
static double best_saving(const struct cuts_row *rows, double risk,
			  bool may_check)
{
	double cut[2][ROWS + 1], best = -INFINITY;

	for (int s = 0; s < 2; s++) {
		cut[s][ROWS] = -1;
		for (size_t i = 0; i < ROWS; i++)
			cut[s][i] = isnan(rows[i].regret[s])
					    ? -1
					    : rows[i].regret[s];
	}
	for (size_t i = 0; i <= ROWS; i++)
		for (size_t j = 0; j <= ROWS; j++)
			for (size_t k = 0; k <= ROWS; k++) {
				struct artifact_cuts c = {cut[0][i], cut[0][j],
							  cut[1][k]};

				if (c.check < c.accept ||
				    (!may_check && c.check > c.accept))
					continue;
				if (risk_of(&c, rows) <= risk + 1e-12)
					best = fmax(best, saving_of(&c, rows));
			}
	return best;
}

static void expect_frontier(const struct cuts_row *rows, enum cuts_use use)
{
	struct artifact_cuts list[MOST];
	size_t n = cuts_frontier(rows, ROWS, use, list, MOST);
	double risk = -1, saving = -INFINITY;

	assert_in_range(n, 1, MOST);
	assert_true(list[0].accept < 0 && list[0].check < 0);
	for (size_t i = 0; i < n; i++) {
		assert_true(list[i].check >= list[i].accept);
		assert_true(risk_of(&list[i], rows) >= risk - 1e-12);
		assert_true(saving_of(&list[i], rows) > saving);
		risk = risk_of(&list[i], rows);
		saving = saving_of(&list[i], rows);
		assert_near(saving, best_saving(rows, risk, use == CUTS_BAND),
			    1e-9);
	}
	assert_near(saving, best_saving(rows, ROWS, use == CUTS_BAND), 1e-9);
}

static void test_frontier_is_best_at_each_risk(void **state)
{
	unsigned short seed[3] = {1, 2, 3};
	struct cuts_row rows[ROWS];

	(void)state;
	for (int i = 0; i < 20; i++) {
		draw_rows(rows, seed);
		expect_frontier(rows, CUTS_BAND);
		expect_frontier(rows, CUTS_UNCHECKED);
	}
}

static void test_check_all_checks_all(void **state)
{
	unsigned short seed[3] = {1, 2, 3};
	struct cuts_row rows[ROWS];
	struct artifact_cuts list[MOST];
	size_t n;

	(void)state;
	draw_rows(rows, seed);
	n = cuts_frontier(rows, ROWS, CUTS_CHECK_ALL, list, MOST);
	assert_true(n >= 2);
	for (size_t i = 1; i < n; i++) {
		assert_true(list[i].accept < 0);
		assert_near(list[i].check, 1, 0);
	}
}

static void test_dear_check_leaves_no_band(void **state)
{
	unsigned short seed[3] = {1, 2, 3};
	struct cuts_row rows[ROWS];
	struct artifact_cuts list[MOST];
	size_t n;

	(void)state;
	draw_rows(rows, seed);
	for (size_t i = 0; i < ROWS; i++)
		rows[i].check_usd = 2;
	n = cuts_frontier(rows, ROWS, CUTS_BAND, list, MOST);
	assert_true(n >= 2);
	for (size_t i = 0; i < n; i++)
		assert_true(list[i].check == list[i].accept);
}

static void test_thinned_to_most(void **state)
{
	struct cuts_row rows[ROWS];
	struct artifact_cuts all[MOST], few[3];

	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		rows[i] = row((double)(i + 1) / 20, NAN, false);
	assert_int_equal(cuts_frontier(rows, ROWS, CUTS_UNCHECKED, all, MOST),
			 ROWS + 1);
	assert_int_equal(cuts_frontier(rows, ROWS, CUTS_UNCHECKED, few, 3), 3);
	assert_near(few[0].accept, -1, 0);
	assert_near(few[1].accept, all[ROWS / 2].accept, 0);
	assert_near(few[2].accept, all[ROWS].accept, 0);
}

static void test_frontier_of_nothing(void **state)
{
	struct cuts_row blind = row(NAN, NAN, false);
	struct artifact_cuts list[MOST];

	(void)state;
	assert_int_equal(cuts_frontier(NULL, 0, CUTS_BAND, list, MOST), 1);
	assert_int_equal(cuts_frontier(&blind, 1, CUTS_BAND, list, MOST), 1);
}

static void test_hindsight(void **state)
{
	/* Losses at the 2nd and 4th; the 4th and 5th are tied. */
	const struct cuts_row rows[] = {
		row(.4, NAN, true),  row(.1, NAN, false), row(.2, NAN, true),
		row(.3, NAN, false), row(.4, NAN, false), row(NAN, 0, true),
	};

	(void)state;
	assert_near(cuts_hindsight(rows, 6, HEADS_BEFORE, .1), 1. / 6, 1e-12);
	assert_near(cuts_hindsight(rows, 6, HEADS_BEFORE, .2), 3. / 6, 1e-12);
	assert_near(cuts_hindsight(rows, 6, HEADS_BEFORE, .4), 5. / 6, 1e-12);
	assert_near(cuts_hindsight(rows, 0, HEADS_BEFORE, .4), 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fates),
		cmocka_unit_test(test_none_takes_nothing),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_frontier_is_best_at_each_risk),
		cmocka_unit_test(test_check_all_checks_all),
		cmocka_unit_test(test_dear_check_leaves_no_band),
		cmocka_unit_test(test_thinned_to_most),
		cmocka_unit_test(test_frontier_of_nothing),
		cmocka_unit_test(test_hindsight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
