/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests to backends from one loop: libcurl's multi_socket behind our
 * own callbacks.
 *
 * No callback of ours ever runs inside a libcurl callback: the library only
 * fills buffers, and what is new is reported afterwards on a turn of the loop.
 * Easy handles are reused; connections are spread over several multi handles
 * because libcurl walks all connections to a host.
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

/* Once a process, before threads. */
int http_client_global_init(struct err *err);
void http_client_global_release(void);

struct http_client *http_client_new(struct loop *l, struct err *err);
/* All its fetches must have ended or been freed. */
void http_client_free(struct http_client *c);

/* Where to; everything is borrowed until the fetch is freed. */
struct fetch_target {
	const char *url;	    /* http:// or https://, whole */
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	const char *ca_file;	    /* NULL: the system's */
	const char *proxy;	    /* NULL: none, environment ignored */
	int64_t connect_us;
	int64_t first_byte_us; /* from the start to the head; 0: not limited */
	int64_t idle_us;       /* between bytes of a body that streams; 0: none */
	int64_t total_us;      /* 0: not limited */
	size_t max_body;       /* more is a fault; 0: no bound */
};

struct fetch_ops {
	/* The final head (1xx passed over). May be NULL. */
	void (*on_head)(void *arg, struct fetch *f);
	/* New bytes of the body. NULL: they are gathered, see fetch_body().
	 * Otherwise they are the callee's for the call only. */
	void (*on_data)(void *arg, struct fetch *f, struct span bytes);
	/* why is NULL when the body is complete, whatever the status: a body
	 * cut short, doubled lengths, an encoding that was not asked for, a
	 * redirect is a fault of kind ERR_UPSTREAM. ERR_CONNECT: nothing was
	 * sent. ERR_TIMEOUT: one of the four times. ERR_LIMIT: max_body. */
	void (*on_done)(void *arg, struct fetch *f, const struct err *why);
};

/* POST when body.p is not NULL, else GET. body is borrowed until on_done() or
 * fetch_free(). request_id (may be NULL) goes out as x-request-id. */
struct fetch *fetch_start(struct http_client *c, const struct fetch_target *to,
			  struct span body, const char *request_id,
			  const struct fetch_ops *ops, void *arg,
			  struct err *err);
void fetch_free(struct fetch *f); /* NULL is fine; allowed in a callback */

int fetch_status(const struct fetch *f); /* 0 before the head */
/* Of the final head; NULL when absent. Valid until the fetch is freed. */
const char *fetch_header(const struct fetch *f, const char *name);
struct buf *fetch_body(struct fetch *f); /* gathered; you may buf_detach it */
int64_t fetch_first_byte_us(const struct fetch *f); /* since start; 0: none yet */

/* Back-pressure: while held, at most HTTP_CLIENT_HOLD bytes more arrive and
 * no on_data() comes; the idle time does not run. */
#define HTTP_CLIENT_HOLD (256 * 1024)
void fetch_hold(struct fetch *f, bool hold);

#endif
