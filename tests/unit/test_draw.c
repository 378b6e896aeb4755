/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws: the published sequence, bounds, and streams apart from each other.
 */
#include "stat/draw.h"

#include <math.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* The reference implementation's, from the state 1234567. */
static void test_published_sequence(void **state)
{
	static const uint64_t want[] = {
		UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
		UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
		UINT64_C(16408922859458223821)};
	struct draw d = {1234567};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_true(draw_bits(&d) == want[i]);
}

static void test_same_seed_same_stream(void **state)
{
	struct draw a = draw_by(7, 1), b = draw_by(7, 1);

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(draw_bits(&a) == draw_bits(&b));
}

static void test_bounds(void **state)
{
	struct draw d = draw_by(1, 1);
	bool seen[5] = {false};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		double u = draw_unit(&d);

		assert_true(u >= 0 && u < 1);
		seen[draw_below(&d, 5)] = true;
	}
	for (int i = 0; i < 5; i++)
		assert_true(seen[i]);
	assert_true(draw_below(&d, 1) == 0);
}

/* The correlation of two streams; 1 / sqrt(n) is its noise. */
static double correlation(struct draw a, struct draw b)
{
	double sum = 0;

	for (int i = 0; i < 10000; i++)
		sum += (draw_unit(&a) - .5) * (draw_unit(&b) - .5);
	return sum / 10000 * 12;
}

static void test_streams_are_apart(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct draw d = draw_by(seed, 1);

		assert_true(fabs(correlation(d, draw_by(seed + 1, 1))) < .05);
		assert_true(fabs(correlation(d, draw_by(seed, 2))) < .05);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_sequence),
		cmocka_unit_test(test_same_seed_same_stream),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_streams_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
