/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client gets of replies and of chunks: exact bytes, and the same
 * meaning as an edit of the parsed tree would have.
 */
#include "chat/chat_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "chat/splice.h"

#define DEPTH 64

static uint64_t seed = 88172645463325252u;

static size_t below(size_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % n);
}

/* ---- splices ------------------------------------------------------------- */

static void test_splice_apply(void **state)
{
	struct splice v[] = {
		{8, 10, {"XY", 2}}, {0, 0, {"<", 1}},	{3, 5, {NULL, 0}},
		{5, 5, {"+", 1}},   {10, 10, {">", 1}},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(splice_apply(span_of("0123456789"), v, 5, &out), 0);
	assert_true(span_is(buf_span(&out), "<012+567XY>"));
	buf_clear(&out);
	assert_int_equal(splice_apply(span_of("abc"), NULL, 0, &out), 0);
	assert_true(span_is(buf_span(&out), "abc"));
	buf_release(&out);
}

/* ---- replies ------------------------------------------------------------- */

static const struct chat_stamp stamp = {
	.id = "chatcmpl-1", .model = "gpt", .created = 99};

static void write_reply(struct span body, const struct chat_stamp *st,
			struct buf *out)
{
	char *copy = malloc(body.n);
	struct arena *a = arena_new();
	struct chat_fault why = {0};
	struct chat_reply r;

	memcpy(copy, body.p, body.n);
	if (chat_reply_read(&r, (struct span){copy, body.n}, DEPTH,
			    below(2) != 0, a, &why) < 0)
		fail_msg("%s: %.*s", why.text, (int)body.n, body.p);
	buf_clear(out);
	assert_int_equal(chat_reply_write(&r, st, a, out), 0);
	arena_free(a);
	free(copy);
}

static void expect(const char *body, struct chat_stamp st, const char *want)
{
	struct buf out;

	buf_init(&out, 0);
	write_reply(span_of(body), &st, &out);
	if (!span_is(buf_span(&out), want))
		fail_msg("%s\ngave %.*s\nnot  %s", body, (int)out.n, out.p,
			 want);
	buf_release(&out);
}

#define HEAD "\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\","
#define NAME "\"model\":\"gpt\""
#define TAIL "\"logprobs\":null,\"finish_reason\":\"stop\""
#define MSG  "\"index\":0,\"message\":{\"content\":\"x\"}"
#define CH   "\"choices\":[{" MSG "," TAIL "}]"

static void test_reply_stamps(void **state)
{
	(void)state;
	expect("{" CH "}", stamp, "{" HEAD "\"created\":99," NAME "," CH "}");
	expect("{ \"id\" : \"\",\"model\":\"a\", " CH
	       ",\"created\":7,\"object\":\"\"}",
	       stamp,
	       "{ \"id\" : \"chatcmpl-1\",\"model\":\"gpt\", " CH
	       ",\"created\":7,\"object\":\"chat.completion\"}");
	expect("{\"id\":1,\"id\":2,\"created\":0,\"created\":null,"
	       "\"object\":null,\"model\":null," CH "}",
	       stamp,
	       "{\"id\":\"chatcmpl-1\",\"id\":\"chatcmpl-1\",\"created\":99,"
	       "\"created\":99,\"object\":\"chat.completion\"," NAME "," CH
	       "}");
	expect("{" HEAD "\"created\":5," NAME "," CH ",\"usage\":{},\"x\":1}",
	       stamp,
	       "{" HEAD "\"created\":5," NAME "," CH ",\"usage\":{},\"x\":1}");
}

#define ALL HEAD "\"created\":5," NAME

static void test_reply_error_null(void **state)
{
	(void)state;
	expect("{\"error\":null," ALL "," CH "}", stamp, "{" ALL "," CH "}");
	expect("{" ALL "," CH ",\"error\":null}", stamp, "{" ALL "," CH "}");
	expect("{" ALL ",\"error\":null,\"error\":null ," CH "}", stamp,
	       "{" ALL "," CH "}");
	expect("{" ALL "," CH ",\"x\":{\"error\":null}}", stamp,
	       "{" ALL "," CH ",\"x\":{\"error\":null}}");
}

static void test_reply_finish(void **state)
{
	static const char *const names[][2] = {
		{"\"stop\"", "stop"},
		{"\"length\"", "length"},
		{"\"tool_calls\"", "tool_calls"},
		{"\"content_filter\"", "content_filter"},
		{"\"function_call\"", "function_call"},
		{"\"\"", "stop"},
		{"null", "stop"},
		{"7", "stop"},
		{"\"eos_token\"", "stop"},
		{"\"end_turn\"", "stop"},
		{"\"stop_sequence\"", "stop"},
		{"\"abort\"", "stop"},
		{"\"error\"", "stop"},
		{"\"max_tokens\"", "length"},
		{"\"length_limit\"", "length"},
		{"\"tool_use\"", "tool_calls"},
		{"\"st\\u006fp\"", "stop"}};
	char body[512], want[512];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(body, sizeof(body),
			 "{" ALL ",\"choices\":[{" MSG
			 ",\"finish_reason\":%s,\"logprobs\":null}]}",
			 names[i][0]);
		snprintf(want, sizeof(want),
			 "{" ALL ",\"choices\":[{" MSG
			 ",\"finish_reason\":\"%s\",\"logprobs\":null}]}",
			 names[i][1]);
		expect(body, stamp, want);
	}
	expect("{" ALL ",\"choices\":[{\"message\":{\"tool_calls\":[{}]}}]}",
	       stamp,
	       "{" ALL ",\"choices\":[{\"index\":0,\"finish_reason\":"
	       "\"tool_calls\",\"logprobs\":null,\"message\":{\"tool_calls\":"
	       "[{}]}}]}");
}

