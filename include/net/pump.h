/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives libcurl's transfers from one loop.
 *
 * Transfers are spread over several multi handles (shards), because libcurl
 * walks all connections of one for each request. The first shard with room is
 * taken, so that idle connections gather where they are looked for.
 *
 * It knows nothing of HTTP: what a transfer says and hears is set in its easy
 * handle by the owner. pump_done_fn is never called from inside libcurl, nor
 * from inside pump_add() or pump_remove().
 */
#ifndef NET_PUMP_H
#define NET_PUMP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/err.h"
#include "evt/loop.h"

struct pump;
struct pump_shard;

/* A transfer, embedded in its owner, who outlives it. */
struct pump_job {
	CURL *easy;		  /* owned by the owner */
	struct pump_shard *shard; /* NULL: not under way */
	unsigned sends; /* connections it was or is to be sent on; libcurl
			 * tries again where a reused one was dead */
	int refused;	/* see pump_refusal() */
	bool nudged;	/* a deferred call will look at it */
};

/* The transfer has left the pump; job may be added again or freed. */
typedef void pump_done_fn(struct pump_job *job, CURLcode result);

struct pump *pump_new(struct loop *l, pump_done_fn *on_done);
/* All jobs must have left. NULL is fine. */
void pump_free(struct pump *p);

/* Gives job an easy handle bound to this pump: its sockets are opened and
 * closed here, and CURLOPT_PRIVATE is job. Free it by curl_easy_cleanup(). */
int pump_job_init(struct pump *p, struct pump_job *job, struct err *err);

/* It starts on this turn or the next one. */
int pump_add(struct pump *p, struct pump_job *job, struct err *err);

/* Breaks it off: an unfinished one's connection is closed, not reused. Must
 * not be called from inside libcurl's callbacks. */
void pump_remove(struct pump *p, struct pump_job *job);

/* Why no socket was opened for job: NULL when none was refused. Link-local
 * and unspecified addresses always are (a backend's name must not lead to a
 * cloud's metadata service). */
const char *pump_refusal(const struct pump_job *job);

#endif
