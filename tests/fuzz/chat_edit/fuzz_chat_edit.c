/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever body is taken, what is written of it can be read again and says what
 * it was made to say. The first byte of the input chooses what is asked.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/jscan.h"
#include "chat/chat_ask.h"
#include "chat/chat_check.h"
#include "chat/chat_edit.h"
#include "chat/chat_replay.h"

#define DEPTH 64

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

/* The proposal is the client's own bytes: as hostile as any. */
static void try_check(const struct chat_request *rq, enum chat_check_mode mode,
		      struct arena *a)
{
	struct chat_request again;
	struct chat_fault why;
	struct buf out;

	buf_init(&out, 0);
	check(chat_check_write(rq, mode, rq->body, &out) == 0);
	check(chat_request_read(&again, buf_span(&out), DEPTH + 2, a, &why) ==
	      0);
	check(again.messages.n > rq->messages.n + 40);
	check(again.n == 1 && !again.stream && !again.tools.n &&
	      !again.response_format.n && !again.beyond_cheap);
	buf_release(&out);
}

static void try_request(struct span body, unsigned how, struct arena *a)
{
	struct chat_ask ask = {
		.model = "b\"ig",
		.buffered = how & 1,
		.include_usage = how & 2,
		.old_max_tokens = how & 4,
		.top_logprobs = how & 8 ? 5 : 0,
	};
	struct chat_request rq, again;
	struct chat_fault why;
	struct buf out;

	if (chat_request_read(&rq, body, DEPTH, a, &why) < 0)
		return;
	buf_init(&out, 0);
	check(chat_ask_write(&rq, &ask, a, &out) == 0);
	check(chat_request_read(&again, buf_span(&out), DEPTH, a, &why) == 0);
	check(span_is(again.model, "b\"ig"));
	check(span_eq(again.messages, rq.messages));
	check(again.stream == (rq.stream && !ask.buffered));
	check(again.n == rq.n);
	check(!ask.buffered || !again.include_usage);
	check(!ask.top_logprobs || (again.logprobs && again.top_logprobs >= 5 &&
				    again.top_logprobs <= 20));
	buf_release(&out);
	try_check(&rq, how & 1 ? CHAT_CHECK_BLIND : CHAT_CHECK_VERDICT, a);
}

/* What a client hears of the first choice's content. */
static int hear(void *arg, struct span json)
{
	struct arena *a = arena_new();
	struct chat_fault why;
	struct chat_chunk c;

	(void)arg;
	check(chat_chunk_read(&c, json, DEPTH + 8, a, &why) == 0);
	check(c.n_choices <= 1);
	arena_free(a);
	return 0;
}

static void try_reply(struct span body, unsigned how, struct arena *a)
{
	struct chat_stamp st = {
		.id = "chatcmpl-1",
		.model = "gpt",
		.created = 1,
		.keep_logprobs = how & 1,
		.top_logprobs = how & 2 ? 1 : 3,
	};
	struct chat_reply r, again;
	struct chat_fault why;
	struct buf out;

	if (chat_reply_read(&r, body, DEPTH, true, a, &why) < 0)
		return;
	buf_init(&out, 0);
	check(chat_reply_write(&r, &st, a, &out) == 0);
	check(chat_reply_read(&again, buf_span(&out), DEPTH, true, a, &why) ==
	      0);
	check(span_is(again.id, "chatcmpl-1") && span_is(again.model, "gpt"));
	check(span_is(again.object, "chat.completion") && again.created > 0);
	check(again.n_choices == r.n_choices);
	for (size_t i = 0; i < r.n_choices; i++) {
		check(span_eq(r.choices[i].content, again.choices[i].content));
		check(again.choices[i].finish.n > 0);
		check(st.keep_logprobs || again.choices[i].tokens.n == 0);
	}
	check(chat_reply_emit(&r, &st, how & 4, how & 8, 1 + (how >> 4), a,
			      hear, NULL) == 0);
	buf_release(&out);
}

static void try_chunk(struct span body, unsigned how, struct arena *a)
{
	struct chat_stamp st = {.id = "chatcmpl-1",
				.model = "gpt",
				.created = 1,
				.keep_logprobs = how & 2};
	struct chat_stream state = {.roles = how & 4 ? 1 : 0};
	struct chat_chunk c, again;
	struct chat_fault why;
	struct buf out;

	if (chat_chunk_read(&c, body, DEPTH, a, &why) < 0)
		return;
	buf_init(&out, 0);
	check(chat_chunk_write(&c, &st, how & 1, &state, a, &out) == 0);
	if (out.n) {
		check(chat_chunk_read(&again, buf_span(&out), DEPTH, a, &why) ==
		      0);
		check(again.n_choices >= c.n_choices &&
		      again.error.n == c.error.n);
		check((how & 1) || !again.usage.there);
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span body = {(const char *)p + 1, n - 1};
	char message[64], code[16], param[16];
	struct arena *a;

	if (n < 1)
		return 0;
	a = arena_new();
	try_request(body, p[0], a);
	try_reply(body, p[0], a);
	try_chunk(body, p[0], a);
	chat_error_read(body, message, sizeof(message), code, sizeof(code));
	chat_error_param(body, param, sizeof(param));
	arena_free(a);
	return 0;
}
