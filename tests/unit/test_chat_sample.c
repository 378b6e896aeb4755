/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The question of a sample, byte for byte, whatever the client's body has.
 */
#include "chat/chat_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/jscan.h"

#define TEMPERATURE "{\"temperature\":0.7,"
#define BASE	    "\"model\":\"m\",\"messages\":[{\"role\":\"user\"}]"

/* What it is written as; the caller frees it. */
static char *sample(const char *body, double temperature)
{
	size_t n = strlen(body);
	char *copy = malloc(n), *text;
	struct arena *a = arena_new();
	struct chat_request rq, again;
	struct chat_fault why = {0};
	struct buf out;

	memcpy(copy, body, n); /* no byte behind it */
	buf_init(&out, 0);
	if (chat_request_read(&rq, (struct span){copy, n}, JSCAN_DEPTH, a,
			      &why) < 0)
		fail_msg("%s: %s", why.text, body);
	assert_int_equal(chat_sample_write(&rq, temperature, a, &out), 0);
	if (chat_request_read(&again, buf_span(&out), JSCAN_DEPTH, a, &why) < 0)
		fail_msg("%s: %.*s", why.text, (int)out.n, out.p);
	assert_true(again.n == 1 && !again.stream && !again.logprobs);
	assert_true(span_eq(again.messages, rq.messages));
	text = mem_printf("%.*s", (int)out.n, out.p);
	buf_release(&out);
	arena_free(a);
	free(copy);
	return text;
}

static void expect(const char *body, const char *wanted)
{
	char *text = sample(body, 0.7), *again;

	assert_string_equal(text, wanted);
	again = sample(text, 0.7); /* a sample's own sample is the same */
	assert_string_equal(again, wanted);
	free(text);
	free(again);
}

static void test_plain(void **state)
{
	(void)state;
	expect("{" BASE "}", TEMPERATURE BASE "}");
	expect(" \n{ " BASE "\t} \n", " \n" TEMPERATURE " " BASE "\t} \n");
}

static const char *const dropped[] = {
	"\"temperature\":0",
	"\"temperature\" : null",
	"\"top_p\":0.01",
	"\"top_k\":1",
	"\"min_p\":0.5",
	"\"seed\":7",
	"\"n\":1",
	"\"stream\":true",
	"\"stream_options\":{\"include_usage\":true}",
	"\"logprobs\":true",
	"\"top_logprobs\":20",
	"\"s\\u0065ed\":7",
	"\"\\u006e\":1",
};

static const char *const kept[] = {
	"\"tools\":[{\"type\":\"function\",\"seed\":1}]",
	"\"tool_choice\":\"auto\"",
	"\"max_tokens\":5",
	"\"max_completion_tokens\" : 9",
	"\"stop\":[\"\\n\"]",
	"\"response_format\":{\"type\":\"json_object\",\"temperature\":1}",
	"\"frequency_penalty\":0.50",
	"\"logit_bias\":{\"7\":-100}",
	"\"store\":false",
	"\"user\":\"\\u0065\"",
	"\"unknown\":{\"n\":[{\"stream\":true}]}",
	"\"N\":3",
	"\"seeds\":3",
	"\"\":null",
};

#define N_OF(list) (sizeof(list) / sizeof(list[0]))

/* Each that goes: first, in the middle, last, twice, and alone. */
static void test_each_dropped(void **state)
{
	static const char *const forms[] = {
		"{%s," BASE "}",    "{\"model\":\"m\", %s ,\"messages\":[]}",
		"{" BASE ",%s}",    "{" BASE " , %s\n}",
		"{%s," BASE ",%s}", "{" BASE ",%s,%s}",
	};
	static const char *const wanted[] = {
		TEMPERATURE BASE "}",
		TEMPERATURE "\"model\":\"m\", \"messages\":[]}",
		TEMPERATURE BASE "}",
		TEMPERATURE BASE " \n}",
		TEMPERATURE BASE "}",
		TEMPERATURE BASE "}",
	};

	(void)state;
	for (size_t f = 0; f < N_OF(forms); f++)
		for (size_t i = 0; i < N_OF(dropped); i++) {
			char body[400];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(body, sizeof(body), forms[f], dropped[i],
				 dropped[i]);
#pragma GCC diagnostic pop
			expect(body, wanted[f]);
		}
}

/* Every one that goes beside every one that stays, in both orders. */
static void test_each_pair(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(dropped); i++)
		for (size_t j = 0; j < N_OF(kept); j++) {
			char *body =
				mem_printf("{%s,%s," BASE ",%s,%s}", dropped[i],
					   kept[j], kept[j], dropped[i]);
			char *wanted = mem_printf(TEMPERATURE "%s," BASE ",%s}",
						  kept[j], kept[j]);

			expect(body, wanted);
			free(body);
			free(wanted);
		}
}

static char *append(char *text, const char *member)
{
	char *longer = mem_printf("%s,%s", text, member);

	free(text);
	return longer;
}

/* All there are, in one body. */
static void test_all(void **state)
{
	char *body = mem_printf("{" BASE),
	     *wanted = mem_printf(TEMPERATURE BASE);

	(void)state;
	for (size_t i = 0; i < N_OF(dropped) || i < N_OF(kept); i++) {
		if (i < N_OF(dropped))
			body = append(body, dropped[i]);
		if (i < N_OF(kept)) {
			body = append(body, kept[i]);
			wanted = append(wanted, kept[i]);
		}
	}
	body = append(body, "\"seed\":1,\"last\":1}");
	wanted = append(wanted, "\"last\":1}");
	expect(body, wanted);
	free(body);
	free(wanted);
}

static void test_temperatures(void **state)
{
	static const struct {
		double t;
		const char *text;
	} cases[] = {
		{0, "0"}, {0.1, "0.1"},	  {0.7, "0.7"}, {0.123456, "0.123456"},
		{1, "1"}, {1.05, "1.05"}, {2, "2"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char *text = sample("{" BASE "}", cases[i].t);
		char *wanted = mem_printf("{\"temperature\":%s," BASE "}",
					  cases[i].text);

		assert_string_equal(text, wanted);
		free(text);
		free(wanted);
	}
}

static void test_no_room(void **state)
{
	static const char body[] = "{" BASE ",\"seed\":1}";
	struct arena *a = arena_new();
	struct chat_request rq;
	struct chat_fault why;

	(void)state;
	assert_int_equal(
		chat_request_read(&rq, span_of(body), JSCAN_DEPTH, a, &why), 0);
	for (size_t cap = 1; cap < sizeof(TEMPERATURE BASE "}") - 1; cap++) {
		struct buf out;

		buf_init(&out, cap);
		assert_int_equal(chat_sample_write(&rq, 0.7, a, &out), -1);
		assert_true(out.n <= cap);
		buf_release(&out);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_each_dropped),
		cmocka_unit_test(test_each_pair),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_temperatures),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
