/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays: put together again they are the reply byte for byte, and the order
 * of their chunks is one that every client takes.
 */
#include "chat/chat_replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/jscan.h"
#include "chat/chat_scan.h"

#define DEPTH	64
#define CHOICES 4
#define CALLS	4

static const struct chat_stamp stamp = {
	.id = "chatcmpl-\"1\"", .model = "gpt\xc3\xa9", .created = 99};

/* ---- the client's side --------------------------------------------------- */

/* One choice as a client puts it together; texts as they came, escaped. */
struct heard {
	bool role, finished, content_null;
	struct buf content, reasoning, refusal;
	struct buf plain; /* the pieces of content, unescaped one by one */
	struct buf calls[CALLS], arguments[CALLS];
	struct buf function, tokens, refusal_tokens;
	char finish[32];
	size_t pieces; /* of content */
};

struct client {
	struct heard c[CHOICES];
	bool want_usage, usage_heard, any_finished, keep_logprobs;
	bool exact; /* the entries of a chunk must spell its delta */
	int64_t last_role;
	size_t slice, chunks;
	struct buf usage;
	size_t stop_after; /* chunks; 0: never */
};

static struct span string_inside(struct span value)
{
	assert_true(value.n >= 2 && value.p[0] == '"');
	return (struct span){value.p + 1, value.n - 2};
}

static size_t unescaped_length(struct span raw)
{
	struct buf b;
	size_t n;

	buf_init(&b, 0);
	assert_int_equal(jtext_unescape(raw, &b), 0);
	n = b.n;
	buf_release(&b);
	return n;
}

/* Not longer than agreed, unless it is one code point. */
static void expect_slice(struct client *k, struct span raw)
{
	char utf8[4];
	size_t n;

	assert_true(raw.n > 0);
	if (unescaped_length(raw) > k->slice)
		assert_int_equal(jtext_unit(raw, utf8, &n), raw.n);
}

static void hear_call(struct client *k, struct heard *h, struct span call)
{
	struct span function = chat_member_of(call, "function");
	struct span arguments = chat_member_of(function, "arguments");
	int64_t i = -1;

	assert_true(jscan_int64(chat_member_of(call, "index"), &i));
	assert_true(i >= 0 && i < CALLS);
	if (h->calls[i].n == 0) {
		/* The first delta of a call names it. */
		assert_true(chat_member_of(call, "type").n > 0);
		buf_add_span(&h->calls[i], call);
		if (arguments.n)
			assert_true(arguments.p[0] != '"' ||
				    span_is(arguments, "\"\""));
		return;
	}
	assert_int_equal(chat_member_of(call, "id").n, 0);
	assert_int_equal(chat_member_of(call, "type").n, 0);
	assert_int_equal(chat_member_of(function, "name").n, 0);
	expect_slice(k, string_inside(arguments));
	buf_add_span(&h->arguments[i], string_inside(arguments));
	/* One call after the other. */
	assert_true(i + 1 == CALLS || h->calls[i + 1].n == 0);
}

static void hear_calls(struct client *k, struct heard *h, struct span list)
{
	struct span call;
	struct jscan s;

	jscan_init(&s, list, DEPTH);
	jscan_enter(&s, '[');
	while (jscan_element(&s) > 0) {
		assert_int_equal(jscan_value(&s, &call), 0);
		hear_call(k, h, call);
	}
	assert_int_equal(jscan_end(&s), 0);
}

static void hear_text(struct client *k, struct buf *to, struct span value,
		      bool has_tokens)
{
	if (value.p[0] != '"') {
		buf_add_span(to, value); /* no string: whole */
		return;
	}
	if (!has_tokens)
		expect_slice(k, string_inside(value));
	buf_add_span(to, string_inside(value));
}

/* A surrogate pair in two pieces would be lost to the client. */
static void expect_pairs_whole(const struct heard *h)
{
	struct buf b;

	buf_init(&b, 0);
	assert_int_equal(jtext_unescape(buf_span(&h->content), &b), 0);
	assert_true(span_eq(buf_span(&b), buf_span(&h->plain)));
	buf_release(&b);
}

static void hear_role(struct client *k, struct heard *h, int64_t index,
		      struct span delta)
{
	struct span content = chat_member_of(delta, "content");

