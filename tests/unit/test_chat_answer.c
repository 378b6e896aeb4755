/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is compared of a reply: its text, or its tool calls without their ids.
 */
#include "chat/chat_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void holds(const char *message, const char *wanted)
{
	struct arena *a = arena_new();
	char *body = mem_printf("{\"choices\":[{\"message\":%s}]}", message);
	struct chat_fault why;
	struct chat_reply r;
	struct span said;

	assert_int_equal(chat_reply_read(&r, span_of(body), 64, false, a, &why),
			 0);
	said = chat_answer(&r.choices[0], a);
	assert_int_equal(said.n, strlen(wanted));
	assert_memory_equal(said.p ? said.p : "", wanted, said.n);
	free(body);
	arena_free(a);
}

#define CALL(id, args)                                                         \
	"{\"id\":\"" id "\",\"type\":\"function\",\"function\":{"               \
	"\"name\":\"f\",\"arguments\":" args "}}"
#define CALLS(x) "{\"content\":null,\"tool_calls\":[" x "]}"

static void test_answers(void **state)
{
	(void)state;
	holds("{\"content\":\"a\\nb\"}", "a\nb");
	holds("{\"content\":null}", "");
	holds("{\"content\":\"x\",\"tool_calls\":[]}", "x");
	holds(CALLS(CALL("1", "\"{\\\"x\\\": 1}\"")),
	      "[{\"name\":\"f\",\"arguments\":{\"x\": 1}}]");
	holds(CALLS(CALL("1", "\"{\\\"x\"") "," CALL("2", "\"\"")),
	      "[{\"name\":\"f\",\"arguments\":\"{\\\"x\"},"
	      "{\"name\":\"f\",\"arguments\":\"\"}]");
	holds(CALLS(CALL("1", "{\"x\":1}")),
	      "[{\"name\":\"f\",\"arguments\":{\"x\":1}}]");
	holds(CALLS("{\"id\":\"1\",\"type\":\"custom\"}"),
	      "[{\"id\":\"1\",\"type\":\"custom\"}]");
	holds(CALLS("{\"function\":{}}"),
	      "[{\"name\":null,\"arguments\":null}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests_name("chat_answer", tests, NULL, NULL);
}
