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
 * auto     of the final answers: json when both are JSON; choice when both are
 *          letters; number when both are numbers, or when one reply is nothing
 *          but a number (the other, if it has none, then differs); else
 *          contains. A reply that does not name its answer in so many words may
 *          also give it in its first sentence. The words of a reply that is
 *          nothing but its answer may stand anywhere in these sentences; else
 *          answers are held against answers, for sentences repeat the
 *          question. JSON that was cut is compared as text, as far as it goes.
 * judge    a model is asked (verify/verify_same), which is not done here: what
 *          can be told without is told as by auto
 *
 * exact, text, contains and regex look at all of the text.
 */
#ifndef VERIFY_COMPARATOR_H
#define VERIFY_COMPARATOR_H

#include "base/span.h"
#include "conf/conf.h"

/* In the order of the enum, so conf's number of a word is the comparator. */
#define COMPARATOR_WORDS CONF_COMPARE_WORDS ",regex"

enum comparator {
	COMPARATOR_AUTO,
	COMPARATOR_JSON,
	COMPARATOR_CHOICE,
	COMPARATOR_NUMBER,
	COMPARATOR_CONTAINS,
	COMPARATOR_TEXT,
	COMPARATOR_EXACT,
	COMPARATOR_JUDGE,
	COMPARATOR_REGEX,
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
