/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reliability and the strengths of signals.
 */
#include "ctl/evidence.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-6)

/* .9 is right 9 times of 10, .1 is right 5 times of 10; two have no score. */
static void test_reliability(void **state)
{
	struct report_reliability r;
	double p[22];
	bool y[22];

	(void)state;
	for (int i = 0; i < 22; i++) {
		p[i] = i >= 20 ? NAN : i < 10 ? 0.9 : 0.1;
		y[i] = i < 9 || (i >= 10 && i < 15);
	}
	evidence_reliability(&r, "all", p, y, 22, 1);
	assert_int_equal(r.n, 20);
	assert_near(r.ece.at, 0.2);
	assert_true(r.ece.low <= r.ece.high);
	assert_int_equal(r.bins[1].n, 10);
	assert_int_equal(r.bins[13].n_right, 9);
	assert_near(r.shares[1].at, 0.5);
	assert_true(fabs(r.shares[1].low - 0.187086) < 1e-5);
	assert_true(fabs(r.shares[1].high - 0.812914) < 1e-5);
	assert_near(r.brier, (9 * 0.01 + 0.81 + 5 * 0.81 + 5 * 0.01) / 20);
	assert_near(r.auroc, (9 * 5 + 0.5 * (9 * 1 + 5 * 5)) / (14.0 * 6));
}

static void test_no_reliability(void **state)
{
	struct report_reliability r;
	const double p[] = {NAN, NAN};
	const bool y[] = {true, false};

	(void)state;
	evidence_reliability(&r, "none", p, y, 2, 1);
	assert_int_equal(r.n, 0);
	evidence_reliability(&r, "none", p, y, 0, 1);
	assert_int_equal(r.n, 0);
}

static void test_signal(void **state)
{
	const double x[] = {1, 2, 3, 4, NAN, NAN};
	const bool up[] = {false, false, true, true, true, false};
	const bool down[] = {true, true, false, false, true, false};
	struct report_signal s = {.name = "x"};

	(void)state;
	evidence_signal(&s, x, up, 6);
	assert_near(s.auroc.at, 1);
	assert_true(s.high_is_right);
	assert_int_equal(s.n, 4);
	assert_near(s.missing, 1.0 / 3);
	evidence_signal(&s, x, down, 6);
	assert_near(s.auroc.at, 1);
	assert_false(s.high_is_right);
}

/* Ties are a half; Hanley and McNeil's spread of .75 over 2 and 2. */
static void test_signal_interval(void **state)
{
	const double x[] = {0, 0, 0, 1};
	const bool y[] = {false, false, true, true};
	struct report_signal s = {.name = "x"};
	double var = (0.1875 + (0.6 - 0.5625) + (1.125 / 1.75 - 0.5625)) / 4;

	(void)state;
	evidence_signal(&s, x, y, 4);
	assert_near(s.auroc.at, 0.75);
	assert_near(s.auroc.low, 0.75 - 1.96 * sqrt(var));
	assert_near(s.auroc.high, 1);
}

static void test_signal_tells_nothing(void **state)
{
	const double x[] = {1, 2, NAN};
	const bool all[] = {true, true, false};
	struct report_signal s = {.name = "x"};

	(void)state;
	evidence_signal(&s, x, all, 3); /* those that have it are all right */
	assert_true(isnan(s.auroc.at));
	assert_int_equal(s.n, 2);
	evidence_signal(&s, x + 2, all, 1);
	assert_true(isnan(s.auroc.at));
	assert_near(s.missing, 1);
	evidence_signal(&s, x, all, 0);
	assert_near(s.missing, 1);
}

static void test_sort(void **state)
{
	struct report_signal v[] = {{.name = "never", .auroc = {NAN, 0, 0}},
				    {.name = "b", .auroc = {0.6, 0, 0}},
				    {.name = "a", .auroc = {0.6, 0, 0}},
				    {.name = "best", .auroc = {0.9, 0, 0}}};

	(void)state;
	evidence_sort(v, 4);
	assert_string_equal(v[0].name, "best");
	assert_string_equal(v[1].name, "a");
	assert_string_equal(v[2].name, "b");
	assert_string_equal(v[3].name, "never");
	evidence_sort(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reliability),
		cmocka_unit_test(test_no_reliability),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_signal_interval),
		cmocka_unit_test(test_signal_tells_nothing),
		cmocka_unit_test(test_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
