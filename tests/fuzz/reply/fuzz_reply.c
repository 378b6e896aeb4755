/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reply cut anywhere is what it is in one piece: the same body, the same
 * fields, the same bytes left, or the same fault. The first byte of the input
 * chooses the cut.
 */
#include <stdint.h>
#include <stdlib.h>

#include "net/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct seen {
	struct reply r;
	struct buf body;
	size_t taken;
	int rc;
	struct err err;
};

/* Each piece in memory of its own, so that reading past it is seen. */
static void feed(struct seen *s, struct span piece)
{
	char *copy = malloc(piece.n);
	struct span in = {copy, piece.n};
	struct span bytes;

	if (!copy)
		abort();
	memcpy(copy, piece.p, piece.n);
	while (s->rc == 0 && in.n && !reply_is_whole(&s->r)) {
		s->rc = reply_take(&s->r, &in, &bytes, &s->err);
		if (s->rc == 0)
			buf_add_span(&s->body, bytes);
	}
	s->taken += piece.n - in.n;
	free(copy);
}

static void read_in_steps(struct seen *s, struct span text, size_t step)
{
	size_t n;

	*s = (struct seen){0};
	while (text.n && s->rc == 0) {
		n = step < text.n ? step : text.n;
		feed(s, (struct span){text.p, n});
		text = (struct span){text.p + n, text.n - n};
	}
	if (s->rc == 0)
		s->rc = reply_close(&s->r, &s->err);
}

static void release(struct seen *s)
{
	reply_release(&s->r);
	buf_release(&s->body);
}

static void check(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span text = {(const char *)p + 1, n - 1};
	struct seen a, b;

	if (n < 2)
		return 0;
	read_in_steps(&a, text, text.n);
	read_in_steps(&b, text, (size_t)p[0] + 1);
	check(a.rc == b.rc);
	check(span_eq(span_of(a.err.text), span_of(b.err.text)));
	check(span_eq(buf_span(&a.body), buf_span(&b.body)));
	if (a.rc == 0) {
		check(a.taken == b.taken);
		check(a.r.head.keeps == b.r.head.keeps);
		check(span_eq(buf_span(&a.r.fields), buf_span(&b.r.fields)));
		check(a.body.n <= a.taken);
	} else {
		check(a.err.kind == ERR_UPSTREAM);
	}
	release(&a);
	release(&b);
	return 0;
}
