/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads fitted to rows of which the truth is known.
 */
#include "ctl/fit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "near.h"
#include "stat/curve.h"
#include "synthetic.h"

static const struct fit_options all_of_it = {
	.seed = 7, .labelled = true, .check = true, .words = true};

struct fitted {
	size_t *i;
	struct fit_rows rows;
	struct heads heads;
	struct fit_scores cross, cross_more, direct;
};

static void fit_all(struct fitted *f, const struct samples *s,
		    const struct fit_options *o)
{
	struct err err = {0};

	f->i = mem_array(s->n + 1, sizeof(*f->i));
	for (size_t i = 0; i < s->n; i++)
		f->i[i] = i;
	f->rows = (struct fit_rows){f->i, s->n};
	if (fit_heads(&f->heads, s, o, f->rows, f->rows, &f->cross,
		      &f->cross_more, &err) != 0)
		fail_msg("%s", err.text);
	fit_score(&f->heads, s, f->rows, &f->direct);
}

static void fitted_release(struct fitted *f)
{
	heads_release(&f->heads);
	fit_scores_release(&f->cross);
	fit_scores_release(&f->cross_more);
	fit_scores_release(&f->direct);
	free(f->i);
}

static double auroc(const struct samples *s, const double *score,
		    bool of_confidence)
{
	bool *y = mem_array(s->n, sizeof(*y));
	double area;

	for (size_t i = 0; i < s->n; i++)
		y[i] = of_confidence
			       ? s->v[i].cheap_right == KNOWN_TRUE
			       : sample_loss(&s->v[i], true) == KNOWN_TRUE;
	area = curve_auroc(score, y, s->n);
	free(y);
	return area;
}

/* By the head alone: a calibrator that saw no skill out of fold is flat. */
static double auroc_by_heart(const struct samples *s, struct fitted *f)
{
	fit_scores_release(&f->direct);
	calibrator_release(&f->heads.head[0][HEADS_REGRET].calibrator);
	f->heads.head[0][HEADS_REGRET].calibrator =
		(struct calibrator){.kind = CALIBRATOR_NONE};
	fit_score(&f->heads, s, f->rows, &f->direct);
	return auroc(s, f->direct.regret[0], false);
}

