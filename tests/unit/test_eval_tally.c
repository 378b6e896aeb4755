/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came of questions, and whether another one is asked.
 */
#include "ctl/eval_tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct conf_backend small = {.name = "small"},
				 large = {.name = "large"};
static const struct conf_backend *tiers[] = {&small, &large};
static const struct conf_cascade cascade = {.tiers = tiers, .n_tiers = 2};

/* One question: each tier's fault (NULL: an answer) and its status. */
static void add(struct eval_tally *t, const char *first, const char *last,
		int status, int64_t us, int agrees)
{
	struct ledger_attempt attempts[] = {
		{.purpose = "answer",
		 .tier = 1,
		 .fault = first,
		 .status = status,
		 .total_us = us,
		 .cost_pusd = 10},
		{.purpose = "verify",
		 .tier = 1,
		 .fault = "timeout",
		 .cost_pusd = 3},
		{.tier = 2,
		 .fault = last,
		 .status = status,
		 .total_us = 2 * us,
		 .cost_pusd = 100},
	};
	const struct ledger_row row = {.attempts = attempts,
				       .n_attempts = 3,
				       .agrees = agrees,
				       .cost_pusd = 113};

	eval_tally_add(t, &row, NULL, 0);
}

static void test_sums(void **state)
{
	struct ledger_label right = {.backend = "small", .right = true},
			    wrong = {.backend = "large"};
	struct ledger_label *labels[] = {&right, &wrong};
	struct ledger_attempt only = {
		.tier = 1, .total_us = 40, .cost_pusd = 1000};
	const struct ledger_row row = {.attempts = &only,
				       .n_attempts = 1,
				       .agrees = -1,
				       .cost_pusd = 1000};
	struct eval_tally t;

	(void)state;
	eval_tally_init(&t, &cascade);
	add(&t, NULL, NULL, 200, 10, 1);
	add(&t, NULL, NULL, 200, 30, 0);
	add(&t, "connect", NULL, 0, 20, -1);
	eval_tally_add(&t, &row, labels, 2);
	assert_int_equal(t.done, 4);
	assert_int_equal(t.failed, 2);
	assert_int_equal(t.agree, 1);
	assert_int_equal(t.differ, 1);
	assert_int_equal(t.spent_pusd, 3 * 113 + 1000);
	assert_int_equal(t.verify_pusd, 9);
	assert_int_equal(t.largest_pusd, 1000);
	assert_int_equal(t.tiers[0].answers, 3);
	assert_int_equal(t.tiers[0].failures, 1);
	assert_string_equal(t.tiers[0].why, "connect");
	assert_int_equal(t.tiers[0].cost_pusd, 1030);
	assert_int_equal(t.tiers[0].right, 1);
	assert_int_equal(t.tiers[0].labelled, 1);
	assert_int_equal(eval_tier_median_us(&t.tiers[0]), 30);
	assert_int_equal(t.tiers[1].answers, 3);
	assert_int_equal(t.tiers[1].failures, 1);
	assert_string_equal(t.tiers[1].why, "limits");
	assert_int_equal(t.tiers[1].right, 0);
	assert_int_equal(t.tiers[1].labelled, 1);
	assert_int_equal(eval_tier_median_us(&t.tiers[1]), 40);
	eval_tally_release(&t);
}

static void test_median(void **state)
{
	struct eval_tally t;

	(void)state;
	eval_tally_init(&t, &cascade);
	assert_int_equal(eval_tier_median_us(&t.tiers[0]), 0);
	for (int i = 0; i < 1000; i++)
		add(&t, NULL, NULL, 200, 999 - i, 1);
	assert_int_equal(eval_tier_median_us(&t.tiers[0]), 499);
	eval_tally_release(&t);
}

static void test_dead(void **state)
{
	struct eval_tally t;

	(void)state;
	eval_tally_init(&t, &cascade);
	for (int i = 0; i < EVAL_FAILS_MOST - 1; i++)
		add(&t, NULL, "connect", 0, 1, -1);
	assert_null(eval_tally_dead(&t));
	add(&t, NULL, NULL, 200, 1, 1);
	for (int i = 0; i < EVAL_FAILS_MOST - 1; i++)
		add(&t, NULL, "connect", 0, 1, -1);
	assert_null(eval_tally_dead(&t));
	add(&t, NULL, "connect", 0, 1, -1);
	assert_ptr_equal(eval_tally_dead(&t), &t.tiers[1]);
	eval_tally_release(&t);
}

/* Refusals for a question's sake: only where nothing was ever answered. */
static void test_refused_questions(void **state)
{
	struct eval_tally t;

	(void)state;
	eval_tally_init(&t, &cascade);
	add(&t, NULL, NULL, 200, 1, 1);
	for (int i = 0; i < 5 * EVAL_FAILS_MOST; i++)
		add(&t, "status", NULL, 400, 1, -1);
	assert_null(eval_tally_dead(&t));
	for (int i = 0; i < EVAL_FAILS_MOST; i++)
		add(&t, "status", NULL, 401, 1, -1);
	assert_ptr_equal(eval_tally_dead(&t), &t.tiers[0]);
	eval_tally_release(&t);
	eval_tally_init(&t, &cascade);
	for (int i = 0; i < EVAL_FAILS_MOST; i++)
		add(&t, "status", NULL, 400, 1, -1);
	assert_ptr_equal(eval_tally_dead(&t), &t.tiers[0]);
	eval_tally_release(&t);
}

static void test_budget(void **state)
{
	struct eval_tally t;

	(void)state;
	eval_tally_init(&t, &cascade);
	assert_true(eval_tally_affords(&t, 255, INT64_MAX));
	assert_true(eval_tally_affords(&t, 0, 1));
	assert_false(eval_tally_affords(&t, 1, INT64_MAX - 1));
	add(&t, NULL, NULL, 200, 1, 1); /* 113 */
	assert_true(eval_tally_affords(&t, 0, 226));
	assert_false(eval_tally_affords(&t, 0, 225));
	assert_false(eval_tally_affords(&t, 1, 338));
	assert_true(eval_tally_affords(&t, 1, 339));
	assert_true(eval_tally_affords(&t, 255, INT64_MAX - 1));
	assert_false(eval_tally_affords(&t, 0, 113));
	assert_false(eval_tally_affords(&t, 0, 1));
	/* What costs nothing may go on side by side. */
	eval_tally_release(&t);
	eval_tally_init(&t, &cascade);
	t.done = 1;
	assert_true(eval_tally_affords(&t, 7, 1));
	eval_tally_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_median),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_refused_questions),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests_name("eval_tally", tests, NULL, NULL);
}
