/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is found in requests, replies and chunks.
 */
#include "chat/chat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define DEPTH 64

/* One arena and one exact copy of the body a test. */
struct world {
	struct arena *a;
	char *body;
	struct chat_fault why;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->a = arena_new();
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	arena_free(w->a);
	free(w->body);
	free(w);
	return 0;
}

/* Without a byte behind it, so that looking there is noticed. */
static struct span exact(struct world *w, struct span text)
{
	free(w->body);
	w->body = malloc(text.n ? text.n : 1);
	memcpy(w->body, text.p, text.n);
	return (struct span){w->body, text.n};
}

static int request(struct world *w, const char *text, struct chat_request *rq)
{
	w->why = (struct chat_fault){0};
	return chat_request_read(rq, exact(w, span_of(text)), DEPTH, w->a,
				 &w->why);
}

static int reply(struct world *w, const char *text, struct chat_reply *r)
{
	w->why = (struct chat_fault){0};
	return chat_reply_read(r, exact(w, span_of(text)), DEPTH, true, w->a,
			       &w->why);
}

static int chunk(struct world *w, const char *text, struct chat_chunk *c)
{
	w->why = (struct chat_fault){0};
	return chat_chunk_read(c, exact(w, span_of(text)), DEPTH, w->a,
			       &w->why);
}

static void expect(struct span got, const char *want)
{
	if (!span_is(got, want))
		fail_msg("%.*s, not %s", (int)got.n, got.p ? got.p : "", want);
}

/* ---- requests ------------------------------------------------------------ */

#define MODEL	 "\"model\":\"m\""
#define MESSAGES "\"messages\":[]"
#define BOTH	 MODEL "," MESSAGES

static void test_request(void **state)
{
	struct chat_request rq;

	assert_int_equal(
		request(*state,
			"{\"stream\":true,\"stream_options\":{\"x\":1,"
			"\"include_usage\":true},\"model\":\"gpt-\\u0034o\","
			"\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
			"\"tools\":[1],\"response_format\":{\"type\":\"text\"},"
			"\"logprobs\":true,\"top_logprobs\":3,\"n\":2}",
			&rq),
		0);
	assert_int_equal(rq.first_at, 1);
	expect(rq.model, "gpt-4o");
	expect(rq.messages, "[{\"role\":\"user\",\"content\":\"a\"}]");
	expect(rq.tools, "[1]");
	expect(rq.response_format, "{\"type\":\"text\"}");
	assert_true(rq.stream);
	assert_true(rq.include_usage);
	assert_true(rq.logprobs);
	assert_int_equal(rq.top_logprobs, 3);
	assert_int_equal(rq.n, 2);
	assert_false(rq.beyond_cheap);
	assert_int_equal(rq.places.n, 9);
}

static void test_request_defaults(void **state)
{
	static const char *const bodies[] = {
		"{" BOTH "}",
		" \n{ " BOTH " } ",
		"{" BOTH ",\"stream\":null,\"n\":null,\"logprobs\":null,"
		"\"tools\":null,\"response_format\":null,\"audio\":null,"
		"\"stream_options\":null,\"modalities\":null,\"store\":null,"
		"\"moderation\":null,\"web_search_options\":null,"
		"\"top_logprobs\":null}",
		"{" BOTH ",\"stream\":false,\"n\":1,\"logprobs\":false,"
		"\"store\":false,\"modalities\":[\"text\"],"
		"\"stream_options\":{\"include_usage\":false}}",
		"{" BOTH ",\"x\":{\"stream\":true,\"n\":9,\"model\":1}}",
	};
	struct chat_request rq;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_int_equal(request(*state, bodies[i], &rq), 0);
		expect(rq.model, "m");
		expect(rq.messages, "[]");
		assert_false(rq.stream);
		assert_false(rq.include_usage);
		assert_false(rq.logprobs);
		assert_false(rq.beyond_cheap);
		assert_int_equal(rq.top_logprobs, 0);
		assert_int_equal(rq.n, 1);
		assert_int_equal(rq.tools.n, 0);
		assert_int_equal(rq.response_format.n, 0);
	}
}

