/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 server on one loop: libmicrohttpd behind our own callbacks.
 *
 * What the library does not do is done here: the framing guard (ambiguous
 * framing is answered 400 and closed), absolute deadlines for head and body,
 * the body limit with draining, and the watch that notices a client leaving
 * while it waits for its answer.
 *
 * The life of a request. When the head is in and sound, on_head() is asked
 * once: it may refuse at once with http_request_refuse(); then the body is read
 * and thrown away (so that the client gets to read the answer) and the refusal
 * is sent. Otherwise the body is gathered and on_request() comes, on a turn of
 * the loop where no library code is on the stack. From then on the request
 * waits for its answer, as long as it takes, until one of
 *   http_reply()           a whole answer, or
 *   http_stream_open() ... http_stream_close() or http_stream_cut(),
 * is called. on_gone() comes at most once, when the client has closed its
 * side, reset or stopped reading before the answer was complete (a client
 * that only shut down its sending half counts as gone, as in nginx; one that
 * leaves with the last byte of its request is never reported at all). After
 * on_gone() the owner must still let go of the request with http_stream_cut()
 * (allowed in any state), unless it had given its whole answer before.
 * on_done() comes exactly once for every request for which on_request() came,
 * last of all, when nothing of it is left to send and the owner has let go:
 * the struct is gone when it returns.
 * on_drain() comes when a stream's unsent bytes fell below a quarter of
 * HTTP_STREAM_HIGH after http_stream_write() had returned that much or more.
 *
 * A callback may answer, refuse or cut any request, but not free the server.
 * on_head() alone runs inside the library: it may do nothing to others.
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/span.h"
#include "evt/loop.h"

#define HTTP_STREAM_HIGH (128 * 1024)

struct http_server;
struct http_request;

struct http_server_limits {
	size_t max_body;	/* bytes; more is answered 413 */
	int64_t header_us; /* to the head's end, from the connection's start;
			    * of later requests: from their request line */
	int64_t body_us;   /* from the head's end to the body's */
	int64_t idle_us;   /* a kept-alive connection without a request */
	int64_t write_us;  /* an answer of which no byte goes out */
	/* File descriptors, not admission: more wait in the kernel. 0: 4096. */
	unsigned max_connections;
	/* Bytes that bodies of all servers together may hold; both may be
	 * NULL / 0. A body that does not fit is answered 503. */
	_Atomic size_t *memory_used;
	size_t memory_max;
};

struct http_header {
	const char *name;
	const char *value;
};

struct http_server_ops {
	void (*on_head)(void *arg, struct http_request *rq);
	void (*on_request)(void *arg, struct http_request *rq);
	void (*on_gone)(void *arg, struct http_request *rq);
	void (*on_drain)(void *arg, struct http_request *rq);
	void (*on_done)(void *arg, struct http_request *rq);
	/* The server refuses by itself (400 framing, 413, 415, 431, 503
	 * memory): call http_request_refuse() with this status and close. May
	 * be NULL or do nothing: the body is then empty. Comes inside the
	 * library, like on_head(). What the library cannot read at all (no
	 * HTTP, a head above 16 KiB, a bad Content-Length) it answers itself,
	 * with its own text. */
	void (*on_refuse)(void *arg, struct http_request *rq, int status,
			  const char *why, bool close);
};

/* listen_fd: bound, listening, non-blocking; borrowed, shared with the servers
 * of other loops. */
struct http_server *http_server_new(struct loop *l, int listen_fd,
				    const struct http_server_limits *limits,
				    const struct http_server_ops *ops,
				    void *arg, struct err *err);
/* New limits for requests to come (a reload). */
void http_server_set_limits(struct http_server *s,
			    const struct http_server_limits *limits);
/* Takes no new connection, closes idle ones within 2 s, answers what is under
 * way with "Connection: close". */
void http_server_drain(struct http_server *s);
/* Connections open now, idle ones included. */
unsigned http_server_connections(const struct http_server *s);
/* Cuts what is left (on_gone is not called, on_done is) and frees. Not inside
 * a callback; NULL is fine. */
void http_server_free(struct http_server *s);

/* What was asked. Method, path and headers are there until the answer is out
 * or the connection is closed (not any more in on_done()): empty and NULL
 * then. All else is valid until on_done() returns. */
const char *http_request_method(const struct http_request *rq);
/* Raw (nothing unescaped), without query, scheme and host. */
const char *http_request_path(const struct http_request *rq);
/* What stands behind `?`, raw; NULL when nothing does. */
const char *http_request_query(const struct http_request *rq);
/* NULL when absent; the first of several. Names compare without case. */
const char *http_request_header(const struct http_request *rq,
				const char *name);
struct span http_request_body(const struct http_request *rq);
/* When the head was complete. */
int64_t http_request_start_us(const struct http_request *rq);
/* Made on first use. */
struct arena *http_request_arena(struct http_request *rq);
/* A word of the owner's, NULL at first. */
void http_request_set_owner(struct http_request *rq, void *owner);
void *http_request_owner(const struct http_request *rq);

/* Only in on_head() and on_refuse(): remember to answer this; on_request() will
 * not come and on_done() neither. The first one counts. headers are copied;
 * body is taken. close: end the connection afterwards. */
void http_request_refuse(struct http_request *rq, int status,
			 const struct http_header *headers, size_t n_headers,
			 struct buf *body, bool close);

/* A whole answer. headers are copied (names must be tokens, values are checked
 * for control bytes and left out when bad); body's bytes are taken without a
 * copy, b is empty afterwards. HEAD is answered without the body. */
void http_reply(struct http_request *rq, int status,
		const struct http_header *headers, size_t n_headers,
		struct buf *body, bool close);

/* An answer in pieces, chunked. HEAD gets the headers only. */
void http_stream_open(struct http_request *rq, int status,
		      const struct http_header *headers, size_t n_headers);
/* Copies the bytes; they go out as soon as the socket takes them, the head and
 * the first of them at once. Returns the bytes not yet sent; 0 as well when
 * nobody is there to read them. */
size_t http_stream_write(struct http_request *rq, struct span bytes);
/* The clean end: the last bytes and the last chunk in one segment. */
void http_stream_close(struct http_request *rq);
/* No clean end: what is unsent is dropped and the connection closed, so the
 * client sees a broken body. Also how an owner lets go of a request whose
 * client has gone. */
void http_stream_cut(struct http_request *rq);

#endif