	assert_false(h->role);
	assert_true(span_is(chat_member_of(delta, "role"), "\"assistant\""));
	assert_true(span_is(content, "\"\"") || span_is(content, "null"));
	assert_true(index > k->last_role);
	k->last_role = index;
	h->role = true;
	h->content_null = content.p[0] == 'n';
}

static void hear_entries(struct buf *tokens, struct buf *text, struct span list)
{
	struct span entry, token;
	struct jscan s;

	jscan_init(&s, list, DEPTH);
	jscan_enter(&s, '[');
	while (jscan_element(&s) > 0) {
		assert_int_equal(jscan_value(&s, &entry), 0);
		assert_true(chat_member_of(entry, "bytes").n > 0);
		assert_true(chat_member_of(entry, "top_logprobs").p[0] == '[');
		token = string_inside(chat_member_of(entry, "token"));
		buf_addf(tokens, "<%.*s>", (int)token.n, token.p);
		buf_add_span(text, token);
	}
	assert_int_equal(jscan_end(&s), 0);
}

static void hear_logprobs(struct client *k, struct heard *h, struct span value,
			  struct span delta)
{
	struct buf text;
	struct span content = chat_member_of(value, "content");
	struct span refusal = chat_member_of(value, "refusal");

	assert_true(value.n > 0);
	if (!chat_is_given(value))
		return;
	assert_true(k->keep_logprobs);
	assert_true(content.n && refusal.n);
	buf_init(&text, 0);
	if (chat_is_given(content))
		hear_entries(&h->tokens, &text, content);
	if (chat_is_given(refusal))
		hear_entries(&h->refusal_tokens, &text, refusal);
	if (k->exact)
		assert_true(span_eq(
			buf_span(&text),
			string_inside(chat_member_of(delta, "content"))));
	buf_release(&text);
}

static void hear_delta(struct client *k, struct heard *h, struct span delta,
		       bool has_tokens)
{
	struct span key, v;
	struct jscan s;

	jscan_init(&s, delta, DEPTH);
	jscan_enter(&s, '{');
	while (jscan_member(&s, &key) > 0) {
		assert_int_equal(jscan_value(&s, &v), 0);
		if (span_is(key, "content")) {
			hear_text(k, &h->content, v, has_tokens);
			jtext_unescape(v.p[0] == '"' ? string_inside(v) : v,
				       &h->plain);
			h->pieces++;
		} else if (span_is(key, "refusal")) {
			hear_text(k, &h->refusal, v, has_tokens);
		} else if (span_is(key, "reasoning") ||
			   span_is(key, "reasoning_content")) {
			/* Thought before said. */
			assert_int_equal(h->content.n, 0);
			hear_text(k, &h->reasoning, v, has_tokens);
		} else if (span_is(key, "tool_calls")) {
			hear_calls(k, h, v);
		} else if (span_is(key, "function_call")) {
			buf_add_span(&h->function, v);
		} else {
			fail_msg("member %.*s", (int)key.n, key.p);
		}
	}
	assert_int_equal(jscan_end(&s), 0);
}

static void hear_choice(struct client *k, struct span choice)
{
	struct span delta = chat_member_of(choice, "delta");
	struct span finish = chat_member_of(choice, "finish_reason");
	struct span logprobs = chat_member_of(choice, "logprobs");
	struct heard *h;
	int64_t i = -1;

	assert_true(jscan_int64(chat_member_of(choice, "index"), &i));
	assert_true(i >= 0 && i < CHOICES);
	h = &k->c[i];
	assert_false(h->finished);
	assert_true(finish.n > 0);
	assert_true(delta.n >= 2 && delta.p[0] == '{');
	hear_logprobs(k, h, logprobs, delta);
	if (chat_member_of(delta, "role").n) {
		hear_role(k, h, i, delta);
		assert_true(span_is(finish, "null"));
		return;
	}
	assert_true(h->role);
	hear_delta(k, h, delta, chat_is_given(logprobs));
	if (chat_is_given(finish)) {
		assert_true(span_is(delta, "{}"));
		snprintf(h->finish, sizeof(h->finish), "%.*s",
			 (int)finish.n - 2, finish.p + 1);
		h->finished = k->any_finished = true;
	} else {
		/* Finish chunks come after all deltas. */
		assert_false(k->any_finished);
	}
}

