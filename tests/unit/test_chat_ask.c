/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a backend is asked: exact bytes, and the same meaning as an edit of the
 * parsed tree would have.
 */
#include "chat/chat_ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/jscan.h"

#define DEPTH 64

static uint64_t seed = 88172645463325252u;

static size_t below(size_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % n);
}

static void ask(struct span body, const struct chat_ask *how, struct buf *out)
{
	char *copy = malloc(body.n);
	struct arena *a = arena_new();
	struct chat_fault why = {0};
	struct chat_request rq;

	/* No byte behind it. */
	memcpy(copy, body.p, body.n);
	if (chat_request_read(&rq, (struct span){copy, body.n}, DEPTH, a,
			      &why) < 0)
		fail_msg("%s: %.*s", why.text, (int)body.n, body.p);
	buf_clear(out);
	assert_int_equal(chat_ask_write(&rq, how, a, out), 0);
	arena_free(a);
	free(copy);
}

/* ---- exact bytes --------------------------------------------------------- */

static void expect(const char *body, struct chat_ask how, const char *want)
{
	struct buf out;

	buf_init(&out, 0);
	ask(span_of(body), &how, &out);
	if (!span_is(buf_span(&out), want))
		fail_msg("%s\ngave %.*s\nnot  %s", body, (int)out.n, out.p,
			 want);
	buf_release(&out);
}

#define M  "\"model\":\"a\""
#define B  "\"model\":\"big\""
#define MS "\"messages\":[]"

static const struct chat_ask plain = {.model = "big"};
static const struct chat_ask buffered = {.model = "big", .buffered = true};
static const struct chat_ask top5 = {.model = "big", .top_logprobs = 5};
static const struct chat_ask usage = {.model = "big", .include_usage = true};
static const struct chat_ask older = {.model = "big", .old_max_tokens = true};

static void test_model_only(void **state)
{
	(void)state;
	expect("{" M "," MS "}", plain, "{" B "," MS "}");
	expect(" { \"model\" : \"a\" ,\n\"messages\": [ ]\t} \n", plain,
	       " { \"model\" : \"big\" ,\n\"messages\": [ ]\t} \n");
	expect("{\"mod\\u0065l\":\"a\"," MS "}", plain,
	       "{\"mod\\u0065l\":\"big\"," MS "}");
	expect("{\"model\":1," MS ",\"model\":\"a\"}", plain,
	       "{\"model\":\"big\"," MS ",\"model\":\"big\"}");
	expect("{" M "," MS ",\"seed\":9223372036854775807,\"t\":1e-7,"
	       "\"x\":\"\\u00e9\\/\\ud800\",\"d\":1,\"d\":2,\"stream\":true,"
	       "\"stream_options\":{\"include_usage\":false},\"logprobs\":true,"
	       "\"top_logprobs\":2,\"max_completion_tokens\":5}",
	       plain,
	       "{" B "," MS ",\"seed\":9223372036854775807,\"t\":1e-7,"
	       "\"x\":\"\\u00e9\\/\\ud800\",\"d\":1,\"d\":2,\"stream\":true,"
	       "\"stream_options\":{\"include_usage\":false},\"logprobs\":true,"
	       "\"top_logprobs\":2,\"max_completion_tokens\":5}");
	expect("{" M "," MS ",\"x\":{\"model\":\"a\",\"stream\":true}}", plain,
	       "{" B "," MS ",\"x\":{\"model\":\"a\",\"stream\":true}}");
	expect("{" M "," MS "}", (struct chat_ask){.model = "a\"b\\\xc3\xa9\n"},
	       "{\"model\":\"a\\\"b\\\\\xc3\xa9\\n\"," MS "}");
}

static void test_buffered(void **state)
{
	(void)state;
	expect("{" M "," MS ",\"stream\":true}", buffered,
	       "{" B "," MS ",\"stream\":false}");
	expect("{" M "," MS ",\"stream\":false}", buffered,
	       "{" B "," MS ",\"stream\":false}");
	expect("{" M "," MS ",\"stream\":null}", buffered,
	       "{" B "," MS ",\"stream\":false}");
	expect("{" M "," MS "}", buffered, "{" B "," MS "}");
	expect("{\"stream\":\"x\"," M "," MS ",\"stream\":true}", buffered,
	       "{\"stream\":false," B "," MS ",\"stream\":false}");
}

#define SO "\"stream_options\":{\"include_usage\":true}"

