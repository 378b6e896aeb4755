/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises made on synthetic traffic and held against its truth.
 */
#include "ctl/calibration.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "near.h"
#include "stat/binom.h"
#include "synthetic.h"

static const struct calibration_options usual = {
	.max_error = .05, .delta = .1, .seed = 3};

static void run(struct calibration *c, const struct samples *s,
		const struct calibration_options *o)
{
	struct err err = {0};

	if (calibration_run(c, s, o, &err) != 0)
		fail_msg("%s", err.text);
}

/* Risk and saving of the cuts on traffic to come. */
static struct cuts_sum meet(const struct calibration *c,
			    const struct samples *s)
{
	size_t *i = mem_array(s->n, sizeof(*i));
	struct cuts_row *rows = mem_array(s->n, sizeof(*rows));
	struct fit_rows all = {i, s->n};
	struct fit_scores scores;
	struct cuts_sum sum;

	for (size_t k = 0; k < s->n; k++)
		i[k] = k;
	fit_score(&c->heads, s, all, &scores);
	calibration_rows(s, c->labelled, all, &scores, rows);
	sum = cuts_count(&c->cuts, rows, s->n);
	fit_scores_release(&scores);
	free(rows);
	free(i);
	return sum;
}

static void test_figures_agree(void **state)
{
	struct samples s = synthetic(1200, 1);
	struct calibration c;

	(void)state;
	run(&c, &s, &usual);
	assert_true(c.labelled && c.certified);
	assert_int_equal(c.n_fit, 300);
	assert_int_equal(c.n_certify, 900);
	assert_int_equal(c.n_report, 0);
	assert_int_equal(c.n_unknown, 0);
	assert_int_equal(c.n_least, 45);
	assert_in_range(c.n_passed, 2, c.n_tested);
	assert_near(c.risk, (double)c.n_losses / 900, 1e-12);
	assert_near(c.risk_upper, binom_upper(c.n_losses, 900, .1), 1e-12);
	assert_true(c.risk_upper <= .05);
	assert_true(c.accept > .3 && c.accept < 1);
	assert_true(c.economy.low < c.economy.net_saving);
	assert_near(c.economy.route_price, .1, 1e-12);
	assert_true(c.economy.worth_it);
	/* The check is good and cheap. */
	assert_true(c.checked > 0);
	assert_true(c.economy.net_saving >= c.way[CUTS_UNCHECKED].net_saving);
	assert_near(c.economy.net_saving, c.way[CUTS_BAND].net_saving, 1e-12);
	assert_true(c.quality[0].n == 1200 && c.quality[0].auroc > .7);
	assert_true(c.quality[1].regret_auroc > .7);
	assert_true(c.quality[0].ece < .06);
	calibration_release(&c);
	arena_free(s.arena);
}

static void test_promise_is_kept(void **state)
{
	enum { TRIALS = 40 };
	struct samples truth = synthetic(20000, 999);
	int broken = 0, naive_broken = 0;

	(void)state;
	for (uint16_t t = 0; t < TRIALS; t++) {
		struct samples s = synthetic(600, t);
		struct calibration c;
		struct cuts_sum sum;

		run(&c, &s, &usual);
		sum = meet(&c, &truth);
		broken += (double)sum.n_losses > .05 * (double)sum.n;
		assert_true(sum.n_accepted > sum.n / 10);
		c.cuts = c.naive;
		sum = meet(&c, &truth);
		naive_broken += (double)sum.n_losses > .05 * (double)sum.n;
		calibration_release(&c);
		arena_free(s.arena);
	}
	/* 4 expected at most, 2 standard deviations are 3.8. */
	assert_in_range(broken, 0, 7);
	/* Had "so few were seen" been enough. */
	assert_in_range(naive_broken, 12, TRIALS);
	arena_free(truth.arena);
}

