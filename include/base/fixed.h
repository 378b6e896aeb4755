/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed-point numbers as text: integers that stand for decimals, exact, and
 * several times faster than printf of a double. Pure.
 */
#ifndef BASE_FIXED_H
#define BASE_FIXED_H

#include <stddef.h>
#include <stdint.h>

#define FIXED_ROOM 32

/* v / 10^decimals, 0 <= decimals <= 18, with just so many digits behind the
 * point (none: no point). Returns out. */
const char *fixed_text(char out[FIXED_ROOM], int64_t v, int decimals);

/* The same without zeros at the end: "0.0000312", "12". */
const char *fixed_short(char out[FIXED_ROOM], int64_t v, int decimals);

#endif
