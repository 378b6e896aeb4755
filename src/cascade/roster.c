/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places for live runs: exact limits over all loops without a lock.
 *
 * A guest without a place is counted in `queued` before it looks for a place a
 * second time, and whoever gives a place back looks at `queued` afterwards; so
 * one of the two always sees the other, and nobody waits beside a free place.
 */
#include "cascade/roster.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/mem.h"

#define ROSTERS_MOST 256

struct house {
	_Atomic int64_t inflight, queued;
	_Atomic int64_t lingering;
	_Atomic int64_t max_inflight, max_queue;
	struct metric *inflight_gauge, *queued_gauge, *lingering_gauge;
	struct roster *rosters[ROSTERS_MOST]; /* filled before traffic */
	size_t n_rosters;
};

struct roster {
	struct house *house;
	struct loop *loop;
	struct guest *queue;	 /* waiting, first come first */
	_Atomic int64_t waiting; /* in the queue, for other loops to see */
	size_t count;
};

enum { GUEST_OUT, GUEST_WAITS, GUEST_TOLD, GUEST_IN, GUEST_LINGERS };

struct house *house_new(struct metric_set *metrics)
{
	static const struct metric_family inflight = {
		.name = "frugald_inflight",
		.help = "Requests that hold a place now.",
		.type = METRIC_GAUGE, .labels = "", .scale = 1,
	};
	static const struct metric_family queued = {
		.name = "frugald_queued",
		.help = "Requests that wait for a place now.",
		.type = METRIC_GAUGE, .labels = "", .scale = 1,
	};
	static const struct metric_family lingering = {
		.name = "frugald_surveys_live",
		.help = "Requests that are answered, and still asked about.",
		.type = METRIC_GAUGE, .labels = "", .scale = 1,
	};
	static const char *const none[] = { NULL };
	struct house *h = mem_new(sizeof(*h));

	h->inflight_gauge = metric_get(metrics, &inflight, none);
	h->queued_gauge = metric_get(metrics, &queued, none);
	h->lingering_gauge = metric_get(metrics, &lingering, none);
	return h;
}

void house_free(struct house *h)
{
	free(h);
}

int64_t house_inflight(const struct house *h)
{
	return atomic_load(&h->inflight);
}

struct roster *roster_new(struct house *h, struct loop *l)
{
	struct roster *r = mem_new(sizeof(*r));

	assert(h->n_rosters < ROSTERS_MOST);
	r->house = h;
	r->loop = l;
	h->rosters[h->n_rosters++] = r;
	return r;
}

void roster_free(struct roster *r)
{
	if (!r)
		return;
	assert(r->count == 0);
	free(r);
}

/* One more of a counter, but never above its limit. */
static bool take(_Atomic int64_t *count, _Atomic int64_t *limit,
		 struct metric *gauge)
{
	int64_t n = atomic_load(count);

	do {
		if (n >= atomic_load(limit))
			return false;
	} while (!atomic_compare_exchange_weak(count, &n, n + 1));
	metric_add(gauge, 1);
	return true;
}

static void give(_Atomic int64_t *count, struct metric *gauge)
{
	atomic_fetch_sub(count, 1);
	metric_add(gauge, -1);
}

static bool take_place(struct house *h)
{
	return take(&h->inflight, &h->max_inflight, h->inflight_gauge);
}

static void tell(void *arg)
{
	struct guest *g = arg;

	assert(g->state == GUEST_TOLD);
	g->state = GUEST_IN;
	g->on_place(g->arg);
}

static void leave_queue(struct roster *r, struct guest *g)
{
	DL_DELETE(r->queue, g);
	atomic_fetch_sub(&r->waiting, 1);
	give(&r->house->queued, r->house->queued_gauge);
}

/* The first of the queue has a place now. */
static void seat_first(struct roster *r)
{
	struct guest *g = r->queue;

	leave_queue(r, g);
	g->state = GUEST_TOLD;
	loop_defer(r->loop, tell, g);
}

static void seat_all(void *arg)
{
	struct roster *r = arg;

	while (r->queue && take_place(r->house))
		seat_first(r);
}

/* Places may be free: whoever waits looks for one. */
static void wake_waiting(struct house *h)
{
	if (atomic_load(&h->queued) == 0)
		return;
	for (size_t i = 0; i < h->n_rosters; i++)
		if (atomic_load(&h->rosters[i]->waiting) > 0)
			loop_post(h->rosters[i]->loop, seat_all,
				  h->rosters[i]);
}

void house_set_limits(struct house *h, int64_t max_inflight, int64_t max_queue)
{
	atomic_store(&h->max_inflight, max_inflight);
	atomic_store(&h->max_queue, max_queue);
	wake_waiting(h);
}

enum roster_answer roster_enter(struct roster *r, struct guest *g,
				loop_fn *on_place, void *arg)
{
	struct house *h = r->house;

	assert(g->state == GUEST_OUT);
	g->on_place = on_place;
	g->arg = arg;
	if (!r->queue && take_place(h)) {
		g->state = GUEST_IN;
		r->count++;
		return ROSTER_IN;
	}
	if (!take(&h->queued, &h->max_queue, h->queued_gauge))
		return ROSTER_FULL;
	g->state = GUEST_WAITS;
	DL_APPEND(r->queue, g);
	atomic_fetch_add(&r->waiting, 1);
	r->count++;
	seat_all(r); /* a place may have become free meanwhile */
	return ROSTER_QUEUED;
}

/* A place is free: for this loop's queue, else for another's. */
static void give_place(struct roster *r)
{
	struct house *h = r->house;

	if (r->queue &&
	    atomic_load(&h->inflight) <= atomic_load(&h->max_inflight)) {
		seat_first(r);
		return;
	}
	give(&h->inflight, h->inflight_gauge);
	wake_waiting(h);
}

void roster_leave(struct roster *r, struct guest *g)
{
	int state = g->state;

	assert(state != GUEST_OUT);
	g->state = GUEST_OUT;
	r->count--;
	if (state == GUEST_WAITS) {
		leave_queue(r, g);
		return;
	}
	if (state == GUEST_TOLD)
		loop_undefer(r->loop, tell, g);
	if (state == GUEST_LINGERS)
		give(&r->house->lingering, r->house->lingering_gauge);
	else
		give_place(r);
}

bool roster_linger(struct roster *r, struct guest *g)
{
	struct house *h = r->house;

	assert(g->state == GUEST_IN);
	if (!take(&h->lingering, &h->max_inflight, h->lingering_gauge))
		return false;
	g->state = GUEST_LINGERS;
	give_place(r);
	return true;
}

size_t roster_count(const struct roster *r)
{
	return r->count;
}
