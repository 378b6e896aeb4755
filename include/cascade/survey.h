/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everybody is asked about one request, for the books alone: each tier that has
 * not answered yet, on each tier that is verified all verifiers, whatever bands
 * and cuts say, and whether the first and the last tier give the same answer.
 *
 * It ends exactly once, in on_done(), on a later turn than survey_new(), unless
 * survey_abort() or survey_free() comes first. All that was asked is then in the
 * account, aborted calls included.
 */
#ifndef CASCADE_SURVEY_H
#define CASCADE_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "cascade/account.h"
#include "cascade/generation.h"
#include "cascade/pair.h"
#include "cascade/policy.h"
#include "chat/chat.h"
#include "evt/loop.h"
#include "net/http_client.h"

struct survey;

/* Borrowed until it ends. */
struct survey_start {
	struct loop *loop;
	struct http_client *client;
	const struct generation *generation;
	const struct cascade *cascade; /* of it, of two tiers and more */
	const struct chat_request *request;
	struct arena *arena;
	const char *request_id;
	const char *query; /* NULL: none */
	struct account *account;
	int64_t until_us; /* later nothing more is asked */
	/* What the last tier has answered already, a chat.completion; n 0: it
	 * is asked like the others, at the end. */
	struct span last_reply;
	void (*on_done)(void *arg);
	void *arg;
};

/* Valid in on_done() and after it. */
struct survey_result {
	enum pair_agrees agrees; /* first and last tier's answers */
	const char *compared_by; /* pair_by() */
	/* What the cascade would have done with the first tier's reply;
	 * REASON_NONE where it has no rule to decide by. */
	struct decision would;
	double confidence; /* of the last scored reply; NaN: none */
	/* The reply of each tier, as JSON, in the arena; n 0: it gave none. */
	const struct span *replies;
};

/* Into agrees, confidence, would and would_reason of a row. */
void survey_fill(const struct survey_result *r, struct ledger_row *row);

struct survey *survey_new(const struct survey_start *s);
const struct survey_result *survey_result(const struct survey *s);
/* Ends it now: what is out is aborted and booked, on_done() does not come. */
void survey_abort(struct survey *s);
void survey_free(struct survey *s); /* NULL is fine; aborts as well */

#endif