static void expect_head(struct span json)
{
	assert_true(
		span_is(chat_member_of(json, "id"), "\"chatcmpl-\\\"1\\\"\""));
	assert_true(span_is(chat_member_of(json, "object"),
			    "\"chat.completion.chunk\""));
	assert_true(span_is(chat_member_of(json, "created"), "99"));
	assert_true(span_is(chat_member_of(json, "model"), "\"gpt\xc3\xa9\""));
	assert_int_equal(chat_member_of(json, "error").n, 0);
}

static int hear(void *arg, struct span json)
{
	struct client *k = arg;
	struct span usage = chat_member_of(json, "usage"), choice;
	struct jscan s;
	size_t n = 0;

	jscan_init(&s, json, DEPTH);
	assert_int_equal(jscan_value(&s, NULL), 0);
	assert_int_equal(jscan_end(&s), 0);
	assert_false(k->usage_heard);
	expect_head(json);
	jscan_init(&s, chat_member_of(json, "choices"), DEPTH);
	assert_int_equal(jscan_enter(&s, '['), 0);
	for (; jscan_element(&s) > 0; n++) {
		assert_int_equal(jscan_value(&s, &choice), 0);
		hear_choice(k, choice);
	}
	/* AI SDK and others read only the first. */
	assert_true(n <= 1);
	if (n == 0) {
		assert_true(k->want_usage && chat_is_given(usage));
		buf_add_span(&k->usage, usage);
		k->usage_heard = true;
	} else {
		assert_true(span_is(usage, k->want_usage ? "null" : ""));
	}
	return ++k->chunks == k->stop_after ? 42 : 0;
}

static void client_init(struct client *k, size_t slice)
{
	*k = (struct client){.slice = slice, .last_role = -1};
}

static void client_release(struct client *k)
{
	for (int i = 0; i < CHOICES; i++) {
		struct heard *h = &k->c[i];

		expect_pairs_whole(h);
		buf_release(&h->plain);
		buf_release(&h->content);
		buf_release(&h->reasoning);
		buf_release(&h->refusal);
		buf_release(&h->function);
		buf_release(&h->tokens);
		buf_release(&h->refusal_tokens);
		for (int j = 0; j < CALLS; j++) {
			buf_release(&h->calls[j]);
			buf_release(&h->arguments[j]);
		}
	}
	buf_release(&k->usage);
}

/* ---- replaying ----------------------------------------------------------- */

static int replay(struct client *k, const char *body, struct chat_stamp st)
{
	size_t n = strlen(body);
	char *copy = malloc(n);
	struct arena *a = arena_new();
	struct chat_fault why = {0};
	struct chat_reply r;
	int rc;

	memcpy(copy, body, n);
	if (chat_reply_read(&r, (struct span){copy, n}, DEPTH, true, a, &why) <
	    0)
		fail_msg("%s: %s", why.text, body);
	k->keep_logprobs = st.keep_logprobs;
	rc = chat_reply_emit(&r, &st, k->want_usage, k->last_role >= 0,
			     k->slice, a, hear, k);
	arena_free(a);
	free(copy);
	return rc;
}

static void expect(const struct buf *got, const char *want)
{
	if (!span_is(buf_span(got), want))
		fail_msg("%.*s, not %s", (int)got->n, got->p ? got->p : "",
			 want);
}

#define REPLY(message)                                                         \
	"{\"choices\":[{\"index\":0,\"message\":{" message "},"                \
	"\"finish_reason\":\"stop\"}]}"

static const char *const texts[] = {
	"",
	"a",
	"Hello, world.",
	"The quick brown fox jumps over the lazy dog and runs away far.",
	"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
	"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 z\xf0\x9f\x98\x80\xe2\x82\xac",
	"\\ud83d\\ude00\\ud83d\\ude00x\\ud83d\\ude00",
	"\\ud800 lone \\udc00\\udc00 \\ud83d\\ud83d\\ude00 \\ud800\\n\\ud800x",
	"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\u20ac",
	"line\\nline\\n\\n  indented\\n",
	"{\\\"a\\\": [1, 2, {\\\"b\\\": \\\"\\\\n\\\"}]}",
	"no-space-at-all-no-space-at-all-no-space-at-all-no-space-at-all",
	"                                                            ",
};

