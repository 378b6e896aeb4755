/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came of the questions that were asked so far, and whether to go on.
 * Pure.
 */
#ifndef CTL_EVAL_TALLY_H
#define CTL_EVAL_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "store/ledger.h"

/* A tier that has failed so often, one question after the other, will fail the
 * next one too. */
#define EVAL_FAILS_MOST 10

struct eval_tier {
	const char *backend;
	size_t answers, failures;
	size_t in_a_row; /* failures since the last answer */
	char why[32];	 /* of the last one */
	size_t labelled, right;
	int64_t cost_pusd;
	int64_t *us; /* of each answer */
	size_t room;
};

struct eval_tally {
	struct eval_tier *tiers;
	size_t n_tiers;
	size_t done;	      /* questions that are over */
	size_t failed;	      /* of them, without an answer of each tier */
	size_t agree, differ; /* first and last tier */
	int64_t spent_pusd;
	int64_t verify_pusd;  /* of it, for verifying and comparing */
	int64_t largest_pusd; /* of one question */
};

/* Borrows names of c. */
void eval_tally_init(struct eval_tally *t, const struct conf_cascade *c);
void eval_tally_release(struct eval_tally *t);

/* One question, as it stands in the ledger, with its labels. */
void eval_tally_add(struct eval_tally *t, const struct ledger_row *row,
		    struct ledger_label *const *labels, size_t n_labels);

/* A tier that is not worth another question; NULL: none. What a backend refuses
 * for the question's sake (400, 413, 422) does not count once it has answered
 * another. */
const struct eval_tier *eval_tally_dead(const struct eval_tally *t);

/* May one more be asked beside those in flight, each taken for as dear as the
 * dearest so far? Until one was answered, one at a time. */
bool eval_tally_affords(const struct eval_tally *t, size_t in_flight,
			int64_t budget_pusd);

/* Of a tier's answers; 0 when there is none. Sorts them. */
int64_t eval_tier_median_us(struct eval_tier *tier);

#endif
