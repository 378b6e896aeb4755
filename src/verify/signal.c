/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of signals.
 */
#include "verify/signal.h"

#include <assert.h>
#include <string.h>

struct row {
	const char *name, *formula, *unit;
};

#define TOKEN_STATS(id, prefix)                                                \
	[id##_MIN] = {prefix ".min", "min l_t", "nat"},                        \
	[id##_MEAN] = {prefix ".mean", "sum l_t / n", "nat"},                  \
	[id##_SUM] = {prefix ".sum", "sum l_t", "nat"},                        \
	[id##_Q10] = {prefix ".q10", "0.1-quantile of l_t, interpolated",      \
		      "nat"},                                                  \
	[id##_Q25] = {prefix ".q25", "0.25-quantile of l_t, interpolated",     \
		      "nat"},                                                  \
	[id##_MEDIAN] = {prefix ".median",                                     \
			 "0.5-quantile of l_t, interpolated", "nat"},          \
	[id##_ENTROPY_MAX] = {prefix ".entropy_max",                           \
			      "max H_t, H_t = "                                \
			      "-sum r ln r, r_j = e^a_tj / sum e^a_tj",        \
			      "nat"},                                          \
	[id##_ENTROPY_MEAN] = {prefix ".entropy_mean",                         \
			       "mean of the H_t there are", "nat"},            \
	[id##_MARGIN_MIN] = {prefix ".margin_min", "min (a_t1 - a_t2)",        \
			     "nat"},                                           \
	[id##_MARGIN_MEAN] = {prefix ".margin_mean",                           \
			      "mean of the a_t1 - a_t2 there are", "nat"},     \
	[id##_TOKENS] = {prefix ".tokens", "n", "token"}

#define CHECK(id, prefix)                                                      \
	[id##_AGREE] = {prefix ".agree",                                       \
			"1 when the check's answer is the same as the "        \
			"reply's, else 0",                                     \
			"1"},                                                  \
	[id##_P] = {prefix ".p",                                               \
		    "agreeing: e^(sum l_t) of the check's answer; else "       \
		    "what it gives to the reply's where they part",            \
		    "probability"},                                            \
	[id##_LOGP] = {prefix ".logp", "sum l_t of the check's answer", "nat"}

static const struct row table[SIGNAL_N] = {
	TOKEN_STATS(SIGNAL_LOGPROB, "logprob"),
	TOKEN_STATS(SIGNAL_ANSWER, "answer"),
	[SIGNAL_RULES_HEDGE] = {"rules.hedge",
				"hedge phrases in the reply's text", "phrase"},
	CHECK(SIGNAL_CHECK, "check"),
	CHECK(SIGNAL_SELF_CHECK, "self_check"),
	[SIGNAL_JUDGE_SCORE] = {"judge.score", "the grade given, 0 to 10, / 10",
				"1"},
	[SIGNAL_SAMPLES_AGREE] = {"samples.agree",
				  "samples that give the reply's answer / "
				  "samples asked for",
				  "1"},
	[SIGNAL_HTTP_SCORE] = {"http.score", "as the scorer gives it", "1"},
	[SIGNAL_PLUGIN_SCORE] = {"plugin.score", "as the plugin gives it", "1"},
	[SIGNAL_HEAD_CONFIDENCE] = {"head.confidence",
				    "of the fitted head, calibrated",
				    "probability"},
	[SIGNAL_HEAD_REGRET] = {"head.regret", "of the fitted head, calibrated",
				"probability"},
	[SIGNAL_WORDS] = {"words.*",
			  "words of question and reply, hashed (verify/words)",
			  "1"},
};

const char *signal_name(enum signal_id id)
{
	assert(id < SIGNAL_N);
	return table[id].name;
}

const char *signal_formula(enum signal_id id)
{
	assert(id < SIGNAL_N);
	return table[id].formula;
}

const char *signal_unit(enum signal_id id)
{
	assert(id < SIGNAL_N);
	return table[id].unit;
}

const char *signal_find(struct span name)
{
	for (enum signal_id id = 0; id < SIGNAL_N; id++)
		if (span_is(name, table[id].name))
			return table[id].name;
	return NULL;
}

struct span signal_verifier(const char *name)
{
	struct span word = {name, strcspn(name, ".")};

	return span_is(word, "answer") ? span_of("logprob") : word;
}

bool signal_is_foreign(struct span name)
{
	return name.n > 2 && name.p[0] == 'x' && name.p[1] == '.';
}
