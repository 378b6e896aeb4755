/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two parts of a run share; nobody else includes this.
 *
 *   run	what happens, state by state
 *   run_told	what is told of it: in headers, in the ledger
 */
#ifndef CASCADE_RUN_PRIVATE_H
#define CASCADE_RUN_PRIVATE_H

#include "cascade/account.h"
#include "cascade/chain.h"
#include "cascade/policy.h"
#include "cascade/run.h"
#include "cascade/survey.h"
#include "evt/deadline.h"
#include "upstream/call.h"

enum run_state {
	RUN_QUEUE,
	RUN_ASK,
	RUN_RELAY,
	RUN_JUDGE,
	RUN_DECIDE,
	RUN_REPLY,
	RUN_SURVEY,
	RUN_DEAD,
	RUN_NSTATES,
};

enum run_event {
	EV_ENTER,    /* the state was just entered */
	EV_PLACE,    /* the roster has a place */
	EV_CHUNK,    /* r->chunk: one chunk of a live stream */
	EV_ANSWER,   /* the call has ended */
	EV_VERDICT,  /* a verifier has given its verdict */
	EV_DRAINED,  /* the client took what was unsent */
	EV_SENT,     /* nothing is left between us and the client */
	EV_GONE,     /* the client left */
	EV_DEADLINE, /* r->deadline passed */
	EV_SURVEYED, /* everybody was asked */
	EV_ABORT,    /* the process ends */
};

enum next { NEXT_MORE, NEXT_WAIT, NEXT_DONE };

/* The best reply that was passed over, kept for on_terminal_failure. */
struct spare {
	struct call *call;
	size_t tier;
	double confidence;
};

struct run {
	const struct run_house *house;
	struct generation *generation;
	const struct cascade *cascade;
	const struct chat_request *request;
	struct arena *arena; /* the owner's */
	const char *request_id, *key_name;
	const char *query; /* NULL: none */
	int64_t wall_us;
	int64_t until_us;    /* the request's deadline */
	void (*on_end)(void *arg);
	void *end_arg;

	enum run_state state;
	bool in_step;
	bool placed;	     /* in the roster */
	struct guest guest;
	struct deadline deadline;
	struct outlet outlet;

	size_t tier;	     /* being asked, or that answered */
	struct call *call;   /* of this tier; its reply lives in it */
	const struct chat_chunk *chunk; /* during EV_CHUNK */
	bool held;	     /* the call waits for the client */
	struct decision decision;
	bool answered;	     /* tier's reply goes to the client */
	bool passed_over;    /* the answering tier is not the first asked */
	struct chain chain;
	struct spare spare;

	/* Of a pair: the first tier's answer that was passed over, and the last
	 * tier's reply as JSON; n 0: it is not kept. */
	struct span first_text, last_reply;
	struct survey *survey; /* NULL: none */
	int64_t served_us, served_upstream_us; /* when it began; 0: it did not */

	struct account account;
	struct fault fault;  /* what the client is told; FAULT_NONE: an answer */
	const char *outcome; /* set once */
	double confidence;   /* of the last scored reply */
};

static inline bool run_is_terminal(const struct run *r)
{
	return r->tier + 1 == r->cascade->policy.n_tiers;
}

static inline bool run_is_shadow(const struct run *r)
{
	const struct conf_cascade *c = r->cascade->conf;

	return c && c->mode == CONF_MODE_SHADOW;
}

/* The tier as it is told: from 1; 0 when a backend was named. */
static inline int run_tier_number(const struct run *r, size_t tier)
{
	return r->cascade->conf ? (int)tier + 1 : 0;
}

/* "gate:empty"; in the run's arena, or static. */
const char *run_reason(const struct run *r);
/* outlet_meta_fn of a run. */
void run_fill_meta(void *arg, struct outlet_meta *m);
/* The run's row, all of it; yours. */
struct ledger_row *run_row(struct run *r);

#endif