static void test_reply_usage(void **state)
{
	const struct chat_usage u = {true, 1, 2, 3, 0}, c = {true, 9, 1, 10, 4};
	struct chat_stamp st = stamp;

	(void)state;
	st.usage = &u;
	expect("{" ALL "," CH ",\"usage\":{\"prompt_tokens\":7,\"x\":{}}}", st,
	       "{" ALL "," CH ",\"usage\":{\"prompt_tokens\":1,"
	       "\"completion_tokens\":2,\"total_tokens\":3}}");
	st.usage = &c;
	expect("{" ALL "," CH "}", st,
	       "{\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1,"
	       "\"total_tokens\":10,\"prompt_tokens_details\":{"
	       "\"cached_tokens\":4}}," ALL "," CH "}");
}

#define LP(value)                                                              \
	"{" ALL ",\"choices\":[{" MSG ",\"finish_reason\":\"stop\","           \
	"\"logprobs\":" value "}]}"
#define E1(top)                                                                \
	"{\"token\":\"x\",\"logprob\":-1,\"bytes\":[120],\"top_"               \
	"logprobs\":" top "}"
#define A(name)	      "{\"token\":\"" name "\",\"logprob\":-2,\"bytes\":null}"
#define LIST(entries) "{\"content\":[" entries "],\"refusal\":null}"

static void test_reply_logprobs_gone(void **state)
{
	(void)state;
	expect(LP(LIST(E1("[]"))), stamp, LP("null"));
	expect(LP("null"), stamp, LP("null"));
	expect(LP("{}"), stamp, LP("null"));
}

static void test_reply_logprobs_cut(void **state)
{
	struct chat_stamp st = stamp;

	(void)state;
	st.keep_logprobs = true;
	st.top_logprobs = 2;
	expect(LP(LIST(E1("[" A("a") "," A("b") "]"))), st,
	       LP(LIST(E1("[" A("a") "," A("b") "]"))));
	expect(LP(LIST(E1("[" A("a") "," A("b") "," A("c") "," A("d") "]"))),
	       st, LP(LIST(E1("[" A("a") "," A("b") "]"))));
	expect(LP(LIST(E1("[ " A("a") " , " A("b") " , " A("c") " ]"))), st,
	       LP(LIST(E1("[ " A("a") " , " A("b") " ]"))));
	st.top_logprobs = 0;
	expect(LP(LIST(E1("[" A("a") "," A("b") "]"))), st, LP(LIST(E1("[]"))));
	expect(LP(LIST(E1("[ " A("a") " ]"))), st, LP(LIST(E1("[ ]"))));
	st.top_logprobs = -1;
	expect(LP(LIST(E1("[" A("a") "," A("b") "]"))), st,
	       LP(LIST(E1("[" A("a") "," A("b") "]"))));
}

