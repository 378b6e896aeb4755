/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two fitted heads over the same signals: confidence and regret. Each is a
 * logistic regression over signals bent by splines, with one more weight where
 * a signal is missing, and over hashed words; each has a stage before the
 * check and one after it. A head's probability then goes through its
 * calibrator.
 *
 * A plain value once fitted or loaded; scoring is pure.
 */
#ifndef VERIFY_HEADS_H
#define VERIFY_HEADS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "stat/calibrator.h"
#include "stat/spline.h"
#include "verify/words.h"

enum heads_stage {
	HEADS_BEFORE, /* the check: signals of the reply alone */
	HEADS_AFTER,  /* and those of the check */
	HEADS_NSTAGES,
};

enum heads_kind {
	HEADS_CONFIDENCE, /* the reply is right (without labels: the expensive
			   * backend says the same) */
	HEADS_REGRET,	  /* it is wrong and the expensive one's is right */
	HEADS_NKINDS,
};

struct heads_feature {
	const char *name; /* of a signal; canonical when it is ours */
	struct spline spline;
	bool may_miss; /* it was missing somewhere when the heads were fitted */
};

struct head {
	double bias;
	/* For each feature of the stage, in order: spline_basis() of them, then
	 * one for its being missing (its basis is then all 0). */
	double *weights;
	double *words; /* heads.n_words of them; NULL: no words in this head */
	struct calibrator calibrator;
};

struct heads {
	struct heads_feature *features;
	/* The first so many are known before the check. n[HEADS_AFTER] is
	 * n[HEADS_BEFORE] where there is no stage after. */
	size_t n[HEADS_NSTAGES];
	bool has_after;
	/* Fitted on labels; else on pairs, and confidence is 1 - regret: the
	 * heads of confidence are then not used and may be zero. */
	bool labelled;
	size_t n_words; /* buckets, a power of two; 0: none */
	struct head head[HEADS_NSTAGES][HEADS_NKINDS];
};

struct heads_score {
	double confidence, regret; /* calibrated, in [0, 1] */
};

/* Of a stage: how many weights beside bias and words. */
size_t heads_n_weights(const struct heads *h, enum heads_stage stage);

/* Writes heads_n_weights() inputs of the linear part. values: n[stage] of them
 * in the order of the features; NaN and infinities are missing. */
void heads_design(const struct heads *h, enum heads_stage stage,
		  const double *values, double *out);

/* The first signal of the stage that is missing now and never was when the
 * heads were fitted: they have no weight for that, and would take it for
 * evidence of nothing. NULL: none. */
const char *heads_lack(const struct heads *h, enum heads_stage stage,
		       const double *values);

/* values as above, words of as many buckets as h->n_words (NULL: none, as
 * though no word had been there). */
struct heads_score heads_apply(const struct heads *h, enum heads_stage stage,
			       const double *values,
			       const struct word_set *words);

/* Frees what features and heads point to (malloc'd), not h itself. */
void heads_release(struct heads *h);

#endif
