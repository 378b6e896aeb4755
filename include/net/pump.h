/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens connections by libcurl (names, TCP, proxies, TLS) from one loop.
 *
 * libcurl is asked to connect only: what is then said and heard on a
 * connection is its owner's, by curl_easy_send() and curl_easy_recv(). For
 * each of these calls libcurl walks the connections of a multi handle, so they
 * are spread over several (shards); each costs two descriptors.
 *
 * It knows nothing of HTTP. pump_done_fn is never called from inside libcurl,
 * nor from inside pump_open() or pump_close().
 */
#ifndef NET_PUMP_H
#define NET_PUMP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/err.h"
#include "evt/loop.h"

struct pump;
struct pump_shard;
struct sock;

/* A connection, embedded in its owner, who outlives it. */
struct pump_job {
	CURL *easy;		  /* owned by the owner */
	struct pump_shard *shard; /* NULL: neither connecting nor connected */
	struct sock *socks;	  /* opened, and perhaps given up, to connect */
	int refused;		  /* see pump_refusal() */
	bool stands;		  /* connected, TLS included */
	bool nudged;		  /* a deferred call will look at it */
	char text[CURL_ERROR_SIZE]; /* libcurl's last word on a fault */
};

/* CURLE_OK: the connection stands until pump_close(). Else the job has left
 * the pump. The owner may free it here. */
typedef void pump_done_fn(struct pump_job *job, CURLcode result);

struct pump *pump_new(struct loop *l, pump_done_fn *on_done);
/* All jobs must have left. NULL is fine. */
void pump_free(struct pump *p);

/* Gives job an easy handle bound to this pump: CURLOPT_PRIVATE is job, and
 * whom to connect to is left to set. Free it by curl_easy_cleanup(). */
int pump_job_init(struct pump *p, struct pump_job *job, struct err *err);

/* It starts on this turn or the next one. Once a job. */
int pump_open(struct pump *p, struct pump_job *job, struct err *err);

/* Closes the connection at once, finished or not. Must not be called from
 * inside libcurl's callbacks. */
void pump_close(struct pump *p, struct pump_job *job);

/* Why no socket was opened for job: NULL when none was refused. Link-local
 * and unspecified addresses always are (a backend's name must not lead to a
 * cloud's metadata service). */
const char *pump_refusal(const struct pump_job *job);

#endif