static void test_request_places(void **state)
{
	static const char body[] = "{\"x\":0, \"mod\\u0065l\" : \"a\" ,"
				   "\"messages\":[], \"model\":\"b\"}";
	struct chat_request rq;
	struct chat_place *p;

	assert_int_equal(request(*state, body, &rq), 0);
	expect(rq.model, "b"); /* the last one counts */
	assert_int_equal(rq.places.n, 3);
	p = rq.places.v;
	assert_int_equal(p[0].name, CHAT_MODEL);
	assert_int_equal(p[1].name, CHAT_MESSAGES);
	assert_int_equal(p[2].name, CHAT_MODEL);
	expect((struct span){rq.body.p + p[0].key_at, p[0].key_n},
	       "\"mod\\u0065l\"");
	expect((struct span){rq.body.p + p[0].value_at,
			     p[0].end - p[0].value_at},
	       "\"a\"");
	expect((struct span){rq.body.p + p[1].value_at,
			     p[1].end - p[1].value_at},
	       "[]");
}

static void test_request_faults(void **state)
{
	static const struct {
		const char *body, *param;
	} cases[] = {
		{"", NULL},
		{"[]", NULL},
		{"null", NULL},
		{"\"x\"", NULL},
		{"{" BOTH, NULL},
		{"{" BOTH ",}", NULL},
		{"{" BOTH "} {}", NULL},
		{"{" BOTH ",\"x\":\"\xff\"}", NULL},
		{"{" BOTH ",\"x\":01}", NULL},
		{"{}", "model"},
		{"{" MESSAGES "}", "model"},
		{"{\"model\":null," MESSAGES "}", "model"},
		{"{\"model\":\"\"," MESSAGES "}", "model"},
		{"{\"model\":7," MESSAGES "}", "model"},
		{"{\"model\":[\"m\"]," MESSAGES "}", "model"},
		{"{\"model\":\"m\",\"model\":{}," MESSAGES "}", "model"},
		{"{" MODEL "}", "messages"},
		{"{" MODEL ",\"messages\":null}", "messages"},
		{"{" MODEL ",\"messages\":\"hi\"}", "messages"},
		{"{" MODEL ",\"messages\":{}}", "messages"},
		{"{" BOTH ",\"messages\":1}", "messages"},
		{"{" BOTH ",\"stream\":1}", "stream"},
		{"{" BOTH ",\"stream\":\"true\"}", "stream"},
		{"{" BOTH ",\"stream\":[]}", "stream"},
		{"{" BOTH ",\"logprobs\":5}", "logprobs"},
		{"{" BOTH ",\"logprobs\":\"true\"}", "logprobs"},
		{"{" BOTH ",\"n\":0}", "n"},
		{"{" BOTH ",\"n\":-1}", "n"},
		{"{" BOTH ",\"n\":\"2\"}", "n"},
		{"{" BOTH ",\"n\":1.5}", "n"},
		{"{" BOTH ",\"n\":[]}", "n"},
		{"{" BOTH ",\"n\":99999999999999999999}", "n"},
	};
	struct world *w = *state;
	struct chat_request rq;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (request(w, cases[i].body, &rq) != -1)
			fail_msg("taken: %s", cases[i].body);
		assert_true(strlen(w->why.text) > 0);
		if (!cases[i].param) {
			assert_null(w->why.param);
			assert_non_null(strstr(w->why.text, "at byte "));
		} else {
			assert_string_equal(w->why.param, cases[i].param);
		}
	}
}

/* The model is there for whoever wants to look it up first. */
static void test_model_survives_faults(void **state)
{
	struct chat_request rq;

	assert_int_equal(request(*state, "{\"model\":\"nobody\"}", &rq), -1);
	expect(rq.model, "nobody");
	assert_int_equal(request(*state, "{" BOTH ",\"n\":0}", &rq), -1);
	expect(rq.model, "m");
}

static void test_beyond_cheap(void **state)
{
	static const struct {
		const char *member;
		bool beyond;
	} cases[] = {
		{"\"audio\":{\"voice\":\"x\"}", true},
		{"\"audio\":{}", true},
		{"\"web_search_options\":{}", true},
		{"\"store\":true", true},
		{"\"store\":false", false},
		{"\"moderation\":{}", true},
		{"\"modalities\":[\"text\",\"audio\"]", true},
		{"\"modalities\":[\"audio\"]", true},
		{"\"modalities\":[]", false},
		{"\"modalities\":[\"text\"]", false},
		{"\"modalities\":\"text\"", true},
		{"\"metadata\":{}", false},
		{"\"x\":{\"audio\":{}}", false},
		{"\"store\":true,\"store\":false", false},
	};
	struct chat_request rq;
	char body[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(body, sizeof(body), "{" BOTH ",%s}", cases[i].member);
		assert_int_equal(request(*state, body, &rq), 0);
		if (rq.beyond_cheap != cases[i].beyond)
			fail_msg("%s", cases[i].member);
	}
}

