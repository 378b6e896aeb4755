/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editing what a backend answered for the client: whole replies, and chunks of
 * a live stream. Every byte that is not edited goes out as it came in. Pure.
 */
#ifndef CHAT_CHAT_EDIT_H
#define CHAT_CHAT_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "chat/chat.h"
#include "chat/chat_ask.h"
#include "chat/chat_error.h"

struct chat_stamp {
	const char *id;	      /* "chatcmpl-..." */
	const char *model;    /* the name the client asked for, not escaped */
	int64_t created;      /* seconds; in chunks, and where a reply has none */
	bool keep_logprobs;   /* the client asked */
	int64_t top_logprobs; /* its k: longer lists are cut; below 0: none is */
	/* replaces the reply's; NULL: as it is */
	const struct chat_usage *usage;
};

/* A whole reply: id, model, created and object set (added when missing),
 * finish reasons mapped to the known five, logprobs made null or cut to k and
 * completed (bytes, top_logprobs, refusal), a choice's missing index, logprobs
 * and finish_reason added, a top-level "error": null left out. Of duplicates
 * inside a choice only the last, the one that counts, is edited. */
int chat_reply_write(const struct chat_reply *r, const struct chat_stamp *st,
		     struct arena *a, struct buf *out);

/* What a live stream has shown so far; zeroed at the start. */
struct chat_stream {
	bool begun;	   /* a role went out */
	uint64_t roles;	   /* bit i: choice i's role went out (index < 64) */
	uint64_t finished; /* bit i: choice i's finish reason went out */
	uint64_t seen;	   /* bit i: choice i appeared */
	struct chat_usage usage; /* the last one the backend sent */
	bool usage_sent;	 /* it went out as a chunk of its own */
	size_t content_bytes;	 /* of all deltas, to estimate tokens */
};

/* One chunk of a live stream for the client: id, model, created, object
 * stamped; role once per choice and first (added when the backend has none,
 * for lower choices too); finish reasons mapped ("" is null); what a choice
 * must have added; kept log-probs completed, not cut; "error": null left out.
 *
 * Usage: with want_usage a chunk without choices passes its usage, once, and
 * every other chunk says "usage": null. Backends that send it along with
 * choices leave usage.there set and usage_sent false at the end: then it is
 * the caller's to send (chat_usage_emit()). Without want_usage no chunk has
 * any. A chunk that then carries nothing is not written: 0 bytes are
 * appended. */
int chat_chunk_write(const struct chat_chunk *c, const struct chat_stamp *st,
		     bool want_usage, struct chat_stream *state,
		     struct arena *a, struct buf *out);

/* ---- shared with chat_replay --------------------------------------------- */

/* One of stop, length, tool_calls, content_filter, function_call. */
const char *chat_finish_name(struct span finish, bool has_tools);

/* Appends the value of a `usage` member. */
int chat_usage_write(const struct chat_usage *u, struct buf *out);

#endif
