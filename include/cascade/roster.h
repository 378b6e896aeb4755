/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All live runs: admission, the queue, drain.
 *
 * The limits are the process's and exact over all loops: `house` is shared
 * and atomic; a roster is one loop's part. A run that finds no place waits in
 * its loop's queue, first come first served within the loop; a place that
 * becomes free on another loop wakes it through loop_post().
 */
#ifndef CASCADE_ROSTER_H
#define CASCADE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metric.h"
#include "evt/loop.h"

struct house;  /* of the process */
struct roster; /* of one loop */

struct house *house_new(struct metric_set *metrics);
void house_free(struct house *h); /* after its rosters */
/* From any thread. */
void house_set_limits(struct house *h, int64_t max_inflight,
		      int64_t max_queue);
int64_t house_inflight(const struct house *h);

struct roster *roster_new(struct house *h, struct loop *l);
void roster_free(struct roster *r); /* empty by then */

/* A run's place, embedded in it. Zeroed before the first use. */
struct guest {
	struct guest *prev, *next;
	int state;
	loop_fn *on_place; /* called on a later turn when a place was got */
	void *arg;
};

enum roster_answer { ROSTER_IN, ROSTER_QUEUED, ROSTER_FULL };

/* IN: the place is held at once, on_place is not called. QUEUED: on_place
 * comes, unless roster_leave() does first. */
enum roster_answer roster_enter(struct roster *r, struct guest *g,
				loop_fn *on_place, void *arg);
/* Gives the place back, leaves the queue, or lingers no more. Once for each IN
 * or QUEUED. */
void roster_leave(struct roster *r, struct guest *g);
/* Gives the place of one that is in back, but stays on the list, for work that no
 * client waits for; of those there are as many as places at most, over all
 * loops. False: there are, and nothing has changed. */
bool roster_linger(struct roster *r, struct guest *g);
/* Guests of this loop, waiting and lingering ones included. */
size_t roster_count(const struct roster *r);

#endif
