/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How good a probability or a score is, against what came true. Pure.
 *
 * p[i] in [0, 1] unless it is called a score; y[i] true: right. NaN where
 * there is nothing to judge (n 0; AUROC also where all y are alike). A NaN
 * score counts as the lowest.
 */
#ifndef STAT_CURVE_H
#define STAT_CURVE_H

#include <stdbool.h>
#include <stddef.h>

/* Area under the ROC curve by rank sum, ties a half. */
double curve_auroc(const double *score, const bool *y, size_t n);
double curve_brier(const double *p, const bool *y, size_t n);
/* Mean negative log-likelihood, p clipped to [1e-15, 1 - 1e-15]. */
double curve_nll(const double *p, const bool *y, size_t n);

/* One bin of a reliability diagram; n 0: empty, the means are NaN. */
struct curve_bin {
	double from, to;
	size_t n, n_right;
	double mean_p, share_right;
};

/* Equal widths [k/m, (k+1)/m), p = 1 in the last. m > 0. */
void curve_bins(const double *p, const bool *y, size_t n,
		struct curve_bin *bins, size_t m);
/* Equal counts, as numpy.array_split of a stable argsort; from and to are the
 * least and the greatest p, NaN in an empty bin. m > 0. */
void curve_bins_even(const double *p, const bool *y, size_t n,
		     struct curve_bin *bins, size_t m);
/* Expected calibration error: sum n_b/n |share_right - mean_p|. */
double curve_ece(const struct curve_bin *bins, size_t m);

/* Risk against coverage, the surest first: the mean over k = 1..n of the share
 * of errors among the first k. Tied scores are kept or left together, so within
 * a tie it is the share at its end. */
double curve_aurc(const double *score, const bool *y, size_t n);
/* AURC minus that of the best possible order. */
double curve_eaurc(const double *score, const bool *y, size_t n);
/* Accuracy in the place of risk: 1 - AURC. */
double curve_auarc(const double *score, const bool *y, size_t n);

#endif
