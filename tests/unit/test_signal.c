/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of signals: artifacts and ledgers hold them, so they never change.
 */
#include "verify/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	enum signal_id id;
	const char *name;
} names[] = {
	{SIGNAL_LOGPROB_MIN, "logprob.min"},
	{SIGNAL_LOGPROB_MEAN, "logprob.mean"},
	{SIGNAL_LOGPROB_SUM, "logprob.sum"},
	{SIGNAL_LOGPROB_Q10, "logprob.q10"},
	{SIGNAL_LOGPROB_Q25, "logprob.q25"},
	{SIGNAL_LOGPROB_MEDIAN, "logprob.median"},
	{SIGNAL_LOGPROB_ENTROPY_MAX, "logprob.entropy_max"},
	{SIGNAL_LOGPROB_ENTROPY_MEAN, "logprob.entropy_mean"},
	{SIGNAL_LOGPROB_MARGIN_MIN, "logprob.margin_min"},
	{SIGNAL_LOGPROB_MARGIN_MEAN, "logprob.margin_mean"},
	{SIGNAL_LOGPROB_TOKENS, "logprob.tokens"},
	{SIGNAL_ANSWER_MIN, "answer.min"},
	{SIGNAL_ANSWER_MEAN, "answer.mean"},
	{SIGNAL_ANSWER_SUM, "answer.sum"},
	{SIGNAL_ANSWER_Q10, "answer.q10"},
	{SIGNAL_ANSWER_Q25, "answer.q25"},
	{SIGNAL_ANSWER_MEDIAN, "answer.median"},
	{SIGNAL_ANSWER_ENTROPY_MAX, "answer.entropy_max"},
	{SIGNAL_ANSWER_ENTROPY_MEAN, "answer.entropy_mean"},
	{SIGNAL_ANSWER_MARGIN_MIN, "answer.margin_min"},
	{SIGNAL_ANSWER_MARGIN_MEAN, "answer.margin_mean"},
	{SIGNAL_ANSWER_TOKENS, "answer.tokens"},
	{SIGNAL_RULES_HEDGE, "rules.hedge"},
	{SIGNAL_CHECK_AGREE, "check.agree"},
	{SIGNAL_CHECK_P, "check.p"},
	{SIGNAL_CHECK_LOGP, "check.logp"},
	{SIGNAL_SELF_CHECK_AGREE, "self_check.agree"},
	{SIGNAL_SELF_CHECK_P, "self_check.p"},
	{SIGNAL_SELF_CHECK_LOGP, "self_check.logp"},
	{SIGNAL_JUDGE_SCORE, "judge.score"},
	{SIGNAL_SAMPLES_AGREE, "samples.agree"},
	{SIGNAL_HTTP_SCORE, "http.score"},
	{SIGNAL_PLUGIN_SCORE, "plugin.score"},
	{SIGNAL_HEAD_CONFIDENCE, "head.confidence"},
	{SIGNAL_HEAD_REGRET, "head.regret"},
	{SIGNAL_WORDS, "words.*"},
};

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(COUNT(names), SIGNAL_N);
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(names[i].id, i);
		assert_string_equal(signal_name(names[i].id), names[i].name);
		assert_true(signal_formula(names[i].id)[0] != '\0');
		assert_true(signal_unit(names[i].id)[0] != '\0');
	}
}

/* One pointer a name, whoever's bytes it is looked up by. */
static void test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		char copy[64];
		struct span name = {copy, strlen(names[i].name)};

		memcpy(copy, names[i].name, name.n);
		assert_ptr_equal(signal_find(name), signal_name(names[i].id));
		/* Neither a beginning nor something longer. */
		copy[name.n] = '.';
		assert_null(signal_find((struct span){copy, name.n + 1}));
		assert_null(signal_find((struct span){copy, name.n - 1}));
	}
	assert_null(signal_find((struct span){NULL, 0}));
	assert_null(signal_find(span_of("x.min")));
	assert_null(signal_find(span_of("Logprob.min")));
}

/* answer.* stands in the order of logprob.*. */
static void test_groups_are_alike(void **state)
{
	(void)state;
	assert_int_equal(SIGNAL_TOKEN_STATS, 11);
	for (int i = 0; i < SIGNAL_TOKEN_STATS; i++) {
		const char *whole = signal_name(SIGNAL_LOGPROB + i);
		const char *answer = signal_name(SIGNAL_ANSWER + i);

		assert_string_equal(whole + strlen("logprob"),
				    answer + strlen("answer"));
		assert_string_equal(signal_unit(SIGNAL_LOGPROB + i),
				    signal_unit(SIGNAL_ANSWER + i));
	}
}

static void test_foreign(void **state)
{
	(void)state;
	assert_true(signal_is_foreign(span_of("x.verbal")));
	assert_true(signal_is_foreign(span_of("x.category.law")));
	assert_false(signal_is_foreign(span_of("x.")));
	assert_false(signal_is_foreign(span_of("x")));
	assert_false(signal_is_foreign((struct span){NULL, 0}));
	assert_false(signal_is_foreign(span_of("xlogprob.min")));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_false(signal_is_foreign(span_of(names[i].name)));
}

static void test_whose(void **state)
{
	(void)state;
	assert_true(span_is(signal_verifier("self_check.p"), "self_check"));
	assert_true(span_is(signal_verifier("logprob.min"), "logprob"));
	assert_true(span_is(signal_verifier("answer.min"), "logprob"));
	assert_true(span_is(signal_verifier("answers.min"), "answers"));
	assert_true(span_is(signal_verifier("bare"), "bare"));
	assert_int_equal(signal_verifier("").n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_groups_are_alike),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_whose),
	};

	return cmocka_run_group_tests_name("signal", tests, NULL, NULL);
}
