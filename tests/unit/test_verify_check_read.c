/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a check says, from replies as backends send them; whatever they lie
 * about, nothing passes for agreement that is none.
 */
#include "verify/verify_check_read.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/jscan.h"
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

static struct chat_reply read_reply(const char *text)
{
	struct chat_fault why = {0};
	struct chat_reply r;

	if (chat_reply_read(&r, span_of(text), JSCAN_DEPTH, true, arena,
			    &why) < 0)
		fail_msg("%s: %s", why.text, text);
	return r;
}

/* A reply of that content; logprobs: the list of entries, NULL: none. */
static const char *reply_text(const char *content, const char *logprobs)
{
	return arena_printf(arena,
			    "{\"object\":\"chat.completion\",\"choices\":[{"
			    "\"index\":0,\"message\":{\"role\":\"assistant\","
			    "\"content\":%s},\"finish_reason\":\"stop\","
			    "\"logprobs\":%s%s%s}]}",
			    content, logprobs ? "{\"content\":[" : "",
			    logprobs ? logprobs : "null",
			    logprobs ? "]}" : "");
}

/* One entry; alternatives as "TOKEN P, TOKEN P": probabilities, for people. */
#define ENTRY(token, lp, top)                                                  \
	"{\"token\":\"" token "\",\"logprob\":" lp ",\"top_logprobs\":[" top   \
	"]}"
#define ALT(token, lp) "{\"token\":\"" token "\",\"logprob\":" lp "}"

static struct verdict read_as(enum chat_check_mode mode,
			      enum comparator compare, const char *ours,
			      const char *content, const char *logprobs)
{
	struct chat_reply mine = read_reply(reply_text(ours, NULL));
	struct chat_reply theirs = read_reply(reply_text(content, logprobs));
	struct verdict v = {0};

	verify_check_read(
		&(struct verify_check_asked){mode, compare, SIGNAL_CHECK_AGREE},
		&mine.choices[0], &theirs, arena, &v);
	return v;
}

static double signal_of(const struct verdict *v, enum signal_id id)
{
	for (size_t i = 0; i < v->n_signals; i++)
		if (v->signals[i].name == signal_name(id))
			return v->signals[i].value;
	fail_msg("no signal %s", signal_name(id));
	return NAN;
}

static void check_near(const char *what, double is, double wanted)
{
	if (isnan(wanted) ? !isnan(is) : !(fabs(is - wanted) < 1e-6))
		fail_msg("%s is %.9g, not %.9g", what, is, wanted);
}

static void check_signals(const struct verdict *v, double agree, double p,
			  double logp)
{
	double score = isnan(p) ? agree : p;

	assert_int_equal(v->n_signals, 3);
	check_near("agree", signal_of(v, SIGNAL_CHECK_AGREE), agree);
	check_near("p", signal_of(v, SIGNAL_CHECK_P), p);
	check_near("logp", signal_of(v, SIGNAL_CHECK_LOGP), logp);
	if (isnan(score)) {
		assert_int_equal(v->kind, VERDICT_NONE);
		assert_int_equal(v->lack, LACK_SIGNAL);
		assert_string_equal(v->why, "unknown");
		return;
	}
	assert_int_equal(v->kind, VERDICT_SCORE);
	assert_int_equal(v->lack, LACK_NONE);
	check_near("score", v->score, score);
}

static void blind(const char *ours, const char *content, const char *logprobs,
		  double agree, double p, double logp)
{
	struct verdict v = read_as(CHAT_CHECK_BLIND, COMPARATOR_AUTO, ours,
				   content, logprobs);

	check_signals(&v, agree, p, logp);
}

/* ---- blind --------------------------------------------------------------- */

