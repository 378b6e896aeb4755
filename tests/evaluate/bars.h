/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the evaluation must show: all bars, in one place.
 */
#ifndef EVALUATE_BARS_H
#define EVALUATE_BARS_H

#include <stdio.h>

#include "summary.h"

enum bars_figure {
	BARS_ACCEPT,
	BARS_SAVING,
	BARS_GAP,
	BARS_BROKEN,
	BARS_MISLED,
	BARS_BELOW_WAYS,
	BARS_CHECKED,
	BARS_WORTH_IT,
	BARS_ECE,
	BARS_AUROC_BEFORE,
	BARS_AUROC_AFTER,
};

/* Says on `to` which bars the case of that name missed; returns how many. */
int bars_check(const char *name, const struct trial_plan *plan,
	       const struct summary *s, FILE *to);

#endif
