/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a reply fit to be shown to a judge? Pure, linear, the same each time.
 *
 * EMPTY: there is nothing to grade. Nothing but white space, punctuation and
 * words that open a solution ("Thought process:", "Solution:", "Let's solve
 * this problem step by step.", and the like in other languages), which earn
 * grades that nothing stands behind ("One Token to Fool LLM-as-a-Judge", 2025).
 *
 * ADDRESSED: it speaks to whoever grades it, or looks as if it were more than
 * an answer. In the text as it looks (verify/fold), anywhere:
 *	members	  "score": and the like, quoted in any way, or the first of
 *		  braces; {"role": "system"
 *	tags	  <answer>, </answer ...>, <score>, <system>, <end_of_turn>, ...
 *	markers	  <|...|>, <<SYS>>, [INST], [system], ...
 *	lines	  that begin with "System:", "Assistant:", "Judge:", ..., or
 *		  give a grade: "Score: 10/10", "Verdict: correct"
 *	pleas	  verify/plea
 *
 * LONG: more than SUSPECT_BYTES, which is not looked at.
 *
 * Honest replies are among them: JSON that has a rating, a dialogue, a letter
 * to a judge. They are not judged, which costs an escalation.
 */
#ifndef VERIFY_SUSPECT_H
#define VERIFY_SUSPECT_H

#include "base/span.h"

#define SUSPECT_BYTES (64 * 1024)

enum suspicion {
	SUSPICION_NONE,
	SUSPICION_EMPTY,
	SUSPICION_ADDRESSED,
	SUSPICION_LONG,
};

/* reply: plain text, or the JSON of tool calls. */
enum suspicion suspect(struct span reply);

/* The static fault word of each: NULL, "empty", "suspect", "long". */
const char *suspect_word(enum suspicion s);

#endif
