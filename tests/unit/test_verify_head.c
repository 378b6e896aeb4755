/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heads find their signals among the verdicts before them, by name.
 */
#include "verify/verify_head.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/jscan.h"
#include "stat/logit.h"
#include "verify/signal.h"

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

/* Two signals without a basis: of each only whether it is missing counts. */
static struct heads_feature features[2];
static double before[1], after[2], words[8];

static struct heads heads_over(const char *first, const char *second)
{
	struct heads h = {
		.features = features,
		.n = {1, 2},
		.has_after = true,
	};

	features[0].name = first;
	features[0].may_miss = features[1].may_miss = true;
	features[1].name = second;
	before[0] = 1;
	after[0] = 2;
	after[1] = 4;
	h.head[HEADS_BEFORE][HEADS_REGRET].weights = before;
	h.head[HEADS_AFTER][HEADS_REGRET].weights = after;
	return h;
}

static struct verdict judge(const struct heads *h, enum heads_stage stage,
			    const struct verify_case *c)
{
	struct verify_head_opts opts = {h, stage};
	struct verify_case own = *c;
	struct verdict v = {0};

	own.arena = arena;
	verify_head_judge(&own, &opts, &v);
	assert_string_equal(v.verifier, "head");
	assert_int_equal(v.kind, VERDICT_SCORE);
	assert_true(v.score == 1 - v.regret);
	assert_int_equal(v.n_signals, 2);
	assert_ptr_equal(v.signals[0].name,
			 signal_name(SIGNAL_HEAD_CONFIDENCE));
	assert_true(v.signals[0].value == v.score);
	assert_ptr_equal(v.signals[1].name, signal_name(SIGNAL_HEAD_REGRET));
	assert_true(v.signals[1].value == v.regret);
	return v;
}

/* The sum that the regret is of. */
static void check_sum(const struct verdict *v, double z)
{
	assert_true(fabs(v->regret - logit_sigma(z)) < 1e-12);
}

static void test_by_name(void **state)
{
	const char *min = signal_name(SIGNAL_LOGPROB_MIN);
	const char *agree = signal_name(SIGNAL_CHECK_AGREE);
	const struct signal one[] = {{signal_name(SIGNAL_LOGPROB_MEAN), 3},
				     {min, -1}};
	const struct signal two[] = {{agree, NAN}};
	const struct verdict chain[] = {
		{.verifier = "rules", .kind = VERDICT_PASS},
		{.verifier = "logprob", .signals = one, .n_signals = 2},
		{.verifier = "check", .signals = two, .n_signals = 1},
	};
	char copy[] = "logprob.min";
	struct verify_case c = {.earlier = chain, .n_earlier = 3};
	struct heads h = heads_over(min, agree);
	struct verdict v;

	(void)state;
	v = judge(&h, HEADS_BEFORE, &c);
	check_sum(&v, 0);
	v = judge(&h, HEADS_AFTER, &c);
	check_sum(&v, 4); /* NaN is missing */
	c.n_earlier = 1;
	v = judge(&h, HEADS_BEFORE, &c);
	check_sum(&v, 1);
	v = judge(&h, HEADS_AFTER, &c);
	check_sum(&v, 6);
	/* Another pointer to the same name, and a longer name. */
	c.n_earlier = 3;
	h = heads_over(copy, "logprob.minimum");
	v = judge(&h, HEADS_AFTER, &c);
	check_sum(&v, 4);
}

static void test_words(void **state)
{
	static const char body[] =
		"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
		"\"Oslo oslo\"}]}";
	struct chat_choice choice = {.content = span_of("Oslo")};
	struct chat_reply reply = {.choices = &choice, .n_choices = 1};
	struct heads h = heads_over("a", "b");
	struct chat_request request;
	struct chat_fault why;
	struct verify_case c = {.request = &request, .reply = &reply};
	struct verdict v;

	(void)state;
	assert_int_equal(chat_request_read(&request, span_of(body), JSCAN_DEPTH,
					   arena, &why), 0);
	for (size_t i = 0; i < 8; i++)
		words[i] = 1;
	h.head[HEADS_BEFORE][HEADS_REGRET].words = words;
	h.n_words = 8;
	v = judge(&h, HEADS_BEFORE, &c);
	check_sum(&v, 1 + sqrt(2)); /* one of each side, in two buckets */
	/* Without words in the heads the texts are not even looked at. */
	h.n_words = 0;
	h.head[HEADS_BEFORE][HEADS_REGRET].words = NULL;
	c.request = NULL;
	c.reply = NULL;
	v = judge(&h, HEADS_BEFORE, &c);
	check_sum(&v, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {T(test_by_name), T(test_words)};

	return cmocka_run_group_tests_name("verify_head", tests, NULL, NULL);
}
