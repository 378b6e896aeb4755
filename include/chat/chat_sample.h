/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's question as it is asked once more for another reply to it: the
 * client's body, but drawn at a temperature of our own. Pure.
 */
#ifndef CHAT_CHAT_SAMPLE_H
#define CHAT_CHAT_SAMPLE_H

#include "base/buf.h"
#include "base/mem.h"
#include "chat/chat.h"

/* Appends a body for chat_request_read(). In front stands the temperature; all
 * members go, with their duplicates, that say how a reply is drawn
 * (temperature, top_p, top_k, min_p, seed: what narrows the choice makes the
 * replies alike) or how many and in which form they come (n, stream,
 * stream_options, logprobs, top_logprobs). Whatever else there is, known or
 * not, stays byte for byte. temperature: from 0, to a millionth. 0, or -1 when
 * out is full. */
int chat_sample_write(const struct chat_request *rq, double temperature,
		      struct arena *a, struct buf *out);

#endif
