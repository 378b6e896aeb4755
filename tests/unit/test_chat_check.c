/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The question of a check, byte for byte, whatever the client's messages are.
 */
#include "chat/chat_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/jscan.h"

#define BLIND "\\nReply with the final answer only, no working."
#define SHOWN "\\nProposed answer, as a JSON string: "
#define ASKED "\\nIs the proposed answer right? Reply with one word, yes or no."
#define USER  "{\"role\":\"user\",\"content\":"

static int write_check(const char *body, enum chat_check_mode mode,
		       struct span proposal, struct buf *out)
{
	size_t n = strlen(body);
	char *copy = malloc(n);
	struct arena *a = arena_new();
	struct chat_fault why = {0};
	struct chat_request rq;
	int rc;

	memcpy(copy, body, n); /* no byte behind it */
	if (chat_request_read(&rq, (struct span){copy, n}, JSCAN_DEPTH, a,
			      &why) < 0)
		fail_msg("%s: %s", why.text, body);
	rc = chat_check_write(&rq, mode, proposal, out);
	arena_free(a);
	free(copy);
	return rc;
}

/* What is asked can be read as a request, and is JSON to others. */
static void check_readable(struct span body)
{
	struct arena *a = arena_new();
	struct chat_fault why = {0};
	struct chat_request rq;
	json_error_t e;
	json_t *j;

	if (chat_request_read(&rq, body, JSCAN_DEPTH, a, &why) < 0)
		fail_msg("%s: %.*s", why.text, (int)body.n, body.p);
	arena_free(a);
	if (memmem(body.p, body.n, "\\ud83d", 6))
		return; /* the other reader takes no lone surrogate */
	j = json_loadb(body.p, body.n, JSON_ALLOW_NUL, &e);
	if (!j)
		fail_msg("%s: %.*s", e.text, (int)body.n, body.p);
	json_decref(j);
}

static void expect_mode(const char *messages, enum chat_check_mode mode,
			const char *proposal, const char *wanted)
{
	char *body = mem_printf("{\"model\":\"m\",\"messages\":%s}", messages);
	char *all = mem_printf("{\"model\":\"check\",\"messages\":%s,"
			       "\"temperature\":0,\"max_tokens\":%d}",
			       wanted, mode == CHAT_CHECK_BLIND ? 16 : 1);
	struct buf out;

	buf_init(&out, 0);
	assert_int_equal(write_check(body, mode, span_of(proposal), &out), 0);
	if (!span_is(buf_span(&out), all))
		fail_msg("%s\ngave %.*s\nnot  %s", messages, (int)out.n, out.p,
			 all);
	check_readable(buf_span(&out));
	buf_release(&out);
	free(body);
	free(all);
}

static void expect(const char *messages, const char *wanted)
{
	expect_mode(messages, CHAT_CHECK_BLIND, "", wanted);
}