/* Each text in each slice under each name. */
static void test_text(void **state)
{
	char body[512];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t slice = 1; slice <= 40; slice++) {
			struct client k;

			client_init(&k, slice);
			snprintf(body, sizeof(body),
				 REPLY("\"content\":\"%s\",\"refusal\":\"%s\","
				       "\"reasoning\":\"%s\""),
				 texts[i], texts[i], texts[i]);
			assert_int_equal(replay(&k, body, stamp), 0);
			expect(&k.c[0].content, texts[i]);
			expect(&k.c[0].refusal, texts[i]);
			expect(&k.c[0].reasoning, texts[i]);
			assert_true(k.c[0].finished);
			assert_false(k.c[0].content_null);
			assert_false(k.c[1].role);
			client_release(&k);
		}
	}
}

static void test_cut_after_spaces(void **state)
{
	struct client k;
	char *text = calloc(1, 40000), body[64];
	size_t n = 0;

	(void)state;
	client_init(&k, 8);
	assert_int_equal(
		replay(&k, REPLY("\"content\":\"one two three four\""), stamp),
		0);
	/* "one two " "three " "four" */
	assert_int_equal(k.c[0].pieces, 3);
	client_release(&k);
	/* 10,000 words in few chunks. */
	snprintf(body, sizeof(body),
		 "{\"choices\":[{\"message\":{\"content\":\"");
	memcpy(text, body, strlen(body));
	n = strlen(body);
	for (int i = 0; i < 7000; i++)
		n += (size_t)sprintf(text + n, "word ");
	sprintf(text + n, "\"}}]}");
	client_init(&k, 96);
	assert_int_equal(replay(&k, text, stamp), 0);
	assert_int_equal(k.c[0].content.n, 35000);
	assert_true(k.c[0].pieces < 35000 / 90);
	client_release(&k);
	free(text);
}

static void test_reasoning_names(void **state)
{
	struct client k;

	(void)state;
	client_init(&k, 10);
	assert_int_equal(replay(&k,
				REPLY("\"content\":\"a\",\"reasoning_content\":"
				      "\"think \\n\""),
				stamp),
			 0);
	expect(&k.c[0].reasoning, "think \\n");
	client_release(&k);
	client_init(&k, 10);
	assert_int_equal(replay(&k,
				REPLY("\"content\":\"a\",\"reasoning_content\":"
				      "null,\"reasoning\":\"r\""),
				stamp),
			 0);
	expect(&k.c[0].reasoning, "r");
	client_release(&k);
}

static void test_no_content(void **state)
{
	struct client k;

	(void)state;
	client_init(&k, 10);
	assert_int_equal(replay(&k, REPLY("\"content\":null"), stamp), 0);
	assert_int_equal(k.c[0].content.n, 0);
	assert_false(k.c[0].content_null);
	assert_int_equal(k.chunks, 2); /* role, finish */
	client_release(&k);
	client_init(&k, 10);
	assert_int_equal(replay(&k, REPLY(""), stamp), 0);
	assert_int_equal(k.chunks, 2);
	client_release(&k);
	/* What is no string goes out whole, as it is. */
	client_init(&k, 2);
	assert_int_equal(
		replay(&k, REPLY("\"content\":[{\"type\":\"text\"}]"), stamp),
		0);
	expect(&k.c[0].content, "[{\"type\":\"text\"}]");
	client_release(&k);
}

static void test_finish(void **state)
{
	static const char *const cases[][3] = {
		{"\"content\":\"x\"", "\"length\"", "length"},
		{"\"content\":\"x\"", "\"eos_token\"", "stop"},
		{"\"content\":\"x\"", "null", "stop"},
		{"\"tool_calls\":[{\"id\":\"1\"}]", "null", "tool_calls"},
		{"\"tool_calls\":[{\"id\":\"1\"}]", "\"stop\"", "stop"},
	};
	char body[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client k;

		client_init(&k, 10);
		snprintf(body, sizeof(body),
			 "{\"choices\":[{\"message\":{%s},\"finish_reason\":%s}"
			 "]}",
			 cases[i][0], cases[i][1]);
		assert_int_equal(replay(&k, body, stamp), 0);
		assert_string_equal(k.c[0].finish, cases[i][2]);
		client_release(&k);
	}
}

