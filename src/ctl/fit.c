/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fits heads and calibrators on rows of samples.
 */
#include "ctl/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/part.h"

/* Scores of each row by a head fitted without its fold. */
static int score_out_of_fold(const struct part *p, double *w, double *raw,
			     struct err *err)
{
	double b;

	for (unsigned char fold = 0; fold < PART_FOLDS; fold++) {
		if (!memchr(p->fold, fold, p->n))
			continue;
		if (part_fit(p, fold, w, &b, err) != 0)
			return -1;
		for (size_t i = 0; i < p->n; i++)
			if (p->fold[i] == fold)
				raw[i] = part_score(p, i, w, b);
	}
	return 0;
}

/* Raw scores out of fold become probabilities by a calibrator that did not see
 * their fold either. */
static void calibrate_out_of_fold(const struct part *p,
				  enum calibrator_kind kind, const double *raw,
				  double *out)
{
	double *x = mem_array(p->n, sizeof(*x));
	bool *y = mem_array(p->n, sizeof(*y));

	for (unsigned char fold = 0; fold < PART_FOLDS; fold++) {
		struct calibrator c;
		size_t n = 0;

		for (size_t i = 0; i < p->n; i++)
			if (p->fold[i] != fold) {
				x[n] = raw[i];
				y[n++] = p->y[i];
			}
		calibrator_fit(&c, kind, x, y, n);
		for (size_t i = 0; i < p->n; i++)
			if (p->fold[i] == fold)
				out[p->at[i]] = calibrator_apply(&c, raw[i]);
		calibrator_release(&c);
	}
	free(x);
	free(y);
}

/* Cuts are drawn on these and meet scores of the head and the calibrator in
 * use, so the same calibrator is asked. */
static void calibrate_all(const struct part *p, const struct calibrator *c,
			  const double *raw, double *out)
{
	for (size_t i = 0; i < p->n; i++)
		out[p->at[i]] = calibrator_apply(c, raw[i]);
}

/* A calibrator that saw no skill maps all to one, and no cut is left. The order
 * may have some yet, as the head is fitted on more rows than it was tried on,
 * so regret then stays as the head says. */
static void keep_order(struct calibrator *c)
{
	if (calibrator_apply(c, .1) < calibrator_apply(c, .9))
		return;
	calibrator_release(c);
	*c = (struct calibrator){.kind = CALIBRATOR_NONE};
}

static int fit_part(const struct part_task *t, const struct part *p,
		    double *cross, struct err *err)
{
	struct head *head = &t->h->head[t->stage][t->kind];
	double *w = mem_array(p->n_features + 1, sizeof(*w)), b;
	double *raw = mem_array(p->n, sizeof(*raw));
	int rc = score_out_of_fold(p, w, raw, err);

	if (rc == 0)
		rc = part_fit(p, PART_FOLDS, w, &b, err);
	if (rc == 0) {
		part_set_head(p, w, b, head);
		calibrator_pick(&head->calibrator, t->kind == HEADS_REGRET, raw,
				p->y, p->n, t->o->seed);
		if (t->kind == HEADS_REGRET)
			keep_order(&head->calibrator);
		if (t->kind == HEADS_REGRET)
			calibrate_all(p, &head->calibrator, raw, cross);
		else
			calibrate_out_of_fold(p, head->calibrator.kind, raw,
					      cross);
	}
	free(w);
	free(raw);
	return rc;
}

static int fit_head(const struct part_task *t, struct fit_rows rows,
		    double *cross, struct err *err)
{
	struct part p;
	int rc;

	part_init(&p, t, rows);
	if (p.n == 0)
		rc = err_set(err, ERR_PARSE, "no row to fit %s %s the check on",
			     t->kind == HEADS_REGRET ? "regret" : "confidence",
			     t->stage == HEADS_BEFORE ? "before" : "after");
	else
		rc = fit_part(t, &p, cross, err);
	part_release(&p);
	return rc;
}

