/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One trial: rows are drawn from a file of recorded pairs, calibrated, and
 * the result is held against what the file knows.
 */
#ifndef EVALUATE_TRIAL_H
#define EVALUATE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ctl/calibration.h"

#define TRIAL_ALPHAS 3
#define TRIAL_DELTA  .1

enum trial_draw {
	/* With replacement, from a population that is the file: a promise is
	 * broken when the loss over the whole file exceeds alpha. */
	TRIAL_RESAMPLE,
	/* Without: what is left over is traffic to come. It is anticorrelated
	 * with the certifying rows, so promises are not judged on it. */
	TRIAL_SPLIT,
};

struct trial_plan {
	const struct samples *s;
	enum trial_draw draw;
	size_t n; /* pairs drawn */
	double alphas[TRIAL_ALPHAS];
};

/* At one alpha, over the whole file or what is left over. */
struct trial_promise {
	double accept, checked, saving;
	double hindsight; /* accepted at the best cut of the regret before */
	bool broken, naive_broken;
	bool worth_it;
	double saving_of[CUTS_NUSES]; /* by each way to use the check */
};

struct trial {
	struct trial_promise at[TRIAL_ALPHAS];
	double ece;		     /* of confidence before the check, ... */
	double auroc[HEADS_NSTAGES]; /* ... on rows that were not drawn */
	double regret_auroc[HEADS_NSTAGES];
};

int trial_run(const struct trial_plan *plan, uint64_t seed, struct trial *out,
	      struct err *err);

#endif