/* ---- tool calls ---------------------------------------------------------- */

static void test_one_call(void **state)
{
	(void)state;
	for (size_t slice = 1; slice <= 40; slice++) {
		struct client k;

		client_init(&k, slice);
		assert_int_equal(
			replay(&k,
			       REPLY("\"content\":null,\"tool_calls\":[{\"id\":"
				     "\"call_1\",\"type\":\"function\","
				     "\"function\":{\"name\":\"f\","
				     "\"arguments\":\"{\\\"a\\\": \\\"\\u00e9"
				     "\xf0\x9f\x98\x80 b\\\"}\"}}]"),
			       stamp),
			0);
		assert_true(k.c[0].content_null);
		expect(&k.c[0].calls[0],
		       "{\"index\":0,\"id\":\"call_1\",\"type\":\"function\","
		       "\"function\":{\"name\":\"f\",\"arguments\":\"\"}}");
		expect(&k.c[0].arguments[0],
		       "{\\\"a\\\": \\\"\\u00e9\xf0\x9f\x98\x80 b\\\"}");
		assert_int_equal(k.c[0].calls[1].n, 0);
		client_release(&k);
	}
}

static void test_two_calls(void **state)
{
	struct client k;

	(void)state;
	client_init(&k, 3);
	assert_int_equal(
		replay(&k,
		       REPLY("\"content\":\"Let me see.\",\"tool_calls\":[{"
			     "\"index\":7,\"id\":\"a\",\"function\":{"
			     "\"arguments\":\"{}\",\"name\":\"f\"},\"extra\":{"
			     "\"signature\":\"s\"}},{\"type\":\"function\","
			     "\"id\":\"b\",\"function\":{\"name\":\"g\","
			     "\"arguments\":\"{\\\"x\\\":1}\"},\"index\":7}]"),
		       stamp),
		0);
	assert_false(k.c[0].content_null);
	expect(&k.c[0].content, "Let me see.");
	expect(&k.c[0].calls[0],
	       "{\"index\":0,\"type\":\"function\",\"id\":\"a\",\"function\":{"
	       "\"arguments\":\"\",\"name\":\"f\"},\"extra\":{\"signature\":"
	       "\"s\"}}");
	expect(&k.c[0].arguments[0], "{}");
	expect(&k.c[0].calls[1],
	       "{\"index\":1,\"type\":\"function\",\"id\":\"b\",\"function\":{"
	       "\"name\":\"g\",\"arguments\":\"\"}}");
	expect(&k.c[0].arguments[1], "{\\\"x\\\":1}");
	client_release(&k);
}

static void test_odd_calls(void **state)
{
	struct client k;

	(void)state;
	client_init(&k, 3);
	assert_int_equal(
		replay(&k,
		       REPLY("\"tool_calls\":[null,{\"index\":3},{\"function\":"
			     "{"
			     "\"arguments\":{\"a\":1}}},7,{\"function\":{"
			     "\"arguments\":\"\"}}]"),
		       stamp),
		0);
	expect(&k.c[0].calls[0], "{\"index\":0,\"type\":\"function\"}");
	expect(&k.c[0].calls[1],
	       "{\"index\":1,\"type\":\"function\",\"function\":{\"arguments\":"
	       "{\"a\":1}}}");
	expect(&k.c[0].calls[2],
	       "{\"index\":2,\"type\":\"function\",\"function\":{\"arguments\":"
	       "\"\"}}");
	client_release(&k);
	client_init(&k, 3);
	assert_int_equal(
		replay(&k, REPLY("\"content\":\"a\",\"tool_calls\":[]"), stamp),
		0);
	assert_int_equal(k.c[0].calls[0].n, 0);
	client_release(&k);
	client_init(&k, 3);
	assert_int_equal(replay(&k, REPLY("\"tool_calls\":{\"a\":1}"), stamp),
			 0);
	client_release(&k);
}

