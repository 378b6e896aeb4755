/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of all signals that are computed here, in one table: formula and
 * unit of each. Pure.
 *
 * A name is VERIFIER.WHAT. Of each there is one string, signal_name(); whoever
 * makes a signal takes it from here, so readers may compare pointers.
 *
 * Notation: the tokens t = 1..n that count have log-probs l_t (natural
 * logarithm, of the chosen token; what is below TOKENS_FLOOR is taken as it)
 * and alternatives a_t1 >= a_t2 >= ... The signals `logprob.*` count the tokens
 * that spell the reply's text (of tool calls: all), `answer.*` those of them
 * that touch the final answer (verify/final_answer).
 */
#ifndef VERIFY_SIGNAL_H
#define VERIFY_SIGNAL_H

#include <stdbool.h>

#include "base/span.h"

/* In the order of the table. The two groups of token statistics have the same
 * order within: SIGNAL_ANSWER + (id - SIGNAL_LOGPROB). So have check and
 * self_check. */
enum signal_id {
	SIGNAL_LOGPROB,
	SIGNAL_LOGPROB_MIN = SIGNAL_LOGPROB,
	SIGNAL_LOGPROB_MEAN,
	SIGNAL_LOGPROB_SUM,
	SIGNAL_LOGPROB_Q10,
	SIGNAL_LOGPROB_Q25,
	SIGNAL_LOGPROB_MEDIAN,
	SIGNAL_LOGPROB_ENTROPY_MAX,
	SIGNAL_LOGPROB_ENTROPY_MEAN,
	SIGNAL_LOGPROB_MARGIN_MIN,
	SIGNAL_LOGPROB_MARGIN_MEAN,
	SIGNAL_LOGPROB_TOKENS,
	SIGNAL_ANSWER,
	SIGNAL_ANSWER_MIN = SIGNAL_ANSWER,
	SIGNAL_ANSWER_MEAN,
	SIGNAL_ANSWER_SUM,
	SIGNAL_ANSWER_Q10,
	SIGNAL_ANSWER_Q25,
	SIGNAL_ANSWER_MEDIAN,
	SIGNAL_ANSWER_ENTROPY_MAX,
	SIGNAL_ANSWER_ENTROPY_MEAN,
	SIGNAL_ANSWER_MARGIN_MIN,
	SIGNAL_ANSWER_MARGIN_MEAN,
	SIGNAL_ANSWER_TOKENS,
	SIGNAL_RULES_HEDGE,
	SIGNAL_CHECK_AGREE,
	SIGNAL_CHECK_P,
	SIGNAL_CHECK_LOGP,
	SIGNAL_SELF_CHECK_AGREE,
	SIGNAL_SELF_CHECK_P,
	SIGNAL_SELF_CHECK_LOGP,
	SIGNAL_JUDGE_SCORE,
	SIGNAL_SAMPLES_AGREE,
	SIGNAL_HTTP_SCORE,
	SIGNAL_PLUGIN_SCORE,
	SIGNAL_HEAD_CONFIDENCE,
	SIGNAL_HEAD_REGRET,
	SIGNAL_WORDS,
	SIGNAL_N
};

/* Of one group of token statistics. */
#define SIGNAL_TOKEN_STATS (SIGNAL_ANSWER - SIGNAL_LOGPROB)

/* "logprob.min"; static, the same pointer each time. */
const char *signal_name(enum signal_id id);
/* For people. */
const char *signal_formula(enum signal_id id);
const char *signal_unit(enum signal_id id); /* "nat", "token", ... */

/* The pointer that signal_name() gives for this name; NULL: none of ours. */
const char *signal_find(struct span name);

/* Of whose verdicts it is part: the word before the point, but answer.* are
 * logprob's. Borrowed. */
struct span signal_verifier(const char *name);

/* Does the name belong to whoever brought the record ("x.verbal")? Such a
 * signal is never computed here. */
bool signal_is_foreign(struct span name);

#endif
