/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread's turn after turn: epoll, deadlines, deferred calls, hooks.
 */
#include "evt/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/now.h"
#include "evt/loop_private.h"

#define EVENTS_MOST 128 /* fetched in one turn */
#define HOOKS_MOST  8
#define PASSES_MOST 64 /* over the deferred calls, in one turn */
#define QUEUE_FIRST 64u

struct call {
	loop_fn *fn; /* NULL: dropped before its time came */
	void *arg;
};

/* First in, first out; room is a power of two. Zeroed: empty. */
struct queue {
	struct call *v;
	size_t room;
	size_t head; /* counts on; its place is head % room */
	size_t n;
};

struct hook {
	loop_idle_fn *fn;
	void *arg;
};

struct watch {
	struct loop *loop;
	int fd;
	uint32_t events;
	watch_fn *fn; /* NULL: freed while events of this turn are handled */
	void *arg;
	struct watch *next_freed;
};

struct loop {
	int epoll_fd;
	int64_t now_us;
	bool stop;
	bool again; /* a hook has more to do: do not wait */
	struct queue deferred;
	struct deadlines deadlines;
	struct hook hooks[HOOKS_MOST];
	size_t n_hooks;

	/* Events fetched but not handled may still point to a freed watch, so
	 * while they are handled such a watch waits here. */
	bool in_events;
	struct watch *freed;

	int wake_fd;
	struct watch *wake;
	pthread_mutex_t post_lock;
	struct queue posted; /* under post_lock */
};

static void queue_grow(struct queue *q)
{
	size_t room = q->room ? 2 * q->room : QUEUE_FIRST;
	struct call *v = mem_array(room, sizeof(*v));
	size_t i;

	for (i = 0; i < q->n; i++)
		v[i] = q->v[(q->head + i) & (q->room - 1)];
	free(q->v);
	q->v = v;
	q->room = room;
	q->head = 0;
}

static void queue_add(struct queue *q, struct call c)
{
	if (q->n == q->room)
		queue_grow(q);
	q->v[(q->head + q->n++) & (q->room - 1)] = c;
}

static struct call queue_next(struct queue *q)
{
	struct call c = q->v[q->head++ & (q->room - 1)];

	q->n--;
	return c;
}

static void queue_drop(struct queue *q, loop_fn *fn, const void *arg)
{
	struct call *c;
	size_t i;

	for (i = 0; i < q->n; i++) {
		c = &q->v[(q->head + i) & (q->room - 1)];
		if (c->fn == fn && c->arg == arg)
			c->fn = NULL;
	}
}

/* The descriptor is never read: each write is an edge of its own. */
static void take_posted(void *arg, uint32_t events)
{
	struct loop *l = arg;

	(void)events;
	pthread_mutex_lock(&l->post_lock);
	while (l->posted.n)
		queue_add(&l->deferred, queue_next(&l->posted));
	pthread_mutex_unlock(&l->post_lock);
}

struct loop *loop_new(struct err *err)
{
	struct loop *l = mem_new(sizeof(*l));

	pthread_mutex_init(&l->post_lock, NULL);
	l->now_us = now_us();
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->epoll_fd < 0 || l->wake_fd < 0) {
		err_set(err, ERR_SYS, "event loop: %s", strerror(errno));
		loop_free(l);
		return NULL;
	}
	l->wake = watch_new(l, l->wake_fd, EPOLLIN | EPOLLET, take_posted, l,
			    err);
	if (!l->wake) {
		loop_free(l);
		return NULL;
	}
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	watch_free(l->wake);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	deadlines_release(&l->deadlines);
	free(l->deferred.v);
	free(l->posted.v);
	pthread_mutex_destroy(&l->post_lock);
	free(l);
}

/* Rounded up: waking early would only mean to wait again. */
static int wait_ms_until(int64_t at_us, int most_ms)
{
	int64_t us = at_us - now_us();
	int64_t ms = us / 1000 + (us % 1000 > 0);

	if (us <= 0)
		return 0;
	if (most_ms < 0)
		most_ms = INT_MAX;
	return ms < most_ms ? (int)ms : most_ms;
}

static int wait_ms_now(const struct loop *l, int most_ms)
{
	int64_t at_us = deadlines_next_us(&l->deadlines);

	if (l->again || l->deferred.n)
		return 0;
	return at_us == INT64_MAX ? most_ms : wait_ms_until(at_us, most_ms);
}

static void free_watches(struct loop *l)
{
	struct watch *w;

	while ((w = l->freed)) {
		l->freed = w->next_freed;
		free(w);
	}
}

