/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logistic regression on an intercept and two columns at most, without
 * shrinking: what calibrators are fitted by. Pure.
 */
#ifndef STAT_NEWTON_H
#define STAT_NEWTON_H

#include <stddef.h>

#define NEWTON_WEIGHTS 3

/* To be filled: rows x, of which x[i][0] is 1 for the intercept, and how likely
 * each should be, in [0, 1]. A column of zeros or one that is the same in all
 * rows has a weight of 0; two that say the same share theirs. */
struct newton {
	double (*x)[NEWTON_WEIGHTS];
	double *target;
	size_t n;
	double w[NEWTON_WEIGHTS];
};

void newton_init(struct newton *t, size_t n); /* all 0 */
void newton_release(struct newton *t);
/* Sets w so that the cross-entropy of 1 / (1 + exp(-w x)) against target is
 * the least. Finite also where the rows would have it grow for ever. */
void newton_run(struct newton *t);

#endif
