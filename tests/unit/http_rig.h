/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real server on a loop, and raw sockets that talk to it from the same
 * thread: whenever a peer waits, the loop turns. For the tests of net/http_*.
 */
#ifndef UNIT_HTTP_RIG_H
#define UNIT_HTTP_RIG_H

#include "net/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/now.h"

#define HOST	  "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define HELD_MOST 64
#define SECOND	  1000000

/* --- the owner ---------------------------------------------------------- */

struct rig {
	struct loop *loop;
	struct http_server *server;
	int listen_fd;
	struct sockaddr_in at;
	struct http_server_limits limits;
	_Atomic size_t memory_used;

	unsigned heads, requests, gones, drains, dones;
	int64_t gone_us;
	bool keep_on_gone; /* do not let go in on_gone() */
	struct http_request *held[HELD_MOST];
	size_t n_held;
};

static inline void on_head(void *arg, struct http_request *rq)
{
	struct rig *r = arg;
	const struct http_header h = {"X-Why", "key"};
	struct buf body;

	r->heads++;
	if (strncmp(http_request_path(rq), "/refuse", 7) != 0)
		return;
	buf_init(&body, 0);
	buf_adds(&body, "refused");
	http_request_refuse(rq, 401, &h, 1, &body, false);
	/* Only the first counts. */
	buf_adds(&body, "again");
	http_request_refuse(rq, 402, &h, 1, &body, false);
	assert_int_equal(body.n, 0);
}

static inline bool is_held(const struct rig *r, const struct http_request *rq)
{
	size_t i;

	for (i = 0; i < r->n_held; i++)
		if (r->held[i] == rq)
			return true;
	return false;
}

static inline void let_go(struct rig *r, const struct http_request *rq)
{
	size_t i;

	for (i = 0; i < r->n_held; i++)
		if (r->held[i] == rq)
			r->held[i] = r->held[--r->n_held];
}

static inline void hold(struct rig *r, struct http_request *rq)
{
	assert_true(r->n_held < HELD_MOST);
	r->held[r->n_held++] = rq;
}

static inline void echo(struct rig *r, struct http_request *rq)
{
	const char *type = http_request_header(rq, "CONTENT-type");
	const struct http_header headers[] = {
		{"Content-Type", type ? type : "text/plain"},
		{"X-Bad", "a\r\nX-Evil: 1"},
		{"X-Bad2", "a\x01"},
		{"X Bad3", "a"},
		{"X-Bad4:", "a"},
		{"X-Good", "yes"},
	};
	struct span body = http_request_body(rq);
	struct buf b;

	(void)r;
	buf_init(&b, 0);
	buf_addf(&b, "%s %s %zu ", http_request_method(rq),
		 http_request_path(rq), body.n);
	if (body.n <= 1000)
		buf_add_span(&b, body);
	http_reply(rq, 200, headers, 6, &b,
		   strcmp(http_request_path(rq), "/close") == 0);
	assert_int_equal(b.n, 0);
	buf_release(&b);
}

static inline void on_request(void *arg, struct http_request *rq)
{
	struct rig *r = arg;
	const char *path = http_request_path(rq);

	r->requests++;
	assert_null(http_request_owner(rq));
	http_request_set_owner(rq, r);
	assert_non_null(arena_get(http_request_arena(rq), 10));
	assert_ptr_equal(http_request_arena(rq), http_request_arena(rq));
	assert_true(llabs(http_request_start_us(rq) - now_us()) < 60 * SECOND);
	if (strncmp(path, "/hold", 5) == 0) {
		hold(r, rq);
	} else if (strncmp(path, "/stream", 7) == 0) {
		const struct http_header h = {"Content-Type",
					      "text/event-stream"};

		http_stream_open(rq, 200, &h, 1);
		hold(r, rq);
		if (path[7] == '+') /* the first bytes come along */
			http_stream_write(rq, span_of("data: x\n\n"));
		if (path[7] == '+' && path[8] == '+')
			http_stream_close(rq);
	} else {
		echo(r, rq);
	}
}

