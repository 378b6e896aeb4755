/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L2-regularised logistic regression over sparse rows, by LIBLINEAR (Fan et
 * al. 2008). For the offline tools only: the daemon does not link it.
 */
#ifndef STAT_LOGIT_H
#define STAT_LOGIT_H

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
 * is 0 and b the logit of (n_true + 1/2) / (n + 1). -1: out of memory, n 0.
 * Deterministic. */
int logit_fit(const struct logit_rows *rows, const bool *y, double c, double *w,
	      double *b, struct err *err);

/* 1 / (1 + exp(-z)), without overflow. */
double logit_sigma(double z);

#endif
