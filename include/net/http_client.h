/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 requests to backends from one loop, on connections that libcurl
 * opens.
 *
 * No callback of ours ever runs inside libcurl, or while bytes are sent and
 * received: what is new is reported afterwards, as a deferred call of the
 * loop.
 *
 * Connections are reused. When one that was kept turns out to be dead before
 * any byte of the reply has come, the request is sent once more, on a new one;
 * nothing else is ever sent twice.
 *
 * A fetch ends exactly once, in on_done(), later than fetch_start() returned.
 * Freeing a fetch that has not ended aborts it at once (its connection is
 * closed, never reused), and on_done() is then not called.
 */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "evt/loop.h"

struct http_client;
struct fetch;
struct fetch_route;

/* Once a process, before threads. Refuses a libcurl that looks up names
 * without a thread: it would stop the loop. */
int http_client_global_init(struct err *err);
void http_client_global_release(void);

struct http_client *http_client_new(struct loop *l, struct err *err);
/* All its fetches must have been freed. NULL is fine. */
void http_client_free(struct http_client *c);

struct fetch_ask {
	const struct fetch_route *route;
	/* POST when body.p is not NULL, else GET. The bytes are borrowed until
	 * on_done() or fetch_free(). */
	struct span body;
	const char *request_id; /* goes out as x-request-id; NULL: none. It
				 * is of [A-Za-z0-9._-], at most 64 */
	/* Added to the route's URL, as it is; NULL: nothing. No control bytes,
	 * no spaces. */
	const char *query;
	int64_t first_byte_us; /* from the start to the head; 0: no limit */
	int64_t idle_us;       /* between bytes of a body; 0: no limit */
	int64_t total_us;      /* 0: no limit */
	size_t max_body;       /* more is a fault; 0: no bound */
};

struct fetch_ops {
	/* The final head (1xx passed over). May be NULL. */
	void (*on_head)(void *arg, struct fetch *f);
	/* New bytes of the body. NULL: they are gathered, see fetch_body().
	 * Otherwise they are the callee's for the call only, even when it
	 * frees f. */
	void (*on_data)(void *arg, struct fetch *f, struct span bytes);
	/* why is NULL when the body is complete, whatever the status, and
	 * borrowed until f is freed. Kinds:
	 * ERR_CONNECT	nothing was sent (no name, refused, connect_us passed)
	 * ERR_TLS	certificate or protocol
	 * ERR_TIMEOUT	first_byte_us, idle_us or total_us passed
	 * ERR_LIMIT	max_body
	 * ERR_UPSTREAM	all else: broken off or cut short, doubled or
	 *		contradictory lengths, an encoding that was not
	 *		asked for, a redirect, no HTTP
	 * A complete body may still be shorter than what the peer sent, or
	 * one that the peer never ended but by closing: the caller judges. */
	void (*on_done)(void *arg, struct fetch *f, const struct err *why);
};

/* ask is borrowed for the call only, ops until the fetch is freed. NULL and
 * *err only when the system or libcurl is out of something. */
struct fetch *fetch_start(struct http_client *c, const struct fetch_ask *ask,
			  const struct fetch_ops *ops, void *arg,
			  struct err *err);
void fetch_free(struct fetch *f); /* NULL is fine; allowed in a callback */

int fetch_status(const struct fetch *f); /* 0 before the head */
/* Of the final head; NULL when absent. Valid until the fetch is freed. */
const char *fetch_header(const struct fetch *f, const char *name);
struct buf *fetch_body(struct fetch *f); /* gathered; you may buf_detach it */
/* May a byte of the request have gone out? */
bool fetch_was_sent(const struct fetch *f);
/* From the start to the head; 0: none yet. */
int64_t fetch_first_byte_us(const struct fetch *f);

/* Back-pressure, for fetches with on_data(): while held, at most
 * HTTP_CLIENT_HOLD bytes more are taken from the peer, no on_data() comes,
 * and the idle time does not run. on_done() waits for the bytes before it.
 * Released, they come as a deferred call. */
#define HTTP_CLIENT_HOLD ((size_t)32 * 1024)
void fetch_hold(struct fetch *f, bool hold);

#endif
