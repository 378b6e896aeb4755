/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a reply written in another script than the question? Pure, and linear in
 * their length.
 *
 * The question's script is the one that more than half of its letters are of,
 * when it has four or more: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic,
 * Devanagari, Bengali, Tamil, Thai, Georgian, Hangul, or Han (with the kana). A
 * reply is in another one when it has 20 letters or more of such scripts
 * outside of ``` fences, and fewer than one in ten are of the question's.
 *
 * Two languages of one script look the same, and an answer to "put this into
 * Russian" differs as it should: a gate for routes that do not translate.
 */
#ifndef VERIFY_SCRIPT_H
#define VERIFY_SCRIPT_H

#include <stdbool.h>

#include "base/span.h"

bool script_differs(struct span question, struct span reply);

#endif
