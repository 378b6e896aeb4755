/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of a loop's deadlines.
 */
#include "evt/deadline.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "evt/loop_private.h"

#define HEAP_FIRST 64u

static bool is_before(const struct due *a, const struct due *b)
{
	return a->at_us < b->at_us || (a->at_us == b->at_us && a->seq < b->seq);
}

static void put(struct deadlines *h, size_t slot, struct due e)
{
	h->heap[slot] = e;
	e.d->slot = slot;
}

/* Finds the place for e at or above the free slot. */
static void sift_up(struct deadlines *h, size_t slot, struct due e)
{
	size_t above;

	for (; slot > 0; slot = above) {
		above = (slot - 1) / 2;
		if (!is_before(&e, &h->heap[above]))
			break;
		put(h, slot, h->heap[above]);
	}
	put(h, slot, e);
}

/* The same at or below it. */
static void sift_down(struct deadlines *h, size_t slot, struct due e)
{
	size_t below;

	for (; (below = 2 * slot + 1) < h->n; slot = below) {
		if (below + 1 < h->n &&
		    is_before(&h->heap[below + 1], &h->heap[below]))
			below++;
		if (!is_before(&h->heap[below], &e))
			break;
		put(h, slot, h->heap[below]);
	}
	put(h, slot, e);
}

static void place(struct deadlines *h, size_t slot, struct due e)
{
	if (slot > 0 && is_before(&e, &h->heap[(slot - 1) / 2]))
		sift_up(h, slot, e);
	else
		sift_down(h, slot, e);
}

static size_t grow(struct deadlines *h)
{
	if (h->n == h->room) {
		h->room = h->room ? 2 * h->room : HEAP_FIRST;
		h->heap = mem_resize(h->heap, h->room, sizeof(*h->heap));
	}
	return h->n++;
}

void deadline_set(struct deadline *d, struct loop *l, int64_t at_us,
		  loop_fn *fn, void *arg)
{
	struct deadlines *h = loop_deadlines(l);
	int64_t now_us = loop_now_us(l);
	struct due e = {at_us > now_us ? at_us : now_us, ++h->seq, d};

	assert(!d->loop || d->loop == l);
	d->at_us = at_us;
	d->fn = fn;
	d->arg = arg;
	if (d->loop) {
		place(h, d->slot, e);
	} else {
		d->loop = l;
		sift_up(h, grow(h), e);
	}
}

void deadline_clear(struct deadline *d)
{
	struct deadlines *h;

	if (!d->loop)
		return;
	h = loop_deadlines(d->loop);
	assert(d->slot < h->n && h->heap[d->slot].d == d);
	d->loop = NULL;
	h->n--;
	if (d->slot < h->n)
		place(h, d->slot, h->heap[h->n]);
}

void deadlines_release(struct deadlines *h)
{
	free(h->heap);
	*h = (struct deadlines){0};
}

int64_t deadlines_next_us(const struct deadlines *h)
{
	return h->n ? h->heap[0].at_us : INT64_MAX;
}

void deadlines_run(struct deadlines *h, int64_t now_us, uint64_t upto)
{
	struct deadline *d;

	/* What was set on this turn has a later time or a later seq, so the
	 * first one of it at the top ends the walk. */
	while (h->n && h->heap[0].at_us <= now_us && h->heap[0].seq <= upto) {
		d = h->heap[0].d;
		deadline_clear(d);
		d->fn(d->arg);
	}
}
