/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a text ask its reader to obey it, or to grade it well? Pure, linear.
 *
 * By words that come one after the other, with few others between them:
 *	ignore ... previous ... instructions, in either order of the last two
 *	give ... this answer ... 10;  give ... highest ... grade
 *	rate ... this answer ... 10;  rate it 10;  deserves ... full ... marks
 *	output ... score ... 10;  copy ... nonce
 *	note ... to ... judge;	dear judge;  you ... are ... grader
 * in English and, as far as their words are listed, in German, French, Spanish,
 * Italian, Portuguese, Dutch, Polish, Czech, Swedish, Romanian, Indonesian;
 * and by whole phrases, in these and in Russian, Ukrainian, Bulgarian, Greek,
 * Turkish, Vietnamese, Hungarian, Finnish, Chinese, Japanese, Korean, Arabic,
 * Hebrew, Persian, Hindi, Bengali, Thai.
 *
 * It is a list: who knows it can write around it. Not found are, above all,
 * other languages, letters set apart ("i g n o r e") and figures for letters.
 */
#ifndef VERIFY_PLEA_H
#define VERIFY_PLEA_H

#include <stdbool.h>

#include "base/span.h"

/* text: as fold_text() writes it. */
bool plea_in(struct span text);

#endif
