/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small regression against scipy's minimum.
 */
#include "stat/newton.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vectors.h"

#define ROWS 10

static const double columns[ROWS][2] = {
	{0.5, 0}, {-1.2, 0}, {0.3, 1}, {0.8, 0},  {-0.4, 0},
	{0, 1},	  {-2, 0},   {1.5, 0}, {-0.7, 1}, {2, 0.5}};
static const double targets[ROWS] = {1, 0, 1, 0.25, 0.5, 0, 0, 0.9, 0, 0.1};

/* scipy 1.10.1, minimize(method="BFGS", gtol=1e-12) of the cross-entropy: on
 * both columns, on the first one, on none. */
static const double both[] = {-0.423654354, 0.740917741, -0.668002299};
static const double first[] = {-0.659431143, 0.750329652};
static const double none = -0.510825624;

/* Column j of the rows is columns[.][from[j]], or zeros where from is -1. */
static void fill(struct newton *t, const int from[2])
{
	newton_init(t, ROWS);
	for (size_t i = 0; i < ROWS; i++) {
		t->x[i][0] = 1;
		for (size_t j = 0; j < 2; j++)
			if (from[j] >= 0)
				t->x[i][j + 1] = columns[i][from[j]];
		t->target[i] = targets[i];
	}
}

static void expect_weights(const int from[2], double w0, double w1, double w2)
{
	struct newton t;

	fill(&t, from);
	newton_run(&t);
	expect_within(t.w[0], w0, 1e-8);
	expect_within(t.w[1], w1, 1e-8);
	expect_within(t.w[2], w2, 1e-8);
	newton_release(&t);
}

static void test_like_scipy(void **state)
{
	(void)state;
	expect_weights((const int[]){0, 1}, both[0], both[1], both[2]);
	expect_weights((const int[]){1, 0}, both[0], both[2], both[1]);
}

static void test_zeros_have_no_weight(void **state)
{
	(void)state;
	expect_weights((const int[]){0, -1}, first[0], first[1], 0);
	expect_weights((const int[]){-1, 0}, first[0], 0, first[1]);
	expect_weights((const int[]){-1, -1}, none, 0, 0);
}

/* The same column twice counts once, one that is always 1 not at all. */
static void test_copies_do_not_count(void **state)
{
	struct newton t;

	(void)state;
	fill(&t, (const int[]){0, 0});
	newton_run(&t);
	expect_within(t.w[0], first[0], 1e-8);
	expect_within(t.w[1] + t.w[2], first[1], 1e-8);
	newton_release(&t);
	fill(&t, (const int[]){-1, 0});
	for (size_t i = 0; i < ROWS; i++)
		t.x[i][1] = 1;
	newton_run(&t);
	expect_within(t.w[0], first[0], 1e-8);
	expect_within(t.w[1], 0, 1e-8);
	expect_within(t.w[2], first[1], 1e-8);
	newton_release(&t);
}

/* Told apart entirely, the weights would grow for ever; and nothing at all. */
static void test_always_finite(void **state)
{
	struct newton t;

	(void)state;
	fill(&t, (const int[]){0, -1});
	for (size_t i = 0; i < ROWS; i++)
		t.target[i] = columns[i][0] > 0.1;
	newton_run(&t);
	assert_true(isfinite(t.w[0]) && isfinite(t.w[1]) && t.w[1] > 20);
	newton_release(&t);
	newton_init(&t, 0);
	newton_run(&t);
	assert_true(t.w[0] == 0 && t.w[1] == 0 && t.w[2] == 0);
	newton_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_scipy),
		cmocka_unit_test(test_zeros_have_no_weight),
		cmocka_unit_test(test_copies_do_not_count),
		cmocka_unit_test(test_always_finite),
	};

	return cmocka_run_group_tests_name("newton", tests, NULL, NULL);
}
