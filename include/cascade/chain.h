/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifiers of a cascade at work on one reply after the other, in their
 * order, until policy has decided. One a run; it books what they cost.
 */
#ifndef CASCADE_CHAIN_H
#define CASCADE_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "cascade/account.h"
#include "cascade/generation.h"
#include "cascade/policy.h"
#include "chat/chat.h"
#include "verify/verifier.h"

struct chain {
	const struct cascade *cascade;
	struct account *account;
	struct verify_world world;
	struct verify_case subject; /* of the present reply */
	int tier;		    /* whose reply it is, as it is told */
	bool surveys;		    /* all are asked, whatever is decided */
	size_t n;		    /* verdicts on it */
	const struct verdict **verdicts; /* by link; NULL: none yet */
	struct verification *at_work;	 /* NULL: none */
	size_t link;			 /* at_work's */
	struct verification **begun;	 /* by link: ahead of the reply */
	int64_t since_us;		 /* at_work is */
	size_t n_before;		 /* attempts before that */
	void (*on_verdict)(void *arg);
	void *arg;
};

/* What all replies of a run have in common. Borrowed; world's call_begins,
 * call_ends and arg are set here. on_verdict: chain_next() is due. */
struct chain_start {
	const struct cascade *cascade;
	struct account *account;
	struct verify_world world;
	struct loop *loop;
	struct arena *arena;
	const struct chat_request *request;
	bool surveys; /* by policy_survey() */
	void (*on_verdict)(void *arg);
	void *arg;
};

void chain_init(struct chain *k, const struct chain_start *s);

/* A reply, or the call that will bring one. */
struct chain_reply {
	int tier; /* as it is told */
	struct backend *backend;
	const struct chat_reply *reply; /* NULL: not there yet */
	struct span bytes;		/* the same, as JSON */
	int64_t until_us;		/* it is to be judged until then */
};

/* A tier that will be verified was asked: starts what does not need its reply,
 * as far as it can be afforded. */
void chain_ahead(struct chain *k, const struct chain_reply *r);

/* All three give the decision; while its step is POLICY_VERIFY, on_verdict
 * comes, on a later turn, unless chain_timeout() or chain_drop() does first. */

/* The reply is there. */
struct decision chain_judge(struct chain *k, const struct chain_reply *r);
struct decision chain_next(struct chain *k);
/* The time is over: what is at work has failed. */
struct decision chain_timeout(struct chain *k);

/* Aborts and books whatever is at work or was begun. */
void chain_drop(struct chain *k);

#endif
