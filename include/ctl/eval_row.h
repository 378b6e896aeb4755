/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a question leaves in the ledger: a row of mode `eval`, and a label for
 * each answer where the right one is known.
 */
#ifndef CTL_EVAL_ROW_H
#define CTL_EVAL_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "cascade/account.h"
#include "cascade/generation.h"
#include "cascade/survey.h"
#include "ctl/eval_plan.h"
#include "store/ledger.h"

/* A survey that is over. Borrowed. */
struct eval_answered {
	const struct generation *generation;
	const struct cascade *cascade;
	const struct eval_question *question;
	int64_t wall_us; /* when it was asked */
	struct arena *arena;
	struct account *account;
	const struct survey_result *result;
};

/* Yours. Texts only where the configuration keeps them. Outcome "ok" when each
 * tier has answered, else "upstream_error"; nobody is told any status. */
struct ledger_row *eval_row(const struct eval_answered *e);
/* Of tiers that have answered, the operator's, source "reference": right is
 * what compares the same as the reference. out has room for one a tier; they
 * are yours. Returns how many there are: none without a reference. */
size_t eval_row_labels(const struct eval_answered *e,
		       struct ledger_label **out);

#endif
