/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Net saving, its limits, and what there is to say of prices.
 */
#include "ctl/economy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "near.h"

static const struct artifact_cuts cuts = {.1, .5, .3};

static struct cuts_row row(double before, double after, double expensive)
{
	return (struct cuts_row){.regret = {before, after},
				 .cheap_usd = .1,
				 .check_usd = .2,
				 .expensive_usd = expensive};
}

static void test_figures(void **state)
{
	const struct cuts_row rows[] = {
		row(.05, NAN, 1),
		row(.2, .1, 2),
		row(.2, .9, 1),
		row(.9, .1, 4),
	};
	struct economy e = economy_of(&cuts, rows, 4, .1);
	/* spent .1, .3, 1.3, 4.1 of 1, 2, 1, 4 */
	double r = 5.8 / 8;
	double d[] = {.1 - r, .3 - 2 * r, 1.3 - r, 4.1 - 4 * r};
	double squares = 0, sd;

	(void)state;
	for (int i = 0; i < 4; i++)
		squares += d[i] * d[i];
	sd = sqrt(squares / 4 / 3) / 2;
	assert_near(e.net_saving, 1 - r, 1e-12);
	assert_near(e.low, 1 - r - 1.2815515655446004 * sd, 1e-9);
	assert_near(e.high, 1 - r + 1.2815515655446004 * sd, 1e-9);
	assert_near(e.avoided, 3. / 8, 1e-12);
	assert_near(e.break_even, (.4 + .4) / 8, 1e-12);
	assert_near(e.route_price, .8 / 8, 1e-12);
	assert_int_equal(e.worth_it, e.low > 0);
}

static void test_worth_it(void **state)
{
	struct cuts_row rows[100];

	(void)state;
	for (int i = 0; i < 100; i++)
		rows[i] = row(i < 50 ? .05 : .9, NAN, 1);
	assert_true(economy_of(&cuts, rows, 100, .1).worth_it);
	/* Saves .02: too little to be sure. */
	for (int i = 12; i < 100; i++)
		rows[i] = row(.9, NAN, 1);
	assert_true(economy_of(&cuts, rows, 100, .1).net_saving > 0);
	assert_false(economy_of(&cuts, rows, 100, .1).worth_it);
}

/* The limits miss the truth about as often as they say. */
static void test_limits_hold(void **state)
{
	unsigned short seed[3] = {5, 6, 7};
	struct cuts_row rows[300];
	int below = 0, above = 0;

	(void)state;
	for (int trial = 0; trial < 1000; trial++) {
		struct economy e;

		for (int i = 0; i < 300; i++) {
			double expensive = .5 + erand48(seed);

			/* Accepted or not, whatever it costs: .3 of it. */
			rows[i] = row(erand48(seed) < .3 ? .05 : .9, NAN,
				      expensive);
			rows[i].cheap_usd = 0;
		}
		e = economy_of(&cuts, rows, 300, .1);
		below += e.high < .3;
		above += e.low > .3;
	}
	/* 100 expected of 1000, standard deviation 9.5. */
	assert_in_range(below, 62, 138);
	assert_in_range(above, 62, 138);
}

static void test_unknown(void **state)
{
	struct cuts_row free_row = row(.05, NAN, 0);
	struct economy e = economy_of(&cuts, &free_row, 1, .1);

	(void)state;
	assert_true(isnan(e.net_saving));
	assert_false(e.worth_it);
	assert_true(isnan(economy_of(&cuts, NULL, 0, .1).low));
}

static void test_one_row_has_no_limits(void **state)
{
	struct cuts_row one = row(.05, NAN, 1);
	struct economy e = economy_of(&cuts, &one, 1, .1);

	(void)state;
	assert_near(e.net_saving, .9, 1e-12);
	assert_true(isinf(e.low) && e.low < 0);
	assert_false(e.worth_it);
}

static void test_no_check_has_no_price(void **state)
{
	struct cuts_row rows[2] = {row(.05, NAN, 1), row(.9, NAN, 1)};

	(void)state;
	rows[0].check_usd = rows[1].check_usd = 0;
	assert_true(isnan(economy_of(&cuts, rows, 2, .1).route_price));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_worth_it),
		cmocka_unit_test(test_limits_hold),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_one_row_has_no_limits),
		cmocka_unit_test(test_no_check_has_no_price),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
