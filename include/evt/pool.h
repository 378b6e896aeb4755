/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that may wait, on threads of their own, reported on the loop that
 * asked.
 *
 * Nobody can end a function that does not return. So whoever has waited long
 * enough drops the job: it then never hears of it, what the function uses
 * lives on until it returns, and should it never do so, one thread is lost.
 *
 * A pool may be used by several loops. Its threads start when they are needed,
 * with all signals blocked.
 */
#ifndef EVT_POOL_H
#define EVT_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "evt/loop.h"

struct pool;
struct pool_job;

/* At most so many threads, and jobs that wait for one. */
struct pool *pool_new(size_t threads, size_t waiting);
/* When every job was dropped, those at work included; waits for none of them.
 * NULL is fine. */
void pool_free(struct pool *p);

struct pool_ops {
	/* On a thread of the pool. */
	void (*work)(void *task);
	/* On the loop, on a later turn, when work has returned; not after
	 * pool_drop(). */
	void (*done)(void *owner);
	/* The task is not needed any more. On any thread, never while work
	 * has it. */
	void (*release)(void *task);
};

/* Takes task. NULL: too many wait, or there is no thread to be had; task is
 * then still yours. */
struct pool_job *pool_submit(struct pool *p, struct loop *l,
			     const struct pool_ops *ops, void *task,
			     void *owner);
/* On its loop's thread, once; in done or before it. A job that waits is never
 * begun. NULL is fine. */
void pool_drop(struct pool_job *j);

/* For the end of the process: waits until no thread of any pool is left, each
 * of which was freed, at most so long. How many are left. */
size_t pool_settle(int64_t most_us);

#endif
