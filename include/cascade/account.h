/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books of one run: its calls and verdicts, what they took in time and
 * money. From them come the numbers in the reply headers and the ledger row.
 */
#ifndef CASCADE_ACCOUNT_H
#define CASCADE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "chat/chat.h"
#include "store/ledger.h"
#include "upstream/call.h"
#include "verify/verdict.h"
#include "verify/verifier.h"

struct account_attempt {
	const struct backend *backend; /* NULL: a verifier's call elsewhere */
	const char *purpose;  /* "answer" or "verify" */
	const char *verifier, *mode, *about; /* of a verifier's; may be NULL */
	int tier;	      /* as it is told: from 1, 0 when direct */
	struct answer answer; /* spans in it are not to be used */
	bool aborted;
	const char *text;     /* of the reply; NULL unless texts are kept */
};

struct account_verdict {
	size_t attempt; /* index of the one that was judged */
	struct verdict verdict;
};

struct account {
	struct arena *arena;
	bool keep_texts;
	int64_t start_us; /* of the request: its head was in; monotonic */
	int64_t begin_us; /* of our work: its body was in, it had a place */
	struct account_attempt *attempts;
	size_t n_attempts, room_attempts;
	size_t n_answers;      /* of them with purpose answer */
	size_t last_answer;    /* index of the last one of those */
	bool answering;	       /* a call for an answer is out */
	struct account_verdict *verdicts;
	size_t n_verdicts, room_verdicts;
	bool any_connected;    /* one of the backends was reached */
	int n_out;	       /* calls that are out, of any purpose */
	int64_t out_since_us;  /* since one of them always was */
	int64_t upstream_us;   /* time any call was out, before that */
	int64_t overhead_us;   /* frozen when a head is sent; -1 before */
	int64_t cost_pusd;
	int64_t verify_pusd;   /* of that, of calls of verifiers */
};

/* arena outlives it. */
void account_init(struct account *a, struct arena *arena, int64_t start_us,
		  bool keep_texts);

/* It has a place: what it waited for is not our overhead. */
void account_begins(struct account *a);
/* A call for an answer; one at a time. */
void account_call_begins(struct account *a);
/* The call that began is over, or about to be aborted. */
void account_call_ends(struct account *a, struct call *c, int tier,
		       bool aborted);
/* A call of a verifier, likewise, beside others or not, about a reply of that
 * tier and backend. c NULL: a wait that is over, nothing to book. */
void account_verify_begins(struct account *a);
void account_verify_ends(struct account *a, const struct verify_call *c,
			 int tier, const char *about);
/* On the reply of the last answer. What it cost is booked with its calls. The
 * copy that is kept lives as long as the arena. */
const struct verdict *account_judged(struct account *a,
				     const struct verdict *v);

/* The last n verdicts, in order, of the arena. */
const struct verdict *account_last(const struct account *a, size_t n);

/* Calls made for an answer, one that is out included. */
int account_attempts(const struct account *a);
/* Time that was ours so far; frozen by the first call. */
int64_t account_overhead_us(struct account *a);
/* Of all attempts together. */
void account_usage(const struct account *a, struct chat_usage *sum);

/* A row with attempts, verdicts, times and cost; the rest is the caller's. */
struct ledger_row *account_row(struct account *a);

#endif
