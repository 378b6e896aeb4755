/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scorer answered: a score, or a fault. Pure.
 *
 * A score is status 200 and one JSON object with a number `score` in [0, 1],
 * perhaps a string `reason`, and nothing else. Whatever is not quite that is a
 * fault, for a scorer that says something unforeseen is not understood.
 */
#ifndef VERIFY_VERIFY_HTTP_READ_H
#define VERIFY_VERIFY_HTTP_READ_H

#include "base/span.h"

struct verify_http_said {
	double score;
	struct span reason; /* raw text of a JSON string; n 0: none */
	/* NULL: sound. Else a word, "status", "garbage" or "range", and what it
	 * means here, for people; both static. */
	const char *fault, *detail;
};

/* out borrows of body. */
void verify_http_read(int status, struct span body,
		      struct verify_http_said *out);

#endif
