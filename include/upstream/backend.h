/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One model endpoint at run time, one for each generation and shared by all
 * loops: what never changes is plain, what does is atomic.
 */
#ifndef UPSTREAM_BACKEND_H
#define UPSTREAM_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "chat/price.h"
#include "conf/conf.h"
#include "net/http_client.h"

struct dialect;

struct backend {
	const struct conf_backend *conf;
	const struct dialect *dialect;
	struct price price;
	struct fetch_route *whole;  /* where and how a buffered call goes */
	struct fetch_route *stream; /* the same with Accept: text/event-stream */
	size_t max_reply;
	/* Learnt from a 4xx that rejected what we had added; forgotten with
	 * the generation. */
	_Atomic bool no_logprobs;
	_Atomic bool no_stream_usage;
	_Atomic int64_t inflight; /* of calls that somebody waits for ... */
	_Atomic int64_t spare;	  /* ... and of those that nobody does */
};

/* conf is borrowed and must outlive the backend. */
struct backend *backend_new(const struct conf_backend *conf, size_t max_reply,
			    struct err *err);
void backend_free(struct backend *b);

/* One more call; false when max_inflight are out. One that is spare, that nobody
 * waits for, finds a place only beside all others, and takes none from them: so
 * for a while there may be more than max_inflight of both together. Each true is
 * paid back by one backend_leave() with the same word. */
bool backend_enter(struct backend *b, bool spare);
void backend_leave(struct backend *b, bool spare);

#endif
