/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event stream cut anywhere gives the events of the whole one. The first
 * two bytes of the input choose the cut and the bound.
 */
#include <stdint.h>
#include <stdlib.h>

#include "net/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int note(void *arg, struct span data)
{
	struct buf *seen = arg;

	buf_addf(seen, "<%zu:", data.n);
	buf_add_span(seen, data);
	/* It stops now and then, as readers do. */
	return data.n == 3 && data.p[0] == '!' ? 1 : 0;
}

/* Each piece in memory of its own, so that reading past it is seen. */
static int feed(struct sse_in *in, struct span bytes, struct buf *seen)
{
	char *copy = malloc(bytes.n ? bytes.n : 1);
	int rc;

	if (!copy)
		abort();
	if (bytes.n)
		memcpy(copy, bytes.p, bytes.n);
	rc = sse_in_feed(in, (struct span){copy, bytes.n}, note, seen);
	free(copy);
	return rc;
}

static int feed_in_steps(struct sse_in *in, struct span bytes, size_t step,
			 struct buf *seen)
{
	size_t n;
	int rc = 0;

	while (bytes.n && rc == 0) {
		n = step < bytes.n ? step : bytes.n;
		rc = feed(in, (struct span){bytes.p, n}, seen);
		bytes = (struct span){bytes.p + n, bytes.n - n};
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span text = {(const char *)p + 2, n - 2};
	struct buf whole, cut;
	struct sse_in a, b;
	int rc_a, rc_b;

	if (n < 2)
		return 0;
	buf_init(&whole, 0);
	buf_init(&cut, 0);
	sse_in_init(&a, p[1]);
	sse_in_init(&b, p[1]);
	rc_a = feed(&a, text, &whole);
	rc_b = feed_in_steps(&b, text, (size_t)p[0] + 1, &cut);
	if (rc_a != rc_b || !span_eq(buf_span(&whole), buf_span(&cut)))
		abort();
	sse_in_release(&a);
	sse_in_release(&b);
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