static double mean(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

static void test_learns_what_is_there(void **state)
{
	struct samples s = synthetic(2000, 1);
	struct fitted f;

	(void)state;
	fit_all(&f, &s, &all_of_it);
	assert_true(f.heads.has_after);
	/* u itself, which the check all but knows, has .88. */
	for (int st = 0; st < HEADS_NSTAGES; st++) {
		double least = st == HEADS_BEFORE ? .75 : .8;

		assert_true(auroc(&s, f.cross.regret[st], false) > least);
		assert_true(auroc(&s, f.cross_more.confidence[st], true) >
			    least);
		assert_true(auroc(&s, f.direct.regret[st], false) > least);
	}
	/* Calibrated: a third of the replies are wrong. */
	assert_near(mean(f.cross.regret[0], s.n), 1. / 3, .03);
	assert_near(mean(f.cross_more.confidence[1], s.n), 2. / 3, .03);
	fitted_release(&f);
	arena_free(s.arena);
}

static void test_same_seed_same_heads(void **state)
{
	struct samples s = synthetic(300, 2);
	struct fitted a, b;

	(void)state;
	fit_all(&a, &s, &all_of_it);
	fit_all(&b, &s, &all_of_it);
	assert_memory_equal(a.cross.regret[1], b.cross.regret[1],
			    s.n * sizeof(double));
	assert_memory_equal(a.direct.confidence[0], b.direct.confidence[0],
			    s.n * sizeof(double));
	fitted_release(&a);
	fitted_release(&b);
	arena_free(s.arena);
}

/* Labels that no signal can know: out of fold the score is near chance,
 * although the heads have learnt their rows by heart. */
static void test_out_of_fold_has_not_seen(void **state)
{
	struct samples s = synthetic(200, 3);
	unsigned short seed[3] = {9, 9, 9};
	struct fitted f;

	(void)state;
	s.n_words = 1024;
	for (size_t i = 0; i < s.n; i++) {
		uint16_t *own = arena_get(s.arena, 2 * sizeof(*own));

		own[0] = (uint16_t)(2 * i);
		own[1] = (uint16_t)(2 * i + 1);
		s.v[i].words = (struct word_set){own, 2, 10};
		s.v[i].cheap_right =
			erand48(seed) < .5 ? KNOWN_TRUE : KNOWN_FALSE;
	}
	fit_all(&f, &s, &all_of_it);
	assert_true(auroc_by_heart(&s, &f) > .95);
	assert_true(auroc(&s, f.cross.regret[0], false) < .65);
	assert_true(auroc(&s, f.cross_more.confidence[0], true) < .65);
	fitted_release(&f);
	arena_free(s.arena);
}

/* A request that was recorded ten times is in one fold, or the heads would
 * know it. */
static void test_repeats_share_a_fold(void **state)
{
	struct samples s = synthetic(400, 4);
	unsigned short seed[3] = {9, 9, 9};
	struct fitted f;

	(void)state;
	s.n_words = 64;
	for (size_t i = 0; i < s.n; i++) {
		uint16_t *own = arena_get(s.arena, sizeof(*own));

		if (i % 10 != 0) {
			s.v[i] = s.v[i - 1];
			continue;
		}
		own[0] = (uint16_t)(i / 10);
		s.v[i].words = (struct word_set){own, 1, 10};
		s.v[i].cheap_right =
			erand48(seed) < .5 ? KNOWN_TRUE : KNOWN_FALSE;
	}
	fit_all(&f, &s, &all_of_it);
	assert_true(auroc_by_heart(&s, &f) > .9);
	assert_true(auroc(&s, f.cross.regret[0], false) < .75);
	fitted_release(&f);
	arena_free(s.arena);
}

static void test_separable(void **state)
{
	struct samples s = synthetic(200, 5);
	struct fitted f;

	(void)state;
	for (size_t i = 0; i < s.n; i++)
		s.v[i].cheap_right =
			s.v[i].values[0] < .5 ? KNOWN_TRUE : KNOWN_FALSE;
	fit_all(&f, &s, &all_of_it);
	assert_true(auroc(&s, f.cross.regret[0], false) > .97);
	for (size_t i = 0; i < s.n; i++)
		assert_in_range(f.direct.regret[0][i] * 1e6, 0, 1000000);
	fitted_release(&f);
	arena_free(s.arena);
}

/* Signals that say nothing and rows that never lose: a constant near 0. */
static void test_constant(void **state)
{
	static const double same[SYNTHETIC_NAMES] = {1, NAN, INFINITY};
	struct samples s = synthetic(50, 6);
	struct fitted f;

	(void)state;
	for (size_t i = 0; i < s.n; i++) {
		s.v[i].values = same;
		s.v[i].cheap_right = KNOWN_TRUE;
	}
	fit_all(&f, &s, &all_of_it);
	for (size_t i = 0; i < s.n; i++) {
		assert_true(f.direct.regret[0][i] < .05);
		assert_near(f.direct.regret[0][i], f.direct.regret[0][0], 0);
		assert_true(f.direct.confidence[1][i] > .95);
	}
	fitted_release(&f);
	arena_free(s.arena);
}

static void test_missing_is_a_signal(void **state)
{
	struct samples s = synthetic(300, 7);
	double *values;
	struct fitted f;

	(void)state;
	for (size_t i = 0; i < s.n; i++) {
		values = arena_get(s.arena, SYNTHETIC_NAMES * sizeof(*values));
		values[0] = i % 3 ? .5 : NAN;
		values[1] = values[2] = NAN;
		s.v[i].values = values;
		s.v[i].cheap_right = i % 3 ? KNOWN_TRUE : KNOWN_FALSE;
	}
	fit_all(&f, &s, &all_of_it);
	assert_true(f.direct.regret[0][0] > .9);
	assert_true(f.direct.regret[0][1] < .1);
	fitted_release(&f);
	arena_free(s.arena);
}

/* Barred rows, unknown outcomes, rows without a check. */
static void test_rows_without_scores(void **state)
{
	struct samples s = synthetic(300, 8);
	struct fitted f;

	(void)state;
	s.v[0].barred = "gate:empty";
	s.v[1].has_check = false;
	s.v[2].cheap_right = KNOWN_NOT;
	fit_all(&f, &s, &all_of_it);
	assert_true(isnan(f.cross.regret[0][0]));
	assert_true(isnan(f.direct.regret[0][0]));
	assert_true(!isnan(f.cross.regret[0][1]));
	assert_true(isnan(f.cross.regret[1][1]));
	assert_true(isnan(f.direct.confidence[1][1]));
	assert_true(isnan(f.cross.regret[0][2]));
	assert_true(!isnan(f.direct.regret[0][2]));
	fitted_release(&f);
	arena_free(s.arena);
}

/* Without labels there is one head a stage, and confidence is what is left. */
static void test_pairs_without_labels(void **state)
{
	struct samples s = synthetic(500, 9);
	struct fit_options o = all_of_it;
	struct fitted f;

	(void)state;
	o.labelled = false;
	for (size_t i = 0; i < s.n; i++) {
		s.v[i].same = s.v[i].cheap_right;
		s.v[i].cheap_right = KNOWN_NOT;
	}
	fit_all(&f, &s, &o);
	assert_false(f.heads.labelled);
	assert_null(f.heads.head[0][HEADS_CONFIDENCE].weights);
	assert_true(isnan(f.cross_more.confidence[0][0]));
	for (size_t i = 0; i < s.n; i++)
		assert_near(f.direct.confidence[0][i],
			    1 - f.direct.regret[0][i], 1e-12);
	fitted_release(&f);
	arena_free(s.arena);
}

static void test_no_check_no_stage(void **state)
{
	struct samples s = synthetic(100, 10);
	struct fit_options o = all_of_it;
	struct fitted f;

	(void)state;
	o.check = false;
	fit_all(&f, &s, &o);
	assert_false(f.heads.has_after);
	assert_int_equal(f.heads.n[HEADS_AFTER], SYNTHETIC_BEFORE);
	assert_true(isnan(f.direct.regret[1][0]));
	fitted_release(&f);
	o.check = true;
	for (size_t i = 0; i < s.n; i++)
		s.v[i].has_check = false;
	fit_all(&f, &s, &o);
	assert_false(f.heads.has_after);
	fitted_release(&f);
	arena_free(s.arena);
}

static void test_nothing_to_fit_on(void **state)
{
	struct samples s = synthetic(3, 11);
	size_t i[] = {0, 1, 2};
	struct fit_rows rows = {i, 3};
	struct fit_scores cross, more;
	struct err err = {0};
	struct heads h;

	(void)state;
	for (size_t k = 0; k < s.n; k++)
		s.v[k].barred = "no_signal";
	assert_int_equal(
		fit_heads(&h, &s, &all_of_it, rows, rows, &cross, &more, &err),
		-1);
	assert_int_equal(err.kind, ERR_PARSE);
	arena_free(s.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learns_what_is_there),
		cmocka_unit_test(test_same_seed_same_heads),
		cmocka_unit_test(test_out_of_fold_has_not_seen),
		cmocka_unit_test(test_repeats_share_a_fold),
		cmocka_unit_test(test_separable),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_missing_is_a_signal),
		cmocka_unit_test(test_rows_without_scores),
		cmocka_unit_test(test_pairs_without_labels),
		cmocka_unit_test(test_no_check_no_stage),
		cmocka_unit_test(test_nothing_to_fit_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
