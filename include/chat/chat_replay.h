/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of a stream that no backend sent: a buffered reply replayed, role,
 * keep-alive and usage chunks.
 *
 * Each chunk goes out as one JSON object through emit, which borrows it for
 * the call. All functions stop when emit returns non-zero, and return that.
 * Pure.
 */
#ifndef CHAT_CHAT_REPLAY_H
#define CHAT_CHAT_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/chat_edit.h"
#include "chat/chunk.h"

/* The role chunks of choices 0..n-1. */
int chat_role_emit(const struct chat_stamp *st, int64_t n, bool want_usage,
		   chat_emit_fn *emit, void *arg);

/* A chunk with an empty delta (keep-alive). */
int chat_empty_emit(const struct chat_stamp *st, bool want_usage,
		    chat_emit_fn *emit, void *arg);

/* The usage chunk: no choices. */
int chat_usage_emit(const struct chat_stamp *st, const struct chat_usage *u,
		    chat_emit_fn *emit, void *arg);

/* A buffered reply as the chunks of a stream: role chunks (unless role_sent),
 * then the choices in turn: reasoning, content, refusal, tool calls; finish
 * chunks; with want_usage the usage, the reply's or st->usage, if there is
 * any; not [DONE].
 *
 * Deltas have at most `slice` bytes of text (one code point if that is more)
 * and are cut best after a space; text goes out escaped as it came. With kept
 * logprobs, for which the reply must have been read with want_tokens, they are
 * cut between tokens, so that the entries of a chunk are the tokens of its
 * delta; entries that spell nothing of the text go with the first or last
 * delta. Tokens that do not spell the text go out all with one delta. */
int chat_reply_emit(const struct chat_reply *r, const struct chat_stamp *st,
		    bool want_usage, bool role_sent, size_t slice,
		    struct arena *a, chat_emit_fn *emit, void *arg);

#endif
