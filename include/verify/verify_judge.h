/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model is shown conversation and reply, and gives the reply a grade from 0
 * to 10 (chat/chat_judge, verify/verify_judge_read). The score, and
 * judge.score, is a tenth of it.
 *
 * A reply with nothing to grade scores 0 without asking; one that speaks to its
 * judge, or is too long for the look at it, is not shown: a fault, "suspect" or
 * "long" (verify/suspect).
 */
#ifndef VERIFY_VERIFY_JUDGE_H
#define VERIFY_VERIFY_JUDGE_H

#include "verify/verifier.h"

const struct verifier *verify_judge(void);

#endif
