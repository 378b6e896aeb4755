/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the clocks, or what a test puts in place of the monotonic one.
 */
#include "base/now.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

static now_source_fn *_Atomic source;

static int64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		assert(!"the system has these clocks");
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t now_us(void)
{
	now_source_fn *fn = atomic_load_explicit(&source, memory_order_relaxed);

	return fn ? fn() : read_clock(CLOCK_MONOTONIC);
}

int64_t now_ms(void)
{
	return now_us() / 1000;
}

int64_t now_wall_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

void now_set_source(now_source_fn *us)
{
	atomic_store_explicit(&source, us, memory_order_relaxed);
}
