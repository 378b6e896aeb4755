/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever stream is gathered, what is written of it is a reply that can be
 * read, and says what the chunks said; or nothing is written. The first byte
 * of the input chooses the cap.
 */
#include <stdint.h>
#include <stdlib.h>

#include "chat/gather.h"
#include "net/sse.h"

#define DEPTH 64

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

static int take(void *arg, struct span data)
{
	struct gather *g = arg;
	struct arena *a = arena_new();
	struct chat_fault why;
	struct chat_chunk c;

	if (chat_chunk_read(&c, data, DEPTH, a, &why) == 0)
		gather_chunk(g, &c);
	arena_free(a);
	return 0;
}

static void expect_readable(const struct gather *g)
{
	struct arena *a = arena_new();
	const struct gather_choice *c = g->choices;
	struct chat_fault why;
	struct chat_reply r;
	struct buf out;

	buf_init(&out, 0);
	check(gather_write(g, &out) == 0);
	check(chat_reply_read(&r, buf_span(&out), DEPTH, true, a, &why) == 0);
	check(span_is(r.object, "chat.completion") && r.error.n == 0);
	check(r.n_choices == g->n_choices);
	for (size_t i = 0; i < r.n_choices; i++, c = c->next) {
		check(r.choices[i].index == c->index);
		check((r.choices[i].tool_calls.n > 0) == (c->calls != NULL));
	}
	check(r.usage.there == (g->usage.n > 0));
	buf_release(&out);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct gather g;
	struct sse_in in;

	if (n < 1)
		return 0;
	gather_init(&g, (size_t)p[0] << (p[0] & 7));
	sse_in_init(&in, 1 << 16);
	sse_in_feed(&in, (struct span){(const char *)p + 1, n - 1}, take, &g);
	check(g.held <= g.cap || g.failed);
	if (!g.failed && g.choices)
		expect_readable(&g);
	sse_in_release(&in);
	gather_release(&g);
	return 0;
}
