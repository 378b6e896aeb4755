/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed-point numbers, digit by digit.
 */
#include "base/fixed.h"

#include <assert.h>
#include <string.h>

/* Written from the right; the last skip decimals are left out. */
static const char *write_digits(char *out, int64_t v, int decimals, int skip)
{
	char text[FIXED_ROOM], *p = text + sizeof(text);
	uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;

	*--p = '\0';
	for (int i = 0; i < decimals; i++, left /= 10)
		if (i >= skip)
			*--p = (char)('0' + left % 10);
	if (skip < decimals)
		*--p = '.';
	do {
		*--p = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (v < 0)
		*--p = '-';
	return memcpy(out, p, (size_t)(text + sizeof(text) - p));
}

const char *fixed_text(char out[FIXED_ROOM], int64_t v, int decimals)
{
	assert(decimals >= 0 && decimals <= 18);
	return write_digits(out, v, decimals, 0);
}

const char *fixed_short(char out[FIXED_ROOM], int64_t v, int decimals)
{
	int64_t rest = v;
	int skip = 0;

	assert(decimals >= 0 && decimals <= 18);
	while (skip < decimals && rest % 10 == 0) {
		rest /= 10;
		skip++;
	}
	return write_digits(out, v, decimals, skip);
}
