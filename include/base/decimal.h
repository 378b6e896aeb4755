/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal numbers to the nearest double, quickly where their digits fit into
 * 64 bits. Pure.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* So many digits always fit. */
#define DECIMAL_DIGITS 19

/* digits * 10^exponent; digits holds if there are at most DECIMAL_DIGITS. */
struct decimal {
	uint64_t digits;
	int64_t exponent;
	size_t n_digits; /* zeros in front not counted */
	bool negative;
};

/* What strtod() makes of text, a JSON number that was taken apart as n. (More
 * than 500 bytes of text: what it makes of the first 19 digits.) */
double decimal_double(const struct decimal *n, struct span text);

#endif