static void test_request_depth(void **state)
{
	struct world *w = *state;
	struct chat_request rq;
	char body[512] = "{" BOTH ",\"x\":";
	size_t n = strlen(body);

	memset(body + n, '[', 100);
	memset(body + n + 100, ']', 100);
	body[n + 200] = '}';
	assert_int_equal(chat_request_read(&rq, exact(w, span_of(body)), 101,
					   w->a, &w->why),
			 0);
	assert_int_equal(chat_request_read(&rq, exact(w, span_of(body)), 100,
					   w->a, &w->why),
			 -1);
	assert_non_null(strstr(w->why.text, "too deeply"));
}

/* ---- replies ------------------------------------------------------------- */

#define CHOICE(more)                                                           \
	"{\"index\":0,\"message\":{\"role\":\"assistant\"," more "}}"
#define REPLY(choice) "{\"choices\":[" choice "]}"

static void test_reply(void **state)
{
	static const char body[] =
		"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\","
		"\"created\":1700000000,\"model\":\"m\\u0031\",\"choices\":[{"
		"\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
		"\"a\\nb\",\"refusal\":null,\"tool_calls\":[{\"id\":\"c\"}],"
		"\"reasoning_content\":\"hm\"},\"logprobs\":null,"
		"\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,"
		"\"completion_tokens\":7,\"total_tokens\":12,"
		"\"prompt_tokens_details\":{\"cached_tokens\":3}},"
		"\"system_fingerprint\":\"fp\",\"service_tier\":\"default\"}";
	struct chat_choice *c;
	struct chat_reply r;

	assert_int_equal(reply(*state, body, &r), 0);
	expect(r.id, "chatcmpl-1");
	expect(r.object, "chat.completion");
	expect(r.model, "m1");
	assert_int_equal(r.created, 1700000000);
	assert_int_equal(r.n_choices, 1);
	assert_true(r.usage.there);
	assert_int_equal(r.usage.prompt, 5);
	assert_int_equal(r.usage.completion, 7);
	assert_int_equal(r.usage.total, 12);
	assert_int_equal(r.usage.cached, 3);
	assert_int_equal(r.body.p[r.usage_at], '{');
	assert_int_equal(r.body.p[r.usage_end - 1], '}');
	expect(r.system_fingerprint, "\"fp\"");
	expect(r.service_tier, "\"default\"");
	assert_int_equal(r.error.n, 0);
	c = r.choices;
	assert_int_equal(c->index, 0);
	assert_true(c->has_index);
	expect(c->content, "a\nb");
	expect(c->content_raw, "\"a\\nb\"");
	assert_null(c->refusal.p);
	expect(c->reasoning_raw, "\"hm\"");
	expect(c->reasoning_key, "reasoning_content");
	expect(c->tool_calls, "[{\"id\":\"c\"}]");
	expect(c->finish, "stop");
	expect((struct span){r.body.p + c->finish_at,
			     c->finish_end - c->finish_at},
	       "\"stop\"");
	expect((struct span){r.body.p + c->logprobs_at,
			     c->logprobs_end - c->logprobs_at},
	       "null");
	assert_int_equal(r.body.p[c->at], '{');
	assert_int_equal(r.body.p[c->end - 1], '}');
	assert_int_equal(r.body.p[c->message_at], '{');
	assert_int_equal(r.body.p[c->message_end - 1], '}');
	assert_int_equal(c->tokens.n, 0);
}

static void test_reply_absent_and_null(void **state)
{
	struct chat_reply r;
	struct chat_choice *c;

	assert_int_equal(
		reply(*state,
		      REPLY(CHOICE("\"content\":null,\"tool_calls\":[],"
				   "\"function_call\":null,"
				   "\"reasoning\":null")),
		      &r),
		0);
	c = r.choices;
	assert_null(c->content.p);
	expect(c->content_raw, "null");
	assert_int_equal(c->tool_calls.n, 0);
	assert_int_equal(c->function_call.n, 0);
	assert_int_equal(c->reasoning_raw.n, 0);
	assert_null(c->finish.p);
	assert_int_equal(c->finish_at, 0);
	assert_int_equal(c->logprobs_at, 0);
	assert_null(r.id.p);
	assert_int_equal(r.created, 0);
	assert_false(r.usage.there);
	assert_int_equal(reply(*state, REPLY(CHOICE("\"content\":\"\"")), &r),
			 0);
	assert_non_null(r.choices[0].content.p);
	assert_int_equal(r.choices[0].content.n, 0);
	assert_int_equal(
		reply(*state, REPLY("{\"message\":{\"reasoning\":\"x\"}}"), &r),
		0);
	expect(r.choices[0].reasoning_key, "reasoning");
	assert_false(r.choices[0].has_index);
}