static void test_reply_logprobs_completed(void **state)
{
	struct chat_stamp st = stamp;

	(void)state;
	st.keep_logprobs = true;
	st.top_logprobs = 5;
	expect(LP("{\"content\":[{\"token\":\"x\",\"logprob\":-1}]}"), st,
	       LP("{\"refusal\":null,\"content\":[{\"top_logprobs\":[],"
		  "\"bytes\":null,\"token\":\"x\",\"logprob\":-1}]}"));
	expect(LP("{\"content\":[{\"token\":\"x\",\"logprob\":-1,\"bytes\":[1],"
		  "\"top_logprobs\":null}],\"refusal\":[{}]}"),
	       st,
	       LP("{\"content\":[{\"token\":\"x\",\"logprob\":-1,\"bytes\":[1],"
		  "\"top_logprobs\":[]}],\"refusal\":[{\"top_logprobs\":[],"
		  "\"bytes\":null}]}"));
	expect(LP("{\"content\":[{\"token\":\"x\",\"bytes\":null,"
		  "\"top_logprobs\":[{\"token\":\"y\"},{}]}],\"refusal\":"
		  "null}"),
	       st,
	       LP("{\"content\":[{\"token\":\"x\",\"bytes\":null,"
		  "\"top_logprobs\":[{\"bytes\":null,\"token\":\"y\"},"
		  "{\"bytes\":null}]}],\"refusal\":null}"));
	expect(LP("{}"), st, LP("{\"content\":null,\"refusal\":null}"));
	expect(LP("null"), st, LP("null"));
	expect(LP("{\"content\":[1,null],\"refusal\":{}}"), st,
	       LP("{\"content\":[1,null],\"refusal\":{}}"));
}

/* ---- replies against a tree ---------------------------------------------- */

static json_t *tree_list(json_t *list, json_int_t k)
{
	json_t *entry, *top, *alt;
	size_t i, j;

	json_array_foreach(list, i, entry)
	{
		if (!json_is_object(entry))
			continue;
		if (!json_object_get(entry, "bytes"))
			json_object_set_new(entry, "bytes", json_null());
		top = json_object_get(entry, "top_logprobs");
		if (!json_is_array(top)) {
			json_object_set_new(entry, "top_logprobs",
					    json_array());
			continue;
		}
		while (k >= 0 && json_array_size(top) > (size_t)k)
			json_array_remove(top, json_array_size(top) - 1);
		json_array_foreach(top, j, alt)
		{
			if (json_is_object(alt) &&
			    !json_object_get(alt, "bytes"))
				json_object_set_new(alt, "bytes", json_null());
		}
	}
	return list;
}

static void tree_logprobs(json_t *choice, const struct chat_stamp *st)
{
	static const char *const names[] = {"content", "refusal"};
	json_t *logprobs = json_object_get(choice, "logprobs"), *list;

	if (!st->keep_logprobs || !logprobs) {
		json_object_set_new(choice, "logprobs", json_null());
		return;
	}
	for (int i = 0; json_is_object(logprobs) && i < 2; i++) {
		list = json_object_get(logprobs, names[i]);
		if (!list)
			json_object_set_new(logprobs, names[i], json_null());
		else if (json_is_array(list))
			tree_list(list, st->top_logprobs);
	}
}

static void tree_choice(json_t *choice, size_t i, const struct chat_stamp *st)
{
	const char *finish =
		json_string_value(json_object_get(choice, "finish_reason"));
	json_t *message = json_object_get(choice, "message");
	bool tools = json_array_size(json_object_get(message, "tool_calls"));

	if (!json_object_get(choice, "index"))
		json_object_set_new(choice, "index",
				    json_integer((json_int_t)i));
	json_object_set_new(
		choice, "finish_reason",
		json_string(chat_finish_name(finish ? span_of(finish)
						    : (struct span){NULL, 0},
					     tools)));
	tree_logprobs(choice, st);
}

static json_t *tree_reply(struct span body, const struct chat_stamp *st)
{
	json_t *t = json_loadb(body.p, body.n, 0, NULL), *choice;
	size_t i;

	assert_non_null(t);
	json_object_set_new(t, "id", json_string(st->id));
	json_object_set_new(t, "model", json_string(st->model));
	json_object_set_new(t, "object", json_string("chat.completion"));
	if (json_integer_value(json_object_get(t, "created")) <= 0)
		json_object_set_new(t, "created", json_integer(st->created));
	if (json_is_null(json_object_get(t, "error")))
		json_object_del(t, "error");
	if (st->usage)
		json_object_set_new(t, "usage",
				    json_pack("{s:I,s:I,s:I}", "prompt_tokens",
					      (json_int_t)1,
					      "completion_tokens",
					      (json_int_t)2, "total_tokens",
					      (json_int_t)3));
	json_array_foreach(json_object_get(t, "choices"), i, choice)
		tree_choice(choice, i, st);
	return t;
}

