/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L2-regularised logistic regression over sparse rows, by LIBLINEAR (Fan et
 * al. 2008). The fit is linked by the offline tools only; the daemon has the
 * curve.
 */
#ifndef STAT_LOGIT_H
#define STAT_LOGIT_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct logit_entry {
	uint32_t feature; /* from 0, rising within a row */
	double value;
};

struct logit_rows {
	size_t n, n_features;
	const struct logit_entry *const *row; /* n of them ... */
	const size_t *row_n;		      /* ... of so many entries */
};

/* Minimises |w|^2 / 2 + C sum_i ln(1 + exp(-y_i (w x_i + b))), the intercept
 * all but free of the penalty. Writes n_features weights. With all y alike w
 * is 0 and b the logit of (n_true + 1/2) / (n + 1). -1: no rows, c not above 0,
 * a value that is not finite, or more rows or features than an int counts.
 * Deterministic. It silences LIBLINEAR for the whole process. */
int logit_fit(const struct logit_rows *rows, const bool *y, double c, double *w,
	      double *b, struct err *err);

/* 1 / (1 + exp(-z)), for all z: where exp() becomes infinite it is 0. As
 * written it never falls, which e / (1 + e) does where the two round apart. */
static inline double logit_sigma(double z)
{
	return 1 / (1 + exp(-z));
}

#endif