static void test_function_call(void **state)
{
	struct client k;

	(void)state;
	client_init(&k, 3);
	assert_int_equal(replay(&k,
				REPLY("\"content\":null,\"function_call\":{"
				      "\"name\":\"f\","
				      "\"arguments\":\"{}\"}"),
				stamp),
			 0);
	assert_true(k.c[0].content_null);
	expect(&k.c[0].function, "{\"name\":\"f\",\"arguments\":\"{}\"}");
	client_release(&k);
}

/* ---- several choices, usage, stopping ------------------------------------ */

#define TWO                                                                    \
	"{\"choices\":[{\"index\":1,\"message\":{\"content\":\"second one\"}," \
	"\"finish_reason\":\"length\"},{\"index\":0,\"message\":{\"content\":" \
	"\"first\",\"tool_calls\":[{\"id\":\"c\",\"function\":{\"arguments\":" \
	"\"[1]\"}}]},\"finish_reason\":\"tool_calls\"}],\"usage\":{"           \
	"\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3,"      \
	"\"x\":{}}}"

static void test_two_choices(void **state)
{
	(void)state;
	for (size_t slice = 1; slice <= 12; slice++) {
		struct client k;

		client_init(&k, slice);
		assert_int_equal(replay(&k, TWO, stamp), 0);
		expect(&k.c[0].content, "first");
		expect(&k.c[1].content, "second one");
		expect(&k.c[0].arguments[0], "[1]");
		assert_string_equal(k.c[0].finish, "tool_calls");
		assert_string_equal(k.c[1].finish, "length");
		assert_false(k.usage_heard);
		client_release(&k);
	}
}

static void test_usage(void **state)
{
	const struct chat_usage ours = {true, 10, 20, 30, 5};
	struct chat_stamp st = stamp;
	struct client k;

	(void)state;
	client_init(&k, 10);
	k.want_usage = true;
	assert_int_equal(replay(&k, TWO, st), 0);
	expect(&k.usage, "{\"prompt_tokens\":1,\"completion_tokens\":2,"
			 "\"total_tokens\":3,\"x\":{}}");
	client_release(&k);
	st.usage = &ours;
	client_init(&k, 10);
	k.want_usage = true;
	assert_int_equal(replay(&k, TWO, st), 0);
	expect(&k.usage, "{\"prompt_tokens\":10,\"completion_tokens\":20,"
			 "\"total_tokens\":30,\"prompt_tokens_details\":{"
			 "\"cached_tokens\":5}}");
	client_release(&k);
	/* Nothing to tell. */
	client_init(&k, 10);
	k.want_usage = true;
	assert_int_equal(replay(&k, REPLY("\"content\":\"a\""), stamp), 0);
	assert_false(k.usage_heard);
	client_release(&k);
}

static void test_emit_stops(void **state)
{
	struct client k;
	size_t all;

	(void)state;
	client_init(&k, 4);
	k.want_usage = true;
	assert_int_equal(replay(&k, TWO, stamp), 0);
	all = k.chunks;
	client_release(&k);
	for (size_t n = 1; n <= all; n++) {
		client_init(&k, 4);
		k.want_usage = true;
		k.stop_after = n;
		assert_int_equal(replay(&k, TWO, stamp), 42);
		assert_int_equal(k.chunks, n);
		client_release(&k);
	}
}

static void test_role_sent(void **state)
{
	struct client k;

	(void)state;
	client_init(&k, 10);
	assert_int_equal(chat_role_emit(&stamp, 2, false, hear, &k), 0);
	assert_int_equal(k.chunks, 2);
	assert_int_equal(chat_empty_emit(&stamp, false, hear, &k), 0);
	assert_int_equal(replay(&k, TWO, stamp), 0);
	expect(&k.c[0].content, "first");
	client_release(&k);
}

static void test_chunks_alone(void **state)
{
	const struct chat_usage u = {true, 1, 2, 3, 0};
	struct client k;

	(void)state;
	client_init(&k, 10);
	k.want_usage = true;
	assert_int_equal(chat_role_emit(&stamp, 1, true, hear, &k), 0);
	assert_int_equal(chat_empty_emit(&stamp, true, hear, &k), 0);
	assert_int_equal(chat_usage_emit(&stamp, &u, hear, &k), 0);
	expect(&k.usage, "{\"prompt_tokens\":1,\"completion_tokens\":2,"
			 "\"total_tokens\":3}");
	assert_int_equal(k.chunks, 3);
	client_release(&k);
	client_init(&k, 10);
	k.stop_after = 1;
	assert_int_equal(chat_role_emit(&stamp, 4, false, hear, &k), 42);
	assert_int_equal(k.chunks, 1);
	client_release(&k);
}

