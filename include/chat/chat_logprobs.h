/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completing the log-probs a client asked for. k: the longest list of
 * alternatives it wants; below 0 they are not cut. Pure.
 */
#ifndef CHAT_CHAT_LOGPROBS_H
#define CHAT_CHAT_LOGPROBS_H

#include <stddef.h>
#include <stdint.h>

#include "chat/splice.h"

/* The value of a choice's `logprobs` at [at, end): content and refusal added
 * when missing, each entry completed. */
void chat_logprobs_edit(struct splices *e, size_t at, size_t end, int64_t k);

/* One entry: bytes and top_logprobs added when missing, lists cut to k. */
void chat_entry_edit(struct splices *e, size_t at, size_t end, int64_t k);

#endif