static inline void on_gone(void *arg, struct http_request *rq)
{
	struct rig *r = arg;

	r->gones++;
	r->gone_us = now_us();
	if (r->keep_on_gone)
		return;
	http_stream_cut(rq);
	let_go(r, rq);
}

static inline void on_drain(void *arg, struct http_request *rq)
{
	struct rig *r = arg;

	(void)rq;
	r->drains++;
}

static inline void on_done(void *arg, struct http_request *rq)
{
	struct rig *r = arg;

	r->dones++;
	assert_ptr_equal(http_request_owner(rq), r);
	assert_string_equal(http_request_path(rq), "");
	assert_null(http_request_header(rq, "Host"));
	let_go(r, rq);
}

static inline void on_refuse(void *arg, struct http_request *rq, int status,
			     const char *why, bool close)
{
	static const struct http_header json = {"Content-Type",
						"application/json"};
	struct buf body;

	(void)arg;
	buf_init(&body, 0);
	buf_addf(&body, "{\"error\":{\"code\":%d,\"message\":\"%s\"}}", status,
		 why);
	http_request_refuse(rq, status, &json, 1, &body, close);
}

static const struct http_server_ops ops = {
	.on_head = on_head,
	.on_request = on_request,
	.on_gone = on_gone,
	.on_drain = on_drain,
	.on_done = on_done,
	.on_refuse = on_refuse,
};

static const struct http_server_limits usual = {
	.max_body = 1024 * 1024,
	.header_us = 10 * SECOND,
	.body_us = 10 * SECOND,
	.idle_us = 10 * SECOND,
	.write_us = 10 * SECOND,
};

static inline int listen_on(struct sockaddr_in *at)
{
	socklen_t size = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, size), 0);
	assert_int_equal(listen(fd, 512), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &size), 0);
	return fd;
}

static inline void rig_start(struct rig *r,
			     const struct http_server_limits *limits)
{
	struct err err = {0};

	*r = (struct rig){.limits = *limits};
	r->limits.memory_used = &r->memory_used;
	if (!r->limits.memory_max)
		r->limits.memory_max = 64 * 1024 * 1024;
	r->listen_fd = listen_on(&r->at);
	r->loop = loop_new(&err);
	assert_non_null(r->loop);
	r->server = http_server_new(r->loop, r->listen_fd, &r->limits, &ops, r,
				    &err);
	assert_non_null(r->server);
}

static inline void turn_for(struct rig *r, int64_t us)
{
	int64_t until_us = now_us() + us;

	while (now_us() < until_us)
		loop_turn(r->loop, 1);
}

/* Turns until it is so; a test that never gets there fails. */
#define TURN_UNTIL(r, so)                                                      \
	do {                                                                   \
		int64_t late_us = now_us() + 20 * SECOND;                      \
		while (!(so)) {                                                \
			assert_true(now_us() < late_us);                       \
			loop_turn((r)->loop, 1);                               \
		}                                                              \
	} while (0)

static inline void rig_stop(struct rig *r)
{
	http_server_free(r->server);
	loop_turn(r->loop, 0);
	loop_free(r->loop);
	/* The listening socket is not the server's to close. */
	assert_true(fcntl(r->listen_fd, F_GETFD) >= 0);
	close(r->listen_fd);
	assert_int_equal(r->dones, r->requests);
	assert_int_equal(r->memory_used, 0);
	assert_int_equal(r->n_held, 0);
}

/* --- the clients -------------------------------------------------------- */

struct peer {
	struct rig *rig;
	int fd;
	struct buf in;
	bool eof;
	int error;
};

struct reply {
	int status;
	char head[4096];
	struct buf body;
};

static inline struct peer dial(struct rig *r)
{
	struct peer p = {.rig = r};

	p.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(p.fd, (struct sockaddr *)&r->at, sizeof(r->at)), 0);
	assert_int_equal(fcntl(p.fd, F_SETFL, O_NONBLOCK), 0);
	buf_init(&p.in, 0);
	return p;
}

