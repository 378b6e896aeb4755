/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do two answers say the same? A model is asked (chat/chat_judge,
 * verify/verify_judge_read), once, with the first one shown first: whoever is
 * moved by the order asks with the answers in an order of its own.
 *
 * Texts that are the same but for white space around them are SAME without
 * asking; so long as one is empty or unfit to be shown (verify/suspect), others
 * are UNKNOWN. So is what a judge was asked about whose word did not come.
 */
#ifndef VERIFY_VERIFY_SAME_H
#define VERIFY_VERIFY_SAME_H

#include <stdint.h>

#include "base/mem.h"
#include "base/span.h"
#include "chat/chat.h"
#include "evt/loop.h"
#include "verify/comparator.h"
#include "verify/verifier.h"

struct backend;
struct verify_same; /* one comparison at work */

/* why: what left it UNKNOWN, static: a word of verify/inquiry or
 * verify/verify_judge_read, or of suspect_word(). NULL with the other two. */
typedef void verify_same_done_fn(void *arg, enum sameness same,
				 const char *why);

/* Borrowed until it ends, but for the struct itself. */
struct verify_same_start {
	struct loop *loop;
	struct arena *arena;
	/* The call is told to its books, as of the verifier "compare". */
	const struct verify_world *world;
	const struct chat_request *request; /* what both answer */
	struct backend *backend;	    /* who is asked */
	struct span first, second; /* plain text, or the JSON of tool calls */
	int64_t until_us;	   /* absolute */
	verify_same_done_fn *done;
	void *arg;
};

/* done comes exactly once, on a later turn of the loop, unless free comes
 * first. Never NULL. */
struct verify_same *verify_same_start(const struct verify_same_start *s);
/* Allowed in done, and before it (it then never comes, and the call is
 * aborted). NULL is fine. */
void verify_same_free(struct verify_same *v);

#endif
