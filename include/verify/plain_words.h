/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as its words alone, for comparing. Pure.
 */
#ifndef VERIFY_PLAIN_WORDS_H
#define VERIFY_PLAIN_WORDS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* Appends the words of text, each with a space before it, and one at the end:
 * " capital france paris ". Nothing at all when there is no word.
 *
 * Lower case (Latin, Greek, Cyrillic); accents of Latin letters are dropped;
 * apostrophes join ("don't" is "dont"); + and # behind a letter stay ("c++").
 * A dot between digits stays, a comma before three digits is dropped, a minus
 * before a digit that begins a word stays. All else that is no letter or digit
 * ends a word; a byte that is no UTF-8 counts as such. a, an, the, and are left
 * out, unless no other word is there. 0, or -1 when out is full. */
int plain_words(struct span text, struct buf *out);

/* Do the words of part stand in whole, one after the other? Both as
 * plain_words() writes them. open_end: the last one may be cut. */
bool plain_words_in(struct span part, struct span whole, bool open_end);

#endif
