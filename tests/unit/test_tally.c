/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways of answering ten rows, counted by hand.
 */
#include "ctl/tally.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define N 10

/* Regret is i / 10 before the check; after it rows 0 to 4 have 0, the others
 * 1. Rows 3 and 7 would be lost. Row 9 is barred. */
static struct cuts_row rows[N];
static bool cheap_right[N], expensive_right[N], barred[N];
static const struct tally t = {rows, cheap_right, expensive_right, barred, N};

static int set_up(void **state)
{
	(void)state;
	for (int i = 0; i < N; i++) {
		rows[i] = (struct cuts_row){.regret = {i / 10.0, i < 5 ? 0 : 1},
					    .cheap_usd = 0.001,
					    .check_usd = 0.002,
					    .expensive_usd = 0.010,
					    .loss = i == 3 || i == 7};
		cheap_right[i] = i != 3 && i != 7 && i != 8;
		expensive_right[i] = i != 8;
		barred[i] = i == 9;
	}
	rows[9].regret[0] = rows[9].regret[1] = NAN;
	return 0;
}

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static void test_naive(void **state)
{
	struct report_policy p = tally_cheap(&t, "cheap");

	(void)state;
	assert_near(p.accepted, 1);
	assert_near(p.risk.at, 0.2);
	assert_near(p.right.at, 0.7);
	assert_near(p.cost.at, 1);
	assert_near(p.cost.low, 1);
	assert_near(p.expensive_usd, 0);
	p = tally_expensive(&t, "expensive");
	assert_near(p.accepted, 0);
	assert_near(p.risk.at, 0);
	assert_true(isnan(p.risk.high)); /* by its nature, not by luck */
	assert_near(p.right.at, 0.9);
	assert_near(p.cost.at, 10);
	assert_near(p.cheap_usd, 0);
}

/* Accepts rows 0 to 2; checks 3 to 6 and keeps 3 and 4; escalates the rest. */
static void test_cuts(void **state)
{
	const struct artifact_cuts c = {0.25, 0.65, 0.5};
	struct report_policy p = tally_cuts(&t, "cuts", &c);

	(void)state;
	assert_near(p.accepted, 0.5);
	assert_near(p.checked, 0.4);
	assert_near(p.risk.at, 0.1);
	assert_near(p.right.at, 0.8); /* all but 3 and 8 */
	assert_near(p.cheap_usd, 1);
	assert_near(p.check_usd, 0.8);
	assert_near(p.expensive_usd, 5);
	assert_near(p.cost.at, 6.8);
	/* Clopper and Pearson of 1 in 10 at 95 %. */
	assert_true(fabs(p.risk.low - 0.00253) < 1e-5);
	assert_true(fabs(p.risk.high - 0.44502) < 1e-5);
	/* 3 rows at 1, 2 at 3, 2 at 13, 3 at 11. */
	assert_true(fabs(p.cost.high - p.cost.low - 2 * 1.96 * 1.69837) < 1e-4);
}

static void test_hindsight(void **state)
{
	struct report_policy p = tally_hindsight(&t, "best");

	(void)state;
	assert_near(p.accepted, 0.7);
	assert_near(p.risk.at, 0);
	assert_near(p.right.at, 0.9);
	assert_near(p.cost.at, 4);
}

static void test_lot(void **state)
{
	struct report_policy cheap = tally_cheap(&t, "c");
	struct report_policy expensive = tally_expensive(&t, "e");
	struct report_policy p = tally_lot(&cheap, &expensive, "lot", 5.5);

	(void)state;
	assert_near(p.accepted, 0.5);
	assert_near(p.cost.at, 5.5);
	assert_near(p.risk.at, 0.1);
	assert_near(p.right.at, 0.8);
	assert_near(p.cheap_usd + p.expensive_usd, 5.5);
	assert_near(tally_lot(&cheap, &expensive, "", 99).accepted, 0);
	assert_near(tally_lot(&cheap, &expensive, "", 0).accepted, 1);
	expensive.cost.at = cheap.cost.at;
	assert_true(isnan(tally_lot(&cheap, &expensive, "", 1).accepted));
}

static const struct artifact_cuts ladder[] = {
	{-1, -1, -1},	  {0.1, 0.1, -1},   {0.25, 0.25, -1},
	{0.35, 0.35, -1}, {0.65, 0.65, -1}, {0.95, 0.95, -1}};

#define N_LADDER (sizeof(ladder) / sizeof(ladder[0]))

static void test_within(void **state)
{
	(void)state;
	assert_near(tally_within(&t, ladder, N_LADDER, 0).accept, 0.25);
	assert_near(tally_within(&t, ladder, N_LADDER, 1).accept, 0.65);
	assert_near(tally_within(&t, ladder, N_LADDER, 2).accept, 0.95);
	assert_near(tally_within(&t, ladder, 0, 9).accept, -1);
}

/* Dear or not, the check is asked of every row but the barred one. */
static void test_check_all(void **state)
{
	struct artifact_cuts list[8];
	struct report_policy p;
	size_t n = tally_check_all(&t, list, 8);

	(void)state;
	assert_int_equal(n, 3); /* none, regret 0, regret 1 */
	p = tally_cuts(&t, "", &list[0]);
	assert_near(p.accepted, 0);
	assert_near(p.checked, 0.9);
	assert_near(p.cost.at, 1 + 1.8 + 10);
	p = tally_cuts(&t, "", &list[1]);
	assert_near(p.accepted, 0.5);
	p = tally_cuts(&t, "", &list[2]);
	assert_near(p.accepted, 0.9);
	assert_near(tally_within(&t, list, n, 0).check, 1);
}

static void test_line(void **state)
{
	struct report_policy p[N_LADDER];
	size_t n = tally_line(&t, ladder, N_LADDER, N_LADDER, p);

	(void)state;
	assert_int_equal(n, N_LADDER);
	for (size_t i = 1; i < n; i++)
		assert_true(p[i].accepted >= p[i - 1].accepted);
	n = tally_line(&t, ladder, N_LADDER, 3, p);
	assert_int_equal(n, 3);
	assert_near(p[0].accepted, 0);
	assert_near(p[2].accepted, 0.9);
	assert_int_equal(tally_line(&t, ladder, 0, 3, p), 0);
	assert_int_equal(tally_line(&t, ladder, 1, 3, p), 1);
}

static void test_one_row(void **state)
{
	const struct tally one = {rows, cheap_right, expensive_right, barred,
				  1};
	struct report_policy p = tally_cheap(&one, "one");

	(void)state;
	assert_near(p.cost.at, 1);
	assert_true(isnan(p.cost.low));
	assert_near(p.risk.at, 0);
	assert_near(p.risk.high, 0.975);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_naive),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_hindsight),
		cmocka_unit_test(test_lot),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_check_all),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_one_row),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