/* One comma goes with each, wherever it stands. */
static void test_removal(void **state)
{
	(void)state;
	expect("{" SO "," M "," MS "}", buffered, "{" B "," MS "}");
	expect("{" M "," SO "," MS "}", buffered, "{" B "," MS "}");
	expect("{" M "," MS "," SO "}", buffered, "{" B "," MS "}");
	expect("{" SO "," SO "," M "," MS "}", buffered, "{" B "," MS "}");
	expect("{" M "," SO "," SO "," MS "}", buffered, "{" B "," MS "}");
	expect("{" M "," MS "," SO "," SO "}", buffered, "{" B "," MS "}");
	expect("{" M "," MS "," SO "," SO "," SO "}", buffered,
	       "{" B "," MS "}");
	expect("{" SO "," M "," SO "," MS "," SO "}", buffered,
	       "{" B "," MS "}");
	expect("{ " SO " , " M " , " SO " , " MS " , " SO " }", buffered,
	       "{  " B " ,  " MS "  }");
	expect("{" M "," MS "," SO " , \n" SO "\t}", buffered,
	       "{" B "," MS "\t}");
	expect("{" M "," MS ",\"stream_options\":null}", buffered,
	       "{" B "," MS "}");
}

static void test_top_logprobs(void **state)
{
	(void)state;
	expect("{" M "," MS "}", top5,
	       "{\"logprobs\":true,\"top_logprobs\":5," B "," MS "}");
	expect(" {\n " M "," MS "}", top5,
	       " {\"logprobs\":true,\"top_logprobs\":5,\n " B "," MS "}");
	expect("{" M "," MS ",\"logprobs\":true,\"top_logprobs\":2}", top5,
	       "{" B "," MS ",\"logprobs\":true,\"top_logprobs\":5}");
	expect("{" M "," MS ",\"logprobs\":true,\"top_logprobs\":9}", top5,
	       "{" B "," MS ",\"logprobs\":true,\"top_logprobs\":9}");
	expect("{" M "," MS ",\"logprobs\":true,\"top_logprobs\":99}", top5,
	       "{" B "," MS ",\"logprobs\":true,\"top_logprobs\":20}");
	expect("{" M "," MS ",\"logprobs\":true}", top5,
	       "{\"top_logprobs\":5," B "," MS ",\"logprobs\":true}");
	expect("{" M "," MS ",\"logprobs\":false}", top5,
	       "{\"top_logprobs\":5," B "," MS ",\"logprobs\":true}");
	expect("{" M "," MS ",\"logprobs\":null,\"top_logprobs\":null}", top5,
	       "{" B "," MS ",\"logprobs\":true,\"top_logprobs\":5}");
	expect("{" M "," MS ",\"top_logprobs\":9}", top5,
	       "{\"logprobs\":true," B "," MS ",\"top_logprobs\":5}");
	expect("{" M "," MS ",\"logprobs\":true,\"top_logprobs\":-1}", top5,
	       "{" B "," MS ",\"logprobs\":true,\"top_logprobs\":5}");
	expect("{\"top_logprobs\":3,\"top_logprobs\":9,\"logprobs\":1," M "," MS
	       ",\"logprobs\":true}",
	       top5,
	       "{\"top_logprobs\":9,\"top_logprobs\":9,\"logprobs\":true," B
	       "," MS ",\"logprobs\":true}");
}

#define ST "\"stream\":true"

static void test_include_usage(void **state)
{
	(void)state;
	expect("{" M "," MS "," ST "}", usage, "{" SO "," B "," MS "," ST "}");
	expect("{" M "," MS "," ST ",\"stream_options\":null}", usage,
	       "{" B "," MS "," ST "," SO "}");
	expect("{" M "," MS "," ST ",\"stream_options\":{}}", usage,
	       "{" B "," MS "," ST "," SO "}");
	expect("{" M "," MS "," ST ",\"stream_options\":{ }}", usage,
	       "{" B "," MS "," ST
	       ",\"stream_options\":{\"include_usage\":true }}");
	expect("{" M "," MS "," ST ",\"stream_options\":{\"x\":1}}", usage,
	       "{" B "," MS "," ST
	       ",\"stream_options\":{\"include_usage\":true,\"x\":1}}");
	expect("{" M "," MS "," ST "," SO "}", usage,
	       "{" B "," MS "," ST "," SO "}");
	expect("{" M "," MS "," ST
	       ",\"stream_options\":{\"include_usage\":false,\"x\":2,"
	       "\"include_us\\u0061ge\" : null}}",
	       usage,
	       "{" B "," MS "," ST
	       ",\"stream_options\":{\"include_usage\":true,\"x\":2,"
	       "\"include_us\\u0061ge\" : true}}");
	expect("{\"stream_options\":null," M "," MS "," ST
	       ",\"stream_options\":{}}",
	       usage, "{" SO "," B "," MS "," ST "," SO "}");
	/* Neither for what is no stream, nor where it makes no sense. */
	expect("{" M "," MS "}", usage, "{" B "," MS "}");
	expect("{" M "," MS "," ST ",\"stream_options\":7}", usage,
	       "{" B "," MS "," ST ",\"stream_options\":7}");
}

