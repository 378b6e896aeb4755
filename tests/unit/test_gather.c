/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering is what replaying undoes: a reply replayed as a stream, cut
 * anywhere, and gathered again is the same reply.
 */
#include "chat/gather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "chat/chat_replay.h"
#include "net/sse.h"

#define DEPTH 64
#define CAP   (1 << 20)

static const struct chat_stamp stamp = {.id = "chatcmpl-\"1\"",
					.model = "gpt\xc3\xa9",
					.created = 99,
					.keep_logprobs = true,
					.top_logprobs = -1};

struct world {
	struct arena *a;
	struct gather g;
	struct buf out;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->a = arena_new();
	gather_init(&w->g, CAP);
	buf_init(&w->out, 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	gather_release(&w->g);
	buf_release(&w->out);
	arena_free(w->a);
	free(w);
	return 0;
}

static void expect(struct span got, const char *want)
{
	if (!span_is(got, want))
		fail_msg("got %.*s, want %s", (int)got.n, got.p, want);
}

static int take(void *arg, struct span json)
{
	struct arena *a = arena_new();
	struct chat_fault why;
	struct chat_chunk c;

	assert_int_equal(chat_chunk_read(&c, json, DEPTH, a, &why), 0);
	gather_chunk(arg, &c);
	arena_free(a);
	return 0;
}

static void chunk(struct world *w, const char *json)
{
	take(&w->g, span_of(json));
}

/* One choice with that delta. */
static void delta(struct world *w, const char *json)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"choices\":[{\"index\":0,\"delta\":%s}]}", json);
	chunk(w, text);
}

static struct span written(struct world *w)
{
	buf_clear(&w->out);
	assert_int_equal(gather_write(&w->g, &w->out), 0);
	return buf_span(&w->out);
}

static void gathered(struct world *w, struct chat_reply *r)
{
	struct chat_fault why;

	if (chat_reply_read(r, written(w), DEPTH, true, w->a, &why) < 0)
		fail_msg("%s", why.text);
}

static void expect_failed(struct world *w)
{
	assert_true(w->g.failed);
	buf_clear(&w->out);
	assert_int_equal(gather_write(&w->g, &w->out), -1);
	assert_int_equal(w->out.n, 0);
}

/* ---- there and back ------------------------------------------------------ */

#define ENTRY(t)                                                               \
	"{\"token\":\"" t "\",\"logprob\":-0.5,\"bytes\":null,"                \
	"\"top_logprobs\":[{\"token\":\"" t                                    \
	"\",\"logprob\":-0.5,\"bytes\":null}]}"
#define CALL(id, name, arguments)                                              \
	"{\"id\":\"" id "\",\"type\":\"function\",\"x\":{\"s\":[1]},"          \
	"\"function\":{\"name\":\"" name "\",\"arguments\":\"" arguments       \
	"\",\"y\":2}}"
#define ONE(message, more)                                                     \
	"{\"id\":\"i\",\"object\":\"chat.completion\",\"created\":1,"          \
	"\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{"              \
	"\"role\":\"assistant\"," message "}" more "}],\"usage\":{"            \
	"\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7,"      \
	"\"completion_tokens_details\":{\"reasoning_tokens\":2}}}"

