/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunks of one stream put together again: the chat.completion that the
 * backend would have answered had it not been asked to stream.
 *
 * Texts are joined as they came, escapes and all. Kept are id, created, model,
 * service_tier, system_fingerprint (the first that is said), usage (the last);
 * of each choice its index, the message's content, refusal, reasoning, tool
 * calls (by their index) and function call, the log-probs' entries, the finish
 * reason (the last). Other members of a delta are not. Pure.
 */
#ifndef CHAT_GATHER_H
#define CHAT_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "chat/chat.h"

/* Most choices of a stream, and tool calls of a choice. */
#define GATHER_CHOICES 128
#define GATHER_CALLS   128

/* A value that comes in pieces. */
struct gather_text {
	char kind;	   /* its first byte; '"' and '[' are joined, of others
			    * the first stays; 0: none came */
	struct buf inside; /* between quotes or brackets; others whole */
};

struct gather_call {
	struct gather_call *next;
	int64_t index;
	struct span id, type; /* values' bytes, the first given */
	struct span rest;     /* `,"name":value` of its first delta */
	struct span name, function_rest; /* of its function, likewise */
	struct gather_text arguments;
};

enum gather_part {
	GATHER_CONTENT,
	GATHER_REFUSAL,
	GATHER_REASONING_CONTENT,
	GATHER_REASONING,
	GATHER_NPARTS,
};

struct gather_choice {
	struct gather_choice *next;
	int64_t index;
	struct gather_text parts[GATHER_NPARTS];
	struct gather_call *calls; /* by index */
	size_t n_calls;
	struct gather_call *function;	/* function_call; NULL: none */
	struct gather_text logprobs[2]; /* entries of content, refusal */
	struct buf finish;		/* value's bytes */
};

struct gather {
	size_t cap, held;
	bool failed;
	struct arena *arena;
	struct gather_choice *choices; /* by index */
	size_t n_choices;
	struct span id, created, model, service_tier, system_fingerprint;
	struct buf usage; /* value's bytes */
};

/* The member of a message it is. */
const char *gather_part_name(enum gather_part part);

/* cap: most bytes it may hold. */
void gather_init(struct gather *g, size_t cap);
void gather_release(struct gather *g);

/* Adds what one chunk says. Past the cap or the bounds above, and when a text
 * comes as string and list by turns, g->failed is set, for good. */
void gather_chunk(struct gather *g, const struct chat_chunk *c);

/* Appends the JSON, which chat_reply_read() takes. 0, or -1 when gathering has
 * failed, no choice came, or out is full. */
int gather_write(const struct gather *g, struct buf *out);

#endif