/* Of members that stand twice the last counts, and nothing of the first. */
static void test_reply_duplicates(void **state)
{
	struct chat_reply r;

	assert_int_equal(
		reply(*state,
		      "{\"id\":\"a\",\"id\":\"b\",\"choices\":[{\"message\":{}}"
		      ","
		      "{\"message\":{}}],\"choices\":[{\"message\":{"
		      "\"content\":"
		      "\"x\",\"refusal\":\"r\"},\"message\":{\"content\":\"y\"}"
		      ","
		      "\"finish_reason\":\"length\",\"finish_reason\":null}]}",
		      &r),
		0);
	expect(r.id, "b");
	assert_int_equal(r.n_choices, 1);
	expect(r.choices[0].content, "y");
	assert_null(r.choices[0].refusal.p);
	assert_null(r.choices[0].finish.p);
}

static void test_reply_index(void **state)
{
	struct chat_reply r;

	assert_int_equal(reply(*state,
			       REPLY("{\"message\":{}},{\"index\":7,"
				     "\"message\":{}},{\"message\":{}}"),
			       &r),
			 0);
	assert_int_equal(r.n_choices, 3);
	assert_int_equal(r.choices[0].index, 0);
	assert_int_equal(r.choices[1].index, 7);
	assert_int_equal(r.choices[2].index, 2);
}

static void test_reply_faults(void **state)
{
	static const char *const bodies[] = {
		"",
		"null",
		"[]",
		"{}",
		"{\"choices\":null}",
		"{\"choices\":[]}",
		"{\"choices\":{}}",
		"{\"choices\":[null]}",
		"{\"choices\":[{}]}",
		"{\"choices\":[{\"message\":null}]}",
		"{\"choices\":[{\"message\":[]}]}",
		"{\"choices\":[{\"message\":{}},{}]}",
		"{\"choices\":[{\"message\":{}},3]}",
		"{\"error\":null,\"choices\":[]}",
		"{\"choices\":[{\"message\":{}}],\"choices\":[]}",
		"<html>502</html>",
		"data: {}",
		"{\"choices\":[{\"message\":{}}]",
		"{\"choices\":[{\"message\":{}}]}x",
		"{\"choices\":[{\"message\":{},}]}",
		"{\"choices\":[{\"message\":{\"content\":\"a}]}",
		"{\"choices\":[{\"message\":{},\"logprobs\":{\"content\":[{"
		"\"token\":\"a\",\"logprob\":-Infinity}]}}]}",
		"{\"choices\":[{\"message\":{},\"logprobs\":{\"content\":[{"
		"\"token\":\"a\",\"logprob\":NaN}]}}]}",
	};
	struct world *w = *state;
	struct chat_reply r;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		if (reply(w, bodies[i], &r) != -1)
			fail_msg("taken: %s", bodies[i]);
		assert_true(strlen(w->why.text) > 0);
	}
}

static void test_reply_error(void **state)
{
	struct chat_reply r;

	assert_int_equal(reply(*state, "{\"error\":{\"message\":\"x\"}}", &r),
			 0);
	expect(r.error, "{\"message\":\"x\"}");
	assert_int_equal(r.n_choices, 0);
	assert_int_equal(
		reply(*state, "{\"error\":\"x\",\"choices\":[{}]}", &r), 0);
	expect(r.error, "\"x\"");
	assert_int_equal(
		reply(*state, "{\"error\":null,\"choices\":[{\"message\":{}}]}",
		      &r),
		0);
	assert_int_equal(r.error.n, 0);
}

