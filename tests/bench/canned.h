/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replies the stub gives: chat completions made from one fixed text.
 *
 * The same call gives the same bytes on every machine. Log-probabilities are
 * well formed: the bytes of the tokens joined are the message's content, the
 * mass at each position is at most 1, and e^min is above 0.6.
 */
#ifndef BENCH_CANNED_H
#define BENCH_CANNED_H

#include <stddef.h>

struct canned {
	char *p; /* malloc()ed, the caller's */
	size_t n;
};

enum canned_style {
	/* Four significant digits, bytes on the chosen tokens only:
	 * 300 tokens are 73 KB. */
	CANNED_SHORT,
	/* Doubles printed in full, bytes everywhere, as vLLM writes them. */
	CANNED_FULL,
};

/* About 1.2 KB, no log-probabilities. */
struct canned canned_small(void);

/* So many tokens with five alternatives each. */
struct canned canned_tokens(int tokens, enum canned_style style);

#endif
