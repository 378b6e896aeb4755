/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cut with a guarantee: fixed-sequence testing with Clopper-Pearson
 * p-values (Angelopoulos et al. 2021, Learn then Test). Pure.
 *
 * The loss is counted over all rows, kept or not, so it is the share of all
 * requests that lose by the policy.
 */
#ifndef STAT_RISK_H
#define STAT_RISK_H

#include <stddef.h>

/* P(Bin(n, alpha) <= k): small when a risk above alpha would hardly have shown
 * so few losses. 1 when n is 0. */
double risk_p_value(size_t k, size_t n, double alpha);

/* Policies that were fixed beforehand, safest first, with the losses k[i] of
 * each on the same n certifying rows. How many pass before the first whose
 * p-value is above delta: each of them, the last one too, has a risk of alpha
 * at most with probability 1 - delta. 0: none may be used. */
size_t risk_sequence(const size_t *k, size_t n_policies, size_t n, double alpha,
		     double delta);

#endif
