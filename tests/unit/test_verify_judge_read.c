/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One form of answer is read; everything else is a fault with its word.
 */
#include "verify/verify_judge_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/jscan.h"

#define NONCE "0123456789abcdef0123456789abcdef"
#define SAID  "\"nonce\":\"" NONCE "\""

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct chat_reply read_reply(const char *text)
{
	struct chat_fault why = {0};
	struct chat_reply r;

	if (chat_reply_read(&r, span_of(text), JSCAN_DEPTH, false, arena,
			    &why) < 0)
		fail_msg("%s: %s", why.text, text);
	return r;
}

/* The body of a reply with that text. */
static struct chat_reply reply_of(const char *content)
{
	struct buf b;
	char *text;

	buf_init(&b, 0);
	buf_adds(&b, "");
	jtext_escape(span_of(content), &b);
	text = arena_printf(arena,
			    "{\"object\":\"chat.completion\",\"choices\":[{"
			    "\"index\":0,\"message\":{\"role\":\"assistant\","
			    "\"content\":\"%.*s\"},\"finish_reason\":\"stop\"}"
			    "]}",
			    (int)b.n, b.p ? b.p : "");
	buf_release(&b);
	return read_reply(text);
}

static void check_word(const char *is, const char *wanted, const char *of)
{
	if (!is || !wanted ? is != wanted : strcmp(is, wanted) != 0)
		fail_msg("%s, not %s: %s", is ? is : "none",
			 wanted ? wanted : "none", of);
}

static void check_grade(const char *content, const char *why, int wanted)
{
	struct chat_reply r = reply_of(content);
	int grade = -1;

	check_word(verify_judge_read_grade(&r, NONCE, &grade), why, content);
	assert_int_equal(grade, wanted);
}

static void test_grades(void **state)
{
	char text[80];

	(void)state;
	for (int i = 0; i <= 10; i++) {
		snprintf(text, sizeof(text), "{" SAID ",\"grade\":%d}", i);
		check_grade(text, NULL, i);
	}
	check_grade(" \r\n\t{ \"grade\" : 7 , " SAID " }\n", NULL, 7);
	check_grade("{\"n\\u006fnce\":\"" NONCE "\",\"gr\\u0061de\":3}", NULL,
		    3);
}

#define GRADE(value) "{" SAID ",\"grade\":" value "}"

static void test_range(void **state)
{
	static const char *const values[] = {
		"11",
		"-1",
		"1e1",
		"10.0",
		"7.5",
		"0.9",
		"true",
		"null",
		"\"10\"",
		"100",
		"99999999999999999999",
		"\"\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), GRADE("%s"), values[i]);
		check_grade(text, "range", -1);
	}
}

static void test_garbage(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"10",
		"null",
		"[" GRADE("10") "]",
		"\"" NONCE "\"",
		"Here: " GRADE("10"),
		GRADE("10") ".",
		GRADE("10") GRADE("10"),
		GRADE("10") "\n" GRADE("10"),
		"```json\n" GRADE("10") "\n```",
		"\xef\xbb\xbf" GRADE("10"),
		GRADE("NaN"),
		GRADE("Infinity"),
		GRADE("+1"),
		GRADE("01"),
		GRADE("1,"),
		GRADE("[10]"),
		GRADE("{}"),
		GRADE("10,\"grade\":10"),
		GRADE("10,\"grade\":0"),
		GRADE("10,\"gr\\u0061de\":0"),
		GRADE("10,\"reason\":\"right\""),
		GRADE("10,\"same\":true"),
		GRADE("10," SAID),
		"{" SAID "}",
		"{\"grade\":10}",
		"{}",
		"{" SAID ",\"Grade\":10}",
		"{" SAID ",\"grade\":10",
		"{'nonce':'" NONCE "','grade':10}",
		"{" SAID ",\"grade\":10} // sure",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_grade(texts[i], "garbage", -1);
}

static void test_nonce(void **state)
{
	static const char *const nonces[] = {
		"\"\"",
		"\"0123456789ABCDEF0123456789ABCDEF\"",
		"\"" NONCE " \"",
		"\"" NONCE NONCE "\"",
		"\"0123456789abcdef\"",
		"\"00000000000000000000000000000000\"",
		"12345",
		"null",
		"true",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(nonces) / sizeof(nonces[0]); i++) {
		char text[160];

		snprintf(text, sizeof(text), "{\"nonce\":%s,\"grade\":10}",
			 nonces[i]);
		check_grade(text, "nonce", -1);
	}
}

/* What stands around the text. */
#define CHOICE(rest, finish)                                                   \
	"{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"{"     \
	"\\\"nonce\\\":\\\"" NONCE "\\\",\\\"grade\\\":10}\"" rest             \
	"},\"finish_reason\":" finish "}"
#define REPLY(choices)                                                         \
	"{\"object\":\"chat.completion\",\"choices\":[" choices "]}"

static void test_around(void **state)
{
	static const char *const cases[][2] = {
		{REPLY(CHOICE("", "\"stop\"")), NULL},
		{REPLY(CHOICE(",\"refusal\":null,\"tool_calls\":[]",
			      "\"stop\"")),
		 NULL},
		{REPLY(CHOICE("", "\"length\"")), "finish"},
		{REPLY(CHOICE("", "\"content_filter\"")), "finish"},
		{REPLY(CHOICE("", "null")), "finish"},
		{REPLY(CHOICE("", "\"STOP\"")), "finish"},
		{REPLY(CHOICE("", "\"stop\"") "," CHOICE("", "\"stop\"")),
		 "choices"},
		{REPLY(CHOICE(",\"refusal\":\"no\"", "\"stop\"")), "garbage"},
		{REPLY(CHOICE(",\"tool_calls\":[{\"id\":\"a\"}]", "\"stop\"")),
		 "garbage"},
		{REPLY("{\"index\":0,\"message\":{\"content\":null},"
		       "\"finish_reason\":\"stop\"}"),
		 "garbage"},
		{REPLY("{\"index\":0,\"message\":{\"content\":[]},"
		       "\"finish_reason\":\"stop\"}"),
		 "garbage"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chat_reply r = read_reply(cases[i][0]);
		int grade = -1;

		check_word(verify_judge_read_grade(&r, NONCE, &grade),
			   cases[i][1], cases[i][0]);
		assert_int_equal(grade, cases[i][1] ? -1 : 10);
	}
}

static void check_same(const char *content, const char *why, bool wanted)
{
	struct chat_reply r = reply_of(content);
	bool same = !wanted;

	check_word(verify_judge_read_same(&r, NONCE, &same), why, content);
	if (!why)
		assert_int_equal(same, wanted);
	else
		assert_int_equal(same, !wanted);
}

static void test_same(void **state)
{
	(void)state;
	check_same("{" SAID ",\"same\":true}", NULL, true);
	check_same("{\"same\":false," SAID "}", NULL, false);
	check_same("{" SAID ",\"same\":1}", "range", false);
	check_same("{" SAID ",\"same\":\"true\"}", "range", false);
	check_same("{" SAID ",\"same\":null}", "range", false);
	check_same("{" SAID ",\"grade\":10}", "garbage", false);
	check_same("{\"nonce\":\"x\",\"same\":true}", "nonce", false);
	check_same("true", "garbage", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_grades, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_range, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_garbage, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_nonce, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_around, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_same, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
