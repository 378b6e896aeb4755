/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do two replies give the same answer? Pure.
 *
 * exact    the same bytes, but for white space around them
 * text     the same words: case, white space, punctuation, quotes, accents of
 *          Latin letters, articles and "and" do not count; numbers count whole
 *          ("3" is not in "3.14", "1,000" is "1000")
 * contains the words of the shorter one stand in the longer one, as whole
 *          words, one after the other
 * number   the same number, to a millionth of it (verify/number), of the final
 *          answers (verify/final_answer)
 * choice   the same letter, of the final answers
 * regex    b is a pattern (PCRE2, case does not matter, Unicode) that is found
 *          in a; the only one that is not symmetric
 * json     the same JSON value, of the final answers: order of members, white
 *          space, escapes and spelling of numbers do not count
 * auto     of the final answers: json when both are JSON; choice when one is a
 *          letter; number when both are numbers, or when one reply is nothing
 *          but a number; else contains. What stands for an answer in `contains`
 *          are its words on the one side, and on the other the sentence it
 *          stands in, or, unless the reply names its answer itself, its first
 *          sentence. JSON that was cut is compared as text as far as it goes.
 *
 * exact, text, contains and regex look at all of the text.
 */
#ifndef VERIFY_COMPARATOR_H
#define VERIFY_COMPARATOR_H

#include "base/span.h"

/* For rows of keys: in the order of the enum. */
#define COMPARATOR_WORDS "exact,text,contains,number,choice,regex,json,auto"

enum comparator {
	COMPARATOR_EXACT,
	COMPARATOR_TEXT,
	COMPARATOR_CONTAINS,
	COMPARATOR_NUMBER,
	COMPARATOR_CHOICE,
	COMPARATOR_REGEX,
	COMPARATOR_JSON,
	COMPARATOR_AUTO,
	COMPARATOR_N, /* none of them */
};

/* UNKNOWN: there is nothing to compare (an empty text, no number, no letter, no
 * JSON, a pattern that does not compile or takes too long, texts too large).
 * It is never agreement. */
enum sameness { SAMENESS_UNKNOWN, SAMENESS_DIFFERENT, SAMENESS_SAME };

/* COMPARATOR_N when there is none of that name. */
enum comparator comparator_find(const char *name);
const char *comparator_name(enum comparator c);

enum sameness comparator_same(enum comparator c, struct span a, struct span b);

#endif