static void test_out_of_fold_is_estimated(void **state)
{
	struct samples s = synthetic(600, 2);
	struct calibration_options o = usual;
	struct calibration c;

	(void)state;
	o.out_of_fold = true;
	run(&c, &s, &o);
	assert_false(c.certified);
	assert_int_equal(c.n_fit, 600);
	assert_int_equal(c.n_certify, 600);
	assert_true(c.risk_upper <= .05);
	calibration_release(&c);
	arena_free(s.arena);
}

static void test_report_is_kept_apart(void **state)
{
	struct samples s = synthetic(1000, 2);
	struct calibration_options o = usual;
	struct calibration c;

	(void)state;
	o.report_share = .2;
	run(&c, &s, &o);
	assert_int_equal(c.n_report, 200);
	assert_int_equal(c.n_fit, 200);
	assert_int_equal(c.n_certify, 600);
	assert_int_equal(c.report.n, 200);
	assert_int_equal(c.quality[0].n, 200);
	calibration_release(&c);
	arena_free(s.arena);
}

/* What a score has chosen certifies nothing. */
static void test_enforced_rows_only_fit(void **state)
{
	struct samples s = synthetic(800, 4);
	struct calibration_options o = usual;
	struct calibration c;

	(void)state;
	for (size_t i = 0; i < 400; i++)
		s.v[i].mode = SAMPLE_ENFORCE;
	run(&c, &s, &o);
	assert_int_equal(c.n_fit, 400 + 100);
	assert_int_equal(c.n_certify, 300);
	calibration_release(&c);
	o.out_of_fold = true;
	run(&c, &s, &o);
	assert_int_equal(c.n_fit, 800);
	assert_int_equal(c.n_certify, 400);
	calibration_release(&c);
	for (size_t i = 0; i < 800; i++)
		s.v[i].mode = SAMPLE_ENFORCE;
	run(&c, &s, &usual);
	assert_int_equal(c.n_certify, 0);
	assert_near(c.risk_upper, 1, 0);
	assert_false(c.certified);
	assert_true(c.cuts.accept < 0 && c.cuts.check < 0);
	calibration_release(&c);
	arena_free(s.arena);
}

/* 59 certifying rows show nothing about 1 %, lose as none may. */
static void test_too_few_rows(void **state)
{
	struct samples s = synthetic(79, 5);
	struct calibration_options o = usual;
	struct calibration c;

	(void)state;
	o.max_error = .01;
	for (size_t i = 0; i < s.n; i++)
		s.v[i].cheap_right = KNOWN_TRUE;
	run(&c, &s, &o);
	assert_int_equal(c.n_least, 230);
	assert_int_equal(c.n_passed, 0);
	assert_true(c.cuts.accept < 0 && c.cuts.check < 0);
	assert_near(c.accept, 0, 0);
	assert_false(c.economy.worth_it);
	calibration_release(&c);
	arena_free(s.arena);
}

static void test_dear_check_is_left_out(void **state)
{
	struct samples s = synthetic(1200, 1);
	struct calibration c;

	(void)state;
	for (size_t i = 0; i < s.n; i++)
		s.v[i].check_usd = 1;
	run(&c, &s, &usual);
	assert_near(c.checked, 0, 0);
	assert_true(c.cuts.check == c.cuts.accept);
	assert_true(c.accept > .1);
	assert_true(c.way[CUTS_CHECK_ALL].net_saving < c.economy.net_saving);
	calibration_release(&c);
	arena_free(s.arena);
}

static void test_nothing_saved_is_bypassed(void **state)
{
	struct samples s = synthetic(1200, 1);
	struct calibration c;

	(void)state;
	for (size_t i = 0; i < s.n; i++)
		s.v[i].cheap_usd = .9;
	run(&c, &s, &usual);
	assert_true(c.accept > .3);
	assert_true(c.economy.net_saving < 0);
	assert_false(c.economy.worth_it);
	calibration_release(&c);
	arena_free(s.arena);
}