static void handle_events(struct loop *l, const struct epoll_event *ev, int n)
{
	struct watch *w;
	int i;

	assert(!l->in_events);
	l->in_events = true;
	for (i = 0; i < n; i++) {
		w = ev[i].data.ptr;
		if (w->fn)
			w->fn(w->arg, ev[i].events);
	}
	l->in_events = false;
	free_watches(l);
}

/* Calls that calls defer run as well, but not for ever: sockets must not
 * wait behind two calls that defer each other. */
static void run_deferred(struct loop *l)
{
	struct call c;
	size_t n;
	int pass;

	for (pass = 0; pass < PASSES_MOST && l->deferred.n; pass++) {
		for (n = l->deferred.n; n > 0; n--) {
			c = queue_next(&l->deferred);
			if (c.fn)
				c.fn(c.arg);
		}
	}
}

static bool run_hooks(const struct loop *l)
{
	bool again = false;
	size_t i;

	for (i = 0; i < l->n_hooks; i++)
		again |= l->hooks[i].fn(l->hooks[i].arg);
	return again;
}

void loop_turn(struct loop *l, int wait_ms)
{
	struct epoll_event ev[EVENTS_MOST];
	uint64_t upto;
	int n;

	n = epoll_wait(l->epoll_fd, ev, EVENTS_MOST, wait_ms_now(l, wait_ms));
	assert(n >= 0 || errno == EINTR);
	l->now_us = now_us();
	upto = l->deadlines.seq;
	handle_events(l, ev, n);
	deadlines_run(&l->deadlines, l->now_us, upto);
	run_deferred(l);
	l->again = run_hooks(l);
}

void loop_run(struct loop *l)
{
	while (!l->stop)
		loop_turn(l, -1);
	l->stop = false;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

int64_t loop_now_us(const struct loop *l)
{
	return l->now_us;
}

void loop_defer(struct loop *l, loop_fn *fn, void *arg)
{
	queue_add(&l->deferred, (struct call){fn, arg});
}

void loop_undefer(struct loop *l, loop_fn *fn, void *arg)
{
	queue_drop(&l->deferred, fn, arg);
	pthread_mutex_lock(&l->post_lock);
	queue_drop(&l->posted, fn, arg);
	pthread_mutex_unlock(&l->post_lock);
}

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	static const uint64_t one = 1;
	ssize_t put = sizeof(one);

	/* The wake-up is inside the lock: once fn has run, the loop may be
	 * freed, and its descriptor with it. */
	pthread_mutex_lock(&l->post_lock);
	queue_add(&l->posted, (struct call){fn, arg});
	if (l->posted.n == 1)
		put = write(l->wake_fd, &one, sizeof(one));
	pthread_mutex_unlock(&l->post_lock);
	assert(put == sizeof(one));
}

void loop_before_wait(struct loop *l, loop_idle_fn *fn, void *arg)
{
	assert(l->n_hooks < HOOKS_MOST);
	l->hooks[l->n_hooks++] = (struct hook){fn, arg};
	l->again = true; /* it has to be asked before the next wait */
}

struct deadlines *loop_deadlines(struct loop *l)
{
	return &l->deadlines;
}

static int control(struct watch *w, int op, uint32_t events, struct err *err)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	if (epoll_ctl(w->loop->epoll_fd, op, w->fd, &ev) < 0)
		return err_set(err, ERR_SYS, "watch fd %d: %s", w->fd,
			       strerror(errno));
	w->events = events;
	return 0;
}

struct watch *watch_new(struct loop *l, int fd, uint32_t events, watch_fn *fn,
			void *arg, struct err *err)
{
	struct watch *w = mem_new(sizeof(*w));

	w->loop = l;
	w->fd = fd;
	w->fn = fn;
	w->arg = arg;
	if (control(w, EPOLL_CTL_ADD, events, err) < 0) {
		free(w);
		return NULL;
	}
	return w;
}

int watch_set(struct watch *w, uint32_t events, struct err *err)
{
	/* Setting these again is not idle: it arms them anew. */
	if (events == w->events && !(events & (EPOLLET | EPOLLONESHOT)))
		return 0;
	return control(w, EPOLL_CTL_MOD, events, err);
}

void watch_free(struct watch *w)
{
	struct loop *l;

	if (!w)
		return;
	l = w->loop;
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	w->fn = NULL;
	if (!l->in_events) {
		free(w);
		return;
	}
	w->next_freed = l->freed;
	l->freed = w;
}
