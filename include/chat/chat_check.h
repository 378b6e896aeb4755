/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The question by which another backend checks a reply: the client's messages,
 * byte for byte, with one instruction at the end of the last user text, and
 * nothing else of the client's body. Pure.
 */
#ifndef CHAT_CHAT_CHECK_H
#define CHAT_CHAT_CHECK_H

#include "base/buf.h"
#include "chat/chat.h"

enum chat_check_mode {
	CHAT_CHECK_BLIND,   /* answer it yourself, shortly */
	CHAT_CHECK_VERDICT, /* here is an answer: is it right? */
};

/* The instruction of that mode; a verdict's has '@' where the proposal goes. */
const char *chat_check_instruction(enum chat_check_mode mode);

/* Appends a body for chat_request_read() with model, messages, temperature and
 * max_tokens. The instruction goes to the end of the last message whose role is
 * user: of its content, or of the last text part of a list (a part of its own
 * where the list has none). Where no such message can take it, it is a user
 * message of its own. proposal: what a verdict is asked about, plain text; it
 * is shown as a JSON string. 0, or -1 when out is full. */
int chat_check_write(const struct chat_request *rq, enum chat_check_mode mode,
		     struct span proposal, struct buf *out);

#endif
