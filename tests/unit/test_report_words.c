/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a report says, it says for the right reason.
 */
#include "ctl/report_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "report_rig.h"

typedef void say_fn(struct buf *out, const struct report_view *v);

static struct buf out;

static int set_up(void **state)
{
	(void)state;
	buf_init(&out, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&out);
	return 0;
}

static const char *said(say_fn *say, const struct report_view *v)
{
	buf_clear(&out);
	say(&out, v);
	assert_int_equal(buf_add(&out, "", 1), 0);
	return out.p;
}

#define assert_says(say, v, words)	assert_non_null(strstr(said(say, v), words))
#define assert_silent_of(say, v, words) assert_null(strstr(said(say, v), words))

static void test_worth_it(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	assert_string_equal(report_verdict_name(&v), "worth it");
	assert_says(report_say_verdict, &v,
		    "Worth it. 1,000 requests cost $0.710 instead of $1.00: "
		    "$0.290 saved, 25.0\u00a0% of the price of always asking "
		    "large (limits 20.0\u00a0% to 30.0\u00a0%, each with "
		    "95\u00a0% confidence).");
}

static void test_bypass(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	v.worth_it = false;
	v.policies[REPORT_OPERATING].cost.at = 1.02;
	v.saving = (struct report_value){-0.02, -0.04, 0.01};
	assert_string_equal(report_verdict_name(&v), "bypass");
	assert_says(report_say_verdict, &v,
		    "Bypass it, and ask large directly.");
	assert_says(report_say_verdict, &v, "$0.0200 lost, 2.0\u00a0%");
	v.policies[REPORT_OPERATING].accepted = 0;
	assert_says(report_say_verdict, &v, "No cut keeps the promise");
}

static void test_no_verdict(void **state)
{
	struct report_view v = rig_empty();

	(void)state;
	assert_string_equal(report_verdict_name(&v), "no verdict");
	v = rig_view();
	v.policies[REPORT_EXPENSIVE].cost.at = NAN;
	assert_string_equal(report_verdict_name(&v), "no verdict");
	assert_says(report_say_verdict, &v, "show no price");
}

/* Cheap at any loss is no worth. */
static void test_no_promise(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	v.standing = REPORT_UNCALIBRATED;
	assert_false(report_is_worth_it(&v));
	assert_string_equal(report_verdict_name(&v), "no promise");
	assert_says(report_say_verdict, &v, "nothing bounds what it loses");
	v.policies[REPORT_FITTED] = v.policies[REPORT_OPERATING];
	v.policies[REPORT_OPERATING].accepted = 0.9;
	assert_says(report_say_standing, &v,
		    "Fitted cuts that lose no more would answer 40.0\u00a0% of "
		    "requests with small instead of 90.0\u00a0%");
}

static void test_standing(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	assert_says(report_say_standing, &v,
		    "Certified: with 95\u00a0% confidence at most 2\u00a0% of "
		    "all requests are lost. Tested on 750 rows that nothing "
		    "was fitted on: 7 lost, upper limit 1.8\u00a0%.");
	v.standing = REPORT_ESTIMATED;
	assert_says(report_say_standing, &v, "Estimated, not certified");
	assert_silent_of(report_say_standing, &v, "Certified");
	v.standing = REPORT_UNCALIBRATED;
	v.in_use = "It compares X.";
	assert_says(report_say_standing, &v, "Uncalibrated: ");
	assert_says(report_say_standing, &v, "It compares X.");
}

/* The loss is named for what it is, and without labels for what it is not. */
static void test_loss(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	assert_says(report_say_loss, &v, "by the labels");
	v.labelled = false;
	assert_says(report_say_loss, &v, "the true loss is smaller");
}

static void test_a_model_compares(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	v.labelled = false;
	v.comparator = "third";
	assert_says(report_say_loss, &v,
		    "the word of third. No row has both labels");
	assert_silent_of(report_say_loss, &v, "the true loss is smaller");
	v.n_labelled = 400;
	v.n_missed = 3;
	v.error_upper = 0.019;
	assert_says(
		report_say_loss, &v,
		"On 400 rows with both labels it hid 3 losses (upper limit "
		"1.9\u00a0%): that error comes on top, it is in no promise.");
	v.error_counted = true;
	assert_says(report_say_loss, &v,
		    "that error is in the promise, which so holds for requests "
		    "that small answers wrongly and large rightly.");
	v.labelled = true;
	assert_silent_of(report_say_loss, &v, "third");
}