static void test_agree(void **state)
{
	(void)state;
	blind("\"B\"", "\"B\"", ENTRY("B", "-0.1", ALT("B", "-0.1")), 1,
	      exp(-0.1), -0.1);
	blind("\"The answer is (B).\"", "\"B\"", ENTRY("B", "-0.1", ""), 1,
	      exp(-0.1), -0.1);
	/* all tokens of the answer, and none else */
	blind("\"42\"", "\"42\"",
	      ENTRY("4", "-0.5", "") "," ENTRY("2", "-0.25", ""), 1, exp(-0.75),
	      -0.75);
	blind("\"4\"", "\"The answer is 4.\"",
	      ENTRY("The", "-1", "") "," ENTRY(" answer", "-2", "") ","
	      ENTRY(" is", "-3", "") "," ENTRY(" 4", "-0.25", "") ","
	      ENTRY(".", "-9", ""), 1, exp(-0.25), -0.25);
	/* reasoning before it in the tokens */
	blind("\"4\"", "\"4\"",
	      ENTRY("4? ", "-9", "") "," ENTRY("4", "-0.5", ""), 1, exp(-0.5),
	      -0.5);
	/* a filler is next to no probability, and no signal */
	blind("\"B\"", "\"B\"", ENTRY("B", "-9999", ""), 1, exp(-100), NAN);
	blind("\"B\"", "\"B\"", ENTRY("B", "-1e999", ""), 1, exp(-100), NAN);
}

static void test_disagree(void **state)
{
	(void)state;
	blind("\"C\"", "\"B\"",
	      ENTRY("B", "-0.4", ALT("B", "-0.4") "," ALT("C", "-1.5")), 0,
	      exp(-1.5), -0.4);
	blind("\"c\"", "\"B\"",
	      ENTRY("B", "-0.4", ALT("B", "-0.4") "," ALT(" C", "-1.5")), 0,
	      exp(-1.5), -0.4);
	/* ours is not among the alternatives: agreement alone */
	blind("\"D\"", "\"B\"", ENTRY("B", "-0.4", ALT("C", "-1.5")), 0, NAN,
	      -0.4);
	blind("\"D\"", "\"B\"", ENTRY("B", "-0.4", ""), 0, NAN, -0.4);
	/* the longest one that begins ours */
	blind("\"Paris\"", "\"London\"",
	      ENTRY("London", "-0.2", ALT("P", "-2") "," ALT("Paris", "-3") ","
		    ALT("Pa", "-2.5") "," ALT("Parisian", "-2.1")), 0, exp(-3),
	      -0.2);
}

/* Digit by digit, what both have in common says nothing against theirs. */
static void test_parting_late(void **state)
{
	(void)state;
	blind("\"12\"", "\"13\"",
	      ENTRY("1", "-0.01", ALT("1", "-0.01") "," ALT("2", "-5")) ","
	      ENTRY("3", "-0.3", ALT("3", "-0.3") "," ALT("2", "-1.4")), 0,
	      exp(-1.41), -0.31);
	blind("\"12\"", "\"13\"",
	      ENTRY("1", "-0.01", ALT("1", "-0.01")) ","
	      ENTRY("3", "-0.3", ALT("3", "-0.3")), 0, NAN, -0.31);
	/* theirs goes on where ours ends */
	blind("\"1\"", "\"13\"",
	      ENTRY("1", "-0.01", ALT("1", "-0.01")) ","
	      ENTRY("3", "-0.3", ALT("3", "-0.3")), 0, NAN, -0.31);
	/* ours goes on where theirs ends */
	blind("\"13\"", "\"1\"", ENTRY("1", "-0.01", ALT("1", "-0.01")), 0, NAN,
	      -0.01);
}

static void test_without_log_probs(void **state)
{
	(void)state;
	blind("\"B\"", "\"B\"", NULL, 1, NAN, NAN);
	blind("\"C\"", "\"B\"", NULL, 0, NAN, NAN);
	/* misaligned, broken, positive, fake */
	blind("\"B\"", "\"B\"", ENTRY("X", "-0.1", ""), 1, NAN, NAN);
	blind("\"B\"", "\"B\"", ENTRY("B", "null", ""), 1, NAN, NAN);
	blind("\"B\"", "\"B\"", ENTRY("B", "\"-1\"", ""), 1, NAN, NAN);
	blind("\"B\"", "\"B\"", ENTRY("B", "5", ""), 1, NAN, NAN);
	blind("\"C\"", "\"B\"", ENTRY("B", "5", ALT("C", "-1")), 0, NAN, NAN);
	blind("\"345\"", "\"345\"",
	      ENTRY("3", "0", "") "," ENTRY("4", "0.0", "") ","
	      ENTRY("5", "-0", ""), 1, NAN, NAN);
}

