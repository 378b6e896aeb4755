/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prose in pieces: sentences, words, what stands around them. Pure.
 *
 * All that is given back points into what was given. Words are compared in
 * ASCII lower case; they end where no ASCII letter or digit follows.
 */
#ifndef VERIFY_PROSE_H
#define VERIFY_PROSE_H

#include <stdbool.h>

#include "base/span.h"

/* White space (ASCII) taken off both ends. */
struct span prose_trim(struct span s);

/* The same with quotes, brackets, emphasis and punctuation. What belongs to a
 * number stays: "-5", "$5", ".5", "5%"; so does a closing bracket whose opening
 * one is inside. */
struct span prose_strip(struct span s);

/* The next sentence of *rest, trimmed, which then is what follows it. A
 * sentence ends at a line's end, at . ! ? (with closing quotes or emphasis)
 * before white space, at their full-width forms. It does not end behind a
 * number or a single letter that begins it ("1. ", "B. "), behind an initial or
 * a title ("George W. Bush", "St. Lucia"). Sentences that prose_strip() leaves
 * nothing of are passed over. False at the end. */
bool prose_sentence(struct span *rest, struct span *out);

/* Does s begin with these words? They are in lower case. */
bool prose_begins_all(struct span s, const char *words);

/* The same; the first byte, which tells most apart, is looked at here. */
static inline bool prose_begins(struct span s, const char *words)
{
	char c = s.n ? s.p[0] : '\0';

	if (c >= 'A' && c <= 'Z')
		c = (char)(c + 0x20);
	return c == words[0] && prose_begins_all(s, words);
}

/* What is left behind them, trimmed; s itself when it does not begin so. */
struct span prose_after(struct span s, const char *words);

/* Where the words stand in s for the last time, as whole words: the offset;
 * -1: nowhere. */
long prose_last(struct span s, const char *words);
/* For the first time. */
long prose_first(struct span s, const char *words);

#endif