/* One of the texts, all of the same chance. */
#define PICK(...) pick((const char *const[]){__VA_ARGS__, NULL})

static const char *pick(const char *const *some)
{
	size_t n = 0;

	while (some[n])
		n++;
	return some[below(n)];
}

static void make_members(struct buf *b, const char *const (*members)[6],
			 size_t n)
{
	bool any = false;

	buf_adds(b, "{");
	for (size_t i = 0; i < n; i++) {
		const char *value = members[i][1 + below(5)];

		if (!*value)
			continue;
		buf_addf(b, "%s%s\"%s\"%s:%s%s", any ? "," : "",
			 PICK("", " ", "\n\t"), members[i][0], PICK("", " "),
			 PICK("", " "), value);
		any = true;
	}
	buf_addf(b, "%s}", PICK("", "\n"));
}

static void make_entries(struct buf *b)
{
	static const char *const entry[][6] = {
		{"token", "\"a\"", "\"\\u00e9\"", "\"\\\"\"", "null", "\"b\""},
		{"top_logprobs", "", "[]", "null", "[{}, {\"token\":\"x\"}]",
		 "[{\"bytes\":[1]},{\"logprob\":-1},{},null,{\"a\":[{}]}]"},
		{"logprob", "-1", "-1e-5", "null", "0", "-9999.0"},
		{"bytes", "[97]", "null", "", "", "[]"},
		{"extra", "", "", "{\"bytes\":null}", "[[]]", "1"},
	};
	size_t n = below(4);

	buf_adds(b, "[");
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i ? "," : "");
		make_members(b, entry, 5);
	}
	buf_adds(b, "]");
}

static void make_logprobs(struct buf *b)
{
	if (below(3) == 0) {
		buf_adds(b,
			 PICK("null", "{}", "{\"content\":null}", "{\"x\":1}",
			      "{\"content\":{}, \"refusal\":[]}"));
		return;
	}
	buf_adds(b, "{\"content\":");
	make_entries(b);
	if (below(2)) {
		buf_adds(b, ",\"refusal\":");
		make_entries(b);
	}
	buf_adds(b, "}");
}

static void make_choice(struct buf *b)
{
	static const char *const some[][6] = {
		{"index", "0", "1", "", "", "2"},
		{"message", "{}", "{\"content\":\"a\\nb\"}",
		 "{\"content\":null,\"tool_calls\":[{\"id\":\"x\"}]}",
		 "{\"role\":\"assistant\",\"error\":null}",
		 "{\"tool_calls\":[],\"refusal\":\"no\"}"},
		{"finish_reason", "\"stop\"", "\"eos_token\"", "null", "",
		 "\"max_tokens\""},
	};

	make_members(b, some, 3);
	if (below(4) == 0)
		return;
	/* Before the closing brace. */
	while (b->p[b->n - 1] != '}')
		b->n--;
	b->n--;
	buf_adds(b, ",\"logprobs\":");
	make_logprobs(b);
	buf_adds(b, "}");
}

static void make_reply(struct buf *b)
{
	static const char *const some[][6] = {
		{"error", "null", "", "", "null", ""},
		{"id", "\"x\"", "", "null", "7", "\"\\\"\""},
		{"created", "1", "0", "null", "", "1700000000"},
		{"object", "\"\"", "", "null", "\"x\"", "\"text\""},
		{"model", "\"a\"", "", "\"b\\n\"", "null", "{}"},
		{"usage", "", "null", "{\"prompt_tokens\":4}", "{}", ""},
		{"error", "null", "", "", "null", ""},
	};
	size_t n = 1 + below(3);

	buf_clear(b);
	make_members(b, some, 7);
	while (b->p[b->n - 1] != '}')
		b->n--;
	b->n--;
	buf_addf(b, "%s\"choices\":%s[", memchr(b->p, ':', b->n) ? "," : "",
		 PICK("", " "));
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i ? "," : "");
		make_choice(b);
	}
	buf_adds(b, "]");
	if (below(2))
		buf_adds(b, ",\"error\":null");
	buf_adds(b, "}");
}

