/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Means and medians over trials.
 */
#include "summary.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stat/tokens.h"

/* What the band saves less than one other way, on average. */
static double below(const struct trial *t, size_t n, int alpha,
		    enum cuts_use way, double *se)
{
	double sum = 0, squares = 0, mean;

	for (size_t i = 0; i < n; i++) {
		const struct trial_promise *p = &t[i].at[alpha];
		double d = p->saving_of[way] - p->saving;

		sum += d;
		squares += d * d;
	}
	mean = sum / (double)n;
	*se = sqrt(fmax(squares / (double)n - mean * mean, 0) / (double)n);
	return mean;
}

static struct summary_promise promise_of(const struct trial *t, size_t n,
					 int alpha)
{
	struct summary_promise s = {0};
	double other_se, other;

	for (size_t i = 0; i < n; i++) {
		const struct trial_promise *p = &t[i].at[alpha];

		s.accept += p->accept / (double)n;
		s.checked += p->checked / (double)n;
		s.saving += p->saving / (double)n;
		s.gap += (p->hindsight - p->accept) / (double)n;
		s.broken += p->broken / (double)n;
		s.naive_broken += p->naive_broken / (double)n;
		s.worth_it += p->worth_it / (double)n;
		s.misled += (p->worth_it && p->saving <= 0) / (double)n;
		for (int use = 0; use < CUTS_NUSES; use++)
			s.saving_of[use] += p->saving_of[use] / (double)n;
	}
	s.below_ways = below(t, n, alpha, CUTS_UNCHECKED, &s.below_ways_se);
	other = below(t, n, alpha, CUTS_CHECK_ALL, &other_se);
	if (other > s.below_ways) {
		s.below_ways = other;
		s.below_ways_se = other_se;
	}
	return s;
}

static double median_ece(const struct trial *t, size_t n)
{
	double *v = mem_array(n, sizeof(*v)), median;

	for (size_t i = 0; i < n; i++)
		v[i] = t[i].ece;
	tokens_sort(v, n);
	median = tokens_quantile(v, n, .5);
	free(v);
	return median;
}

struct summary summary_of(const struct trial *t, size_t n)
{
	struct summary s = {.n_trials = n, .ece = median_ece(t, n)};

	for (int i = 0; i < TRIAL_ALPHAS; i++)
		s.at[i] = promise_of(t, n, i);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < HEADS_NSTAGES; k++) {
			s.auroc[k] += t[i].auroc[k] / (double)n;
			s.regret_auroc[k] += t[i].regret_auroc[k] / (double)n;
		}
	return s;
}