static void test_old_max_tokens(void **state)
{
	(void)state;
	expect("{" M "," MS "}", older, "{" B "," MS "}");
	expect("{" M "," MS ",\"max_tokens\":5}", older,
	       "{" B "," MS ",\"max_tokens\":5}");
	expect("{" M ",\"max_completion_tokens\" : 5," MS "}", older,
	       "{" B ",\"max_tokens\" : 5," MS "}");
	expect("{" M ",\"max_completion_tok\\u0065ns\":5," MS "}", older,
	       "{" B ",\"max_tokens\":5," MS "}");
	expect("{\"max_tokens\":9," M ",\"max_completion_tokens\":5," MS "}",
	       older, "{" B ",\"max_tokens\":5," MS "}");
	expect("{" M ",\"max_completion_tokens\":5," MS ",\"max_tokens\":9}",
	       older, "{" B ",\"max_tokens\":5," MS "}");
	expect("{" M ",\"max_completion_tokens\":null," MS ",\"max_tokens\":9}",
	       older, "{" B "," MS ",\"max_tokens\":9}");
	expect("{" M "," MS ",\"max_completion_tokens\":null}", older,
	       "{" B "," MS ",\"max_tokens\":null}");
}

static void test_all_at_once(void **state)
{
	const struct chat_ask all = {.model = "big",
				     .buffered = true,
				     .top_logprobs = 5,
				     .include_usage = true,
				     .old_max_tokens = true};

	(void)state;
	expect("{" SO "," ST "," M "," MS ",\"max_completion_tokens\":7," SO
	       "}",
	       all,
	       "{\"logprobs\":true,\"top_logprobs\":5,\"stream\":false," B
	       "," MS ",\"max_tokens\":7}");
	expect("{" M "," MS "}",
	       (struct chat_ask){.model = "big", .top_logprobs = 50},
	       "{\"logprobs\":true,\"top_logprobs\":20," B "," MS "}");
}

static void test_full(void **state)
{
	struct arena *a = arena_new();
	struct chat_fault why;
	struct chat_request rq;
	struct buf out;
	size_t whole;

	(void)state;
	assert_int_equal(chat_request_read(&rq, span_of("{" M "," MS "}"),
					   DEPTH, a, &why),
			 0);
	buf_init(&out, 0);
	assert_int_equal(chat_ask_write(&rq, &top5, a, &out), 0);
	whole = out.n;
	buf_release(&out);
	for (size_t cap = 1; cap <= whole; cap++) {
		buf_init(&out, cap);
		assert_int_equal(chat_ask_write(&rq, &top5, a, &out),
				 cap < whole ? -1 : 0);
		buf_release(&out);
	}
	arena_free(a);
}

/* ---- against a tree ------------------------------------------------------ */

static void tree_limits(json_t *t)
{
	json_t *newer = json_object_get(t, "max_completion_tokens");

	if (!newer)
		return;
	if (!json_is_null(newer) || !json_object_get(t, "max_tokens"))
		json_object_set(t, "max_tokens", newer);
	json_object_del(t, "max_completion_tokens");
}

static void tree_usage(json_t *t)
{
	json_t *options = json_object_get(t, "stream_options");

	if (!options || json_is_null(options))
		json_object_set_new(t, "stream_options",
				    json_pack("{s:b}", "include_usage", 1));
	else if (json_is_object(options))
		json_object_set_new(options, "include_usage", json_true());
}

static void tree_logprobs(json_t *t, json_int_t k)
{
	json_int_t theirs =
		json_integer_value(json_object_get(t, "top_logprobs"));

	if (json_is_true(json_object_get(t, "logprobs")) && theirs > k)
		k = theirs;
	json_object_set_new(t, "logprobs", json_true());
	json_object_set_new(t, "top_logprobs", json_integer(k > 20 ? 20 : k));
}

