/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of replies: texts by the comparator, calls by what is called.
 */
#include "verify/choice_same.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/jscan.h"

static struct chat_choice read_choice(const char *message, struct arena *a)
{
	const char *body =
		arena_printf(a, "{\"choices\":[{\"message\":%s}]}", message);
	struct chat_fault why;
	struct chat_reply r;

	if (chat_reply_read(&r, span_of(body), JSCAN_DEPTH, true, a, &why) < 0)
		fail_msg("%s: %s", why.text, body);
	return r.choices[0];
}

static enum sameness compare(enum comparator c, const char *x, const char *y)
{
	struct arena *a = arena_new();
	struct chat_choice ours = read_choice(x, a), theirs = read_choice(y, a);
	enum sameness s = choice_same(c, &ours, &theirs, a);

	arena_free(a);
	return s;
}

static void expect(enum sameness wanted, const char *x, const char *y)
{
	if (compare(COMPARATOR_AUTO, x, y) != wanted ||
	    compare(COMPARATOR_EXACT, y, x) != wanted)
		fail_msg("%s and %s are not %d", x, y, wanted);
}

static void test_texts(void **state)
{
	(void)state;
	expect(SAMENESS_SAME, "{\"content\":\"Oslo\"}",
	       "{\"content\":\"Oslo\"}");
	expect(SAMENESS_DIFFERENT, "{\"content\":\"Oslo\"}",
	       "{\"content\":\"Bergen\"}");
	expect(SAMENESS_UNKNOWN, "{\"content\":\"Oslo\"}",
	       "{\"content\":null}");
	expect(SAMENESS_UNKNOWN, "{\"content\":\"\"}", "{\"content\":\"\"}");
	expect(SAMENESS_UNKNOWN, "{}", "{}");
	assert_int_equal(compare(COMPARATOR_AUTO, "{\"content\":\"It is 7\"}",
				 "{\"content\":\"7.0\"}"),
			 SAMENESS_SAME);
	assert_int_equal(compare(COMPARATOR_EXACT, "{\"content\":\"It is 7\"}",
				 "{\"content\":\"7.0\"}"),
			 SAMENESS_DIFFERENT);
}

#define CALL(id, name, arguments)                                              \
	"{\"id\":\"" id                                                        \
	"\",\"type\":\"function\",\"function\":{\"name\":\"" name              \
	"\",\"arguments\":" arguments "}}"
#define CALLS(calls) "{\"content\":null,\"tool_calls\":[" calls "]}"
#define F	     CALL("a", "f", "\"{\\\"x\\\":1, \\\"y\\\":[2]}\"")
#define F_TOO	     CALL("b", "f", "\"{\\\"y\\\":[2.0],\\\"x\\\":1}\"")
#define G	     CALL("a", "g", "\"{\\\"x\\\":1, \\\"y\\\":[2]}\"")
#define F_2	     CALL("a", "f", "\"{\\\"x\\\":2, \\\"y\\\":[2]}\"")

static void test_calls(void **state)
{
	(void)state;
	expect(SAMENESS_SAME, CALLS(F), CALLS(F));
	expect(SAMENESS_SAME, CALLS(F), CALLS(F_TOO)); /* ids, order, space */
	expect(SAMENESS_DIFFERENT, CALLS(F), CALLS(G));
	expect(SAMENESS_DIFFERENT, CALLS(F), CALLS(F_2));
	expect(SAMENESS_SAME, CALLS(F "," G), CALLS(F_TOO ", " G));
	expect(SAMENESS_DIFFERENT, CALLS(F "," G), CALLS(G "," F));
	expect(SAMENESS_DIFFERENT, CALLS(F), CALLS(F "," F));
	expect(SAMENESS_DIFFERENT, CALLS(F "," F), CALLS(F));
	/* what stands beside them does not count */
	expect(SAMENESS_SAME, CALLS(F),
	       "{\"content\":\"Let me see.\",\"tool_calls\":[" F_TOO "]}");
	expect(SAMENESS_DIFFERENT, CALLS(F), "{\"content\":\"f\"}");
}

static void test_arguments(void **state)
{
	(void)state;
	/* no JSON: the bytes */
	expect(SAMENESS_SAME, CALLS(CALL("a", "f", "\"{x\"")),
	       CALLS(CALL("b", "f", "\"{x\"")));
	expect(SAMENESS_DIFFERENT, CALLS(CALL("a", "f", "\"{x\"")),
	       CALLS(CALL("b", "f", "\"{y\"")));
	/* an object in place of its text */
	expect(SAMENESS_SAME, CALLS(F),
	       CALLS(CALL("c", "f", "{\"x\":1,\"y\":[2]}")));
	expect(SAMENESS_DIFFERENT, CALLS(F),
	       CALLS(CALL("c", "f", "{\"x\":1}")));
	expect(SAMENESS_SAME, CALLS(CALL("a", "f", "\"\"")),
	       CALLS(CALL("b", "f", "\"\"")));
	expect(SAMENESS_DIFFERENT, CALLS(CALL("a", "f", "\"{}\"")),
	       CALLS(CALL("b", "f", "null")));
}

/* Calls in which nothing is said never agree, not even with themselves. */
static void test_odd_calls(void **state)
{
	static const char *const odd[] = {
		CALLS("{}"),
		CALLS("{\"id\":\"a\"}"),
		CALLS("7"),
		CALLS("null"),
		CALLS("\"f\""),
		CALLS("[]"),
		CALLS("{\"function\":{}}"),
		CALLS("{\"function\":7}"),
		CALLS("{\"function\":{\"name\":\"f\"}}"),
		CALLS("{\"function\":{\"arguments\":\"{}\"}}"),
		CALLS("{\"type\":\"custom\"}"),
		"{\"tool_calls\":{}}",
		"{\"tool_calls\":7}",
		"{\"tool_calls\":\"x\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		for (size_t j = 0; j < sizeof(odd) / sizeof(odd[0]); j++)
			if (compare(COMPARATOR_AUTO, odd[i], odd[j]) ==
			    SAMENESS_SAME)
				fail_msg("%s agrees with %s", odd[i], odd[j]);
}

static void test_other_calls(void **state)
{
	static const char f[] = "{\"function_call\":{\"name\":\"f\","
				"\"arguments\":\"{\\\"x\\\": 1}\"}}";
	static const char g[] = "{\"function_call\":{\"name\":\"f\","
				"\"arguments\":\"{\\\"x\\\":2}\"}}";

	(void)state;
	expect(SAMENESS_SAME, f, f);
	expect(SAMENESS_DIFFERENT, f, g);
	expect(SAMENESS_DIFFERENT, f, CALLS(F));
	expect(SAMENESS_DIFFERENT, f, "{\"content\":\"f\"}");
	expect(SAMENESS_SAME,
	       CALLS("{\"id\":\"a\",\"custom\":{\"name\":\"c\",\"input\":\"x\"}"
		     "}"),
	       CALLS("{\"id\":\"b\",\"custom\":{\"name\":\"c\",\"input\":\"x\"}"
		     "}"));
	expect(SAMENESS_DIFFERENT,
	       CALLS("{\"id\":\"a\",\"custom\":{\"name\":\"c\",\"input\":\"x\"}"
		     "}"),
	       CALLS("{\"id\":\"a\",\"custom\":{\"name\":\"c\",\"input\":\"y\"}"
		     "}"));
	expect(SAMENESS_DIFFERENT, CALLS(F),
	       CALLS("{\"id\":\"a\",\"custom\":{\"name\":\"c\",\"input\":\"x\"}"
		     "}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_odd_calls),
		cmocka_unit_test(test_other_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
