/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads by hand: what a sum of known weights must give.
 */
#include "verify/heads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* Two signals before the check (one bent by two knots, one constant) and one
 * after it. */
static struct heads two_stages(void)
{
	struct heads h = {
		.features = mem_array(3, sizeof(*h.features)),
		.n = {2, 3},
		.has_after = true,
		.labelled = true,
		.n_words = 4,
	};

	h.features[0] = (struct heads_feature){"logprob.min", {{-1, 0}, 2}, false};
	h.features[1] = (struct heads_feature){"logprob.tokens", {{7}, 1}, false};
	h.features[2] = (struct heads_feature){"check.p", {{0, 1}, 2}, true};
	for (int s = 0; s < HEADS_NSTAGES; s++)
		for (int k = 0; k < HEADS_NKINDS; k++)
			h.head[s][k].weights =
				mem_array(heads_n_weights(&h, s), 8);
	return h;
}

static void assert_near(double is, double should)
{
	if (!(fabs(is - should) <= 1e-12))
		fail_msg("%.17g for %.17g", is, should);
}

static double sigma(double z)
{
	return 1 / (1 + exp(-z));
}

static void test_counts(void **state)
{
	struct heads h = two_stages();

	(void)state;
	/* three of a basis and one for missing; missing alone; as the first */
	assert_int_equal(heads_n_weights(&h, HEADS_BEFORE), 4 + 1);
	assert_int_equal(heads_n_weights(&h, HEADS_AFTER), 4 + 1 + 4);
	heads_release(&h);
}

static void test_design(void **state)
{
	struct heads h = two_stages();
	double in[9];
	size_t i;

	(void)state;
	heads_design(&h, HEADS_AFTER, (double[]){-1, 3, NAN}, in);
	assert_near(in[0] + in[1] + in[2], 1);
	assert_near(in[0], 0.5); /* at the first knot, as the second is */
	assert_near(in[1], 0.5);
	assert_near(in[3], 0);
	assert_near(in[4], 0); /* there */
	for (i = 5; i < 8; i++)
		assert_near(in[i], 0);
	assert_near(in[8], 1); /* missing */
	heads_design(&h, HEADS_BEFORE, (double[]){-INFINITY, NAN}, in);
	assert_near(in[0], 0);
	assert_near(in[3], 1);
	assert_near(in[4], 1);
	heads_release(&h);
}

static void test_apply(void **state)
{
	struct heads h = two_stages();
	struct head *conf = &h.head[HEADS_AFTER][HEADS_CONFIDENCE];
	struct head *regret = &h.head[HEADS_AFTER][HEADS_REGRET];
	uint16_t buckets[] = {1, 3};
	struct word_set words = {.bucket = buckets, .n = 2, .value = 0.5};
	double values[] = {0, 7, 1}; /* both at their last knots */
	struct heads_score s;

	(void)state;
	conf->bias = 0.25;
	conf->weights[2] = 2;  /* last of logprob.min, which is 1/2 */
	conf->weights[7] = -1; /* last of check.p */
	conf->words = mem_array(4, 8);
	conf->words[1] = 3;
	conf->words[2] = 100; /* a word that is not there */
	regret->bias = -2;
	regret->calibrator =
		(struct calibrator){.kind = CALIBRATOR_PLATT, .a = -2, .b = 1};
	s = heads_apply(&h, HEADS_AFTER, values, &words);
	assert_near(s.confidence, sigma(0.25 + 1 - 0.5 + 1.5));
	assert_near(s.regret, sigma(-(-2 * -2.0 + 1)));
	s = heads_apply(&h, HEADS_AFTER, values, NULL);
	assert_near(s.confidence, sigma(0.25 + 1 - 0.5));
	h.labelled = false;
	s = heads_apply(&h, HEADS_AFTER, values, &words);
	assert_near(s.confidence, 1 - s.regret);
	/* The other stage is not touched by any of it. */
	s = heads_apply(&h, HEADS_BEFORE, values, &words);
	assert_near(s.regret, 0.5);
	heads_release(&h);
}

/* More inputs than fit on the stack give what few would. */
static void test_many_features(void **state)
{
	struct heads h = {.features = mem_array(900, sizeof(*h.features)),
			  .n = {900, 900}};
	double *values = mem_array(900, sizeof(*values));
	double *w = mem_array(900, sizeof(*w));

	(void)state;
	for (size_t i = 0; i < 900; i++) {
		h.features[i].name = "x.a";
		values[i] = i % 2 ? NAN : 1;
		w[i] = 0.01;
	}
	h.head[HEADS_BEFORE][HEADS_REGRET].weights = w;
	assert_near(heads_apply(&h, HEADS_BEFORE, values, NULL).regret,
		    sigma(450 * 0.01));
	free(values);
	heads_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_design),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_many_features),
	};

	return cmocka_run_group_tests_name("heads", tests, NULL, NULL);
}