static json_t *tree_edit(struct span body, const struct chat_ask *how)
{
	json_t *t = json_loadb(body.p, body.n, 0, NULL), *stream;

	assert_non_null(t);
	json_object_set_new(t, "model", json_string(how->model));
	stream = json_object_get(t, "stream");
	if (how->buffered) {
		if (stream)
			json_object_set_new(t, "stream", json_false());
		json_object_del(t, "stream_options");
	} else if (how->include_usage && json_is_true(stream)) {
		tree_usage(t);
	}
	if (how->top_logprobs > 0)
		tree_logprobs(t, how->top_logprobs);
	if (how->old_max_tokens)
		tree_limits(t);
	return t;
}

static bool is_edited(struct span key)
{
	static const char *const names[] = {"model",
					    "stream",
					    "stream_options",
					    "logprobs",
					    "top_logprobs",
					    "max_tokens",
					    "max_completion_tokens"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (jscan_key_is(key, names[i]))
			return true;
	}
	return false;
}

/* The next member that no edit touches, key, colon, value and all. */
static struct span untouched(struct jscan *s)
{
	struct span key, value;

	while (jscan_member(s, &key) > 0) {
		assert_int_equal(jscan_value(s, &value), 0);
		if (!is_edited(key))
			return (struct span){
				key.p, (size_t)(value.p + value.n - key.p)};
	}
	return (struct span){NULL, 0};
}

static void expect_same_rest(struct span before, struct span after)
{
	struct span was, is;
	struct jscan s, t;

	jscan_init(&s, before, DEPTH);
	jscan_init(&t, after, DEPTH);
	jscan_enter(&s, '{');
	jscan_enter(&t, '{');
	do {
		was = untouched(&s);
		is = untouched(&t);
		assert_true(span_eq(was, is));
	} while (was.n);
	assert_int_equal(jscan_end(&s), 0);
	assert_int_equal(jscan_end(&t), 0);
}

static void check_ask(struct span body, const struct chat_ask *how)
{
	json_t *want = tree_edit(body, how), *got;
	struct buf out;

	buf_init(&out, 0);
	ask(body, how, &out);
	got = json_loadb(out.p, out.n, 0, NULL);
	if (!got || !json_equal(got, want))
		fail_msg("%.*s\ngave %.*s", (int)body.n, body.p, (int)out.n,
			 out.p);
	expect_same_rest(body, buf_span(&out));
	json_decref(got);
	json_decref(want);
	buf_release(&out);
}

/* All combinations of what may be asked. */
static void check_all(struct span body)
{
	static const int tops[] = {0, 1, 5, 30};

	for (int bits = 0; bits < 8; bits++) {
		for (size_t i = 0; i < 4; i++) {
			struct chat_ask how = {
				.model = "the \"big\" one",
				.buffered = bits & 1,
				.include_usage = bits & 2,
				.old_max_tokens = bits & 4,
				.top_logprobs = tops[i],
			};

			check_ask(body, &how);
		}
	}
}

static const char *const corpus[] = {
	"{\"model\":\"m\",\"messages\":[]}",
	"{\"messages\":[],\"model\":\"m\"}",
	" {\r\n\t\"messages\" : [ ] , \"model\" : \"m\" } ",
	"{\"model\":\"m\",\"messages\":[],\"stream\":true}",
	"{\"model\":\"m\",\"messages\":[],\"stream\":true,\"stream_options\":{}"
	"}",
	"{\"stream_options\":{\"include_usage\":true},\"model\":\"m\","
	"\"messages\":[],\"stream\":true}",
	"{\"model\":\"m\",\"stream_options\":null,\"stream_options\":{\"a\":{"
	"\"include_usage\":false}},\"messages\":[],\"stream\":true}",
	"{\"stream\":null,\"model\":\"m\",\"messages\":[],\"stream\":true,"
	"\"logprobs\":true,\"top_logprobs\":20,\"max_tokens\":1,"
	"\"max_completion_tokens\":2}",
	"{\"max_completion_tokens\":2,\"max_tokens\":1,\"model\":\"x\","
	"\"model\":\"m\",\"messages\":[],\"logprobs\":false}",
	"{\"max_completion_tokens\":null,\"max_tokens\":1,\"model\":\"m\","
	"\"messages\":[],\"top_logprobs\":0}",
	"{\"m\\u006fdel\":\"m\",\"\\u006dessages\":[],\"str\\u0065am\":true,"
	"\"stream\\u005foptions\":{\"include\\u005fusage\":null}}",
	"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""
	"\xf0\x9f\x98\x80 \\ud83d\\ude00 \\\"model\\\": \\\"x\\\" "
	"\"}],\"seed\":"
	"-9223372036854775808,\"temperature\":1E-7,\"x\":[[[[{}]]]],"
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
	"\"parameters\":{\"model\":{\"type\":\"string\"},\"stream\":true}}}]}",
};

