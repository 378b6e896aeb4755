/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: ours exact, a backend's in whatever shape, and no key in any.
 */
#include "chat/chat_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

static void expect_written(const char *message, const char *type,
			   const char *param, const char *code,
			   const char *want)
{
	struct buf out;

	buf_init(&out, 0);
	assert_int_equal(chat_error_write(&out, message, type, param, code), 0);
	assert_true(span_is(buf_span(&out), want));
	buf_release(&out);
}

static void test_write(void **state)
{
	struct buf out;

	(void)state;
	expect_written("no", "invalid_request_error", "model", "x",
		       "{\"error\":{\"message\":\"no\",\"type\":"
		       "\"invalid_request_error\",\"param\":\"model\",\"code\":"
		       "\"x\"}}");
	expect_written("a\"b\n\xff", "t", NULL, NULL,
		       "{\"error\":{\"message\":\"a\\\"b\\n\xef\xbf\xbd\","
		       "\"type\":\"t\",\"param\":null,\"code\":null}}");
	expect_written(NULL, NULL, NULL, NULL,
		       "{\"error\":{\"message\":\"\",\"type\":null,\"param\":"
		       "null,\"code\":null}}");
	buf_init(&out, 10);
	assert_int_equal(chat_error_write(&out, "m", "t", NULL, NULL), -1);
	buf_release(&out);
}

static void expect(const char *body, const char *want, const char *want_code)
{
	size_t n = strlen(body);
	char message[256], code[64], *copy = malloc(n ? n : 1);

	memcpy(copy, body, n);
	chat_error_read((struct span){copy, n}, message, sizeof(message), code,
			sizeof(code));
	free(copy);
	if (strcmp(message, want) != 0 || strcmp(code, want_code) != 0)
		fail_msg("%s\ngave %s | %s\nnot  %s | %s", body, message, code,
			 want, want_code);
}

static void test_shapes(void **state)
{
	(void)state;
	expect("{\"error\":{\"message\":\"no such model\",\"type\":"
	       "\"invalid_request_error\",\"param\":\"model\",\"code\":"
	       "\"model_not_found\"}}",
	       "no such model", "model_not_found");
	/* vLLM, llama.cpp: a number for a code */
	expect("{\"error\":{\"message\":\"m\",\"type\":\"BadRequestError\","
	       "\"param\":null,\"code\":400}}",
	       "m", "BadRequestError");
	expect("{\"error\":{\"code\":400,\"message\":\"too long\",\"type\":"
	       "\"exceed_context_size_error\"}}",
	       "too long", "exceed_context_size_error");
	expect("{\"error\":{\"code\":400,\"message\":\"m\",\"type\":"
	       "\"invalid_request_error\"}}",
	       "m", "");
	expect("{\"error\":{\"code\":400,\"message\":\"m\"}}", "m", "");
	/* Ollama, Azure */
	expect("{\"error\":{\"message\":\"m\",\"type\":\"api_error\",\"param\":"
	       "null,\"code\":null}}",
	       "m", "");
	expect("{\"error\":{\"code\":\"content_filter\",\"message\":\"m\","
	       "\"type\":null,\"innererror\":{\"message\":\"inner\"}}}",
	       "m", "content_filter");
	/* SGLang, flat; TGI, a string; FastAPI */
	expect("{\"object\":\"error\",\"message\":\"m\",\"type\":\"Bad\","
	       "\"code\":400}",
	       "m", "Bad");
	expect("{\"error\":\"overloaded\",\"error_type\":\"overloaded\"}",
	       "overloaded", "overloaded");
	expect("{\"detail\":\"Not Found\"}", "Not Found", "");
	expect("{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\"}]}",
	       "field required", "");
	/* Google */
	expect("[{\"error\":{\"code\":400,\"message\":\"bad\",\"status\":"
	       "\"INVALID_ARGUMENT\"}}]",
	       "bad", "");
	expect("\"just text\"", "just text", "");
	expect("plain text", "plain text", "");
	expect("<html><head><title>502 Bad Gateway</title></head><body><h1>502"
	       "</h1></body></html>",
	       "502 Bad Gateway", "");
	expect("  <!DOCTYPE html>\n<p>Service <b>gone</b></p>\n",
	       "Service gone", "");
	expect("<TITLE>Up</TITLE>", "Up", "");
	expect("<title>cut", "cut", "");
}

static void test_nothing_said(void **state)
{
	static const char *const bodies[] = {"",
					     " \n",
					     "{}",
					     "[]",
					     "null",
					     "7",
					     "true",
					     "\"\"",
					     "{\"error\":{}}",
					     "{\"error\":null}",
					     "{\"error\":[]}",
					     "{\"error\":7}",
					     "{\"message\":null}",
					     "{\"x\":\"y\"}",
					     "[[[[[[[[[[\"deep\"]]]]]]]]]]",
					     "<>",
					     "<html></html>"};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		expect(bodies[i], "", "");
}

