/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that belong to somebody else. Not NUL-terminated, may hold NULs.
 * A span of no bytes may have p == NULL. Valid as long as its owner says.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *p;
	size_t n;
};

static inline struct span span_of(const char *cstr)
{
	return (struct span){ cstr, cstr ? strlen(cstr) : 0 };
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_is(struct span a, const char *cstr)
{
	return span_eq(a, span_of(cstr));
}

#endif
