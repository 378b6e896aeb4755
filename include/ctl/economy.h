/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it worth it? Net saving with limits, break-even, the price of a check.
 * Pure.
 *
 * Net saving is 1 - (money spent) / (money of asking the expensive backend
 * alone), a ratio of two sums over rows. Its limits are normal ones, the
 * variance of the ratio by the delta method: with r the ratio, d_i = spent_i
 * - r expensive_i and m the mean of expensive, sd = sqrt(mean d^2 / (n - 1))
 * / m. Each limit is one-sided at delta.
 */
#ifndef CTL_ECONOMY_H
#define CTL_ECONOMY_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/cuts.h"

/* NaN: not known, and then it is not worth it. */
struct economy {
	double net_saving, low, high;
	/* Share of the expensive backend's money that must be avoided before
	 * anything is saved: what cheap replies and checks cost of it. */
	double break_even;
	double avoided;	    /* the share that was */
	double route_price; /* check / expensive; NaN: no check was priced */
	bool worth_it;	    /* low > 0 */
};

struct economy economy_unknown(void);
/* Unknown where nothing expensive was paid. */
struct economy economy_of(const struct artifact_cuts *c,
			  const struct cuts_row *rows, size_t n, double delta);

#endif
