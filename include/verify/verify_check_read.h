/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reply to a check's question says of the reply that is checked; a
 * self_check's likewise, by names of its own. Pure.
 *
 * Blind: check.agree is 1 when both give the same answer, 0 when not, missing
 * when they cannot be compared. check.logp is the sum of the log-probs of the
 * tokens of the check's final answer. check.p, the probability that the check
 * gives our answer, is e^logp when they agree; else the probability of the way
 * to ours as far as the alternatives show it: of the tokens both have in common
 * and of the longest alternative that begins what is left of ours, where they
 * part. Missing when no alternative does.
 *
 * Verdict: check.p is P(yes) / (P(yes) + P(no)) among the alternatives of the
 * first token, all spellings of each word together; check.agree is 1 for yes
 * and 0 for no in the text; check.logp is the first token's.
 *
 * Log-probs that are absent, fake, misaligned or no probabilities leave check.p
 * and check.logp missing; the text still counts. The score is check.p, else
 * check.agree.
 */
#ifndef VERIFY_VERIFY_CHECK_READ_H
#define VERIFY_VERIFY_CHECK_READ_H

#include "base/mem.h"
#include "chat/chat.h"
#include "chat/chat_check.h"
#include "verify/comparator.h"
#include "verify/signal.h"
#include "verify/verdict.h"

struct verify_check_asked {
	enum chat_check_mode mode;
	enum comparator compare;
	/* SIGNAL_CHECK_AGREE or SIGNAL_SELF_CHECK_AGREE: the first of the three
	 * signals. */
	enum signal_id signals;
};

/* ours: the choice that is checked. Fills kind, lack, why, score and the three
 * signals, which are a's. An empty reply is a fault ("empty"); one that cannot
 * be compared and has no check.p is no signal ("unknown"). */
void verify_check_read(const struct verify_check_asked *asked,
		       const struct chat_choice *ours,
		       const struct chat_reply *check, struct arena *a,
		       struct verdict *v);

#endif
