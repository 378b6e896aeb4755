/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy does to a row, and to many.
 */
#include "ctl/cuts.h"

#include <math.h>
#include <stdlib.h>

struct artifact_cuts cuts_none(void)
{
	return (struct artifact_cuts){.accept = -1, .check = -1, .after = -1};
}

enum cuts_fate cuts_apply(const struct artifact_cuts *c,
			  const struct cuts_row *row)
{
	/* A comparison with NaN is false. */
	if (row->regret[HEADS_BEFORE] <= c->accept)
		return CUTS_ACCEPT;
	if (!(row->regret[HEADS_BEFORE] <= c->check))
		return CUTS_ESCALATE;
	return row->regret[HEADS_AFTER] <= c->after ? CUTS_CHECK_ACCEPT
						    : CUTS_CHECK_ESCALATE;
}

static bool is_accepted(enum cuts_fate fate)
{
	return fate == CUTS_ACCEPT || fate == CUTS_CHECK_ACCEPT;
}

static bool is_checked(enum cuts_fate fate)
{
	return fate == CUTS_CHECK_ACCEPT || fate == CUTS_CHECK_ESCALATE;
}

double cuts_spent(enum cuts_fate fate, const struct cuts_row *row)
{
	return row->cheap_usd + (is_checked(fate) ? row->check_usd : 0) +
	       (is_accepted(fate) ? 0 : row->expensive_usd);
}

struct cuts_sum cuts_count(const struct artifact_cuts *c,
			   const struct cuts_row *rows, size_t n)
{
	struct cuts_sum sum = {.n = n};

	for (size_t i = 0; i < n; i++) {
		enum cuts_fate fate = cuts_apply(c, &rows[i]);

		sum.n_checked += is_checked(fate);
		sum.spent_usd += cuts_spent(fate, &rows[i]);
		sum.expensive_usd += rows[i].expensive_usd;
		if (fate == CUTS_CHECK_ESCALATE && rows[i].check_absent)
			sum.n_losses += rows[i].loss;
		if (!is_accepted(fate))
			continue;
		sum.n_accepted++;
		sum.n_losses += rows[i].loss;
		sum.avoided_usd += rows[i].expensive_usd;
	}
	return sum;
}

double cuts_saving(const struct cuts_sum *sum)
{
	return sum->expensive_usd > 0 ? 1 - sum->spent_usd / sum->expensive_usd
				      : 0;
}

struct ranked {
	double regret;
	bool loss;
};

static int by_regret(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->regret;
	double y = ((const struct ranked *)b)->regret;

	return (x > y) - (x < y);
}

static size_t rank(const struct cuts_row *rows, size_t n,
		   enum heads_stage stage, struct ranked *out)
{
	size_t n_out = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(rows[i].regret[stage]))
			out[n_out++] = (struct ranked){rows[i].regret[stage],
						       rows[i].loss};
	qsort(out, n_out, sizeof(*out), by_regret);
	return n_out;
}

double cuts_hindsight(const struct cuts_row *rows, size_t n,
		      enum heads_stage stage, double alpha)
{
	struct ranked *r = mem_array(n, sizeof(*r));
	size_t n_ranked = rank(rows, n, stage, r), best = 0, losses = 0;

	for (size_t i = 0; i < n_ranked; i++) {
		losses += r[i].loss;
		if ((double)losses > alpha * (double)n)
			break;
		if (i + 1 == n_ranked || r[i + 1].regret > r[i].regret)
			best = i + 1;
	}
	free(r);
	return n ? (double)best / (double)n : 0;
}
