/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cascade that questions are put to, brought to life with its secrets.
 */
#ifndef CTL_EVAL_SUBJECT_H
#define CTL_EVAL_SUBJECT_H

#include <stddef.h>

#include "cascade/generation.h"
#include "ctl/args.h"

struct eval_subject {
	struct generation *generation;
	const struct cascade *cascade; /* of two tiers and more */
	const char *ledger;	       /* its path */
	/* What was wanted, or less: as many as each backend takes at once. */
	size_t parallel;
};

/* Reads what a names. A calibration that is not there yet, or that is for
 * another chain, is done without. 0, or an exit status, and what is wrong has
 * been said. */
int eval_subject_open(struct eval_subject *s, const struct args_command *c,
		      const struct args *a);
void eval_subject_close(struct eval_subject *s);

#endif
