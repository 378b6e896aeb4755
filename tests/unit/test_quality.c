/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calibration error with its limits.
 */
#include "ctl/quality.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "near.h"

enum { N = 2000 };

static double p[N];
static bool y[N];

/* Claims p, true with probability p + off. */
static void draw(double off, uint16_t seed)
{
	unsigned short state[3] = {seed, 2, 3};

	for (int i = 0; i < N; i++) {
		p[i] = .2 + .6 * erand48(state);
		y[i] = erand48(state) < p[i] + off;
	}
}

static void test_perfect(void **state)
{
	struct quality q;

	(void)state;
	draw(0, 1);
	quality_confidence(&q, p, y, N, .1, 1);
	assert_int_equal(q.n, N);
	assert_true(q.ece < .05);
	/* What is seen of it is noise, and the limits take that off. */
	assert_true(q.ece_low < .01);
	assert_true(q.ece_low <= q.ece_high && q.ece_high < .06);
}

static void test_off_by_a_tenth(void **state)
{
	int missed = 0;

	(void)state;
	for (uint16_t seed = 0; seed < 40; seed++) {
		struct quality q;

		draw(.1, seed);
		quality_confidence(&q, p, y, N, .1, seed);
		assert_near(q.ece, .1, .04);
		missed += q.ece_low > .1 || q.ece_high < .1;
	}
	/* Each side .1: 8 expected, 3 standard deviations are 7.6. */
	assert_in_range(missed, 0, 15);
}

static void test_nothing(void **state)
{
	struct quality q;

	(void)state;
	quality_confidence(&q, NULL, NULL, 0, .1, 1);
	assert_int_equal(q.n, 0);
	assert_true(isnan(q.ece) && isnan(q.ece_low) && isnan(q.auroc));
}

static void test_same_seed_same_limits(void **state)
{
	struct quality a, b;

	(void)state;
	draw(.05, 4);
	quality_confidence(&a, p, y, N, .1, 5);
	quality_confidence(&b, p, y, N, .1, 5);
	assert_near(a.ece_low, b.ece_low, 0);
	assert_near(a.ece_high, b.ece_high, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_perfect),
		cmocka_unit_test(test_off_by_a_tenth),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_same_seed_same_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
