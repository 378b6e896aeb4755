/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from a head's probability to a calibrated one. It never falls. Pure.
 *
 * platt	1 / (1 + exp(A z + B)), z = logit(p) (Platt 1999; the fit of
 *		Lin, Lin and Weng 2007, with their smoothed targets)
 * beta		sigma(a ln p - b ln(1-p) + c), a, b >= 0 (Kull et al. 2017)
 * isotonic	see stat/isotonic
 * p is clipped to [1e-12, 1 - 1e-12] first.
 */
#ifndef STAT_CALIBRATOR_H
#define STAT_CALIBRATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum calibrator_kind {
	CALIBRATOR_NONE, /* p as it is */
	CALIBRATOR_PLATT,
	CALIBRATOR_BETA,
	CALIBRATOR_ISOTONIC,
	CALIBRATOR_NKINDS,
};

struct calibrator {
	enum calibrator_kind kind;
	double a, b, c;	  /* platt: A, B; beta: a, b, c */
	double *xs, *ys;  /* isotonic; malloc'd */
	size_t n_points;
};

const char *calibrator_name(enum calibrator_kind k); /* "platt", ... */

double calibrator_apply(const struct calibrator *c, double p);
/* y[i]: did it come true. With n 0 or all y alike the result is platt's with
 * its smoothed targets, whatever the kind. Old contents are not released. */
void calibrator_fit(struct calibrator *c, enum calibrator_kind kind,
		    const double *p, const bool *y, size_t n);
/* The kind with the least held-out log-loss (5 folds drawn by seed), then
 * fitted on all. strict: platt or beta only, so that no two p become one. */
void calibrator_pick(struct calibrator *c, bool strict, const double *p,
		     const bool *y, size_t n, uint64_t seed);
void calibrator_release(struct calibrator *c);

/* The two fits alone. Platt: of any score f, 1 / (1 + exp(A f + B)). */
void calibrator_platt(const double *f, const bool *y, size_t n, double *a,
		      double *b);
void calibrator_beta(const double *p, const bool *y, size_t n, double *a,
		     double *b, double *c);

#endif
