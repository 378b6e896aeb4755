/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two texts, parted by the first NUL: no comparator but regex minds which comes
 * first, and none finds a text different from itself.
 */
#include <stdint.h>
#include <stdlib.h>

#include "verify/comparator.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *nul = n ? memchr(p, '\0', n) : NULL;
	size_t k = nul ? (size_t)(nul - p) : n;
	struct span a = {(const char *)p, k};
	struct span b = {(const char *)p + k + (nul != NULL),
			 n - k - (nul != NULL)};

	for (enum comparator c = 0; c < COMPARATOR_N; c++) {
		enum sameness same = comparator_same(c, a, b);

		if (c == COMPARATOR_REGEX)
			continue;
		check(same == comparator_same(c, b, a));
		check(comparator_same(c, a, a) != SAMENESS_DIFFERENT);
	}
	return 0;
}