static void test_corpus_like_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(corpus) / sizeof(corpus[0]); i++)
		check_all(span_of(corpus[i]));
}

static const char *const members[][8] = {
	{"model", "m\\u006fdel", "m", "models"},
	{"stream", "\\u0073tream", "streams", "s"},
	{"stream_options", "stream\\u005foptions", "stream_option", "so"},
	{"logprobs", "logprob\\u0073", "logprob", "l"},
	{"top_logprobs", "top_logpr\\u006fbs", "top_logprob", "t"},
	{"max_tokens", "m\\u0061x_tokens", "max_token", "x"},
	{"max_completion_tokens", "max_completion_t\\u006fkens", "max", "y"},
	{"n", "tools", "temperature", "seed"},
};

static const char *const values[][6] = {
	{"\"m\"", "null", "7", "{}", "\"\\u0041\"", "[]"},
	{"true", "false", "null", "true", "\"x\"", "1"},
	{"{}", "null", "{\"include_usage\":true}",
	 "{\"x\":1,\"include_usage\":false,\"y\":[]}", "{ }", "true"},
	{"true", "false", "null", "true", "1", "\"x\""},
	{"0", "3", "9", "25", "null", "\"5\""},
	{"1", "100", "null", "1e2", "{}", "\"5\""},
	{"2", "200", "null", "0", "[]", "7"},
	{"1", "[]", "0.7", "123456789012345678", "\"\\\\\\\"\"",
	 "{\"a\":[{}]}"},
};

static const char *space(void)
{
	static const char *const some[] = {"",	 "",	"",    " ",
					   "\n", "\t ", "\r\n"};

	return some[below(7)];
}

static void add_member(struct buf *b, const char *key, const char *value)
{
	if (b->p[b->n - 1] != '{')
		buf_addf(b, ",%s", space());
	buf_addf(b, "%s\"%s\"%s:%s%s%s", space(), key, space(), space(), value,
		 space());
}

static void make_body(struct buf *b)
{
	size_t n = below(9), at = below(n + 1);

	buf_clear(b);
	buf_addf(b, "%s{", space());
	for (size_t i = 0; i <= n; i++) {
		size_t kind = below(8);

		if (i == at)
			add_member(b, "messages", "[]");
		add_member(b, members[kind][below(4)], values[kind][below(6)]);
	}
	/* What is checked must be good where it counts. */
	add_member(b, "model", "\"m\"");
	if (below(2))
		add_member(b, "stream", values[1][below(4)]);
	else
		add_member(b, "stream", "true");
	add_member(b, "logprobs", values[3][below(4)]);
	add_member(b, "n", "1");
	for (size_t i = below(3); i > 0; i--) {
		size_t kind = 2 + 2 * below(3);

		add_member(b, members[kind][0], values[kind][below(6)]);
	}
	buf_addf(b, "}%s", space());
}

static void test_random_like_tree(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	for (int round = 0; round < 3000; round++) {
		make_body(&b);
		check_all(buf_span(&b));
	}
	buf_release(&b);
}

/* Removing and inserting stays quick where a body is made to hurt. */
static void test_many_members(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	buf_adds(&b, "{\"model\":\"m\",\"messages\":[]");
	for (int i = 0; i < 100000; i++)
		buf_adds(&b, ",\"stream_options\":{}");
	buf_adds(&b, ",\"stream\":true}");
	check_ask(buf_span(&b), &buffered);
	check_ask(buf_span(&b), &usage);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_only),
		cmocka_unit_test(test_buffered),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_top_logprobs),
		cmocka_unit_test(test_include_usage),
		cmocka_unit_test(test_old_max_tokens),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_corpus_like_tree),
		cmocka_unit_test(test_random_like_tree),
		cmocka_unit_test(test_many_members),
	};

	return cmocka_run_group_tests_name("chat_ask", tests, NULL, NULL);
}
