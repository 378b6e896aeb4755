/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as it looks, for finding words in it that somebody hides. Pure, linear.
 *
 * Lower case; letters of any accent, width, frame or mathematical alphabet,
 * superscripts, and the Greek and Cyrillic ones that look like Latin ones, are
 * that ASCII letter, wherever they stand; likewise quotes, dashes, brackets,
 * bars, colons, dots and spaces. What shows nothing (zero-width and direction
 * marks, combining marks, variation selectors) is gone, and the tags of
 * U+E0020 and up are the ASCII they stand for. Backslashes are gone and their
 * \uXXXX, \n, \r, \t taken as meant, however often they were escaped; so are
 * &lt; &gt; &amp; &quot; &apos; and &#N;. All other letters stay.
 */
#ifndef VERIFY_FOLD_H
#define VERIFY_FOLD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* Appends text folded, which is never longer than text. Bytes that are no UTF-8
 * are spaces. 0, or -1 when out is full. */
int fold_text(struct span text, struct buf *out);

/* A letter, a digit, or a byte of what stayed beyond ASCII. */
static inline bool fold_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (unsigned char)c >= 0x80;
}

/* How much of the folded text is the phrase, which it begins with: 0 when it
 * does not. phrase is plain text, and folded as it is compared; a space in it
 * is any run of bytes that are no words, an apostrophe in the text is nothing.
 * The last word may go on. */
size_t fold_begins(struct span folded, struct span phrase);

/* The folded byte that texts begin with that fold_begins() may find. phrase is
 * not empty. */
char fold_first(struct span phrase);

#endif
