/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body a backend is asked with: the client's bytes, but for what must be
 * different. Pure.
 */
#ifndef CHAT_CHAT_ASK_H
#define CHAT_CHAT_ASK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/mem.h"
#include "chat/chat.h"

struct chat_ask {
	const char *model;   /* the backend's name for it */
	bool buffered;	     /* stream:false, stream_options removed */
	int top_logprobs;    /* > 0: logprobs:true and this many
				0: as the client said */
	bool include_usage;  /* a stream: stream_options.include_usage true */
	bool old_max_tokens; /* max_completion_tokens is renamed max_tokens */
};

/* Writes the body for one backend. All duplicates of an edited member are
 * edited; new members go in front. With everything off only `model` changes.
 * A client that asked for more top_logprobs than ours gets its own number, up
 * to 20. old_max_tokens: where both members stand, the one that counts stays,
 * max_completion_tokens unless it is null. 0, or -1 when out is full. */
int chat_ask_write(const struct chat_request *rq, const struct chat_ask *ask,
		   struct arena *a, struct buf *out);

#endif
