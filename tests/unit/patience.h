/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bound on what a test may take, wide enough for any machine and sanitizer:
 * it tells a hang or a quadratic walk from none, never fast from slow.
 */
#ifndef UNIT_PATIENCE_H
#define UNIT_PATIENCE_H

#include <stdlib.h>
#include <unistd.h>

/* From now on; 0: no bound. Past it the test program is ended by SIGALRM. */
static inline void give_up_after(unsigned seconds)
{
	const char *scale = getenv("FRUGALD_TIMEOUT_SCALE");
	int by = scale ? atoi(scale) : 1;

	alarm(seconds * (by > 0 ? (unsigned)by : 1u));
}

#endif
