/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How well a head's probabilities keep their word, with limits. Pure.
 */
#ifndef CTL_QUALITY_H
#define CTL_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUALITY_BINS 15

struct quality {
	size_t n;
	/* Calibration error over bins of equal width. Few rows show an error
	 * even where there is none, so never without its limits: by the basic
	 * bootstrap (2 ece - quantile of resamples, which takes that excess
	 * off), each one-sided at delta, within [0, 1] and wide enough to hold
	 * ece itself. */
	double ece, ece_low, ece_high;
	double auroc;	     /* of confidence for what it claims */
	double regret_auroc; /* of regret for the loss */
};

/* Sets all but regret_auroc. p[i] in [0, 1] claims y[i]; NaN where n is 0. */
void quality_confidence(struct quality *q, const double *p, const bool *y,
			size_t n, double delta, uint64_t seed);

#endif