/* Alternatives that cannot be true do not make ours likely. */
static void test_lying_alternatives(void **state)
{
	static const char *const lies[] = {"0", "3", "1e999", "0.001"};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		char entry[200];

		snprintf(entry, sizeof(entry),
			 ENTRY("B", "-0.4", ALT("C", "%s")), lies[i]);
		/* one that is positive spoils all of them */
		blind("\"C\"", "\"B\"", entry, 0, NAN, i ? NAN : -0.4);
	}
	blind("\"C\"", "\"B\"", ENTRY("B", "-0.4", ALT("C", "-9999")), 0,
	      exp(-100), -0.4);
	/* empty and enormous ones match nothing */
	blind("\"C\"", "\"B\"",
	      ENTRY("B", "-0.4", ALT("", "-0.9") "," ALT(" ", "-0.9")), 0, NAN,
	      -0.4);
}

static void test_unknown(void **state)
{
	struct verdict v;

	(void)state;
	v = read_as(CHAT_CHECK_BLIND, COMPARATOR_NUMBER, "\"some\"",
		    "\"others\"", NULL);
	check_signals(&v, NAN, NAN, NAN);
	v = read_as(CHAT_CHECK_BLIND, COMPARATOR_NUMBER, "\"some\"",
		    "\"others\"", ENTRY("others", "-0.5", ALT("others",
							      "-0.5")));
	check_signals(&v, NAN, NAN, -0.5);
	/* An empty proposal agrees with nothing. */
	v = read_as(CHAT_CHECK_BLIND, COMPARATOR_AUTO, "\"\"", "\"B\"", NULL);
	assert_int_equal(v.kind, VERDICT_NONE);
	v = read_as(CHAT_CHECK_BLIND, COMPARATOR_AUTO, "null", "\"B\"",
		    ENTRY("B", "-0.5", ALT("B", "-0.5")));
	assert_int_equal(v.kind, VERDICT_NONE);
}

static void check_empty(enum chat_check_mode mode, const char *content)
{
	struct verdict v = read_as(mode, COMPARATOR_AUTO, "\"B\"", content,
				   NULL);

	assert_int_equal(v.kind, VERDICT_NONE);
	assert_int_equal(v.lack, LACK_FAULT);
	assert_string_equal(v.why, "empty");
}

static void test_empty(void **state)
{
	static const char *const none[] = {"\"\"", "null", "\" \\n\"", "5"};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		check_empty(CHAT_CHECK_BLIND, none[i]);
		check_empty(CHAT_CHECK_VERDICT, none[i]);
	}
}

/* ---- verdict ------------------------------------------------------------- */

static void asked(const char *content, const char *logprobs, double agree,
		  double p, double logp)
{
	struct verdict v = read_as(CHAT_CHECK_VERDICT, COMPARATOR_AUTO,
				   "\"whatever\"", content, logprobs);

	check_signals(&v, agree, p, logp);
}

static void test_verdicts(void **state)
{
	double yes = exp(-0.5) + exp(-2), no = exp(-3);

	(void)state;
	asked("\"Yes\"", ENTRY("Yes", "-0.5", ALT("Yes", "-0.5") ","
			       ALT(" yes", "-2") "," ALT("No", "-3") ","
			       ALT("Not", "-4")), 1, yes / (yes + no), -0.5);
	asked("\"no\"", ENTRY("no", "-0.5", ALT("no", "-0.5") ","
			      ALT("yes", "-1.5")), 0,
	      exp(-1.5) / (exp(-1.5) + exp(-0.5)), -0.5);
	asked("\"No.\"", NULL, 0, NAN, NAN);
	asked("\" yes, it is\"", NULL, 1, NAN, NAN);
	asked("\"Yesterday\"", NULL, NAN, NAN, NAN);
	asked("\"Maybe\"", ENTRY("Maybe", "-0.5", ALT("Maybe", "-0.5")), NAN,
	      NAN, -0.5);
	/* neither word among the alternatives, or lies */
	asked("\"Yes\"", ENTRY("Yes", "-0.5", ""), 1, NAN, -0.5);
	asked("\"No\"", ENTRY("No", "-0.5", ALT("Yes", "2") "," ALT("No",
							     "-0.5")), 0, NAN,
	      NAN);
	asked("\"No\"", ENTRY("No", "-0.5", ALT("Yes", "0") "," ALT("No",
							     "-0.5")), 0, NAN,
	      -0.5);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_agree),
		T(test_disagree),
		T(test_parting_late),
		T(test_without_log_probs),
		T(test_lying_alternatives),
		T(test_unknown),
		T(test_empty),
		T(test_verdicts),
	};

	return cmocka_run_group_tests_name("verify_check_read", tests, NULL,
					   NULL);
}