static void test_clean(void **state)
{
	(void)state;
	expect("{\"error\":\" a\\n\\n\\tb\\u0000c\\u007f \"}", "a b c", "");
	expect("x\xff\xc3\xa9\x01y", "x\xef\xbf\xbd\xc3\xa9 y", "");
	expect("{\"error\":\"\\ud800!\"}", "\xef\xbf\xbd!", "");
}

static void test_keys_are_blotted(void **state)
{
	(void)state;
	expect("{\"error\":{\"message\":\"Incorrect API key provided: "
	       "sk-abcd***wxyz. You can\"}}",
	       "Incorrect API key provided: sk-***. You can", "");
	expect("key sk-proj-AbCdEf0123456789 is bad", "key sk-*** is bad", "");
	expect("(sk-1234567)", "(sk-***)", "");
	expect("Authorization: Bearer abc.def-123", "Authorization: Bearer ***",
	       "");
	expect("got 'bearer x', sorry", "got 'bearer ***', sorry", "");
	expect("AIzaSyA-1234567890abcdef and gsk_abcdefgh",
	       "AIza*** and gsk_***", "");
	expect("hf_abcdefgh, xai-abcdefgh", "hf_***, xai-***", "");
	expect("eyJhbGciOiJI.eyJzdWIiOiIx.abc", "eyJ***", "");
	expect("key 0123456789abcdef0123456789abcdef!", "key ***!", "");
	expect("{\"error\":{\"message\":\"m\",\"code\":\"sk-abcdefghijk\"}}",
	       "m", "sk-***");
	/* None of these is one. */
	expect("task-based risk-free disk-123456789",
	       "task-based risk-free "
	       "disk-123456789",
	       "");
	expect("sk-1 sk- bearer", "sk-1 sk- bearer", "");
	expect("model meta-llama/Llama-3.1-405B-Instruct-FP8-2024-07-23-long",
	       "model meta-llama/Llama-3.1-405B-Instruct-FP8-2024-07-23-long",
	       "");
	expect("id 123e4567-e89b-12d3-a456-426614174000",
	       "id 123e4567-e89b-12d3-a456-426614174000", "");
	expect("abcdefghijklmnopqrstuvwxyzabcdefghijkl",
	       "abcdefghijklmnopqrstuvwxyzabcdefghijkl", "");
}

/* Cut to room, never inside a code point. */
static void test_cut(void **state)
{
	const char *body = "ab\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const size_t whole[] = {0, 1, 2, 2, 4, 4, 4, 7, 7, 7, 7, 11, 12};
	char message[32], code[2];

	(void)state;
	for (size_t room = 1; room <= 13; room++) {
		memset(message, '#', sizeof(message));
		chat_error_read(span_of(body), message, room, code, 1);
		assert_int_equal(strlen(message), whole[room - 1]);
		assert_int_equal(message[room], '#');
		assert_int_equal(code[0], '\0');
	}
}

static void test_long(void **state)
{
	size_t n = 1 << 20;
	char *body = malloc(n), message[300], code[8];

	(void)state;
	memset(body, 'a', n);
	chat_error_read((struct span){body, n}, message, sizeof(message), code,
			sizeof(code));
	assert_int_equal(strlen(message), sizeof(message) - 1);
	memset(body, '[', n);
	chat_error_read((struct span){body, n}, message, sizeof(message), code,
			sizeof(code));
	assert_int_equal(message[0], '[');
	memset(body, '<', n);
	chat_error_read((struct span){body, n}, message, sizeof(message), code,
			sizeof(code));
	assert_string_equal(message, "");
	free(body);
}

/* What we write we read. */
static void test_round_trip(void **state)
{
	char message[64], code[64];
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	chat_error_write(&out, "text \"quoted\"", "t", NULL, "a_code");
	chat_error_read(buf_span(&out), message, sizeof(message), code,
			sizeof(code));
	assert_string_equal(message, "text \"quoted\"");
	assert_string_equal(code, "a_code");
	buf_release(&out);
}

static void expect_param(const char *body, const char *want)
{
	char param[32];

	chat_error_param(span_of(body), param, sizeof(param));
	assert_string_equal(param, want);
}

static void test_param(void **state)
{
	(void)state;
	expect_param("{\"error\":{\"param\":\"messages\"}}", "messages");
	expect_param("{\"error\":{\"param\":null}}", "");
	expect_param("{\"error\":{\"param\":7}}", "");
	expect_param("{}", "");
	expect_param("", "");
	expect_param("<html>", "");
	expect_param("{\"error\":{\"param\":\"m\"}", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_nothing_said),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_keys_are_blotted),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_param),
	};

	return cmocka_run_group_tests_name("chat_error", tests, NULL, NULL);
}
