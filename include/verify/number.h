/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as people and models write them. Pure.
 *
 * A sign (-, +, U+2212), a currency sign in front ($, the euro, the pound, the
 * yen), digits with commas before groups of three, decimals, an exponent, a
 * fraction "3/4", a percent sign behind. Currency and percent are units: they
 * do not change the value.
 *
 * No number is what only has digits: "H2O", "12:30", "1999-01-02", "1.2.3",
 * "2,47". Letters may follow at once ("5km", "21st").
 */
#ifndef VERIFY_NUMBER_H
#define VERIFY_NUMBER_H

#include <stdbool.h>

#include "base/span.h"

struct number {
	double value;
	struct span text; /* sign and units included */
};

/* Is there a number at the very beginning of text? */
bool number_at(struct span text, struct number *out);

/* The first number in *rest, which then is what follows it. False when there
 * is none. All calls for one text together are linear in its length. */
bool number_next(struct span *rest, struct number *out);

/* "zero" to "twenty", in any case, when it is all of text, but for one word
 * that may follow ("twelve apples"). out->text is the word. */
bool number_word(struct span text, struct number *out);

/* The same up to rounding: they differ by a millionth of the larger at most.
 */
bool number_same(double a, double b);

#endif
