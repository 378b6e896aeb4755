/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantiles, entropies and margins of token log-probabilities.
 */
#include "stat/tokens.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

#define SHELL_MOST 1024 /* so far a shell sort beats qsort() */

static void shell_sort(double *v, size_t n)
{
	static const size_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};

	for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++)
		for (size_t i = gaps[g]; i < n; i++) {
			double x = v[i];
			size_t k = i;

			for (; k >= gaps[g] && v[k - gaps[g]] > x; k -= gaps[g])
				v[k] = v[k - gaps[g]];
			v[k] = x;
		}
}

void tokens_sort(double *v, size_t n)
{
	if (n <= SHELL_MOST)
		shell_sort(v, n);
	else
		qsort(v, n, sizeof(*v), ascending);
}

double tokens_quantile(const double *sorted, size_t n, double q)
{
	double place, below;
	size_t i;

	if (n == 0)
		return NAN;
	place = q * (double)(n - 1);
	below = floor(place);
	i = (size_t)below;
	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (place - below) * (sorted[i + 1] - sorted[i]);
}

/* Sums of p and of p ln p. */
struct mass {
	double p, p_ln_p;
};

static struct mass mass_of(const double *logprobs, size_t k)
{
	struct mass m = {0};

	for (size_t i = 0; i < k; i++) {
		double l = tokens_clamp(logprobs[i]), p = exp(l);

		m.p += p;
		m.p_ln_p += p * l;
	}
	return m;
}

static double not_below_0(double x)
{
	return x > 0 ? x : 0;
}

/* With r = p / P: -sum r ln r = ln P - (sum p ln p) / P, one logarithm in all.
 * Rounding may leave it a hair below 0. */
double tokens_entropy(const double *logprobs, size_t k)
{
	struct mass m = mass_of(logprobs, k);

	if (k <= 1)
		return k == 1 ? 0 : NAN;
	return not_below_0(log(m.p) - m.p_ln_p / m.p);
}

double tokens_entropy_bucket(const double *logprobs, size_t k)
{
	struct mass m = mass_of(logprobs, k);
	double missing = 1 - m.p;

	if (k == 0)
		return NAN;
	/* Rounded alternatives may sum to more than 1. */
	if (missing <= 0)
		return tokens_entropy(logprobs, k);
	return not_below_0(-m.p_ln_p - missing * log(missing));
}

double tokens_margin(const double *logprobs, size_t k)
{
	double first = -INFINITY, second = -INFINITY;

	if (k < 2)
		return NAN;
	for (size_t i = 0; i < k; i++) {
		double l = tokens_clamp(logprobs[i]);

		if (l > first) {
			second = first;
			first = l;
		} else if (l > second) {
			second = l;
		}
	}
	return first - second;
}