static const char *const replies[] = {
	ONE("\"content\":\"Oslo. "
	    "\\\"\\u00e9\\n\xf0\x9f\x98\x80 "
	    "\\ud83d\\ude00 "
	    "end\",\"refusal\":null",
	    ",\"finish_reason\":\"stop\""),
	ONE("\"content\":\"\"", ",\"finish_reason\":\"length\""),
	ONE("\"content\":null,\"refusal\":\"I "
	    "will not.\"",
	    ",\"finish_reason\":\"stop\""),
	ONE("\"content\":\"so\",\"reasoning_"
	    "content\":\"th\\\\ink a bit\"",
	    ",\"finish_reason\":\"stop\""),
	ONE("\"content\":\"so\",\"reasoning\":"
	    "\"think a bit\"",
	    ",\"finish_reason\":\"stop\""),
	ONE("\"content\":[{\"type\":\"text\","
	    "\"text\":\"parts\"}, {}]",
	    ",\"finish_reason\":\"stop\""),
	ONE("\"content\":null,\"tool_calls\":"
	    "[" CALL("a", "f",
		     "{\\\"city\\\": "
		     "\\\"\xc3\x86r\xc3\xb8\\\""
		     "}") "," CALL("b", "g", "{}") "," CALL("c", "g", "") "]",
	    ",\"finish_reason\":\"tool_"
	    "calls\""),
	ONE("\"content\":\"Let me "
	    "see.\",\"tool_calls\":[{\"id\":"
	    "\"z\","
	    "\"type\":\"custom\",\"custom\":{"
	    "\"name\":\"n\",\"input\":\"i\"}},"
	    "{\"id\":\"o\",\"type\":"
	    "\"function\",\"function\":{"
	    "\"name\":\"f\","
	    "\"arguments\":{\"a\":1}}}]",
	    ",\"finish_reason\":\"tool_"
	    "calls\""),
	ONE("\"content\":null,\"function_"
	    "call\":{\"name\":\"f\","
	    "\"arguments\":"
	    "\"{}\"}",
	    ",\"finish_reason\":\"function_"
	    "call\""),
	ONE("\"content\":\"one two\"",
	    ",\"logprobs\":{\"content\":"
	    "[" ENTRY("one") "," ENTRY(" two") "],\"refusal\":"
					       "null},\"finish_"
					       "reason\":"
					       "\"stop\""),
	ONE("\"content\":null,\"refusal\":"
	    "\"no\"",
	    ",\"logprobs\":{\"content\":null,"
	    "\"refusal\":[" ENTRY("no") "]},\"finish_"
					"reason\":\"stop\""),
	"{\"choices\":[{\"index\":2,"
	"\"message\":{\"content\":\"third\"},"
	"\"finish_reason\":\"stop\"},{"
	"\"index\":0,\"message\":{\"content\":"
	"null,\"tool_calls\":[" CALL("a", "f", "[1]") "]},\"finish_reason\":"
						      "\"tool_calls\"},{"
						      "\"index\":1,"
						      "\"message\":{"
						      "\"content\":\"second "
						      "one\"},"
						      "\"finish_reason\":"
						      "\"length\"}],\"usage\":"
						      "null}",
};

#define NREPLIES (sizeof(replies) / sizeof(replies[0]))

/* Objects may have their members in another order: that of bytes sorted. */
static int by_byte(const void *a, const void *b)
{
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

static void expect_same_bytes(struct span a, struct span b)
{
	char *x = mem_dup_span(a), *y = mem_dup_span(b);

	assert_int_equal(a.n, b.n);
	if (a.n) {
		qsort(x, a.n, 1, by_byte);
		qsort(y, b.n, 1, by_byte);
	}
	assert_string_equal(x, y);
	free(x);
	free(y);
}

static void expect_same_tokens(const struct chat_tokens *a,
			       const struct chat_tokens *b)
{
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->n_tops, b->n_tops);
	assert_true(span_eq(a->text, b->text));
	for (size_t i = 0; i < a->n; i++)
		assert_true(a->v[i].logprob == b->v[i].logprob);
}

static void expect_same_choice(const struct chat_choice *a,
			       const struct chat_choice *b)
{
	assert_int_equal(a->index, b->index);
	assert_true(span_eq(a->content, b->content));
	if (a->content_raw.n > 4)
		assert_true(span_eq(a->content_raw, b->content_raw));
	assert_true(span_eq(a->refusal, b->refusal));
	assert_true(span_eq(a->reasoning_raw, b->reasoning_raw));
	assert_true(span_eq(a->reasoning_key, b->reasoning_key));
	assert_true(span_eq(a->finish, b->finish));
	expect_same_bytes(a->tool_calls, b->tool_calls);
	expect_same_bytes(a->function_call, b->function_call);
	expect_same_tokens(&a->tokens, &b->tokens);
	expect_same_tokens(&a->refusal_tokens, &b->refusal_tokens);
}

