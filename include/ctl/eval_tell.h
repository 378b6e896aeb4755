/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came of questions, as lines for people.
 */
#ifndef CTL_EVAL_TELL_H
#define CTL_EVAL_TELL_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/conf.h"
#include "ctl/eval_plan.h"
#include "ctl/eval_tally.h"

struct eval_told {
	const struct conf *conf;
	const struct conf_cascade *cascade;
	const char *file; /* of the questions */
	const struct eval_plan_counts *counts;
	size_t n_lines; /* of the file that were looked at */
	bool torn;	/* and one more that was not whole */
	size_t left;	/* questions that were not asked, or not to the end */
};

/* Sorts times in t. */
void eval_tell(const struct eval_told *e, struct eval_tally *t, FILE *to);

#endif
