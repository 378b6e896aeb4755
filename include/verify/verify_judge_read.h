/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a judge answers to the questions of chat/chat_judge. Pure.
 *
 * It is one choice that ended by itself, whose text is one JSON object, white
 * space around it or none, with just the two members that were asked for, each
 * once: this question's nonce, and the value. The value is taken from there and
 * nowhere else. All other answers are faults:
 *
 *	choices	 none, or several
 *	finish	 it did not end with "stop"
 *	garbage	 not such an object, or more than its text (a refusal, calls)
 *	nonce	 another question's, or none of ours
 *	range	 the value is none that can be given
 */
#ifndef VERIFY_VERIFY_JUDGE_READ_H
#define VERIFY_VERIFY_JUDGE_READ_H

#include <stdbool.h>

#include "chat/chat.h"

#define VERIFY_JUDGE_TOP 10

/* An integer from 0 to VERIFY_JUDGE_TOP, written as one: 7.0 and "7" are out of
 * range. Both give NULL, or the fault's word, static, and then no value. */
const char *verify_judge_read_grade(const struct chat_reply *answer,
				    const char *nonce, int *grade);
const char *verify_judge_read_same(const struct chat_reply *answer,
				   const char *nonce, bool *same);

#endif