static const struct chat_choice *choice_at(const struct chat_reply *r,
					   int64_t index)
{
	for (size_t i = 0; i < r->n_choices; i++) {
		if (r->choices[i].index == index)
			return &r->choices[i];
	}
	fail();
	return NULL;
}

static void expect_same(const struct chat_reply *a, const struct chat_reply *b)
{
	assert_int_equal(a->n_choices, b->n_choices);
	for (size_t i = 0; i < a->n_choices; i++) {
		assert_int_equal(b->choices[i].index, i);
		expect_same_choice(choice_at(a, (int64_t)i), &b->choices[i]);
	}
	assert_true(span_eq(
		(struct span){a->body.p + a->usage_at,
			      a->usage.there ? a->usage_end - a->usage_at : 0},
		(struct span){b->body.p + b->usage_at,
			      b->usage_end - b->usage_at}));
	expect(b->id, stamp.id);
	expect(b->model, stamp.model);
	expect(b->object, "chat.completion");
	assert_int_equal(b->created, stamp.created);
}

static void read_reply(struct world *w, const char *body, struct chat_reply *r)
{
	struct chat_fault why;

	if (chat_reply_read(r, span_of(body), DEPTH, true, w->a, &why) < 0)
		fail_msg("%s: %s", why.text, body);
}

static void test_there_and_back(void **state)
{
	for (size_t i = 0; i < NREPLIES; i++) {
		for (size_t slice = 1; slice <= 20; slice++) {
			struct chat_reply r, again;
			struct world *w = *state;

			read_reply(w, replies[i], &r);
			assert_int_equal(chat_reply_emit(&r, &stamp, true,
							 false, slice, w->a,
							 take, &w->g),
					 0);
			gathered(w, &again);
			expect_same(&r, &again);
			tear_down(state);
			set_up(state);
		}
	}
}

/* ---- cut anywhere -------------------------------------------------------- */

static int to_sse(void *arg, struct span json)
{
	return sse_out_event(arg, json);
}

static void feed_cut(struct world *w, struct span text, size_t at)
{
	struct sse_in in;

	sse_in_init(&in, CAP);
	assert_int_equal(
		sse_in_feed(&in, (struct span){text.p, at}, take, &w->g), 0);
	assert_int_equal(sse_in_feed(&in,
				     (struct span){text.p + at, text.n - at},
				     take, &w->g),
			 0);
	sse_in_release(&in);
}

static void cut_everywhere(struct world *w, struct span text)
{
	struct buf whole;

	buf_init(&whole, 0);
	for (size_t at = text.n; at + 1 > 0; at--) {
		gather_release(&w->g);
		gather_init(&w->g, CAP);
		feed_cut(w, text, at);
		if (at == text.n)
			buf_add_span(&whole, written(w));
		assert_true(span_eq(written(w), buf_span(&whole)));
	}
	buf_release(&whole);
}

static void test_cut_anywhere(void **state)
{
	struct world *w = *state;
	struct chat_reply r;
	struct buf text;

	buf_init(&text, 0);
	for (size_t i = 0; i < NREPLIES; i++) {
		read_reply(w, replies[i], &r);
		buf_clear(&text);
		chat_reply_emit(&r, &stamp, true, false, 5, w->a, to_sse,
				&text);
		cut_everywhere(w, buf_span(&text));
	}
	buf_release(&text);
}

/* ---- what backends stream ------------------------------------------------ */

