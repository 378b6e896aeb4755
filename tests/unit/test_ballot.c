/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against trying out all that may still come, for every size there can be.
 */
#include "verify/ballot.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define MOST 20

/* Do all ends that can be reached agree on it? */
static bool is_settled(const struct ballot *b, double at, bool *kept)
{
	size_t rest = b->size - b->counted, keeping = 0;

	for (size_t more = 0; more <= rest; more++)
		keeping += (double)(b->ayes + more) / (double)b->size >= at;
	*kept = keeping > 0;
	return keeping == 0 || keeping == rest + 1;
}

static void check_at(const struct ballot *b, double at)
{
	double share = -1;
	size_t rest = b->size - b->counted;
	bool kept, settled = is_settled(b, at, &kept);
	size_t ayes = kept ? b->ayes : b->ayes + rest;

	assert_int_equal(ballot_decides(b, at, &share), settled);
	if (!settled)
		return;
	assert_int_equal(share >= at, kept);
	assert_true(share == (double)ayes / (double)b->size);
}

static void check_all_of(const struct ballot *b)
{
	for (size_t i = 0; i <= MOST; i++) {
		double at = (double)i / (double)b->size;

		check_at(b,
			 at); /* exactly at a share that can be, and beside */
		check_at(b, nextafter(at, 2));
		check_at(b, nextafter(at, -1));
		check_at(b, (double)i / MOST);
		check_at(b, (double)i / 100);
	}
}

static void test_every_state(void **state)
{
	struct ballot b;

	(void)state;
	for (b.size = 1; b.size <= MOST; b.size++)
		for (b.counted = 0; b.counted <= b.size; b.counted++)
			for (b.ayes = 0; b.ayes <= b.counted; b.ayes++)
				check_all_of(&b);
}

/* Only the whole gives an exact share. */
static void test_exact(void **state)
{
	struct ballot b;

	(void)state;
	for (b.size = 1; b.size <= MOST; b.size++)
		for (b.counted = 0; b.counted <= b.size; b.counted++)
			for (b.ayes = 0; b.ayes <= b.counted; b.ayes++) {
				double share = -1;
				bool all = b.counted == b.size;

				assert_int_equal(
					ballot_decides(&b, (double)NAN, &share),
					all);
				if (all)
					assert_true(share ==
						    (double)b.ayes /
							    (double)b.size);
			}
}

/* Each way the votes may come: once decided, never otherwise. */
static void test_every_order(void **state)
{
	(void)state;
	for (size_t size = 1; size <= 10; size++)
		for (unsigned votes = 0; votes < 1u << size; votes++)
			for (size_t i = 0; i <= 2 * size; i++) {
				double at = (double)i / (double)(2 * size);
				double share = 0,
				       end = (double)__builtin_popcount(votes) /
					     (double)size;
				struct ballot b = {.size = size};

				do {
					b.ayes += votes >> b.counted & 1;
					b.counted++;
				} while (!ballot_decides(&b, at, &share));
				assert_int_equal(share >= at, end >= at);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_state),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_every_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
