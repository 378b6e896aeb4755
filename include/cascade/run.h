/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one request: wait for a place, ask a tier, judge, decide,
 * escalate or answer, write the ledger row.
 *
 * A run ends by itself. Its owner tells it of the client (gone, drained, sent)
 * and hears of the end once, in on_end(), on a turn where nothing of the run
 * is on the stack; the run is freed when that returns.
 */
#ifndef CASCADE_RUN_H
#define CASCADE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "cascade/generation.h"
#include "cascade/outlet.h"
#include "cascade/recorder.h"
#include "cascade/roster.h"
#include "chat/chat.h"
#include "evt/loop.h"
#include "net/http_client.h"

struct run;

/* What all runs of one loop share. */
struct run_house {
	struct loop *loop;
	struct http_client *client;
	struct roster *roster;
	struct recorder *recorder;
};

struct run_start {
	struct generation *generation; /* the run takes a reference of its own */
	const struct cascade *cascade; /* of that generation */
	/* In the arena, which outlives the run; the body's bytes need only
	 * last until run_client_sent(). */
	const struct chat_request *request;
	struct arena *arena;
	const char *request_id;
	const char *key_name;	       /* "" for none */
	const char *query;	       /* of the URL; NULL: none */
	int64_t start_us;	       /* monotonic: the head was in */
	int64_t wish_us;	       /* time the client gives, 0: not said */
	const struct outlet_sink *sink;
	void *sink_arg;
	void (*on_end)(void *arg);
	void *end_arg;
};

/* Nothing is sent before it returns. */
struct run *run_new(const struct run_house *h, const struct run_start *s);

void run_client_gone(struct run *r);
void run_client_drained(struct run *r);
/* All of the answer is out, or will never be (after gone, cut). Must come
 * once for every run; only then it ends. */
void run_client_sent(struct run *r);
/* Ends it now: the client gets an error in the fitting shape. */
void run_abort(struct run *r);

#endif