static void test_random_like_tree(void **state)
{
	const struct chat_usage usage = {true, 1, 2, 3, 0};
	struct buf body, out;
	size_t kept = 0;

	(void)state;
	buf_init(&body, 0);
	buf_init(&out, 0);
	for (int round = 0; round < 20000; round++) {
		struct chat_stamp st = {
			.id = "chatcmpl-\"1\"",
			.model = "gpt\xc3\xa9",
			.created = 77,
			.keep_logprobs = below(2),
			.top_logprobs = (int64_t)below(5) - 1,
			.usage = below(2) ? &usage : NULL,
		};
		json_t *want, *got;

		make_reply(&body);
		write_reply(buf_span(&body), &st, &out);
		want = tree_reply(buf_span(&body), &st);
		got = json_loadb(out.p, out.n, 0, NULL);
		if (!got || !json_equal(got, want))
			fail_msg("%.*s\ngave %.*s", (int)body.n, body.p,
				 (int)out.n, out.p);
		kept += st.keep_logprobs;
		json_decref(want);
		json_decref(got);
	}
	assert_true(kept > 5000);
	buf_release(&body);
	buf_release(&out);
}

/* ---- chunks -------------------------------------------------------------- */

/* A live stream of chunks, each with what the client shall get. */
struct live {
	struct chat_stream state;
	bool want_usage;
	struct chat_stamp st;
};

static void live_init(struct live *l, bool want_usage)
{
	*l = (struct live){.want_usage = want_usage, .st = stamp};
}

static void live_chunk(struct live *l, const char *data, const char *want)
{
	struct arena *a = arena_new();
	size_t n = strlen(data);
	char *copy = malloc(n);
	struct chat_fault why;
	struct chat_chunk c;
	struct buf out;

	memcpy(copy, data, n);
	assert_int_equal(
		chat_chunk_read(&c, (struct span){copy, n}, DEPTH, a, &why), 0);
	buf_init(&out, 0);
	assert_int_equal(
		chat_chunk_write(&c, &l->st, l->want_usage, &l->state, a, &out),
		0);
	if (!span_is(buf_span(&out), want))
		fail_msg("%s\ngave %.*s\nnot  %s", data, (int)out.n,
			 out.p ? out.p : "", want);
	buf_release(&out);
	arena_free(a);
	free(copy);
}

#define CK(choices)                                                            \
	"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","         \
	"\"created\":99,\"model\":\"gpt\",\"choices\":[" choices "]}"
#define BK(choices)                                                            \
	"{\"id\":\"b\",\"object\":\"\",\"created\":3,\"model\":\"b\","         \
	"\"choices\":[" choices "]}"
#define D(i, delta)                                                            \
	"{\"index\":" i ",\"delta\":" delta ",\"finish_reason\":null}"
#define F(i, reason)                                                           \
	"{\"index\":" i ",\"delta\":{},\"finish_reason\":" reason "}"
#define R "\"role\":\"assistant\""

static void test_chunk_plain(void **state)
{
	struct live l;

	(void)state;
	live_init(&l, false);
	live_chunk(&l, BK(D("0", "{" R ",\"content\":\"\"}")),
		   CK(D("0", "{" R ",\"content\":\"\"}")));
	live_chunk(&l, BK(D("0", "{\"content\":\"a\\ud800\"}")),
		   CK(D("0", "{\"content\":\"a\\ud800\"}")));
	assert_int_equal(l.state.finished, 0);
	live_chunk(&l, BK(F("0", "\"stop\"")), CK(F("0", "\"stop\"")));
	assert_true(l.state.begun);
	assert_int_equal(l.state.roles, 1);
	assert_int_equal(l.state.seen, 1);
	assert_int_equal(l.state.finished, 1);
	assert_int_equal(l.state.content_bytes, 7);
}

