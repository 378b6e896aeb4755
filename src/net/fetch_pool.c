/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connections are kept, and how long.
 */
#include "net/fetch_pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <utlist.h>

#include "base/mem.h"
#include "evt/deadline.h"
#include "net/fetch_route.h"

#define SECOND	  INT64_C(1000000)
#define IDLE_US	  (120 * SECOND)
#define LIFE_US	  (3600 * SECOND)
#define IDLE_MOST 8192 /* kept in all, where there are descriptors enough */

/* Those of one place; only places that have any are here. */
struct fetch_shelf {
	struct fetch_pool *pool;
	char *place;
	struct fetch_conn *conns; /* the one used last is first */
	struct fetch_shelf *prev, *next;
};

struct fetch_pool {
	struct loop *loop;
	struct pump *pump;
	struct fetch_shelf *shelves;
	struct fetch_conn *oldest; /* of all kept; by when they were used */
	size_t n, most;
	struct deadline age;
};

static struct fetch_shelf *shelf_find(struct fetch_pool *p, const char *place)
{
	struct fetch_shelf *s;

	DL_FOREACH (p->shelves, s) {
		if (strcmp(s->place, place) == 0)
			return s;
	}
	return NULL;
}

static struct fetch_shelf *shelf_get(struct fetch_pool *p, const char *place)
{
	struct fetch_shelf *s = shelf_find(p, place);

	if (s)
		return s;
	s = mem_new(sizeof(*s));
	s->pool = p;
	s->place = mem_dup(place);
	DL_PREPEND(p->shelves, s);
	return s;
}

static void take_off(struct fetch_pool *p, struct fetch_conn *c)
{
	struct fetch_shelf *s = c->shelf;

	DL_DELETE(s->conns, c);
	DL_DELETE2(p->oldest, c, older, younger);
	p->n--;
	c->shelf = NULL;
	if (s->conns)
		return;
	DL_DELETE(p->shelves, s);
	free(s->place);
	free(s);
}

static void drop(struct fetch_pool *p, struct fetch_conn *c)
{
	take_off(p, c);
	fetch_conn_free(c);
}

/* --- While nobody uses it ------------------------------------------------ */

/* Open, and nothing to be read: else the peer has closed it, or has said what
 * could pass for the next reply. */
static bool is_quiet(struct fetch_conn *c)
{
	char byte;
	size_t n;

	return fetch_conn_recv(c, &byte, 1, &n, NULL) == FETCH_IO_AGAIN;
}

/* A TLS session's ticket may come late, and is no fault. */
static void stirred(void *arg, uint32_t events)
{
	struct fetch_conn *c = arg;

	if ((events & (EPOLLERR | EPOLLHUP)) || !is_quiet(c))
		drop(c->shelf->pool, c);
}

static const struct fetch_conn_ops idle = {.on_ready = stirred};

static void grow_old(void *arg)
{
	struct fetch_pool *p = arg;
	int64_t now = loop_now_us(p->loop);

	while (p->oldest && now - p->oldest->idle_us >= IDLE_US)
		drop(p, p->oldest);
	if (p->oldest)
		deadline_set(&p->age, p->loop, p->oldest->idle_us + IDLE_US,
			     grow_old, p);
}

/* --- Public -------------------------------------------------------------- */

/* Idle connections must leave descriptors to those at work: an eighth of all
 * is for one loop's. */
static size_t idle_most(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0 || rl.rlim_cur / 8 > IDLE_MOST)
		return IDLE_MOST;
	return rl.rlim_cur < 8 ? 1 : (size_t)rl.rlim_cur / 8;
}

struct fetch_pool *fetch_pool_new(struct loop *l, struct err *err)
{
	struct fetch_pool *p = mem_new(sizeof(*p));
	struct pump_job probe;

	p->loop = l;
	p->most = idle_most();
	p->pump = pump_new(l, fetch_conn_opened);
	/* A first handle shows whether libcurl knows all the options. */
	if (pump_job_init(p->pump, &probe, err) < 0) {
		fetch_pool_free(p);
		return NULL;
	}
	curl_easy_cleanup(probe.easy);
	return p;
}

void fetch_pool_free(struct fetch_pool *p)
{
	if (!p)
		return;
	while (p->oldest)
		drop(p, p->oldest);
	deadline_clear(&p->age);
	pump_free(p->pump);
	free(p);
}

struct fetch_conn *fetch_pool_open(struct fetch_pool *p,
				   const struct fetch_route *r,
				   const struct fetch_conn_ops *ops, void *arg,
				   struct err *err)
{
	return fetch_conn_open(p->loop, p->pump, r, ops, arg, err);
}

struct fetch_conn *fetch_pool_find(struct fetch_pool *p,
				   const struct fetch_route *r,
				   const struct fetch_conn_ops *ops, void *arg)
{
	int64_t born_after = loop_now_us(p->loop) - LIFE_US;
	struct fetch_shelf *s;
	struct fetch_conn *c;

	while ((s = shelf_find(p, fetch_route_place(r)))) {
		c = s->conns;
		if (c->opened_us > born_after && is_quiet(c)) {
			take_off(p, c);
			fetch_conn_give(c, ops, arg);
			return c;
		}
		drop(p, c);
	}
	return NULL;
}

void fetch_pool_keep(struct fetch_pool *p, struct fetch_conn *c)
{
	if (fetch_conn_watch(c, EPOLLIN, NULL) < 0) {
		fetch_conn_free(c);
		return;
	}
	if (p->n == p->most)
		drop(p, p->oldest);
	fetch_conn_give(c, &idle, c);
	c->idle_us = loop_now_us(p->loop);
	c->shelf = shelf_get(p, c->place);
	DL_PREPEND(c->shelf->conns, c);
	DL_APPEND2(p->oldest, c, older, younger);
	p->n++;
	if (!deadline_is_set(&p->age))
		deadline_set(&p->age, p->loop, c->idle_us + IDLE_US, grow_old,
			     p);
}