static void test_head(void **state)
{
	struct world *w = *state;

	chunk(w, "{\"id\":\"\",\"created\":0,\"model\":\"\",\"choices\":[]}");
	assert_int_equal(gather_write(&w->g, &w->out), -1);
	chunk(w, "{\"id\":\"x\",\"created\":5,\"model\":\"m\",\"choices\":[{"
		 "\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":"
		 "\"\"}],\"usage\":{\"total_tokens\":1},"
		 "\"system_fingerprint\":\"fp\",\"service_tier\":\"default\"}");
	chunk(w, "{\"id\":\"y\",\"created\":6,\"model\":\"n\",\"choices\":[{"
		 "\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
		 "\"usage\":{\"total_tokens\":2}}");
	chunk(w, "{\"id\":\"y\",\"choices\":[],\"usage\":null}");
	expect(written(w),
	       "{\"object\":\"chat.completion\",\"id\":\"x\",\"created\":5,"
	       "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{"
	       "\"role\":\"assistant\",\"content\":\"a\",\"refusal\":null},"
	       "\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{"
	       "\"total_tokens\":2},\"service_tier\":\"default\","
	       "\"system_fingerprint\":\"fp\"}");
}

/* Two halves of a pair in two deltas are one character in the whole. */
static void test_pair_in_two(void **state)
{
	struct world *w = *state;
	struct chat_reply r;

	delta(w, "{\"role\":\"assistant\",\"content\":\"a\\ud83d\"}");
	delta(w, "{\"content\":null}");
	delta(w, "{\"content\":\"\\ude00b\"}");
	gathered(w, &r);
	expect(r.choices[0].content, "a\xf0\x9f\x98\x80"
				     "b");
}

static void expect_calls(struct world *w, const char *want)
{
	struct chat_reply r;

	gathered(w, &r);
	assert_int_equal(r.n_choices, 1);
	expect(r.choices[0].tool_calls, want);
}

#define FN(name, arguments)                                                    \
	"\"function\":{\"name\":\"" name "\",\"arguments\":\"" arguments "\"}"

/* Turn about, named again in every delta. */
static void test_calls_by_index(void **state)
{
	struct world *w = *state;

	delta(w,
	      "{\"tool_calls\":[{\"index\":1,\"id\":\"b\"," FN("g", "{") "}"
									 "]"
									 "}");
	delta(w, "{\"tool_calls\":[{\"index\":0,\"id\":\"a\"," FN(
			 "f", "1") "},{\"index\":1,\"id\":\"b\"," FN("g",
								     "}") "}"
									  "]}");
	delta(w, "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
		 "\"2\"}}, null]}");
	expect_calls(w, "[{\"type\":\"function\",\"id\":\"a\",\"function\":{"
			"\"arguments\":\"12\",\"name\":\"f\"}},{\"type\":"
			"\"function\",\"id\":\"b\",\"function\":{\"arguments\":"
			"\"{}\",\"name\":\"g\"}}]");
}

static void test_calls_without_index(void **state)
{
	struct world *w = *state;

	delta(w, "{\"tool_calls\":[{\"id\":\"a\"," FN("f", "1") "}]}");
	delta(w, "{\"tool_calls\":[{\"function\":{\"arguments\":\"2\"}}]}");
	delta(w, "{\"tool_calls\":[{\"id\":\"b\"," FN("g", "3") "}]}");
	delta(w, "{\"tool_calls\":{}}");
	expect_calls(w, "[{\"type\":\"function\",\"id\":\"a\",\"function\":{"
			"\"arguments\":\"12\",\"name\":\"f\"}},{\"type\":"
			"\"function\",\"id\":\"b\",\"function\":{\"arguments\":"
			"\"3\",\"name\":\"g\"}}]");
}

static void test_function_call(void **state)
{
	struct world *w = *state;
	struct chat_reply r;

	delta(w, "{\"function_call\":null}");
	delta(w, "{\"function_call\":{\"name\":\"f\"}}");
	delta(w, "{\"function_call\":{\"arguments\":\"{\"}}");
	delta(w, "{\"function_call\":{\"arguments\":\"}\"}}");
	gathered(w, &r);
	expect(r.choices[0].function_call,
	       "{\"arguments\":\"{}\",\"name\":\"f\"}");
}

