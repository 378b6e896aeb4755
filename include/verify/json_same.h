/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are two JSON texts the same value? Pure.
 *
 * The order of members, white space, escapes and the spelling of numbers do not
 * count: 1, 1.0 and 1e0 are the same; numbers that are not both integers may
 * differ by a millionth. Of duplicate members the last one counts.
 */
#ifndef VERIFY_JSON_SAME_H
#define VERIFY_JSON_SAME_H

#include <stdbool.h>

#include "base/span.h"

/* The longest text that is read: a tree takes some fifty times as much. */
#define JSON_SAME_MOST (256 * 1024)

/* 0 and *same; -1 when one of them is no JSON value, too long, deeper than
 * 2048, or has a name with a NUL in it. */
int json_same(struct span a, struct span b, bool *same);

#endif
