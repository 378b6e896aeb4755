/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions on their way: so many at once are asked, each is in the ledger
 * before anything else is said of it.
 */
#ifndef CTL_EVAL_RUN_H
#define CTL_EVAL_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cascade/generation.h"
#include "ctl/eval_plan.h"
#include "ctl/eval_progress.h"
#include "ctl/eval_tally.h"
#include "store/ledger_file.h"

/* Borrowed. */
struct eval_job {
	const struct generation *generation;
	const struct cascade *cascade;
	struct ledger_file *ledger;
	const struct eval_question *questions;
	size_t n;
	size_t parallel;     /* most in flight */
	int64_t budget_pusd; /* INT64_MAX: none */
	struct eval_progress *progress;
};

/* Why no further question was asked. */
enum eval_end {
	EVAL_END_ALL,	 /* there is none */
	EVAL_END_BUDGET, /* the next one might pass it */
	EVAL_END_DEAD,	 /* a tier fails: eval_tally_dead() */
	EVAL_END_SIGNAL, /* SIGINT, SIGTERM or SIGHUP came */
	EVAL_END_FAULT,	 /* *err: the ledger, or the system */
};

/* However it ends but by a fault or a second signal, what is in flight is
 * waited for and written down; a second signal aborts it, and what that had
 * cost is said. signals_block() was called. */
enum eval_end eval_run(const struct eval_job *j, struct eval_tally *t,
		       struct err *err);

#endif
