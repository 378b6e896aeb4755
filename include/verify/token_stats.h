/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics of a reply's tokens, over any stretch of them: each token is
 * looked at once, however many stretches there are. Pure.
 */
#ifndef VERIFY_TOKEN_STATS_H
#define VERIFY_TOKEN_STATS_H

#include "base/mem.h"
#include "chat/chat.h"
#include "verify/signal.h"
#include "verify/verdict.h"

/* Of the tokens from the `from`th on, one value each. */
struct token_stats {
	size_t from, n;
	double *logprob; /* none below TOKENS_FLOOR */
	/* Of the alternatives, the first 20; NaN where they are absurd or fewer
	 * than two. */
	double *entropy, *margin;
	double *sorted; /* room for one stretch */
};

/* Reads the tokens [from, to) into the arena. */
void token_stats_read(struct token_stats *s, const struct chat_tokens *t,
		      size_t from, size_t to, struct arena *a);

/* Writes the SIGNAL_TOKEN_STATS signals of a group (SIGNAL_LOGPROB or
 * SIGNAL_ANSWER) over the tokens [from, to), which are among those read, and
 * at least one. Entropies and margins that are NaN are left out; where all are,
 * so is the signal. */
void token_stats_write(const struct token_stats *s, size_t from, size_t to,
		       enum signal_id group, struct signal *out);

#endif
