/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What counts as hedging, and how often.
 */
#include "verify/hedge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "patience.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_counts(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} rows[] = {
		{"", 0},
		{"It is Paris.", 0},
		{"I think it is Paris.", 1},
		{"I THINK it is, probably, Paris.", 2},
		{"i believe i guess", 2},
		{"I'm not sure.", 1},
		{"I\xe2\x80\x99m not sure, but it might be so.", 2},
		{"maybe, Maybe, MAYBE", 3},
		{"As far as I know it could be 5; it may be 6.", 3},
		{"It seems to be likely.", 2},
		{"To the best of my knowledge, perhaps.", 2},
		/* no whole words */
		{"unlikely improbably could bee i thinker", 0},
		{"hi think of not surely", 0},
		{"Maybelline is a brand, 9maybe x9maybe.", 0},
		{"I  think", 0}, /* two spaces: another text */
		{"May be it is", 1},
		{"probably", 1},
		{"probabl", 0},
		{"probably9", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (hedge_count(span_of(rows[i].text)) != rows[i].n)
			fail_msg("%zu: %s", hedge_count(span_of(rows[i].text)),
				 rows[i].text);
}

static void test_ends_with_the_span(void **state)
{
	static const char text[] = "as far as i know it might be perhaps";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, text, n);
		assert_true(hedge_count((struct span){copy, n}) <= 3);
		free(copy);
	}
}

static void test_long_text(void **state)
{
	const size_t n = 4u << 20;
	char *text = malloc(n);

	(void)state;
	give_up_after(20);
	memset(text, 'i', n);
	assert_int_equal(hedge_count((struct span){text, n}), 0);
	for (size_t i = 0; i < n; i++)
		text[i] = "maybe "[i % 6];
	assert_int_equal(hedge_count((struct span){text, n}), n / 6);
	for (size_t i = 0; i < n; i++)
		text[i] = "to the best of my "[i % 18];
	assert_int_equal(hedge_count((struct span){text, n}), 0);
	give_up_after(0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_ends_with_the_span),
		cmocka_unit_test(test_long_text),
	};

	return cmocka_run_group_tests_name("hedge", tests, NULL, NULL);
}
