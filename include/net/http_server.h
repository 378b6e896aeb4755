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
 * once: it may refuse at once with http_request_refuse(); then the body is read and
 * thrown away (so that the client gets to read the answer) and the refusal is
 * sent. Otherwise the body is gathered and on_request() comes, on a turn of
 * the loop where no library code is on the stack. From then on the request
 * waits for its answer, as long as it takes, until one of
 *   http_reply()           a whole answer, or
 *   http_stream_open() ... http_stream_close() or http_stream_cut(),
 * is called. on_gone() comes at most once, when the client has closed its
 * side, reset or stopped reading before the answer was complete (a client
 * that only shut down its sending half counts as gone, as in nginx).
 * on_done() comes exactly once for every request for which on_request() came,
 * last of all, when nothing of it is left to send: the struct is gone when it
 * returns. After on_gone() the owner must still let go of it with
 * http_stream_cut() (allowed in any state), and on_done() follows.
 * on_drain() comes when a stream's unsent bytes fell below a quarter of
 * HTTP_STREAM_HIGH after http_stream_write() had returned that much or more.
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

#define HTTP_STREAM_HIGH (256 * 1024)

struct http_server;
struct http_request;

struct http_server_limits {
	size_t max_body;	/* bytes; more is answered 413 */
	int64_t header_us;	/* from the first byte expected to the head's end */
	int64_t body_us;	/* from the head's end to the body's */
	int64_t idle_us;	/* a kept-alive connection without a request */
	int64_t write_us;	/* an answer of which no byte goes out */
	unsigned max_connections; /* file descriptors, not admission; 0: 4096 */
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
	/* The server refuses by itself (400 framing, 413, 503 memory, 431):
	 * fill body with the JSON text of the error and *content_type. May
	 * be NULL: the body is then empty. rq may be half known. */
	void (*fill_error)(void *arg, struct http_request *rq, int status,
			   const char *why, struct buf *body);
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
/* Takes no new connection, closes idle ones within 2 s, answers what is under way with
 * "Connection: close". */
void http_server_drain(struct http_server *s);
/* Connections open now, idle ones included. */
unsigned http_server_connections(const struct http_server *s);
/* Cuts what is left (on_gone is not called, on_done is) and frees. */
void http_server_free(struct http_server *s);

/* What was asked. Valid until on_done(). */
const char *http_request_method(const struct http_request *rq);
const char *http_request_path(const struct http_request *rq); /* raw, no query */
/* NULL when absent; the first of several. Names compare without case. */
const char *http_request_header(const struct http_request *rq, const char *name);
struct span http_request_body(const struct http_request *rq);
int64_t http_request_start_us(const struct http_request *rq); /* head complete */
struct arena *http_request_arena(struct http_request *rq); /* made on first use */
/* A word of the owner's, NULL at first. */
void http_request_set_owner(struct http_request *rq, void *owner);
void *http_request_owner(const struct http_request *rq);

/* Only in on_head(): remember to answer this, on_request() will not come and
 * on_done() neither. headers are copied; body is taken. close: end the
 * connection afterwards. */
void http_request_refuse(struct http_request *rq, int status,
			 const struct http_header *headers, size_t n_headers,
			 struct buf *body, bool close);

/* A whole answer. headers are copied (names must be tokens, values are checked
 * for control bytes and left out when bad); body's bytes are taken without a
 * copy, b is empty afterwards. HEAD is answered without the body. */
void http_reply(struct http_request *rq, int status,
		const struct http_header *headers, size_t n_headers,
		struct buf *body, bool close);

/* An answer in pieces, chunked, 200. */
void http_stream_open(struct http_request *rq, int status,
		      const struct http_header *headers, size_t n_headers);
/* Copies the bytes; they go out as soon as the socket takes them, the head and
 * the first of them in one write. Returns the bytes not yet sent. */
size_t http_stream_write(struct http_request *rq, struct span bytes);
/* The clean end: the last bytes and the last chunk in one write. */
void http_stream_close(struct http_request *rq);
/* No clean end: the connection is closed, so the client sees a broken body.
 * Also how an owner lets go of a request whose client has gone. */
void http_stream_cut(struct http_request *rq);

#endif