static inline void hang_up(struct peer *p, bool reset)
{
	struct linger now = {.l_onoff = 1};

	if (reset)
		setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(p->fd);
	buf_release(&p->in);
}

static inline void hear(struct peer *p)
{
	char bytes[65536];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), 0);

	if (n > 0)
		buf_add(&p->in, bytes, (size_t)n);
	else if (n == 0)
		p->eof = true;
	else if (errno != EAGAIN)
		p->error = errno;
}

static inline bool is_over(struct peer *p)
{
	hear(p);
	return p->eof || p->error;
}

static inline void say_bytes(struct peer *p, const char *s, size_t n)
{
	int64_t late_us = now_us() + 20 * SECOND;
	ssize_t put;

	while (n) {
		put = send(p->fd, s, n, MSG_NOSIGNAL);
		if (put < 0) {
			assert_int_equal(errno, EAGAIN);
			put = 0;
		}
		s += put;
		n -= (size_t)put;
		loop_turn(p->rig->loop, 0);
		assert_true(now_us() < late_us);
	}
}

static inline void say(struct peer *p, const char *s)
{
	say_bytes(p, s, strlen(s));
}

static inline char *find(const struct buf *b, size_t from, const char *what)
{
	if (b->n <= from)
		return NULL;
	return memmem(b->p + from, b->n - from, what, strlen(what));
}

/* The length of chunked bytes at `at`, decoded into out; 0: not all there. */
static inline size_t unchunk(const struct buf *in, size_t at, struct buf *out)
{
	size_t from = at, size;
	char *end;

	buf_clear(out);
	for (;;) {
		end = find(in, at, "\r\n");
		if (!end)
			return 0;
		size = strtoul(in->p + at, NULL, 16);
		at = (size_t)(end - in->p) + 2;
		if (in->n < at + size + 2)
			return 0;
		if (size == 0)
			return at + 2 - from;
		buf_add(out, in->p + at, size);
		at += size + 2;
	}
}

/* Takes one whole reply off what came in. */
static inline bool parse(struct peer *p, struct reply *re, bool is_head)
{
	char *end = find(&p->in, 0, "\r\n\r\n"), *field;
	size_t head, body = 0;

	if (!end)
		return false;
	head = (size_t)(end - p->in.p) + 4;
	assert_true(head < sizeof(re->head));
	memcpy(re->head, p->in.p, head);
	re->head[head] = '\0';
	assert_int_equal(sscanf(re->head, "HTTP/1.1 %d ", &re->status), 1);
	buf_clear(&re->body);
	field = strstr(re->head, "\r\nContent-Length: ");
	if (!is_head && field) {
		body = strtoul(field + 18, NULL, 10);
		if (p->in.n < head + body)
			return false;
		buf_add(&re->body, p->in.p + head, body);
	} else if (!is_head && strstr(re->head, "chunked")) {
		body = unchunk(&p->in, head, &re->body);
		if (body == 0)
			return false;
	}
	buf_shift(&p->in, head + body);
	return true;
}

static inline bool got(struct peer *p, struct reply *re, bool is_head)
{
	hear(p);
	return parse(p, re, is_head);
}

static inline int reply_of(struct peer *p, struct reply *re)
{
	TURN_UNTIL(p->rig, got(p, re, false));
	return re->status;
}

static inline bool body_is(const struct reply *re, const char *text)
{
	if (span_is(buf_span(&re->body), text))
		return true;
	print_error("body: %.*s\n", (int)re->body.n, re->body.p);
	return false;
}

/* Says it on a new connection; 0 when it is closed without a reply. Tells
 * whether the connection ended. */
static inline int once(struct rig *r, const char *text, size_t n, bool *ended)
{
	struct reply re = {0};
	struct peer p = dial(r);

	say_bytes(&p, text, n);
	TURN_UNTIL(r, got(&p, &re, false) || is_over(&p));
	if (ended) {
		turn_for(r, 20000);
		*ended = is_over(&p);
	}
	hang_up(&p, false);
	buf_release(&re.body);
	return re.status;
}

#endif
