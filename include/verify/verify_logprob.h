/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token statistics of a reply's log-probs (verify/signal: logprob.* over the
 * tokens that spell its text, answer.* over those that touch its final answer,
 * in this order; always both). The score is e^min over one of them, as `span`
 * says; it is no probability of truth. Of several choices the first is judged.
 *
 * Log-probs are judged by this reply alone: absent, fake (from three tokens on
 * all exactly 0.0, as speculative decoding reports) or misaligned (what the
 * tokens spell does not contain the content) ones are no signal. Pure.
 */
#ifndef VERIFY_VERIFY_LOGPROB_H
#define VERIFY_VERIFY_LOGPROB_H

#include "verify/verifier.h"

const struct verifier *verify_logprob(void);

/* Exposed for tests, the benchmark and scoring offline. opts: of
 * verify_logprob()->conf. */
verify_judge_fn verify_logprob_judge;

/* The tokens [*from, *to) that spell the content of choice c; a reply of tool
 * calls: all of them. NULL when the log-probs can be used, else why not:
 * "absent", "fake", "misaligned", "broken". */
const char *verify_logprob_align(const struct chat_choice *c, size_t *from,
				 size_t *to);

#endif