static void test_usage(void **state)
{
	static const struct {
		const char *usage;
		struct chat_usage want;
	} cases[] = {
		{"null", {0}},
		{"7", {0}},
		{"[]", {0}},
		{"{}", {.there = true}},
		{"{\"prompt_tokens\":1,\"completion_tokens\":2}",
		 {true, 1, 2, 3, 0}},
		{"{\"prompt_tokens\":1,\"completion_tokens\":2,"
		 "\"total_tokens\":9}",
		 {true, 1, 2, 9, 0}},
		{"{\"prompt_tokens\":-1,\"completion_tokens\":1e3,"
		 "\"total_tokens\":\"x\",\"prompt_tokens_details\":null}",
		 {.there = true}},
		{"{\"prompt_tokens\":9223372036854775807,"
		 "\"completion_tokens\":1}",
		 {true, INT64_MAX, 1, INT64_MAX, 0}},
		{"{\"prompt_tokens\":4,\"prompt_tokens_details\":{\"x\":{},"
		 "\"cached_tokens\":2}}",
		 {true, 4, 0, 4, 2}},
	};
	struct chat_reply r;
	char body[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct chat_usage *w = &cases[i].want;

		snprintf(body, sizeof(body),
			 "{\"choices\":[{\"message\":{}}],\"usage\":%s}",
			 cases[i].usage);
		assert_int_equal(reply(*state, body, &r), 0);
		assert_int_equal(r.usage.there, w->there);
		assert_int_equal(r.usage.prompt, w->prompt);
		assert_int_equal(r.usage.completion, w->completion);
		assert_int_equal(r.usage.total, w->total);
		assert_int_equal(r.usage.cached, w->cached);
	}
}

/* ---- log-probs ----------------------------------------------------------- */

#define LOGPROBS(content)                                                      \
	"{\"choices\":[{\"message\":{\"content\":\"x\"},\"logprobs\":"         \
	"{\"content\":" content "}}]}"

static void test_tokens(void **state)
{
	static const char body[] = LOGPROBS(
		"[{\"token\":\"Hi\",\"logprob\":-0.25,\"bytes\":[72,105],"
		"\"top_logprobs\":[{\"token\":\"Hi\",\"logprob\":-0.25,"
		"\"bytes\":"
		"[72,105]},{\"token\":\"H\\\"\",\"logprob\":-1.5,\"bytes\":"
		"null}]},"
		"{\"top_logprobs\":[],\"bytes\":[ 195 , 169 ],\"logprob\":0,"
		"\"token\":\"\\u00e9\"},"
		"{\"token\":\"\\n\\u20ac\",\"logprob\":-9999.0},"
		"{\"token\":\"<eos>\",\"logprob\":-1e-3,\"bytes\":[],"
		"\"top_logprobs\":null}]");
	struct chat_tokens *t;
	struct chat_reply r;

	assert_int_equal(reply(*state, body, &r), 0);
	t = &r.choices[0].tokens;
	assert_true(t->sound);
	assert_int_equal(t->n, 4);
	expect(t->text, "Hi\xc3\xa9\n\xe2\x82\xac");
	assert_true(t->v[0].logprob == -0.25);
	assert_true(t->v[1].logprob == 0);
	assert_true(t->v[2].logprob == -9999);
	assert_int_equal(t->v[0].text_n, 2);
	assert_int_equal(t->v[1].text_at, 2);
	assert_int_equal(t->v[1].text_n, 2);
	assert_int_equal(t->v[2].text_n, 4);
	assert_int_equal(t->v[3].text_at, 8);
	assert_int_equal(t->v[3].text_n, 0);
	assert_int_equal(t->n_tops, 2);
	assert_int_equal(t->v[0].n_top, 2);
	assert_int_equal(t->v[1].n_top, 0);
	assert_int_equal(t->v[1].top_at, 2);
	expect(t->tops[1].token, "H\\\"");
	assert_true(t->tops[1].logprob == -1.5);
	expect((struct span){r.body.p + t->v[1].top_list_at, 2}, "[]");
	assert_int_equal(t->v[2].top_list_at, 0);
	expect((struct span){r.body.p + t->v[3].top_list_at,
			     t->v[3].top_list_end - t->v[3].top_list_at},
	       "null");
	assert_int_equal(r.body.p[t->v[2].at], '{');
	assert_int_equal(r.body.p[t->v[2].end - 1], '}');
	assert_int_equal(r.choices[0].refusal_tokens.n, 0);
}

