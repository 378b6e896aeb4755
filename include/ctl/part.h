/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that one head is fitted on, as LIBLINEAR wants them: columns of
 * words first, then those of the signals, which are scaled to unit spread.
 */
#ifndef CTL_PART_H
#define CTL_PART_H

#include "ctl/fit.h"
#include "stat/logit.h"

#define PART_FOLDS 5

/* Which head; h has its knots already. */
struct part_task {
	struct heads *h;
	const struct samples *s;
	const struct fit_options *o;
	enum heads_stage stage;
	enum heads_kind kind;
};

struct part {
	size_t n;
	size_t *at; /* position in the fit_rows */
	unsigned char *fold;
	bool *y;
	struct logit_entry *entries; /* of all rows */
	const struct logit_entry **row;
	size_t *row_n;
	size_t n_words, n_features; /* words' columns come first */
	double *spread;		    /* of each column */
	double word_scale;
};

/* Is the row scored at that stage? */
bool part_takes(const struct sample *row, enum heads_stage stage);
/* Of rows, those with a score at the task's stage and a known outcome; may be
 * none. Borrows nothing. */
void part_init(struct part *p, const struct part_task *t, struct fit_rows rows);
void part_release(struct part *p);

/* Fits on all rows but those of one fold (PART_FOLDS: on all). Writes
 * n_features weights of the scaled columns. */
int part_fit(const struct part *p, unsigned char fold, double *w, double *b,
	     struct err *err);
/* The raw probability of row i by such weights. */
double part_score(const struct part *p, size_t i, const double *w, double b);
/* The head that does the same to unscaled signals and words; its calibrator is
 * left alone. malloc'd, for heads_release(). */
void part_set_head(const struct part *p, const double *w, double b,
		   struct head *head);

#endif
