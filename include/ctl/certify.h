/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of a sequence of policies may be used. Pure.
 */
#ifndef CTL_CERTIFY_H
#define CTL_CERTIFY_H

#include <stddef.h>

#include "ctl/cuts.h"

struct certified {
	size_t n_passed; /* before the first that failed (stat/risk) */
	/* The most saving of them, the last of equals; cuts_none() if none. */
	struct artifact_cuts best;
	/* The most saving of all with no more losses than alpha: no promise. */
	struct artifact_cuts naive;
};

/* Policies fixed beforehand, in order, on the same n certifying rows. */
struct certified certify(const struct artifact_cuts *policies,
			 size_t n_policies, const struct cuts_row *rows,
			 size_t n, double alpha, double delta);

#endif