/* `bytes` where it is a list of bytes, else the token. */
static void test_token_text(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"[65]", "A"},
		{"[65,66,67]", "ABC"},
		{"[]", ""},
		{"[ ]", ""},
		{"[255]", "\xff"},
		{" [\n65 ,\t66 ]", "AB"},
		{"null", "t"},
		{"[256]", "t"},
		{"[65,256]", "t"},
		{"[65,-1]", "t"},
		{"[6.5]", "t"},
		{"[65.0]", "t"},
		{"[1e1]", "t"},
		{"[\"A\"]", "t"},
		{"[[65]]", "t"},
		{"[null]", "t"},
		{"[65,{}]", "t"},
		{"\"A\"", "t"},
		{"65", "t"},
		{"{}", "t"},
		{"[99999999999999999999]", "t"},
		{"[65],\"bytes\":[66]", "B"},
		{"[65],\"bytes\":null", "t"},
		{"[66],\"token\":\"u\"", "B"},
		{"true", "t"},
	};
	struct chat_reply r;
	char body[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(
			body, sizeof(body),
			LOGPROBS(
				"[{\"token\":\"<\",\"logprob\":-1},{\"token\":"
				"\"t\",\"logprob\":-1,\"bytes\":%s},{\"token\":"
				"\">\",\"logprob\":-1}]"),
			cases[i].bytes);
		assert_int_equal(reply(*state, body, &r), 0);
		snprintf(body, sizeof(body), "<%s>", cases[i].text);
		expect(r.choices[0].tokens.text, body);
		assert_int_equal(r.choices[0].tokens.n, 3);
	}
}

static void test_unsound(void **state)
{
	static const char *const lists[] = {
		"[{}]",
		"[null]",
		"[1]",
		"[{\"token\":\"a\"}]",
		"[{\"logprob\":null}]",
		"[{\"logprob\":\"-1\"}]",
		"[{\"logprob\":[]}]",
		"[{\"logprob\":{}}]",
		"[{\"logprob\":false}]",
		"[{\"logprob\":-1},{\"token\":\"b\"}]",
		"[{\"logprob\":-1,\"top_logprobs\":[{\"token\":\"a\"}]}]",
		"[{\"logprob\":-1,\"top_logprobs\":[null]}]",
		"[{\"logprob\":-1,\"logprob\":null}]",
	};
	struct chat_reply r;
	char body[256];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		snprintf(body, sizeof(body), LOGPROBS("%s"), lists[i]);
		assert_int_equal(reply(*state, body, &r), 0);
		if (r.choices[0].tokens.sound)
			fail_msg("sound: %s", lists[i]);
	}
}

static void test_no_tokens(void **state)
{
	static const char *const lists[] = {"[]", "null", "{}", "\"x\"", "7"};
	struct world *w = *state;
	struct chat_reply r;
	char body[256];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		snprintf(body, sizeof(body), LOGPROBS("%s"), lists[i]);
		assert_int_equal(reply(w, body, &r), 0);
		assert_int_equal(r.choices[0].tokens.n, 0);
		assert_true(r.choices[0].tokens.sound);
	}
	/* Not asked for, they are only checked. */
	assert_int_equal(
		chat_reply_read(
			&r, exact(w, span_of(LOGPROBS("[{\"logprob\":-1}]"))),
			DEPTH, false, w->a, &w->why),
		0);
	assert_int_equal(r.choices[0].tokens.n, 0);
	assert_true(r.choices[0].logprobs_end > r.choices[0].logprobs_at);
	assert_int_equal(
		chat_reply_read(&r,
				exact(w, span_of(LOGPROBS("[{\"logprob\":}]"))),
				DEPTH, false, w->a, &w->why),
		-1);
}

static void test_refusal_tokens(void **state)
{
	struct chat_reply r;

	assert_int_equal(
		reply(*state,
		      REPLY("{\"message\":{\"refusal\":\"no\"},\"logprobs\":{"
			    "\"refusal\":[{\"token\":\"no\",\"logprob\":-1}],"
			    "\"content\":null}}"),
		      &r),
		0);
	assert_int_equal(r.choices[0].tokens.n, 0);
	assert_int_equal(r.choices[0].refusal_tokens.n, 1);
	expect(r.choices[0].refusal_tokens.text, "no");
	expect(r.choices[0].refusal, "no");
}

