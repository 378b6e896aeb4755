/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sentence of a reply gives the answer, and which words of it. For
 * verify/final_answer, whose header states the rules. Pure.
 *
 * What is given back points into what was given. Time is linear: of sentences
 * longer than PASSAGE_MOST bytes only the end is looked at (of the first one,
 * the beginning).
 */
#ifndef VERIFY_PASSAGE_H
#define VERIFY_PASSAGE_H

#include <stdbool.h>

#include "base/span.h"

#define PASSAGE_MOST 4096

struct passages {
	struct span first;    /* n 0: there is no sentence at all */
	struct span chosen;   /* by rule 3a, 3b or 3c */
	struct span body;     /* what of it is about the answer */
	struct span numbered; /* the last one with a digit; n 0: none */
	bool named;	      /* by 3a */
};

void passages_read(struct span content, struct passages *out);

/* The words of a body that stand for the answer, wrapping and all. */
struct span passage_words(struct span body, bool named);

/* The number in a body that stands for it: the first one behind what states
 * it, else the last one; n 0: there is none. */
struct span passage_number(struct span body, bool named);

/* A sentence without what explains it: "X, which ..." is X. */
struct span passage_main_clause(struct span sentence);

#endif