static void test_nothing_decides(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	v.standing = REPORT_UNCALIBRATED;
	v.undecided = true;
	v.policies[REPORT_OPERATING].name = NULL;
	assert_says(report_say_standing, &v, "nothing decides yet");
	assert_silent_of(report_say_standing, &v, "its threshold");
	assert_string_equal(report_verdict_name(&v), "no verdict");
}

/* What the word stands for is said where it is not plain. */
static void test_what_the_check_is(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	v.checks = "check";
	v.n_kinds = 1;
	assert_silent_of(report_say_check, &v, "Here");
	v.checks = "judge";
	assert_says(report_say_check, &v, "Here the check is judge. 1,000");
	v.checks = "check and judge";
	v.checker = "large and small";
	v.n_kinds = 2;
	assert_says(report_say_check, &v,
		    "Here the check is check and judge, taken together. 1,000 "
		    "checks by large and small cost");
}

static void test_check_pays(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	assert_says(report_say_check, &v,
		    "1,000 checks by large cost $0.100, 10.0\u00a0% of as many "
		    "answers of large.");
	assert_says(report_say_check, &v, "asked of 50.0\u00a0% of requests");
	assert_says(report_say_check, &v,
		    "$0.710 instead of $0.860: it pays for itself and brings "
		    "$0.150.");
}

static void test_check_does_not_pay(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	v.policies[REPORT_OWN].cost.at = 0.70;
	assert_says(report_say_check, &v,
		    "it is not worth asking for, and without it $0.0100 would "
		    "be saved.");
	v.policies[REPORT_OPERATING].checked = 0;
	v.policies[REPORT_CHECK_ALL].cost.at = 0.75;
	assert_says(report_say_check, &v,
		    "1,000 requests would cost $0.750 instead of $0.710, "
		    "$0.0400 more: it is not worth asking for.");
	v.policies[REPORT_CHECK_ALL].cost.at = 0.70;
	assert_says(report_say_check, &v, "it may be worth asking for");
}

/* Its price cannot be told from the cheap answers'. */
static void test_check_early(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	v.check_early = true;
	v.check_usd = 0;
	assert_says(report_say_check, &v, "part of the cheap answers'");
	assert_silent_of(report_say_check, &v, "$0 ");
	assert_silent_of(report_say_check, &v, "asked of 50.0");
}

static void test_no_check(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	v.n_checks = 0;
	assert_says(report_say_check, &v, "no row has one");
	v.checker = NULL;
	assert_says(report_say_check, &v, "No check is configured");
}

static void test_rows(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	assert_says(report_say_rows, &v, "Measured on 1,000 rows");
	assert_says(report_say_rows, &v, "12 of them were stopped");
	assert_silent_of(report_say_rows, &v, "Set aside");
	v.n = 1;
	v.kept = true;
	assert_says(report_say_rows, &v, "left for a report");
	v.n_unknown = 3;
	v.n_enforce = 4;
	assert_says(report_say_rows, &v, "Measured on 1 row of");
	assert_says(report_say_rows, &v, "Set aside: 3 rows of which");
	assert_says(report_say_rows, &v, "Set aside: 4 rows of enforced");
}

static void test_warning(void **state)
{
	struct report_view v = rig_view();

	(void)state;
	assert_string_equal(said(report_say_warning, &v), "");
	v.own_rows = true;
	assert_says(report_say_warning, &v, "flatter it");
	assert_silent_of(report_say_warning, &v, "--seed");
	v.n_kept = 250;
	assert_says(report_say_warning, &v, "left 250 for a report");
	v.n = 150;
	assert_says(report_say_warning, &v, "150 rows are few");
	v.n = 0;
	assert_says(report_say_warning, &v, "no rows to measure on");
	v.cheap_free = v.check_free = true;
	assert_says(report_say_warning, &v, "No price of small is known");
	assert_says(report_say_warning, &v, "checks count as free");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_worth_it),
		TEST(test_bypass),
		TEST(test_no_verdict),
		TEST(test_no_promise),
		TEST(test_standing),
		TEST(test_loss),
		TEST(test_a_model_compares),
		TEST(test_nothing_decides),
		TEST(test_what_the_check_is),
		TEST(test_check_pays),
		TEST(test_check_does_not_pay),
		TEST(test_check_early),
		TEST(test_no_check),
		TEST(test_rows),
		TEST(test_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