/* Lists and text grow beyond any first guess. */
static void test_many_tokens(void **state)
{
	enum { N = 3000 };
	struct world *w = *state;
	char *body = malloc(N * 200), *p = body;
	struct chat_tokens *t;
	struct chat_reply r;

	p += sprintf(p, "{\"choices\":[{\"message\":{},\"logprobs\":{"
			"\"content\":[");
	for (int i = 0; i < N; i++)
		p += sprintf(p,
			     "%s{\"token\":\"t%d \",\"logprob\":-%d.5,"
			     "\"top_logprobs\":[{\"token\":\"u%d\",\"logprob\":"
			     "-%d}]}",
			     i ? "," : "", i, i, i, i);
	sprintf(p, "]}}]}");
	assert_int_equal(reply(w, body, &r), 0);
	t = &r.choices[0].tokens;
	assert_int_equal(t->n, N);
	assert_int_equal(t->n_tops, N);
	for (int i = 0; i < N; i++) {
		char want[32];

		snprintf(want, sizeof(want), "t%d ", i);
		expect((struct span){t->text.p + t->v[i].text_at,
				     t->v[i].text_n},
		       want);
		assert_true(t->v[i].logprob == -(i + 0.5));
		assert_true(t->tops[t->v[i].top_at].logprob == -i);
		snprintf(want, sizeof(want), "u%d", i);
		expect(t->tops[t->v[i].top_at].token, want);
	}
	free(body);
}

/* ---- chunks -------------------------------------------------------------- */

static void test_chunk(void **state)
{
	struct chat_chunk c;
	struct chat_delta *d;

	assert_int_equal(
		chunk(*state,
		      "{\"id\":\"x\",\"choices\":[{\"index\":1,\"delta\":{"
		      "\"role\":\"assistant\",\"content\":\"h\\n\"},"
		      "\"finish_reason\":null},{\"delta\":{},\"finish_reason\":"
		      "\"stop\"}],\"usage\":null}",
		      &c),
		0);
	assert_int_equal(c.n_choices, 2);
	assert_false(c.usage.there);
	d = &c.choices[0];
	assert_int_equal(d->index, 1);
	assert_true(d->has_index);
	assert_true(d->has_role);
	assert_false(d->delta_empty);
	assert_int_equal(d->content_bytes, 3);
	assert_null(d->finish.p);
	expect((struct span){c.body.p + d->role_key_at,
			     d->role_end - d->role_key_at},
	       "\"role\":\"assistant\"");
	expect((struct span){c.body.p + d->role_at, d->role_end - d->role_at},
	       "\"assistant\"");
	expect((struct span){c.body.p + d->finish_at,
			     d->finish_end - d->finish_at},
	       "null");
	d = &c.choices[1];
	assert_int_equal(d->index, 1);
	assert_false(d->has_index);
	assert_true(d->delta_empty);
	assert_false(d->has_role);
	assert_int_equal(d->role_key_at, 0);
	expect(d->finish, "stop");
	expect((struct span){c.body.p + d->delta_at,
			     d->delta_end - d->delta_at},
	       "{}");
	expect((struct span){c.body.p + d->at, d->end - d->at},
	       "{\"delta\":{},\"finish_reason\":\"stop\"}");
}

static void test_delta_content(void **state)
{
	static const struct {
		const char *delta;
		bool empty;
		size_t bytes;
	} cases[] = {
		{"{}", true, 0},
		{"null", true, 0},
		{"[]", true, 0},
		{"{\"role\":\"assistant\"}", true, 0},
		{"{\"role\":\"assistant\",\"content\":\"\"}", true, 0},
		{"{\"role\":\"assistant\",\"content\":null}", true, 0},
		{"{\"content\":\"abc\"}", false, 3},
		{"{\"reasoning_content\":\"ab\",\"content\":null}", false, 2},
		{"{\"reasoning\":\"ab\"}", false, 2},
		{"{\"refusal\":\"no\"}", false, 2},
		{"{\"tool_calls\":[]}", true, 0},
		{"{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"function\":"
		 "{\"name\":\"f\",\"arguments\":\"\"}}]}",
		 false, 0},
		{"{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
		 "\"{\\\"a\\\"\"}},{\"function\":{\"arguments\":\":1\"}}]}",
		 false, 8},
		{"{\"tool_calls\":[null,7,{\"function\":3}]}", false, 0},
	};
	struct chat_chunk c;
	char body[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(body, sizeof(body),
			 "{\"choices\":[{\"index\":0,\"delta\":%s}]}",
			 cases[i].delta);
		assert_int_equal(chunk(*state, body, &c), 0);
		if (c.choices[0].delta_empty != cases[i].empty ||
		    c.choices[0].content_bytes != cases[i].bytes)
			fail_msg("%s", cases[i].delta);
	}
}

