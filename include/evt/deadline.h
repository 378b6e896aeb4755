/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call me at this time, once. The struct is embedded in whatever waits; a
 * zeroed one is unset. A deadline may be set, moved and cleared at any time on
 * its loop's thread, its own callback included.
 */
#ifndef EVT_DEADLINE_H
#define EVT_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evt/loop.h"

struct deadline {
	struct loop *loop; /* NULL when unset */
	int64_t at_us;	   /* monotonic */
	size_t slot;	   /* place in the loop's heap */
	loop_fn *fn;
	void *arg;
};

/* at_us in the past: on the next turn. Moves it when it is already set. */
void deadline_set(struct deadline *d, struct loop *l, int64_t at_us,
		  loop_fn *fn, void *arg);
void deadline_clear(struct deadline *d);

static inline bool deadline_is_set(const struct deadline *d)
{
	return d->loop != NULL;
}

#endif
