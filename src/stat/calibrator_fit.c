/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fits calibrators: two are logistic regressions on what p says, the third
 * pools.
 */
#include "stat/calibrator.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stat/curve.h"
#include "stat/draw.h"
#include "stat/isotonic.h"
#include "stat/newton.h"

#define FOLDS 5

static size_t count_true(const bool *y, size_t n)
{
	size_t n_true = 0;

	for (size_t i = 0; i < n; i++)
		n_true += y[i];
	return n_true;
}

static void drop(struct newton *t, size_t j)
{
	for (size_t i = 0; i < t->n; i++)
		t->x[i][j] = 0;
}

/* No weight but the intercept below 0: such a column is left out, and the
 * others are found anew. */
static void newton_rising(struct newton *t)
{
	for (newton_run(t); t->w[1] < 0 || t->w[2] < 0; newton_run(t))
		drop(t, t->w[1] < 0 ? 1 : 2);
}

static void platt_task(struct newton *t, const double *f, const bool *y,
		       size_t n)
{
	double n_true = (double)count_true(y, n);
	double n_false = (double)n - n_true;

	newton_init(t, n);
	for (size_t i = 0; i < n; i++) {
		t->x[i][0] = 1;
		t->x[i][1] = f[i];
		t->target[i] =
			y[i] ? (n_true + 1) / (n_true + 2) : 1 / (n_false + 2);
	}
}

void calibrator_platt(const double *f, const bool *y, size_t n, double *a,
		      double *b)
{
	struct newton t;

	platt_task(&t, f, y, n);
	newton_run(&t);
	*a = -t.w[1];
	*b = -t.w[0];
	newton_release(&t);
}

void calibrator_beta(const double *p, const bool *y, size_t n, double *a,
		     double *b, double *c)
{
	struct newton t;

	newton_init(&t, n);
	for (size_t i = 0; i < n; i++) {
		double q = calibrator_clip(p[i]);

		t.x[i][0] = 1;
		t.x[i][1] = log(q);
		t.x[i][2] = -log1p(-q);
		t.target[i] = y[i];
	}
	newton_rising(&t);
	*a = t.w[1];
	*b = t.w[2];
	*c = t.w[0];
	newton_release(&t);
}

static void fit_platt(struct calibrator *c, const double *p, const bool *y,
		      size_t n)
{
	double *z = mem_array(n, sizeof(*z));
	struct newton t;

	for (size_t i = 0; i < n; i++) {
		double q = calibrator_clip(p[i]);

		z[i] = log(q / (1 - q));
	}
	platt_task(&t, z, y, n);
	newton_rising(&t);
	c->a = -t.w[1];
	c->b = -t.w[0];
	newton_release(&t);
	free(z);
}

static void fit_isotonic(struct calibrator *c, const double *p, const bool *y,
			 size_t n)
{
	double *x = mem_array(n, sizeof(*x)), *right = mem_array(n, sizeof(*x));

	c->xs = mem_array(n, sizeof(*c->xs));
	c->ys = mem_array(n, sizeof(*c->ys));
	for (size_t i = 0; i < n; i++) {
		x[i] = calibrator_clip(p[i]);
		right[i] = y[i];
	}
	c->n_points = isotonic_fit(x, right, NULL, n, c->xs, c->ys);
	free(right);
	free(x);
}

void calibrator_fit(struct calibrator *c, enum calibrator_kind kind,
		    const double *p, const bool *y, size_t n)
{
	size_t n_true = count_true(y, n);

	if (kind != CALIBRATOR_NONE && (n_true == 0 || n_true == n))
		kind = CALIBRATOR_PLATT;
	*c = (struct calibrator){.kind = kind};
	if (kind == CALIBRATOR_PLATT)
		fit_platt(c, p, y, n);
	else if (kind == CALIBRATOR_BETA)
		calibrator_beta(p, y, n, &c->a, &c->b, &c->c);
	else if (kind == CALIBRATOR_ISOTONIC)
		fit_isotonic(c, p, y, n);
}

/* As many rows to each fold, give or take one. */
static void draw_folds(uint8_t *fold, size_t n, uint64_t seed)
{
	struct draw d = {seed};

	for (size_t i = 0; i < n; i++) {
		size_t j = draw_below(&d, i + 1);

		fold[i] = fold[j];
		fold[j] = (uint8_t)(i % FOLDS);
	}
}

/* What a calibrator that was fitted on the other folds makes of this one. */
static void judge_fold(enum calibrator_kind kind, const double *p,
		       const bool *y, const uint8_t *fold, size_t n,
		       uint8_t held_out, double *judged)
{
	double *fit_p = mem_array(n, sizeof(*fit_p));
	bool *fit_y = mem_array(n, sizeof(*fit_y));
	struct calibrator c;
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (fold[i] != held_out) {
			fit_p[m] = p[i];
			fit_y[m++] = y[i];
		}
	calibrator_fit(&c, kind, fit_p, fit_y, m);
	for (size_t i = 0; i < n; i++)
		if (fold[i] == held_out)
			judged[i] = calibrator_apply(&c, p[i]);
	calibrator_release(&c);
	free(fit_y);
	free(fit_p);
}

void calibrator_pick(struct calibrator *c, bool strict, const double *p,
		     const bool *y, size_t n, uint64_t seed)
{
	enum calibrator_kind last =
		strict ? CALIBRATOR_BETA : CALIBRATOR_ISOTONIC;
	enum calibrator_kind best = CALIBRATOR_PLATT;
	double *judged = mem_array(n, sizeof(*judged)), least = INFINITY;
	uint8_t *fold = mem_array(n, sizeof(*fold));

	draw_folds(fold, n, seed);
	for (enum calibrator_kind k = CALIBRATOR_PLATT; k <= last; k++) {
		double loss;

		for (uint8_t f = 0; f < FOLDS; f++)
			judge_fold(k, p, y, fold, n, f, judged);
		loss = curve_nll(judged, y, n);
		if (loss < least) {
			least = loss;
			best = k;
		}
	}
	calibrator_fit(c, best, p, y, n);
	free(fold);
	free(judged);
}