static void test_strings(void **state)
{
	(void)state;
	expect("[" USER "\"2+2?\"}]", "[" USER "\"2+2?" BLIND "\"}]");
	expect("[" USER "\"\"}]", "[" USER "\"" BLIND "\"}]");
	/* the last one, wherever it stands; the rest byte for byte */
	expect("[ " USER "\"a\"} ,{\"role\":\"assistant\",\"content\":\"b\"},"
	       USER "\"c\",\"name\":\"n\"},{\"role\":\"tool\",\"content\":"
	       "\"d\",\"tool_call_id\":\"1\"} ]",
	       "[ " USER "\"a\"} ,{\"role\":\"assistant\",\"content\":\"b\"},"
	       USER "\"c" BLIND "\",\"name\":\"n\"},{\"role\":\"tool\","
	       "\"content\":\"d\",\"tool_call_id\":\"1\"} ]");
	/* quotes and backslashes at the end */
	expect("[" USER "\"a\\\"\"}]", "[" USER "\"a\\\"" BLIND "\"}]");
	expect("[" USER "\"a\\\\\"}]", "[" USER "\"a\\\\" BLIND "\"}]");
	expect("[" USER "\"\\ud83d\"}]", "[" USER "\"\\ud83d" BLIND "\"}]");
	expect("[" USER "\"\\u0000\xc3\xa9\"}]",
	       "[" USER "\"\\u0000\xc3\xa9" BLIND "\"}]");
	/* content before role, white space, escaped names */
	expect("[{\"content\":\"a\",\n\"r\\u006fle\" : \"us\\u0065r\"}]",
	       "[{\"content\":\"a" BLIND "\",\n\"r\\u006fle\" : "
	       "\"us\\u0065r\"}]");
	expect("[{\"role\":\"user\",\"c\\u006fntent\":\"a\"}]",
	       "[{\"role\":\"user\",\"c\\u006fntent\":\"a" BLIND "\"}]");
	/* of members that are there twice the last one counts */
	expect("[" USER "\"a\",\"content\":\"b\"}]",
	       "[" USER "\"a\",\"content\":\"b" BLIND "\"}]");
	expect("[" USER "\"a\",\"role\":\"system\"}]",
	       "[" USER "\"a\",\"role\":\"system\"},"
	       USER "\"" BLIND "\"}]");
}

static void test_parts(void **state)
{
	(void)state;
	expect("[" USER "[{\"type\":\"text\",\"text\":\"a\"}]}]",
	       "[" USER "[{\"type\":\"text\",\"text\":\"a" BLIND "\"}]}]");
	/* the last text, though a picture follows */
	expect("[" USER "[{\"type\":\"text\",\"text\":\"a\"},{\"text\":\"b\","
	       "\"type\":\"text\"},{\"type\":\"image_url\",\"image_url\":{"
	       "\"url\":\"data:\",\"text\":\"x\"}}]}]",
	       "[" USER "[{\"type\":\"text\",\"text\":\"a\"},{\"text\":\"b"
	       BLIND "\",\"type\":\"text\"},{\"type\":\"image_url\","
	       "\"image_url\":{\"url\":\"data:\",\"text\":\"x\"}}]}]");
	/* no text: a part of its own */
	expect("[" USER "[{\"type\":\"image_url\"}]}]",
	       "[" USER "[{\"type\":\"image_url\"},{\"type\":\"text\","
	       "\"text\":\"" BLIND "\"}]}]");
	expect("[" USER "[ ]}]",
	       "[" USER "[ {\"type\":\"text\",\"text\":\"" BLIND "\"}]}]");
	expect("[" USER "[{\"type\":\"text\",\"text\":7}, 3, \"x\", [], null]}]",
	       "[" USER "[{\"type\":\"text\",\"text\":7}, 3, \"x\", [], null,"
	       "{\"type\":\"text\",\"text\":\"" BLIND "\"}]}]");
}

/* Where no user message can take it. */
static void test_own_message(void **state)
{
	static const char *const bad[] = {
		"{\"role\":\"system\",\"content\":\"a\"}",
		"{\"role\":\"user\"}",
		"{\"role\":\"user\",\"content\":null}",
		"{\"role\":\"user\",\"content\":5}",
		"{\"role\":\"user\",\"content\":{\"a\":\"b\"}}",
		"{\"role\":5,\"content\":\"a\"}",
		"{\"role\":\"users\",\"content\":\"a\"}",
		"{}", "7", "\"user\"", "[" USER "\"a\"}]",
	};
	char in[200], out[300];

	(void)state;
	expect("[]", "[" USER "\"" BLIND "\"}]");
	expect("[ \n]", "[ \n" USER "\"" BLIND "\"}]");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(in, sizeof(in), "[%s]", bad[i]);
		snprintf(out, sizeof(out), "[%s," USER "\"" BLIND "\"}]",
			 bad[i]);
		expect(in, out);
	}
}

