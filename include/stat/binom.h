/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact binomial tail probabilities and limits. Pure.
 *
 * Clopper and Pearson 1934: limits by the regularised incomplete beta
 * function, so that nothing is approximated for small counts.
 */
#ifndef STAT_BINOM_H
#define STAT_BINOM_H

#include <stddef.h>

/* P(Bin(n, p) <= k), p in [0, 1]; 1 when k >= n. */
double binom_cdf(size_t k, size_t n, double p);

/* One-sided limits of a share of which k of n were seen, each missed with
 * probability delta at most: BetaInv(1 - delta; k + 1, n - k), and
 * BetaInv(delta; k, n - k + 1). Upper is 1 when k >= n (n 0 too), lower 0 when
 * k is 0. */
double binom_upper(size_t k, size_t n, double delta);
double binom_lower(size_t k, size_t n, double delta);

/* The fewest rows, without any loss, that show a risk of alpha at delta:
 * the smallest n with (1 - alpha)^n <= delta. alpha, delta in (0, 1). */
size_t binom_least(double alpha, double delta);

#endif