/* Once, and first: whether the backend says it always, never, or late. */
static void test_chunk_role(void **state)
{
	struct live l;

	(void)state;
	live_init(&l, false);
	live_chunk(&l, BK(D("0", "{" R ",\"content\":\"a\"}")),
		   CK(D("0", "{" R ",\"content\":\"a\"}")));
	live_chunk(&l, BK(D("0", "{" R ",\"content\":\"b\"}")),
		   CK(D("0", "{\"content\":\"b\"}")));
	live_chunk(&l, BK(D("0", "{\"content\":\"c\"," R "}")),
		   CK(D("0", "{\"content\":\"c\"}")));
	live_chunk(&l, BK(D("0", "{" R "}")), CK(D("0", "{}")));
	live_chunk(&l, BK(D("0", "{\"role\":null}")), CK(D("0", "{}")));
	live_init(&l, false);
	live_chunk(&l, BK(D("0", "{\"content\":\"a\"}")),
		   CK(D("0", "{" R ",\"content\":\"a\"}")));
	live_chunk(&l, BK(D("0", "{\"content\":\"b\"}")),
		   CK(D("0", "{\"content\":\"b\"}")));
	live_init(&l, false);
	live_chunk(&l, BK(D("0", "{}")), CK(D("0", "{" R "}")));
	live_init(&l, false);
	live_chunk(&l, BK(D("0", "{\"role\":null,\"content\":\"\"}")),
		   CK(D("0", "{" R ",\"content\":\"\"}")));
	live_init(&l, false);
	live_chunk(&l, BK(D("0", "null")),
		   CK(D("0", "{" R ",\"content\":\"\"}")));
	live_chunk(&l, BK(D("0", "null")), CK(D("0", "{}")));
	/* We said it while the client waited. */
	live_init(&l, false);
	l.state.roles = 1;
	live_chunk(&l, BK(D("0", "{" R ",\"content\":\"\"}")),
		   CK(D("0", "{\"content\":\"\"}")));
}

static void test_chunk_choices(void **state)
{
	struct live l;

	(void)state;
	live_init(&l, false);
	live_chunk(&l, BK(D("2", "{" R "}")),
		   CK(D("0", "{" R ",\"content\":\"\"}") "," D(
			   "1", "{" R ",\"content\":\"\"}") "," D("2",
								  "{" R "}")));
	live_chunk(&l, BK(D("1", "{" R ",\"content\":\"x\"}")),
		   CK(D("1", "{\"content\":\"x\"}")));
	assert_int_equal(l.state.roles, 7);
	live_init(&l, false);
	live_chunk(
		&l, BK(D("0", "{" R "}") "," D("1", "{\"content\":\"\"}")),
		CK(D("0", "{" R "}") "," D("1", "{" R ",\"content\":\"\"}")));
	live_chunk(&l, BK(F("0", "\"stop\"") "," F("1", "\"length\"")),
		   CK(F("0", "\"stop\"") "," F("1", "\"length\"")));
	assert_int_equal(l.state.finished, 3);
	/* Beyond what is kept track of it passes as it is. */
	live_chunk(&l, BK(D("64", "{" R "}")), CK(D("64", "{" R "}")));
}

static void test_chunk_finish(void **state)
{
	struct live l;

	(void)state;
	live_init(&l, false);
	l.state.roles = 1;
	live_chunk(&l, BK(F("0", "\"eos_token\"")), CK(F("0", "\"stop\"")));
	live_chunk(&l, BK(F("0", "\"max_tokens\"")), CK(F("0", "\"length\"")));
	l.state.finished = 0;
	live_chunk(&l, BK(F("0", "\"\"")), CK(F("0", "null")));
	assert_int_equal(l.state.finished, 0);
	live_chunk(&l, BK("{\"index\":0,\"delta\":{\"content\":\"x\"}}"),
		   CK("{\"finish_reason\":null,\"index\":0,\"delta\":{"
		      "\"content\":\"x\"}}"));
	live_chunk(&l, BK("{\"delta\":{}}"),
		   CK("{\"index\":0,\"finish_reason\":null,\"delta\":{}}"));
	live_chunk(&l, BK("{}"),
		   CK("{\"index\":0,\"finish_reason\":null,\"delta\":{}}"));
}

#define US                                                                     \
	"\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,"              \
	"\"total_tokens\":3,\"x\":{}}"
#define UK(choices, usage)                                                     \
	"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","         \
	"\"created\":99,\"model\":\"gpt\",\"choices\":[" choices "]," usage    \
	"}"
#define UB(choices, usage)                                                     \
	"{\"id\":\"b\",\"object\":\"\",\"created\":3,\"model\":\"b\","         \
	"\"choices\":[" choices "]," usage "}"

