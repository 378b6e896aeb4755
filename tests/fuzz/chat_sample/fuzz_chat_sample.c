/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever question is taken, what a sample is asked by can be read again, asks
 * the same, and has every member that stays, byte for byte and in its order.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/jscan.h"
#include "chat/chat_sample.h"

#define DEPTH 64

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

static bool goes(struct span key)
{
	static const char *const names[] = {
		"temperature",	"top_p",	  "top_k",
		"min_p",	"seed",		  "n",
		"stream",	"stream_options", "logprobs",
		"top_logprobs",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (jscan_key_is(key, names[i]))
			return true;
	return false;
}

/* The next member that stays; false: there is none. */
static bool next_kept(struct jscan *s, struct span *key, struct span *value)
{
	while (jscan_member(s, key) > 0) {
		check(jscan_value(s, value) == 0);
		if (!goes(*key))
			return true;
	}
	check(!s->why);
	return false;
}

static void check_members(struct span before, struct span after)
{
	struct span key, value, key_too, value_too;
	struct jscan s, t;

	jscan_init(&s, before, DEPTH);
	jscan_init(&t, after, DEPTH);
	check(jscan_enter(&s, '{') == 0 && jscan_enter(&t, '{') == 0);
	check(jscan_member(&t, &key) > 0 && span_is(key, "temperature"));
	check(jscan_value(&t, &value) == 0 && span_is(value, "0.7"));
	while (next_kept(&s, &key, &value)) {
		check(jscan_member(&t, &key_too) > 0);
		check(jscan_value(&t, &value_too) == 0);
		check(span_eq(key, key_too) && span_eq(value, value_too));
	}
	check(jscan_member(&t, &key_too) == 0 && jscan_end(&t) == 0);
}

static void check_request(const struct chat_request *rq,
			  const struct chat_request *again)
{
	check(span_eq(rq->model, again->model));
	check(span_eq(rq->messages, again->messages));
	check(span_eq(rq->tools, again->tools));
	check(span_eq(rq->response_format, again->response_format));
	check(rq->beyond_cheap == again->beyond_cheap);
	check(again->n == 1 && !again->stream && !again->include_usage &&
	      !again->logprobs && !again->top_logprobs);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span body = {(const char *)p, n};
	struct arena *a = arena_new();
	struct chat_request rq, again;
	struct chat_fault why;
	struct buf out, twice;

	buf_init(&out, 0);
	buf_init(&twice, 0);
	if (chat_request_read(&rq, body, DEPTH, a, &why) == 0) {
		check(chat_sample_write(&rq, 0.7, a, &out) == 0);
		check(chat_request_read(&again, buf_span(&out), DEPTH, a,
					&why) == 0);
		check_request(&rq, &again);
		check_members(body, buf_span(&out));
		check(chat_sample_write(&again, 0.7, a, &twice) == 0);
		check(span_eq(buf_span(&out), buf_span(&twice)));
	}
	buf_release(&out);
	buf_release(&twice);
	arena_free(a);
	return 0;
}
