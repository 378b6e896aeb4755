/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds on what may take time, longer by FRUGALD_TIMEOUT_SCALE where
 * sanitizers are at work. They tell a hang or a quadratic walk from none, never
 * fast from slow.
 */
#ifndef UNIT_PATIENCE_H
#define UNIT_PATIENCE_H

#include <stdlib.h>
#include <unistd.h>

static inline unsigned patience_scale(void)
{
	const char *scale = getenv("FRUGALD_TIMEOUT_SCALE");
	int by = scale ? atoi(scale) : 1;

	return by > 0 ? (unsigned)by : 1u;
}

/* From now on; 0: no bound. Past it the test program is ended by SIGALRM. */
static inline void give_up_after(unsigned seconds)
{
	alarm(seconds * patience_scale());
}

#endif
