/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Isotonic regression by pooling adjacent violators (Ayer et al. 1955;
 * Zadrozny and Elkan 2002 for calibration). Pure.
 */
#ifndef STAT_ISOTONIC_H
#define STAT_ISOTONIC_H

#include <stddef.h>

/* The nearest sequence that never falls, in weighted squares: fit[i] for y[i]
 * in the order given. w[i] > 0; w NULL: all 1. */
void isotonic_pool(const double *y, const double *w, size_t n, double *fit);

/* A function that never falls: through (x, y), linear between, flat outside.
 * Equal x are merged first. Writes at most n points to xs and ys (the ends of
 * each pool), xs rising strictly, and returns how many. x in any order; NaN is
 * not allowed. */
size_t isotonic_fit(const double *x, const double *y, const double *w, size_t n,
		    double *xs, double *ys);
/* n 0 or x NaN: NaN. Between an infinite xs and its neighbour: the lower y. */
double isotonic_apply(const double *xs, const double *ys, size_t n, double x);

#endif
