/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readiness, deferred calls and deadlines of one thread, on epoll.
 *
 * Everything of a loop is called on the thread that runs it, except
 * loop_post(). A turn: wait, readiness callbacks, passed deadlines, deferred
 * calls until none is left, then the before-wait hooks. Calls that go on
 * deferring calls are cut off after 64 rounds and come again on the next turn,
 * which does not wait.
 */
#ifndef EVT_LOOP_H
#define EVT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct watch;

typedef void loop_fn(void *arg);

struct loop *loop_new(struct err *err);
/* Only when it does not run, its watches are freed and its deadlines cleared;
 * pending deferred calls are dropped. NULL is fine. */
void loop_free(struct loop *l);

/* Runs until loop_stop(), and finishes the turn that called it. */
void loop_run(struct loop *l);
/* Runs one turn, waiting at most wait_ms (-1: as long as it takes). */
void loop_turn(struct loop *l, int wait_ms);
void loop_stop(struct loop *l);

/* The time at the beginning of this turn (monotonic). */
int64_t loop_now_us(const struct loop *l);

/* Calls fn(arg) on this turn, after what is running now has returned, or on
 * the next one. First in, first out. */
void loop_defer(struct loop *l, loop_fn *fn, void *arg);
/* Drops every deferred or posted fn(arg) that has not run. Walks the queues. */
void loop_undefer(struct loop *l, loop_fn *fn, void *arg);

/* The same from any other thread; takes a lock and wakes the loop. */
void loop_post(struct loop *l, loop_fn *fn, void *arg);

/* Calls fn(arg) each time before the loop waits; true: do not wait, come
 * again (there is more to do). At most 8 hooks. */
typedef bool loop_idle_fn(void *arg);
void loop_before_wait(struct loop *l, loop_idle_fn *fn, void *arg);

/* EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLET ... ; the fd stays yours. A freed
 * watch is never called again, not even on this turn. NULL and *err when the
 * system refuses. */
typedef void watch_fn(void *arg, uint32_t events);
struct watch *watch_new(struct loop *l, int fd, uint32_t events, watch_fn *fn,
			void *arg, struct err *err);
int watch_set(struct watch *w, uint32_t events, struct err *err);
void watch_free(struct watch *w); /* NULL is fine; call it before close(fd) */

#endif