/* Without prices the most accepted is the best, and no saving is claimed. */
static void test_no_prices(void **state)
{
	struct samples s = synthetic(1200, 1);
	struct calibration c;

	(void)state;
	for (size_t i = 0; i < s.n; i++)
		s.v[i].cheap_usd = s.v[i].check_usd = s.v[i].expensive_usd =
			NAN;
	run(&c, &s, &usual);
	assert_true(c.accept > .3);
	assert_true(isnan(c.economy.net_saving));
	assert_true(isnan(c.way[CUTS_UNCHECKED].net_saving));
	assert_false(c.economy.worth_it);
	calibration_release(&c);
	arena_free(s.arena);
}

static void test_pairs_without_labels(void **state)
{
	struct samples s = synthetic(800, 6);
	struct calibration c;

	(void)state;
	for (size_t i = 0; i < s.n; i++) {
		s.v[i].same = s.v[i].cheap_right;
		s.v[i].cheap_right = s.v[i].expensive_right = KNOWN_NOT;
	}
	s.v[0].same = KNOWN_NOT;
	run(&c, &s, &usual);
	assert_false(c.labelled);
	assert_int_equal(c.n_unknown, 1);
	assert_true(c.certified && c.risk_upper <= .05 && c.accept > .2);
	assert_int_equal(c.quality[0].n, c.n_certify);
	assert_near(c.quality[0].auroc, c.quality[0].regret_auroc, 1e-9);
	calibration_release(&c);
	arena_free(s.arena);
}

/* A judge that calls the same so many of every ten losses; every third row has
 * labels. */
static struct samples judged(size_t n, uint16_t seed, size_t hidden)
{
	struct samples s = synthetic(n, seed);
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		struct sample *row = &s.v[i];
		bool lost = row->cheap_right == KNOWN_FALSE;

		row->same =
			lost && k++ % 10 >= hidden ? KNOWN_FALSE : KNOWN_TRUE;
		if (i % 3)
			row->cheap_right = row->expensive_right = KNOWN_NOT;
	}
	return s;
}

/* What the judge hides is taken off, and the limits are of both. */
static void test_error_of_a_judge(void **state)
{
	struct samples s = judged(6000, 6, 1);
	struct calibration_options o = usual;
	struct calibration with, without;

	(void)state;
	o.max_error = .1;
	run(&without, &s, &o);
	o.judged = true;
	run(&with, &s, &o);
	assert_false(without.judged || without.error_counted);
	assert_true(with.judged && with.error_counted && !with.labelled);
	assert_int_equal(with.misses.n_labelled, 2000);
	assert_in_range(with.misses.n_missed, 40, 90);
	assert_near(with.misses.upper,
		    binom_upper(with.misses.n_missed, 2000, .05), 1e-12);
	assert_near(with.risk_upper,
		    binom_upper(with.n_losses, with.n_certify, .05) +
			    with.misses.upper,
		    1e-12);
	assert_true(with.risk_upper <= .1);
	assert_int_equal(with.n_least,
			 binom_least(.1 - with.misses.upper, .05));
	assert_true(with.accept > 0 && with.accept < without.accept);
	calibration_release(&with);
	calibration_release(&without);
	arena_free(s.arena);
}

/* It leaves nothing, or nobody knows it: then it is said to be left out. */
static void test_error_that_cannot_be_counted(void **state)
{
	struct samples s = judged(3000, 6, 5);
	struct calibration_options o = usual;
	struct calibration plain, c;

	(void)state;
	run(&plain, &s, &o);
	o.judged = true;
	run(&c, &s, &o);
	assert_true(c.judged && !c.error_counted);
	assert_true(c.misses.upper > .05 && c.certified);
	assert_near(c.accept, plain.accept, 0);
	assert_near(c.risk_upper, plain.risk_upper, 0);
	calibration_release(&c);
	for (size_t i = 0; i < s.n; i++)
		s.v[i].cheap_right = KNOWN_NOT;
	run(&c, &s, &o);
	assert_true(c.misses.n_labelled == 0 && c.misses.upper == 1);
	assert_true(c.judged && !c.error_counted);
	calibration_release(&c);
	calibration_release(&plain);
	arena_free(s.arena);
}