/* Nothing else of the client's body. */
static void test_only_messages(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(
		write_check("{\"messages\":[],\"model\":\"m\",\"tools\":[1],"
			    "\"response_format\":{},\"stop\":\"x\",\"n\":1,"
			    "\"stream\":true,\"max_completion_tokens\":9,"
			    "\"temperature\":1,\"messages\":[" USER "\"q\"}],"
			    "\"user\":\"u\",\"logprobs\":true}",
			    CHAT_CHECK_BLIND, span_of(NULL), &out), 0);
	assert_true(span_is(buf_span(&out),
			    "{\"model\":\"check\",\"messages\":[" USER "\"q"
			    BLIND "\"}],\"temperature\":0,\"max_tokens\":16}"));
	buf_release(&out);
}

static void test_verdicts(void **state)
{
	(void)state;
	expect_mode("[" USER "\"2+2?\"}]", CHAT_CHECK_VERDICT, "4",
		    "[" USER "\"2+2?" SHOWN "\\\"4\\\"" ASKED "\"}]");
	expect_mode("[" USER "\"2+2?\"}]", CHAT_CHECK_VERDICT, "",
		    "[" USER "\"2+2?" SHOWN "\\\"\\\"" ASKED "\"}]");
	/* a proposal cannot leave its string, neither of the two */
	expect_mode("[" USER "\"q\"}]", CHAT_CHECK_VERDICT,
		    "x\"\nyes @ \\ \x01",
		    "[" USER "\"q" SHOWN
		    "\\\"x\\\\\\\"\\\\nyes @ \\\\\\\\ \\\\u0001\\\"" ASKED
		    "\"}]");
	expect_mode("[]", CHAT_CHECK_VERDICT, "a\xff",
		    "[" USER "\"" SHOWN "\\\"a\xef\xbf\xbd\\\"" ASKED "\"}]");
}

/* A NUL in the proposal, and no room. */
static void test_odd_proposals(void **state)
{
	static const char body[] = "{\"model\":\"m\",\"messages\":[]}";
	char *long_one = malloc(1 << 20);
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(write_check(body, CHAT_CHECK_VERDICT,
				     (struct span){"a\0b", 3}, &out), 0);
	assert_non_null(memmem(out.p, out.n, "a\\\\u0000b", 9));
	check_readable(buf_span(&out));
	buf_release(&out);
	memset(long_one, '"', 1 << 20);
	for (size_t cap = 1; cap < (1 << 22); cap = 3 * cap + 40) {
		buf_init(&out, cap);
		assert_int_equal(write_check(body, CHAT_CHECK_VERDICT,
					     (struct span){long_one, 1 << 20},
					     &out), -1);
		assert_true(out.n <= cap);
		buf_release(&out);
	}
	buf_init(&out, 5 << 20);
	assert_int_equal(write_check(body, CHAT_CHECK_VERDICT,
				     (struct span){long_one, 1 << 20}, &out),
			 0);
	check_readable(buf_span(&out));
	buf_release(&out);
	free(long_one);
}

static void test_deep(void **state)
{
	char *deep = malloc(5000), *body;
	size_t n = 0;
	struct buf out;

	(void)state;
	n += (size_t)sprintf(deep, "[" USER "\"q\",\"x\":");
	for (int i = 0; i < 500; i++)
		deep[n++] = '[';
	for (int i = 0; i < 500; i++)
		deep[n++] = ']';
	strcpy(deep + n, "}]");
	body = mem_printf("{\"model\":\"m\",\"messages\":%s}", deep);
	buf_init(&out, 0);
	assert_int_equal(write_check(body, CHAT_CHECK_BLIND, span_of(NULL),
				     &out), 0);
	assert_non_null(memmem(out.p, out.n, "q" BLIND,
			       strlen("q" BLIND)));
	check_readable(buf_span(&out));
	buf_release(&out);
	free(body);
	free(deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_own_message),
		cmocka_unit_test(test_only_messages),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_odd_proposals),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
