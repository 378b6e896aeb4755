/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows fit, certify and report. Rows whose loss is not known do neither.
 */
#ifndef CTL_SPLIT_H
#define CTL_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/fit.h"

struct split_options {
	uint64_t seed; /* of the draw */
	bool labelled; /* the loss is by labels */
	bool out_of_fold;
	double report_share; /* of eval and shadow rows */
};

/* Indices of samples. */
struct split {
	/* Those of enforcing cascades first, then `drawn`. */
	struct fit_rows fit;
	struct fit_rows drawn;	 /* of eval and shadow rows, to fit */
	struct fit_rows certify; /* out of fold: the same as drawn */
	struct fit_rows report;
	struct fit_rows all; /* fit and certify */
	size_t *order;	     /* owns them */
};

void split_init(struct split *p, const struct samples *s,
		const struct split_options *o);
void split_release(struct split *p);

#endif
