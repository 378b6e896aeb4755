/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a sequence of policies keeps its promise.
 */
#include "stat/risk.h"

#include "stat/binom.h"

double risk_p_value(size_t k, size_t n, double alpha)
{
	return binom_cdf(k, n, alpha);
}

size_t risk_sequence(const size_t *k, size_t n_policies, size_t n, double alpha,
		     double delta)
{
	size_t passed = 0;

	while (passed < n_policies &&
	       risk_p_value(k[passed], n, alpha) <= delta)
		passed++;
	return passed;
}
