/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a scorer answers: a score is a share, and comes of nothing but an
 * object with that number in it; all else is a fault with its words.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify_http_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

/* By another reader of JSON, one that refuses doubled members too. */
static void check_score(const char *bytes, size_t n, double score)
{
	json_t *o = json_loadb(bytes, n,
			       JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	json_t *found = json_object_get(o, "score");

	/* It knows no whole numbers beyond 64 bits, and no lone surrogates. */
	if (o) {
		check(json_is_number(found));
		check(json_number_value(found) == score);
		check(json_object_size(o) ==
		      1 + (size_t)(json_object_get(o, "reason") != NULL));
	}
	json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct verify_http_said said;
	char *bytes = malloc(n + !n);

	memcpy(bytes, p, n);
	verify_http_read(200, (struct span){bytes, n}, &said);
	check(!said.fault == !said.detail);
	check(said.score >= 0 && said.score <= 1);
	if (said.fault)
		check(said.score == 0 && said.reason.n == 0);
	else
		check_score(bytes, n, said.score);
	check(said.reason.n == 0 || (said.reason.p >= bytes &&
				     said.reason.p + said.reason.n <=
					     bytes + n));
	free(bytes);
	return 0;
}