static void scores_init(struct fit_scores *f, size_t n)
{
	f->n = n;
	for (int s = 0; s < HEADS_NSTAGES; s++) {
		f->regret[s] = mem_array(n + 1, sizeof(double));
		f->confidence[s] = mem_array(n + 1, sizeof(double));
		for (size_t i = 0; i < n; i++)
			f->regret[s][i] = f->confidence[s][i] = NAN;
	}
}

void fit_scores_release(struct fit_scores *f)
{
	for (int s = 0; s < HEADS_NSTAGES; s++) {
		free(f->regret[s]);
		free(f->confidence[s]);
	}
	*f = (struct fit_scores){0};
}

static bool any_check(const struct samples *s, struct fit_rows rows)
{
	for (size_t i = 0; i < rows.n; i++)
		if (part_takes(&s->v[rows.i[i]], HEADS_AFTER))
			return true;
	return false;
}

/* Stages that h has. */
static int n_stages(const struct heads *h)
{
	return h->has_after ? HEADS_NSTAGES : 1;
}

static enum heads_stage stage_of(const struct heads *h, size_t feature)
{
	return feature < h->n[HEADS_BEFORE] ? HEADS_BEFORE : HEADS_AFTER;
}

static bool any_missing(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return true;
	return false;
}

static void fit_knots(struct heads *h, const struct samples *s,
		      struct fit_rows rows)
{
	double *x = mem_array(rows.n + 1, sizeof(*x));

	for (size_t j = 0; j < h->n[HEADS_AFTER]; j++) {
		size_t n = 0;

		h->features[j].name = s->names[j];
		for (size_t i = 0; i < rows.n; i++)
			if (part_takes(&s->v[rows.i[i]], stage_of(h, j)))
				x[n++] = s->v[rows.i[i]].values[j];
		h->features[j].may_miss = any_missing(x, n);
		spline_fit(&h->features[j].spline, x, n);
	}
	free(x);
}

static void heads_shape(struct heads *h, const struct samples *s,
			const struct fit_options *o, struct fit_rows rows)
{
	*h = (struct heads){.labelled = o->labelled,
			    .has_after = o->check && any_check(s, rows),
			    .n_words = o->words ? s->n_words : 0};
	h->n[HEADS_BEFORE] = s->n_before;
	h->n[HEADS_AFTER] = h->has_after ? s->n_names : s->n_before;
	h->features = mem_array(h->n[HEADS_AFTER] + 1, sizeof(*h->features));
	fit_knots(h, s, rows);
}

int fit_heads(struct heads *h, const struct samples *s,
	      const struct fit_options *o, struct fit_rows rows,
	      struct fit_rows more, struct fit_scores *cross,
	      struct fit_scores *cross_more, struct err *err)
{
	struct heads fitted;
	int rc = 0;

	heads_shape(&fitted, s, o, rows);
	scores_init(cross, rows.n);
	scores_init(cross_more, more.n);
	for (int st = 0; rc == 0 && st < n_stages(&fitted); st++) {
		struct part_task t = {&fitted, s, o, st, HEADS_REGRET};

		rc = fit_head(&t, rows, cross->regret[st], err);
		t.kind = HEADS_CONFIDENCE;
		if (rc == 0 && o->labelled)
			rc = fit_head(&t, more, cross_more->confidence[st],
				      err);
	}
	if (rc == 0) {
		*h = fitted;
		return 0;
	}
	heads_release(&fitted);
	fit_scores_release(cross);
	fit_scores_release(cross_more);
	return -1;
}

void fit_score(const struct heads *h, const struct samples *s,
	       struct fit_rows rows, struct fit_scores *out)
{
	scores_init(out, rows.n);
	for (int st = 0; st < n_stages(h); st++)
		for (size_t i = 0; i < rows.n; i++) {
			const struct sample *row = &s->v[rows.i[i]];
			struct heads_score score;

			if (!part_takes(row, st) ||
			    heads_lack(h, st, row->values))
				continue;
			score = heads_apply(h, st, row->values, &row->words);
			out->regret[st][i] = score.regret;
			out->confidence[st][i] = score.confidence;
		}
}
