/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from a head's probability to a calibrated one. It never falls. Pure.
 *
 * platt	1 / (1 + exp(A z + B)), A <= 0, z = logit(p) (Platt 1999; the
 *		fit of Lin, Lin and Weng 2007, with their smoothed targets)
 * beta		sigma(a ln p - b ln(1-p) + c), a, b >= 0 (Kull et al. 2017)
 * isotonic	see stat/isotonic
 * These clip p first, and count NaN as 0.
 *
 * A weight whose sign would make the map fall is left out, and the others are
 * fitted anew; without any the map is one value, the mean of the targets.
 * The daemon applies; what fits and picks is linked by frugalctl only.
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

#define CALIBRATOR_LEAST 1e-12 /* p is clipped to it, and 1 less it */

struct calibrator {
	enum calibrator_kind kind;
	double a, b, c;	 /* platt: A, B; beta: a, b, c */
	double *xs, *ys; /* isotonic; malloc'd */
	size_t n_points;
};

const char *calibrator_name(enum calibrator_kind k); /* "platt", ... */

double calibrator_clip(double p);
double calibrator_apply(const struct calibrator *c, double p);
/* y[i]: did it come true. With n 0 or all y alike the result is platt's with
 * its smoothed targets, whatever the kind (but none stays none). Old contents
 * are not released. */
void calibrator_fit(struct calibrator *c, enum calibrator_kind kind,
		    const double *p, const bool *y, size_t n);
/* Of platt, beta and isotonic the one with the least held-out log-loss (5 folds
 * drawn by seed; of equals the first), then fitted on all. strict: platt or
 * beta only, so that no two p become one (but where all do, see above). */
void calibrator_pick(struct calibrator *c, bool strict, const double *p,
		     const bool *y, size_t n, uint64_t seed);
void calibrator_release(struct calibrator *c);

/* The two fits alone. Platt: of any finite score f, 1 / (1 + exp(A f + B)), A
 * of either sign. Beta where y can be told apart entirely: steep, but finite.
 */
void calibrator_platt(const double *f, const bool *y, size_t n, double *a,
		      double *b);
void calibrator_beta(const double *p, const bool *y, size_t n, double *a,
		     double *b, double *c);

#endif
