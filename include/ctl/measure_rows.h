/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that a report is measured on, and what heads say of each.
 */
#ifndef CTL_MEASURE_ROWS_H
#define CTL_MEASURE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/fit.h"
#include "ctl/measure.h"
#include "ctl/tally.h"

struct measure_rows {
	/* Those of from->samples; by an artifact: with the signals that its
	 * heads read, in their order. */
	const struct samples *samples;
	bool labelled;
	struct fit_rows at;	     /* eval and shadow rows of known outcome */
	size_t n_unknown, n_enforce; /* rows set aside */
	bool own;  /* the artifact was made from these samples, and `at` ... */
	bool kept; /* ... are those that it left for a report */
	bool scored; /* by heads: the tally has regrets. Else money only */
	struct fit_scores scores;
	struct tally tally; /* cheap_right is what confidence claims */
	/* The same with prices by which policies can be compared: where none is
	 * known of expensive answers one costs 1, and all else nothing. */
	struct tally compared;
};

/* What there is lives in a, but the scores. */
void measure_rows_init(struct measure_rows *r, const struct measure_from *from,
		       struct arena *a);
void measure_rows_release(struct measure_rows *r);

const struct sample *measure_row(const struct measure_rows *r, size_t i);

#endif
