/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws, calibrates, judges.
 */
#include "trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stat/curve.h"
#include "stat/draw.h"

#define FOR_TRIAL 1000 /* draws by the seed; calibration has its own */

/* Indices of the file. */
struct drawn {
	size_t *in;    /* plan.n of them */
	size_t *judge; /* where cuts are judged */
	size_t n_judge;
	size_t *rest; /* never drawn */
	size_t n_rest;
};

static void draw_in(const struct trial_plan *plan, uint64_t seed, size_t *in)
{
	struct draw d = draw_by(seed, FOR_TRIAL);
	size_t n = plan->s->n;
	size_t *deck = mem_array(n, sizeof(*deck));

	for (size_t i = 0; i < n; i++)
		deck[i] = i;
	for (size_t i = 0; i < plan->n; i++) {
		size_t k = draw_below(&d, n);

		in[i] = deck[k];
		if (plan->draw == TRIAL_SPLIT)
			deck[k] = deck[--n];
	}
	free(deck);
}

static void draw_rows(const struct trial_plan *plan, uint64_t seed,
		      struct drawn *d)
{
	size_t n = plan->s->n;
	bool *seen = mem_array(n, sizeof(*seen));

	*d = (struct drawn){
		.in = mem_array(plan->n, sizeof(*d->in)),
		.judge = mem_array(n, sizeof(*d->judge)),
		.rest = mem_array(n, sizeof(*d->rest)),
	};
	draw_in(plan, seed, d->in);
	for (size_t i = 0; i < plan->n; i++)
		seen[d->in[i]] = true;
	for (size_t i = 0; i < n; i++) {
		if (!seen[i])
			d->rest[d->n_rest++] = i;
		if (!seen[i] || plan->draw == TRIAL_RESAMPLE)
			d->judge[d->n_judge++] = i;
	}
	free(seen);
}

static void drawn_release(struct drawn *d)
{
	free(d->in);
	free(d->judge);
	free(d->rest);
}

static void judge_confidence(const struct trial_plan *plan,
			     const struct drawn *d, const struct heads *h,
			     struct trial *out)
{
	struct fit_rows rows = {d->rest, d->n_rest};
	struct curve_bin bins[QUALITY_BINS];
	struct fit_scores scores;
	bool *right = mem_array(d->n_rest, sizeof(*right));
	bool *loss = mem_array(d->n_rest, sizeof(*loss));
	size_t n = 0;

	fit_score(h, plan->s, rows, &scores);
	for (size_t i = 0; i < d->n_rest; i++) {
		const struct sample *row = &plan->s->v[d->rest[i]];

		right[i] = row->cheap_right == KNOWN_TRUE;
		loss[i] = sample_loss(row, true) == KNOWN_TRUE;
	}
	for (int s = 0; s < HEADS_NSTAGES; s++) {
		out->auroc[s] =
			curve_auroc(scores.confidence[s], right, d->n_rest);
		out->regret_auroc[s] =
			curve_auroc(scores.regret[s], loss, d->n_rest);
	}
	/* Those without a score escalate: they have no confidence. */
	for (size_t i = 0; i < d->n_rest; i++) {
		double p = scores.confidence[HEADS_BEFORE][i];

		if (isnan(p))
			continue;
		scores.confidence[HEADS_BEFORE][n] = p;
		right[n++] = right[i];
	}
	curve_bins(scores.confidence[HEADS_BEFORE], right, n, bins,
		   QUALITY_BINS);
	out->ece = curve_ece(bins, QUALITY_BINS);
	fit_scores_release(&scores);
	free(right);
	free(loss);
}

static double share(size_t k, size_t n)
{
	return (double)k / (double)n;
}

static void judge_promise(const struct calibration *c,
			  const struct cuts_row *rows, size_t n, double alpha,
			  struct trial_promise *out)
{
	struct cuts_sum sum = cuts_count(&c->cuts, rows, n);
	struct cuts_sum naive = cuts_count(&c->naive, rows, n);

	out->accept = share(sum.n_accepted, n);
	out->checked = share(sum.n_checked, n);
	out->saving = cuts_saving(&sum);
	out->broken = share(sum.n_losses, n) > alpha;
	out->naive_broken = share(naive.n_losses, n) > alpha;
	out->hindsight = cuts_hindsight(rows, n, HEADS_BEFORE, alpha);
	out->worth_it = c->economy.worth_it;
	for (int use = 0; use < CUTS_NUSES; use++) {
		sum = cuts_count(&c->way[use].cuts, rows, n);
		out->saving_of[use] = cuts_saving(&sum);
	}
}

static void judge(const struct trial_plan *plan, const struct drawn *d,
		  const struct calibration_fit *f, struct trial *out)
{
	struct fit_rows rows = {d->judge, d->n_judge};
	struct cuts_row *judged = mem_array(d->n_judge, sizeof(*judged));
	struct calibration c;
	struct fit_scores scores;

	calibration_promise(f, plan->alphas[0], &c);
	judge_confidence(plan, d, &c.heads, out);
	fit_score(&c.heads, plan->s, rows, &scores);
	calibration_rows(plan->s, true, rows, &scores, judged);
	for (int i = 0; i < TRIAL_ALPHAS; i++) {
		calibration_promise(f, plan->alphas[i], &c);
		judge_promise(&c, judged, d->n_judge, plan->alphas[i],
			      &out->at[i]);
	}
	fit_scores_release(&scores);
	free(judged);
}

int trial_run(const struct trial_plan *plan, uint64_t seed, struct trial *out,
	      struct err *err)
{
	const struct calibration_options o = {.delta = TRIAL_DELTA,
					      .seed = seed};
	struct samples drawn = *plan->s;
	struct calibration_fit *f;
	struct drawn d;

	draw_rows(plan, seed, &d);
	drawn.n = plan->n;
	drawn.v = mem_array(plan->n, sizeof(*drawn.v));
	for (size_t i = 0; i < plan->n; i++)
		drawn.v[i] = plan->s->v[d.in[i]];
	f = calibration_fit_new(&drawn, &o, err);
	if (f)
		judge(plan, &d, f, out);
	calibration_fit_free(f);
	drawn_release(&d);
	free(drawn.v);
	return f ? 0 : -1;
}
