/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to one backend, from the first byte out to the last byte in.
 *
 * A call ends exactly once, in on_done(), and always on a later turn of the
 * loop than call_start(). Freeing a call that has not ended aborts it at once,
 * and on_done() is then not called.
 *
 * When a backend rejects the fields that were added to the question, the call
 * asks once more without them and remembers it in the backend.
 */
#ifndef UPSTREAM_CALL_H
#define UPSTREAM_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "chat/chat.h"
#include "chat/fault.h"
#include "evt/loop.h"
#include "upstream/backend.h"

struct call;

struct call_question {
	struct arena *arena; /* for what is read of the reply; outlives the call */
	const struct chat_request *request;
	const char *request_id;
	const char *query; /* of the client's URL; NULL: none */
	bool live;	   /* the client streams and gets it as it comes */
	bool want_tokens;  /* add log-probs (not with live) */
	int64_t until_us;  /* absolute; the backend's own times hold too */
	int max_depth;
	bool spare;	   /* nobody waits for it: backend_enter() */
	bool keep_bytes;   /* gather a stream, for call_reply_bytes() */
};

/* How it ended. reply points into bytes that live as long as the call. */
struct answer {
	struct fault fault;	  /* kind FAULT_NONE: there is a reply */
	const char *why;	  /* a word for logs: "ok", "connect", "timeout",
				     "status", "garbage", "busy", ... */
	bool connected;		  /* something was sent */
	bool out_of_time;	  /* until_us passed */
	int status;		  /* of the backend, 0: none */
	bool whole;		  /* reply is there (buffered, or JSON to a live call) */
	struct chat_reply reply;
	struct chat_usage usage;  /* estimated when the backend said none */
	bool usage_estimated;
	bool tokens_asked;	  /* the question went out with log-probs */
	int64_t cost_pusd;
	int64_t start_us, first_byte_us, total_us; /* start: monotonic; others since */
	int refused_before;	  /* status that rejected added fields, 0: none */
};

struct call_ops {
	/* Live: one chunk of the stream, valid for the call of it. */
	void (*on_chunk)(void *arg, const struct chat_chunk *c);
	void (*on_done)(void *arg, const struct answer *ans);
};

/* Borrows everything until the call ends. Never NULL: what prevents the start
 * is reported by on_done() like any other end. */
struct call *call_start(struct loop *l, struct http_client *c,
			struct backend *b, const struct call_question *q,
			const struct call_ops *ops, void *arg);
void call_free(struct call *c); /* NULL is fine; allowed in a callback */

/* So far; complete in on_done() and afterwards. An aborted live call has its
 * estimated usage and cost in it (money that was burnt). */
const struct answer *call_answer(struct call *c);
const struct backend *call_backend(const struct call *c);
void call_hold(struct call *c, bool hold); /* back-pressure, live only */

/* What was answered, whole: a reply as it came; with keep_bytes a stream that
 * ended well, as the one chat.completion it says. Of a stream that was cut or
 * aborted, or is too large to gather, nothing. */
struct span call_reply_bytes(const struct call *c);

#endif
