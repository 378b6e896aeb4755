/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regular expression by PCRE2, with bounds on what a search may cost.
 *
 * Case does not matter ((?-i) in the pattern changes that), classes know
 * Unicode, bytes that are no UTF-8 match nothing. A compiled pattern never
 * changes, so threads may share it.
 */
#ifndef VERIFY_PATTERN_H
#define VERIFY_PATTERN_H

#include "base/err.h"
#include "base/mem.h"
#include "base/span.h"

/* The longest text that is searched. */
#define PATTERN_TEXT_MOST (64 * 1024)

struct pattern;

/* Lives in the arena. NULL and *err, which names the pattern and the place in
 * it, when it does not compile. */
struct pattern *pattern_new(struct span text, struct arena *a, struct err *err);

enum pattern_found {
	PATTERN_ABSENT,
	PATTERN_FOUND,
	PATTERN_FAULT, /* the text is too long, or it takes too many steps */
};

enum pattern_found pattern_find(const struct pattern *p, struct span text);

#endif
