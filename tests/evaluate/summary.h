/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What many trials say together.
 */
#ifndef EVALUATE_SUMMARY_H
#define EVALUATE_SUMMARY_H

#include "trial.h"

/* Means over trials unless it is said otherwise. */
struct summary_promise {
	double accept, checked, saving;
	double gap; /* accepted less than the best cut in hindsight */
	double broken, naive_broken; /* shares of trials */
	double worth_it;	     /* share of trials told so */
	double misled;		     /* share told so where nothing was saved */
	/* Saving less than that of the better of the other two ways, and its
	 * standard error over trials. */
	double below_ways, below_ways_se;
	double saving_of[CUTS_NUSES];
};

struct summary {
	size_t n_trials;
	struct summary_promise at[TRIAL_ALPHAS];
	double ece; /* median */
	double auroc[HEADS_NSTAGES], regret_auroc[HEADS_NSTAGES];
};

struct summary summary_of(const struct trial *t, size_t n);

#endif