/* Then nobody's word is needed. */
static void test_labels_go_before_a_judge(void **state)
{
	struct samples s = synthetic(800, 6);
	struct calibration_options o = usual;
	struct calibration c;

	(void)state;
	o.judged = true;
	for (size_t i = 0; i < s.n; i++)
		s.v[i].same = KNOWN_TRUE;
	run(&c, &s, &o);
	assert_true(c.labelled && !c.judged && !c.error_counted);
	calibration_release(&c);
	arena_free(s.arena);
}

static void test_barred_rows_count_and_escalate(void **state)
{
	struct samples s = synthetic(1000, 7);
	struct calibration c;

	(void)state;
	for (size_t i = 0; i < s.n; i += 2)
		s.v[i].barred = "gate:refusal";
	run(&c, &s, &usual);
	assert_int_equal(c.n_certify, 750);
	assert_true(c.accept > .1 && c.accept < .55);
	calibration_release(&c);
	arena_free(s.arena);
}

static void test_same_seed_same_result(void **state)
{
	struct samples s = synthetic(500, 8);
	struct calibration_options o = usual;
	struct calibration a, b, other;

	(void)state;
	run(&a, &s, &o);
	run(&b, &s, &o);
	o.seed = 4;
	run(&other, &s, &o);
	assert_near(a.cuts.accept, b.cuts.accept, 0);
	assert_near(a.economy.low, b.economy.low, 0);
	assert_near(a.quality[0].ece_high, b.quality[0].ece_high, 0);
	assert_true(a.cuts.accept != other.cuts.accept);
	calibration_release(&a);
	calibration_release(&b);
	calibration_release(&other);
	arena_free(s.arena);
}

static void test_several_promises_by_one_fit(void **state)
{
	struct samples s = synthetic(900, 9);
	struct calibration one, two;
	struct calibration_fit *f;
	struct err err = {0};

	(void)state;
	run(&one, &s, &usual);
	f = calibration_fit_new(&s, &usual, &err);
	assert_non_null(f);
	calibration_promise(f, .1, &two);
	assert_true(two.accept > one.accept);
	calibration_promise(f, .05, &two);
	assert_near(two.cuts.accept, one.cuts.accept, 0);
	assert_near(two.accept, one.accept, 0);
	calibration_fit_free(f);
	calibration_release(&one);
	arena_free(s.arena);
}

static void refuse(const struct samples *s, const struct calibration_options *o,
		   enum err_kind kind)
{
	struct err err = {0};
	struct calibration c;

	assert_int_equal(calibration_run(&c, s, o, &err), -1);
	assert_int_equal(err.kind, kind);
}

static void test_refusals(void **state)
{
	struct samples s = synthetic(100, 1), none = s;
	struct calibration_options o = usual;

	(void)state;
	none.n = 0;
	refuse(&none, &usual, ERR_PARSE);
	o.max_error = 0;
	refuse(&s, &o, ERR_USAGE);
	o = usual;
	o.max_error = NAN;
	refuse(&s, &o, ERR_USAGE);
	o = usual;
	o.delta = 1;
	refuse(&s, &o, ERR_USAGE);
	o = usual;
	o.report_share = 1;
	refuse(&s, &o, ERR_USAGE);
	arena_free(s.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures_agree),
		cmocka_unit_test(test_promise_is_kept),
		cmocka_unit_test(test_out_of_fold_is_estimated),
		cmocka_unit_test(test_report_is_kept_apart),
		cmocka_unit_test(test_enforced_rows_only_fit),
		cmocka_unit_test(test_too_few_rows),
		cmocka_unit_test(test_dear_check_is_left_out),
		cmocka_unit_test(test_nothing_saved_is_bypassed),
		cmocka_unit_test(test_no_prices),
		cmocka_unit_test(test_pairs_without_labels),
		cmocka_unit_test(test_error_of_a_judge),
		cmocka_unit_test(test_error_that_cannot_be_counted),
		cmocka_unit_test(test_labels_go_before_a_judge),
		cmocka_unit_test(test_barred_rows_count_and_escalate),
		cmocka_unit_test(test_same_seed_same_result),
		cmocka_unit_test(test_several_promises_by_one_fit),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
