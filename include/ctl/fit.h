/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fits heads: knots, logistic regressions, calibrators.
 *
 * Each head and calibrator is also fitted five times without a fifth of its
 * rows, so that every row has a score by heads that never saw it.
 */
#ifndef CTL_FIT_H
#define CTL_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ctl/samples.h"
#include "verify/heads.h"

struct fit_options {
	uint64_t seed;
	bool labelled; /* loss and confidence by labels, else by agreement */
	bool check;    /* a stage after the check as well */
	bool words;    /* hashed words too, where samples have them */
};

/* Indices into samples.v; a row may occur more than once. Rows whose outcome
 * is not known, or that are barred, are passed over. */
struct fit_rows {
	const size_t *i;
	size_t n;
};

/* Scores of each row of a fit_rows, by position; NaN where there is none.
 * malloc'd. */
struct fit_scores {
	double *regret[HEADS_NSTAGES];
	double *confidence[HEADS_NSTAGES];
	size_t n;
};

/* Fits h: knots and heads of regret on `rows`, heads of confidence, which
 * carry no promise, on `more`. Scores out of fold: those of regret are written
 * to cross for rows, those of confidence (labels only) to cross_more for more.
 * ERR_PARSE: no row to fit on. Rows that are all alike give a constant. */
int fit_heads(struct heads *h, const struct samples *s,
	      const struct fit_options *o, struct fit_rows rows,
	      struct fit_rows more, struct fit_scores *cross,
	      struct fit_scores *cross_more, struct err *err);
/* Scores of rows by fitted heads. */
void fit_score(const struct heads *h, const struct samples *s,
	       struct fit_rows rows, struct fit_scores *out);
void fit_scores_release(struct fit_scores *f);

#endif
