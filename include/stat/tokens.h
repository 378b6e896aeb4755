/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics of a sequence of token log-probabilities. Pure.
 *
 * Natural logarithms throughout. Values below TOKENS_FLOOR (servers send
 * -9999, -3.4e38, -inf) are taken as TOKENS_FLOOR; NaN and positive values
 * are refused by the caller.
 */
#ifndef STAT_TOKENS_H
#define STAT_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#define TOKENS_FLOOR (-100.0)

/* The q-quantile, 0 <= q <= 1, with linear interpolation between order
 * statistics (position q*(n-1); numpy's default). v is sorted ascending.
 * NaN when n is 0. */
double tokens_quantile(const double *sorted, size_t n, double q);
void tokens_sort(double *v, size_t n);

/* Entropy in nats of the k returned alternatives, renormalised to sum 1:
 * -sum r ln r with r = p / sum p. 0 for k = 1, NaN for k = 0. */
double tokens_entropy(const double *logprobs, size_t k);

/* The same with the missing mass as one more outcome (a lower bound on the
 * true entropy). */
double tokens_entropy_bucket(const double *logprobs, size_t k);

/* l1 - l2 of alternatives in any order; NaN when k < 2. */
double tokens_margin(const double *logprobs, size_t k);

static inline double tokens_clamp(double logprob)
{
	return logprob < TOKENS_FLOOR ? TOKENS_FLOOR : logprob;
}

#endif