static void test_chunk_usage_wanted(void **state)
{
	struct live l;

	(void)state;
	live_init(&l, true);
	l.state.roles = 1;
	live_chunk(&l, UB(D("0", "{}"), "\"usage\":null"),
		   UK(D("0", "{}"), "\"usage\":null"));
	live_chunk(&l, BK(D("0", "{}")),
		   "{\"usage\":null,"
		   "\"id\":\"chatcmpl-1\",\"object\":"
		   "\"chat.completion.chunk\",\"created\":99,\"model\":\"gpt\","
		   "\"choices\":[" D("0", "{}") "]}");
	live_chunk(&l, UB("", US), UK("", US));
	assert_true(l.state.usage_sent);
	live_chunk(&l, UB("", US), "");
	/* Said with the finish: kept for a chunk of its own. */
	live_init(&l, true);
	l.state.roles = 1;
	live_chunk(&l, UB(F("0", "\"stop\""), US),
		   UK(F("0", "\"stop\""), "\"usage\":null"));
	assert_false(l.state.usage_sent);
	assert_true(l.state.usage.there);
	assert_int_equal(l.state.usage.total, 3);
}

static void test_chunk_usage_unwanted(void **state)
{
	struct live l;

	(void)state;
	live_init(&l, false);
	l.state.roles = 1;
	live_chunk(&l, UB(D("0", "{}"), "\"usage\":null"), CK(D("0", "{}")));
	live_chunk(&l, UB(F("0", "\"stop\""), US), CK(F("0", "\"stop\"")));
	live_chunk(&l, UB("", US), "");
	assert_int_equal(l.state.usage.prompt, 1);
	assert_false(l.state.usage_sent);
	live_chunk(
		&l,
		"{\"usage\":null,"
		"\"choices\":[" D(
			"0",
			"{}") "],"
			      "\"usage\":null,\"error\":null,\"error\":null}",
		"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
		"\"created\":99,\"model\":\"gpt\",\"choices\":[" D("0",
								   "{}") "]}");
}

static void test_chunk_with_nothing(void **state)
{
	struct live l;

	(void)state;
	live_init(&l, true);
	live_chunk(&l, "{}", "");
	live_chunk(&l, "{\"choices\":[]}", "");
	live_chunk(&l, "{\"choices\":[],\"usage\":null}", "");
	live_chunk(&l, "{\"choices\":[],\"prompt_filter_results\":[1]}", "");
	live_chunk(&l, "{\"choices\":null}", "");
	assert_false(l.state.begun);
}

static void test_chunk_logprobs(void **state)
{
	struct live l;

	(void)state;
	live_init(&l, false);
	l.state.roles = 1;
	l.st.keep_logprobs = true;
	live_chunk(
		&l,
		BK("{\"index\":0,\"delta\":{\"content\":\"x\"},"
		   "\"finish_reason\":null,\"logprobs\":" LIST(E1("[]")) "}"),
		CK("{\"index\":0,\"delta\":{\"content\":\"x\"},"
		   "\"finish_reason\":null,\"logprobs\":" LIST(E1("[]")) "}"));
	live_chunk(&l,
		   BK("{\"index\":0,\"delta\":{\"content\":\"x\"},"
		      "\"finish_reason\":null,\"logprobs\":{\"content\":["
		      "{\"token\":\"x\",\"logprob\":-1}]}}"),
		   CK("{\"index\":0,\"delta\":{\"content\":\"x\"},"
		      "\"finish_reason\":null,\"logprobs\":{\"refusal\":null,"
		      "\"content\":[{\"top_logprobs\":[],\"bytes\":null,"
		      "\"token\":\"x\",\"logprob\":-1}]}}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splice_apply),
		cmocka_unit_test(test_reply_stamps),
		cmocka_unit_test(test_reply_error_null),
		cmocka_unit_test(test_reply_finish),
		cmocka_unit_test(test_reply_usage),
		cmocka_unit_test(test_reply_logprobs_gone),
		cmocka_unit_test(test_reply_logprobs_cut),
		cmocka_unit_test(test_reply_logprobs_completed),
		cmocka_unit_test(test_random_like_tree),
		cmocka_unit_test(test_chunk_plain),
		cmocka_unit_test(test_chunk_role),
		cmocka_unit_test(test_chunk_choices),
		cmocka_unit_test(test_chunk_finish),
		cmocka_unit_test(test_chunk_usage_wanted),
		cmocka_unit_test(test_chunk_usage_unwanted),
		cmocka_unit_test(test_chunk_with_nothing),
		cmocka_unit_test(test_chunk_logprobs),
	};

	return cmocka_run_group_tests_name("chat_edit", tests, NULL, NULL);
}
