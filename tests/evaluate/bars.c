/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bars.
 */
#include "bars.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define MMLU  "mmlu/"
#define LOCAL "local"

/* name: how the names of the cases it holds for begin; n 0: any number of
 * pairs, alpha 0: any alpha. least and most are NaN where there is none. */
static const struct bar {
	const char *name;
	size_t n;
	double alpha;
	enum trial_draw draw;
	enum bars_figure figure;
	double least, most;
} bars[] = {
	/* within so much of the best cut in hindsight */
	{MMLU, 4000, 0, TRIAL_RESAMPLE, BARS_GAP, NAN, .045},
	{MMLU, 1000, 0, TRIAL_RESAMPLE, BARS_GAP, NAN, .09},
	{MMLU "gpt-4o-mini", 4000, .01, TRIAL_RESAMPLE, BARS_ACCEPT, .16, NAN},
	{MMLU "gpt-4o-mini", 4000, .02, TRIAL_RESAMPLE, BARS_ACCEPT, .27, NAN},
	{MMLU "gpt-4o-mini", 4000, .05, TRIAL_RESAMPLE, BARS_ACCEPT, .47, NAN},
	{MMLU, 4000, 0, TRIAL_RESAMPLE, BARS_ECE, NAN, .03},
	{MMLU, 1000, 0, TRIAL_RESAMPLE, BARS_ECE, NAN, .04},
	/* nothing is saved here, and that is said */
	{MMLU "llama-8b", 0, .01, TRIAL_RESAMPLE, BARS_WORTH_IT, NAN, .1},
	{MMLU "llama-8b", 0, .02, TRIAL_RESAMPLE, BARS_WORTH_IT, NAN, .1},

	{LOCAL, 700, 0, TRIAL_SPLIT, BARS_AUROC_BEFORE, .75, NAN},
	{LOCAL, 700, 0, TRIAL_SPLIT, BARS_AUROC_AFTER, .94, NAN},
	{LOCAL "/mixed", 700, .02, TRIAL_SPLIT, BARS_ACCEPT, .27, NAN},
	{LOCAL "/mixed", 700, .05, TRIAL_SPLIT, BARS_ACCEPT, .36, NAN},
	{LOCAL "/mixed", 700, .10, TRIAL_SPLIT, BARS_ACCEPT, .46, NAN},
	{LOCAL "/mixed", 700, .02, TRIAL_SPLIT, BARS_SAVING, .15, NAN},
	{LOCAL "/mixed", 700, .05, TRIAL_SPLIT, BARS_SAVING, .23, NAN},
	{LOCAL "/mixed", 700, .10, TRIAL_SPLIT, BARS_SAVING, .33, NAN},
	/* a check as dear as the answer it saves is not asked */
	{LOCAL "/dear-check", 700, 0, TRIAL_SPLIT, BARS_CHECKED, NAN, .01},
};

static double figure_of(const struct summary *s, int i, enum bars_figure f)
{
	const struct summary_promise *p = &s->at[i];

	switch (f) {
	case BARS_ACCEPT:
		return p->accept;
	case BARS_SAVING:
		return p->saving;
	case BARS_GAP:
		return p->gap;
	case BARS_BROKEN:
		return p->broken;
	case BARS_MISLED:
		return p->misled;
	case BARS_BELOW_WAYS:
		return p->below_ways;
	case BARS_CHECKED:
		return p->checked;
	case BARS_WORTH_IT:
		return p->worth_it;
	case BARS_ECE:
		return s->ece;
	case BARS_AUROC_BEFORE:
		return s->auroc[HEADS_BEFORE];
	case BARS_AUROC_AFTER:
		return s->auroc[HEADS_AFTER];
	}
	return NAN;
}

static const char *const names[] = {
	[BARS_ACCEPT] = "accepted",
	[BARS_SAVING] = "net saving",
	[BARS_GAP] = "accepted less than the best cut in hindsight",
	[BARS_BROKEN] = "promises broken",
	[BARS_MISLED] = "told `worth it` where nothing is saved",
	[BARS_BELOW_WAYS] = "net saving below that without a band",
	[BARS_CHECKED] = "checked",
	[BARS_WORTH_IT] = "told `worth it`",
	[BARS_ECE] = "ECE",
	[BARS_AUROC_BEFORE] = "AUROC without the check",
	[BARS_AUROC_AFTER] = "AUROC with the check",
};

static int expect(const char *name, const struct trial_plan *plan, int i,
		  const struct summary *s, const struct bar *b, FILE *to)
{
	double is = figure_of(s, i, b->figure);

	if (!(is < b->least) && !(is > b->most) && !isnan(is))
		return 0;
	fprintf(to, "missed: %s, %zu pairs, alpha %g: %s %.4f, not %s %.4f\n",
		name, plan->n, plan->alphas[i], names[b->figure], is,
		isnan(b->least) ? "at most" : "at least",
		isnan(b->least) ? b->most : b->least);
	return 1;
}

/* A share of trials that is delta at most, with two standard deviations of
 * noise. */
static double share_most(size_t n_trials)
{
	return TRIAL_DELTA +
	       2 * sqrt(TRIAL_DELTA * (1 - TRIAL_DELTA) / (double)n_trials);
}

/* Of every case. */
static int expect_always(const char *name, const struct trial_plan *plan, int i,
			 const struct summary *s, FILE *to)
{
	struct bar b = {.figure = BARS_MISLED,
			.least = NAN,
			.most = share_most(s->n_trials)};
	int missed = expect(name, plan, i, s, &b, to);

	if (plan->draw == TRIAL_RESAMPLE) {
		b.figure = BARS_BROKEN;
		missed += expect(name, plan, i, s, &b, to);
	}
	/* The band saves no less than no check and than checking all do. */
	b.figure = BARS_BELOW_WAYS;
	b.most = 2 * s->at[i].below_ways_se + 1e-9;
	return missed + expect(name, plan, i, s, &b, to);
}

static bool holds_for(const struct bar *b, const char *name,
		      const struct trial_plan *plan, int i)
{
	return strncmp(b->name, name, strlen(b->name)) == 0 &&
	       b->draw == plan->draw && (b->n == 0 || b->n == plan->n) &&
	       (b->alpha == 0 || b->alpha == plan->alphas[i]);
}

int bars_check(const char *name, const struct trial_plan *plan,
	       const struct summary *s, FILE *to)
{
	int missed = 0;

	for (int i = 0; i < TRIAL_ALPHAS; i++) {
		missed += expect_always(name, plan, i, s, to);
		for (size_t k = 0; k < sizeof(bars) / sizeof(*bars); k++)
			if (holds_for(&bars[k], name, plan, i))
				missed +=
					expect(name, plan, i, s, &bars[k], to);
	}
	return missed;
}