/* Lists of parts are one list; parts and text by turns are no message. */
static void test_parts(void **state)
{
	struct world *w = *state;
	struct chat_reply r;

	delta(w, "{\"content\":\"\"}");
	delta(w, "{\"content\":[{\"a\":1}]}");
	delta(w, "{\"content\":[ ]}");
	delta(w, "{\"content\":[{\"b\":2},3]}");
	gathered(w, &r);
	expect(r.choices[0].content_raw, "[{\"a\":1},{\"b\":2},3]");
	delta(w, "{\"content\":\"x\"}");
	expect_failed(w);
}

/* What is no delta has nothing to say, but the choice is there. */
static void test_no_delta(void **state)
{
	struct world *w = *state;
	struct chat_reply r;

	chunk(w, "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"x\"},"
		 "\"logprobs\":7},{\"delta\":null},{\"delta\":[]},null]}");
	gathered(w, &r);
	assert_int_equal(r.n_choices, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(r.choices[i].content.n, 0);
		expect(r.choices[i].content_raw, "null");
		assert_null(r.choices[i].finish.p);
	}
}

/* ---- bounds -------------------------------------------------------------- */

static void test_cap(void **state)
{
	struct world *w = *state;
	size_t held, n;

	delta(w, "{\"content\":\"0123456789\"}");
	held = w->g.held;
	/* Just so much, and one byte less. */
	for (n = held; n + 1 >= held; n--) {
		gather_release(&w->g);
		gather_init(&w->g, n);
		delta(w, "{\"content\":\"0123456789\"}");
		assert_true(w->g.held <= n);
		assert_int_equal(w->g.failed, n < held);
	}
	expect_failed(w);
	delta(w, "{\"content\":\"\"}");
	expect_failed(w);
}

/* What the last one replaces takes no room. */
static void test_last_takes_no_room(void **state)
{
	struct world *w = *state;
	size_t held;

	chunk(w, "{\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{}}");
	held = w->g.held;
	for (int i = 0; i < 100; i++)
		chunk(w, "{\"choices\":[{\"finish_reason\":\"stop\"}],"
			 "\"usage\":{}}");
	assert_int_equal(w->g.held, held);
}

static void test_bounds(void **state)
{
	struct world *w = *state;
	char text[128];

	for (int i = 0; i < GATHER_CHOICES; i++) {
		snprintf(text, sizeof(text),
			 "{\"choices\":[{\"index\":%d,\"delta\":{}}]}", -i);
		chunk(w, text);
	}
	for (int i = 0; i < GATHER_CALLS; i++) {
		snprintf(text, sizeof(text),
			 "{\"tool_calls\":[{\"index\":%d}]}", 2 * i);
		delta(w, text);
	}
	assert_false(w->g.failed);
	written(w);
	delta(w, "{\"tool_calls\":[{\"index\":1}]}");
	expect_failed(w);
	gather_release(&w->g);
	gather_init(&w->g, CAP);
	for (int i = 0; i <= GATHER_CHOICES; i++) {
		assert_false(w->g.failed);
		snprintf(text, sizeof(text), "{\"choices\":[{\"index\":%d}]}",
			 i);
		chunk(w, text);
	}
	expect_failed(w);
}

static void test_out_full(void **state)
{
	struct world *w = *state;
	struct buf small;

	delta(w, "{\"content\":\"0123456789\"}");
	for (size_t cap = 1; cap < written(w).n; cap++) {
		buf_init(&small, cap);
		assert_int_equal(gather_write(&w->g, &small), -1);
		buf_release(&small);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_there_and_back),
		T(test_cut_anywhere),
		T(test_head),
		T(test_pair_in_two),
		T(test_calls_by_index),
		T(test_calls_without_index),
		T(test_function_call),
		T(test_parts),
		T(test_no_delta),
		T(test_cap),
		T(test_last_takes_no_room),
		T(test_bounds),
		T(test_out_full),
	};

	return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
