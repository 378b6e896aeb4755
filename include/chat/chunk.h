/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of a stream that are ours, written one after the other: they differ
 * only between head and tail. Pure.
 */
#ifndef CHAT_CHUNK_H
#define CHAT_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "chat/chat_edit.h"

/* Borrows json for the call. */
typedef int chat_emit_fn(void *arg, struct span json);

struct chunk {
	struct buf head; /* up to the choices */
	struct buf json; /* the one being written */
	bool want_usage; /* each says "usage": null */
	chat_emit_fn *emit;
	void *arg;
};

void chunk_init(struct chunk *w, const struct chat_stamp *st, bool want_usage,
		chat_emit_fn *emit, void *arg);
void chunk_release(struct chunk *w);

/* Begins a chunk of one choice; its delta, an object, is then added to json,
 * and behind it `,"logprobs":...` if it has them. */
void chunk_begin(struct chunk *w, int64_t index);
/* Ends and emits it; finish may be NULL. What emit returns, or -1 when there
 * was no memory; so do those below. */
int chunk_end(struct chunk *w, bool has_logprobs, const char *finish);

int chunk_delta(struct chunk *w, int64_t index, const char *delta,
		const char *finish);
/* Content "" is announced, or null. */
int chunk_role(struct chunk *w, int64_t index, bool has_text);
int chunk_usage(struct chunk *w, struct span usage); /* a JSON value */
int chunk_counts(struct chunk *w, const struct chat_usage *u);

#endif