static void test_chunk_kinds(void **state)
{
	struct chat_chunk c;

	assert_int_equal(chunk(*state,
			       "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,"
			       "\"completion_tokens\":2,\"total_tokens\":3}}",
			       &c),
			 0);
	assert_int_equal(c.n_choices, 0);
	assert_true(c.usage.there);
	assert_int_equal(c.usage.total, 3);
	assert_int_equal(chunk(*state, "{\"error\":{\"message\":\"x\"}}", &c),
			 0);
	expect(c.error, "{\"message\":\"x\"}");
	assert_int_equal(chunk(*state, "{\"error\":null,\"choices\":null}", &c),
			 0);
	assert_int_equal(c.error.n, 0);
	assert_int_equal(chunk(*state, "{\"choices\":[1,{\"index\":0}]}", &c),
			 0);
	assert_int_equal(c.n_choices, 1);
	assert_int_equal(c.choices[0].delta_at, 0);
	assert_true(c.choices[0].delta_empty);
	assert_int_equal(chunk(*state, "{}", &c), 0);
	assert_int_equal(chunk(*state,
			       "{\"choices\":[{\"delta\":{\"role\":null}}]}",
			       &c),
			 0);
	assert_false(c.choices[0].has_role);
	assert_true(c.choices[0].role_key_at > 0);
	assert_int_equal(chunk(*state, "[DONE]", &c), -1);
	assert_int_equal(chunk(*state, "{\"choices\":[", &c), -1);
	assert_int_equal(chunk(*state, "", &c), -1);
	assert_int_equal(
		chunk(*state, "{\"choices\":[{\"delta\":{\"content\":}}]}", &c),
		-1);
}

/* ---- prefixes ------------------------------------------------------------ */

static const char *const whole[] = {
	"{\"model\":\"m\",\"messages\":[{\"content\":\"\\ud83d\\ude00\"}],"
	"\"stream\":true,\"stream_options\":{\"include_usage\":true},"
	"\"modalities\":[\"text\"],\"n\":2,\"logprobs\":true}",
	"{\"id\":\"x\",\"choices\":[{\"index\":0,\"message\":{\"content\":"
	"\"\xf0\x9f\x98\x80\",\"tool_calls\":[{\"id\":\"c\"}]},\"logprobs\":{"
	"\"content\":[{\"token\":\"a\",\"logprob\":-0.5e-3,\"bytes\":[97],"
	"\"top_logprobs\":[{\"token\":\"b\",\"logprob\":-1}]}]},"
	"\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}",
	"{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
	"\"tool_calls\":[{\"function\":{\"arguments\":\"{}\"}}]},"
	"\"finish_reason\":null}],\"usage\":null}",
};

static void test_prefixes(void **state)
{
	struct world *w = *state;
	struct chat_request rq;
	struct chat_reply r;
	struct chat_chunk c;

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(whole[i]);

		for (size_t k = 0; k <= n; k++) {
			struct span part = {whole[i], k};
			int ok = k == n ? 0 : -1;

			if (i == 0 || k < n)
				assert_int_equal(
					chat_request_read(&rq, exact(w, part),
							  DEPTH, w->a, &w->why),
					ok);
			if (i == 1 || k < n)
				assert_int_equal(chat_reply_read(&r,
								 exact(w, part),
								 DEPTH, true,
								 w->a, &w->why),
						 ok);
			assert_int_equal(chat_chunk_read(&c, exact(w, part),
							 DEPTH, w->a, &w->why),
					 ok);
		}
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_request),
		T(test_request_defaults),
		T(test_request_places),
		T(test_request_faults),
		T(test_model_survives_faults),
		T(test_beyond_cheap),
		T(test_request_depth),
		T(test_reply),
		T(test_reply_absent_and_null),
		T(test_reply_duplicates),
		T(test_reply_index),
		T(test_reply_faults),
		T(test_reply_error),
		T(test_usage),
		T(test_tokens),
		T(test_token_text),
		T(test_unsound),
		T(test_no_tokens),
		T(test_refusal_tokens),
		T(test_many_tokens),
		T(test_chunk),
		T(test_delta_content),
		T(test_chunk_kinds),
		T(test_prefixes),
	};

	return cmocka_run_group_tests_name("chat", tests, NULL, NULL);
}