/* ---- log-probs ----------------------------------------------------------- */

#define TOK(t)                                                                 \
	"{\"token\":\"" t                                                      \
	"\",\"logprob\":-1,\"bytes\":null,\"top_logprobs\":[]}"
#define BYT(t, b) "{\"token\":\"" t "\",\"logprob\":-1,\"bytes\":[" b "]}"
#define LP(message, entries)                                                   \
	"{\"choices\":[{\"message\":{" message                                 \
	"},\"logprobs\":{\"content\":[" entries                                \
	"]},\"finish_reason\":\"stop\"}]}"

static const struct chat_stamp keep = {.id = "chatcmpl-\"1\"",
				       .model = "gpt\xc3\xa9",
				       .created = 99,
				       .keep_logprobs = true,
				       .top_logprobs = 1};

static void expect_tokens(const char *body, const char *content,
			  const char *tokens, size_t slice, size_t pieces)
{
	struct client k;

	client_init(&k, slice);
	assert_int_equal(replay(&k, body, keep), 0);
	expect(&k.c[0].content, content);
	expect(&k.c[0].tokens, tokens);
	assert_int_equal(k.c[0].pieces, pieces);
	client_release(&k);
}

static void test_logprobs(void **state)
{
	static const char body[] =
		LP("\"content\":\"Hello, big world\"",
		   TOK("Hel") "," TOK("lo") "," TOK(",") "," TOK(
			   " big") "," TOK(" world"));

	(void)state;
	expect_tokens(body, "Hello, big world", "<Hel><lo><,>< big>< world>", 1,
		      5);
	expect_tokens(body, "Hello, big world", "<Hel><lo><,>< big>< world>", 6,
		      3);
	expect_tokens(body, "Hello, big world", "<Hel><lo><,>< big>< world>",
		      100, 1);
	for (size_t slice = 1; slice <= 40; slice++) {
		struct client k;

		client_init(&k, slice);
		k.exact = true;
		assert_int_equal(replay(&k, body, keep), 0);
		expect(&k.c[0].content, "Hello, big world");
		expect(&k.c[0].tokens, "<Hel><lo><,>< big>< world>");
		client_release(&k);
	}
}

/* A code point of several tokens is not cut. */
static void test_logprobs_of_bytes(void **state)
{
	static const char body[] = LP(
		"\"content\":\"a\xf0\x9f\x98\x80\\u00e9z\"",
		BYT("a", "97") "," BYT("x", "240,159") "," BYT(
			"y",
			"152") "," BYT("z",
				       "128,195") "," BYT("\\u00a9",
							  "169") "," BYT("z",
									 "12"
									 "2"));

	(void)state;
	/* a | 4 tokens, for the third ends amid the second code point | z */
	expect_tokens(body, "a\xf0\x9f\x98\x80\\u00e9z",
		      "<a><x><y><z><\\u00a9><z>", 1, 3);
}

/* What frames the text goes with its first and last delta. */
static void test_logprobs_framed(void **state)
{
	(void)state;
	expect_tokens(
		LP("\"content\":\"ab\"",
		   TOK("<think>") "," TOK("ab") "," TOK("</think>") "," TOK(
			   "a") "," TOK("b") "," TOK("<eos>") "," BYT("e", "")),
		"ab", "<<think>><ab><</think>><a><b><<eos>><e>", 1, 2);
	expect_tokens(LP("\"content\":\"\"", TOK("{") "," TOK("}")), "",
		      "<{><}>", 1, 0);
	expect_tokens(LP("\"content\":null", TOK("{") "," TOK("}")), "",
		      "<{><}>", 1, 0);
}

/* Tokens that do not spell the text: nothing is lost, nothing is cut. */
static void test_logprobs_misaligned(void **state)
{
	(void)state;
	expect_tokens(LP("\"content\":\"trimmed text\"",
			 TOK(" trimmed") "," TOK(" text")),
		      "trimmed text", "< trimmed>< text>", 1, 1);
	expect_tokens(LP("\"content\":\"\\ud800x\"", TOK("?") "," TOK("x")),
		      "\\ud800x", "<?><x>", 1, 1);
	expect_tokens(LP("\"content\":\"abc\"", TOK("ab")), "abc", "<ab>", 1,
		      1);
	expect_tokens(LP("\"content\":\"ab\"", TOK("abc")), "ab", "<abc>", 1,
		      1);
}

