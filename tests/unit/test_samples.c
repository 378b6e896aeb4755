/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What counts as a loss, and when labels are used.
 */
#include "ctl/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static struct sample row(enum known cheap, enum known expensive,
			 enum known same)
{
	return (struct sample){.cheap_right = cheap,
			       .expensive_right = expensive,
			       .same = same};
}

static void test_loss_by_labels(void **state)
{
	static const struct {
		enum known cheap, expensive, loss;
	} cases[] = {
		{KNOWN_TRUE, KNOWN_TRUE, KNOWN_FALSE},
		{KNOWN_TRUE, KNOWN_FALSE, KNOWN_FALSE},
		{KNOWN_FALSE, KNOWN_TRUE, KNOWN_TRUE},
		{KNOWN_FALSE, KNOWN_FALSE, KNOWN_FALSE},
		/* One label would choose the rows by their outcome. */
		{KNOWN_TRUE, KNOWN_NOT, KNOWN_NOT},
		{KNOWN_NOT, KNOWN_FALSE, KNOWN_NOT},
		{KNOWN_NOT, KNOWN_NOT, KNOWN_NOT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sample s =
			row(cases[i].cheap, cases[i].expensive, KNOWN_FALSE);

		assert_int_equal(sample_loss(&s, true), cases[i].loss);
	}
}

static void test_loss_by_pairs(void **state)
{
	struct sample same = row(KNOWN_FALSE, KNOWN_TRUE, KNOWN_TRUE);
	struct sample other = row(KNOWN_TRUE, KNOWN_TRUE, KNOWN_FALSE);
	struct sample unknown = row(KNOWN_TRUE, KNOWN_TRUE, KNOWN_NOT);

	(void)state;
	assert_int_equal(sample_loss(&same, false), KNOWN_FALSE);
	assert_int_equal(sample_loss(&other, false), KNOWN_TRUE);
	assert_int_equal(sample_loss(&unknown, false), KNOWN_NOT);
}

/* A few labels among many pairs are not worth the pairs. */
static void test_labels_where_no_fewer_than_pairs(void **state)
{
	struct sample v[] = {
		row(KNOWN_TRUE, KNOWN_TRUE, KNOWN_TRUE),
		row(KNOWN_NOT, KNOWN_NOT, KNOWN_FALSE),
		row(KNOWN_TRUE, KNOWN_TRUE, KNOWN_NOT),
	};

	(void)state;
	assert_true(samples_labelled(&(struct samples){.v = v, .n = 1}));
	assert_false(samples_labelled(&(struct samples){.v = v, .n = 2}));
	assert_true(samples_labelled(&(struct samples){.v = v, .n = 3}));
	assert_false(samples_labelled(&(struct samples){.v = v + 1, .n = 1}));
	assert_false(samples_labelled(&(struct samples){.n = 0}));
}

static void test_words_of_all_or_of_none(void **state)
{
	struct sample v[] = {{.has_text = true},
			     {.barred = "backend_error"},
			     {.has_text = true}};
	struct samples s = {.v = v, .n = 3, .n_words = 1024};

	(void)state;
	assert_true(samples_have_words(&s));
	v[2].has_text = false;
	assert_false(samples_have_words(&s));
	s.n = 2;
	s.n_words = 0;
	assert_false(samples_have_words(&s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss_by_labels),
		cmocka_unit_test(test_loss_by_pairs),
		cmocka_unit_test(test_words_of_all_or_of_none),
		cmocka_unit_test(test_labels_where_no_fewer_than_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
