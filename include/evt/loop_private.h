/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What loop.c and deadline.c share: the heap of a loop's deadlines. Nobody
 * else includes this.
 */
#ifndef EVT_LOOP_PRIVATE_H
#define EVT_LOOP_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "evt/deadline.h"

/* The key stands beside the pointer, so that sifting touches the heap only.
 * Equal times go in the order they were set. */
struct due {
	int64_t at_us; /* not before the turn it was set on */
	uint64_t seq;
	struct deadline *d; /* d->slot is the place of this */
};

/* A binary heap, earliest first. Zeroed: empty. */
struct deadlines {
	struct due *heap;
	size_t n;
	size_t room;
	uint64_t seq; /* of the one set last */
};

struct deadlines *loop_deadlines(struct loop *l);

/* Frees the heap, not what is in it. */
void deadlines_release(struct deadlines *h);

/* INT64_MAX when none is set. */
int64_t deadlines_next_us(const struct deadlines *h);

/* Calls those due at now_us that were set at seq upto or before: what is set
 * on a turn waits for the next one, however early it is due. */
void deadlines_run(struct deadlines *h, int64_t now_us, uint64_t upto);

#endif
