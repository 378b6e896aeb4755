/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bends a signal: its value becomes those of quadratic B-splines (de Boor
 * 1978) over quantile knots, so that a linear head can follow a curve. Pure.
 *
 * Outside the outer knots the value at the knot is taken: a head never
 * extrapolates. For the basis alone the knots go on outside at the spacing of
 * the outermost pair, as scikit-learn's do.
 */
#ifndef STAT_SPLINE_H
#define STAT_SPLINE_H

#include <stddef.h>

#define SPLINE_KNOTS 5
#define SPLINE_BASIS (SPLINE_KNOTS + 1) /* the most basis functions */

/* Plain value; knots rise strictly. n 0 or 1: the signal was constant or
 * missing throughout, and has no basis. */
struct spline {
	double knots[SPLINE_KNOTS];
	size_t n;
};

/* Knots at the quantiles 0, 1/4, 1/2, 3/4, 1 of x; equal ones are merged.
 * NaN are passed over, infinities taken as the nearest finite value. */
void spline_fit(struct spline *s, const double *x, size_t n);
/* n + 1, or 0 without a basis. */
size_t spline_basis(const struct spline *s);
/* Writes spline_basis(s) values that sum to 1. x is not NaN. */
void spline_eval(const struct spline *s, double x, double *out);

#endif