static void test_logprobs_not_kept(void **state)
{
	struct client k;

	(void)state;
	client_init(&k, 2);
	assert_int_equal(replay(&k, LP("\"content\":\"ab\"", TOK("ab")), stamp),
			 0);
	assert_int_equal(k.c[0].tokens.n, 0);
	expect(&k.c[0].content, "ab");
	client_release(&k);
	/* Kept, but worthless: the text all the same. */
	client_init(&k, 1);
	assert_int_equal(replay(&k,
				LP("\"content\":\"ab\"", "{\"token\":\"ab\"}"),
				keep),
			 0);
	assert_int_equal(k.c[0].tokens.n, 0);
	expect(&k.c[0].content, "ab");
	client_release(&k);
}

static void test_logprobs_of_refusal(void **state)
{
	struct client k;

	(void)state;
	client_init(&k, 2);
	assert_int_equal(
		replay(&k,
		       "{\"choices\":[{\"message\":{\"content\":null,"
		       "\"refusal\":\"I "
		       "can't\"},\"logprobs\":{\"content\":null,"
		       "\"refusal\":[" TOK("I") "," TOK(" can't") "]}}]}",
		       keep),
		0);
	expect(&k.c[0].refusal, "I can't");
	expect(&k.c[0].refusal_tokens, "<I>< can't>");
	assert_int_equal(k.c[0].tokens.n, 0);
	client_release(&k);
}

/* Random texts cut into random tokens, in every slice. */
static void test_random_tokens(void **state)
{
	static const char *const units[] = {"a",
					    "bc",
					    " ",
					    "\\n",
					    "\\\"",
					    "\xc3\xa9",
					    "\\u00e9",
					    "\xe2\x82\xac",
					    "\xf0\x9f\x98\x80",
					    "\\ud83d\\ude00"};
	uint64_t x = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char body[4096], text[512] = "", all[1024] = "",
				 list[2048] = "";
		char token[64] = "";
		size_t n = 1 + (size_t)round % 30;

		for (size_t i = 0; i < n; i++) {
			const char *u;

			x = x * 6364136223846793005u + 1442695040888963407u;
			u = units[(x >> 33) % 10];
			strcat(text, u);
			strcat(token, u);
			if ((x >> 50) % 3 && i + 1 < n && strlen(token) < 40)
				continue;
			sprintf(list + strlen(list), "%s" TOK("%s"),
				*list ? "," : "", token);
			sprintf(all + strlen(all), "<%s>", token);
			token[0] = '\0';
		}
		snprintf(body, sizeof(body), LP("\"content\":\"%s\"", "%s"),
			 text, list);
		for (size_t slice = 1; slice <= 40; slice += 3) {
			struct client k;

			client_init(&k, slice);
			k.exact = true;
			assert_int_equal(replay(&k, body, keep), 0);
			expect(&k.c[0].content, text);
			expect(&k.c[0].tokens, all);
			client_release(&k);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_cut_after_spaces),
		cmocka_unit_test(test_reasoning_names),
		cmocka_unit_test(test_no_content),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_one_call),
		cmocka_unit_test(test_two_calls),
		cmocka_unit_test(test_odd_calls),
		cmocka_unit_test(test_function_call),
		cmocka_unit_test(test_two_choices),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_emit_stops),
		cmocka_unit_test(test_role_sent),
		cmocka_unit_test(test_chunks_alone),
		cmocka_unit_test(test_logprobs),
		cmocka_unit_test(test_logprobs_of_bytes),
		cmocka_unit_test(test_logprobs_framed),
		cmocka_unit_test(test_logprobs_misaligned),
		cmocka_unit_test(test_logprobs_not_kept),
		cmocka_unit_test(test_logprobs_of_refusal),
		cmocka_unit_test(test_random_tokens),
	};

	return cmocka_run_group_tests_name("chat_replay", tests, NULL, NULL);
}
