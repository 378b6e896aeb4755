/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which questions are to be asked: those of a file that are not in the ledger
 * yet. Pure.
 *
 * A question's id is "eval-" and 32 hex digits, the first half of SHA-256 over
 * all that its answers depend on: cascade, tiers and verifiers with their
 * backends and models, comparator, the bytes that are sent, the reference, the
 * line's own id. So the same file may be given again and again; and another
 * model makes another question. Asked again by `retry`, "-2", "-3", ... is
 * added, so that each row of the ledger has an id of its own.
 */
#ifndef CTL_EVAL_PLAN_H
#define CTL_EVAL_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "ctl/eval_lines.h"

struct eval_question {
	const struct eval_line *line;
	const char *request_id;
};

struct eval_plan;

/* retry: what failed, and has never come well since, is asked again. Borrows
 * c. */
struct eval_plan *eval_plan_new(const struct conf_cascade *c, bool retry);
void eval_plan_free(struct eval_plan *p); /* NULL is fine */

/* One row of the ledger; a ledger_reader_id_fn, arg is the plan. Ids that are
 * no question's are passed over. All rows come before the lines. */
void eval_plan_note(void *arg, const char *request_id, bool well);
/* One line, which outlives the plan. */
void eval_plan_add(struct eval_plan *p, const struct eval_line *l);

struct eval_plan_counts {
	size_t repeated; /* lines that are the same question as one before */
	size_t there;	 /* passed over: the ledger has them */
	size_t failed;	 /* of those, by a row that tells of a failure */
};

/* To be asked, in the order of the lines. */
const struct eval_question *eval_plan_questions(const struct eval_plan *p,
						size_t *n);
const struct eval_plan_counts *eval_plan_counts(const struct eval_plan *p);

#endif
