/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The questions of a judge: how good is this answer, and do these two say the
 * same? Pure.
 *
 * What others wrote is shown as data: the client's messages as their JSON, an
 * answer as a JSON string, each between two lines that bear a nonce, which
 * nobody could know who wrote them. An answer can end neither its string nor
 * its lines. The nonce is to be given back (verify/verify_judge_read). Nothing
 * else of the client's body is sent.
 *
 * A body has model, messages (system, user), temperature 0, max_tokens and,
 * with `schema`, a strict JSON Schema as response_format. It lists values where
 * it could bound them: more backends know `enum` than `const` and `maximum`.
 */
#ifndef CHAT_CHAT_JUDGE_H
#define CHAT_CHAT_JUDGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "chat/chat.h"

/* Of each, bytes that are written beside conversation and answers, about. */
#define CHAT_JUDGE_BYTES 1600

struct chat_judge_form {
	const char *nonce; /* letters and digits */
	bool schema;	   /* bind the reply to it */
};

/* Both append a body for chat_request_read(). Answers are plain text, or the
 * JSON of tool calls. 0, or -1 when out is full. */

/* Asks for {"nonce": ..., "grade": 0 to 10}. */
int chat_judge_grade(const struct chat_request *rq, struct span answer,
		     const struct chat_judge_form *f, struct buf *out);
/* Asks for {"nonce": ..., "same": true or false}. */
int chat_judge_same(const struct chat_request *rq, struct span first,
		    struct span second, const struct chat_judge_form *f,
		    struct buf *out);

#endif
