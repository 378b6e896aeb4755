/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real server on a loop, and raw sockets that talk to it from the same
 * thread: whenever a peer waits, the loop turns.
 */
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

#define HOST	 "Host: a\r\n"
#define HELD_MOST 64
#define SECOND	 1000000

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

static void on_head(void *arg, struct http_request *rq)
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

static void hold(struct rig *r, struct http_request *rq)
{
	assert_true(r->n_held < HELD_MOST);
	r->held[r->n_held++] = rq;
}

static void echo(struct rig *r, struct http_request *rq)
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

static void on_request(void *arg, struct http_request *rq)
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
	} else {
		echo(r, rq);
	}
}

static void on_gone(void *arg, struct http_request *rq)
{
	struct rig *r = arg;

	r->gones++;
	r->gone_us = now_us();
	if (!r->keep_on_gone)
		http_stream_cut(rq);
}

static void on_drain(void *arg, struct http_request *rq)
{
	struct rig *r = arg;

	(void)rq;
	r->drains++;
}

static void on_done(void *arg, struct http_request *rq)
{
	struct rig *r = arg;
	size_t i;

	r->dones++;
	assert_ptr_equal(http_request_owner(rq), r);
	assert_string_equal(http_request_path(rq), "");
	assert_null(http_request_header(rq, "Host"));
	for (i = 0; i < r->n_held; i++)
		if (r->held[i] == rq)
			r->held[i] = r->held[--r->n_held];
}

static void fill_error(void *arg, struct http_request *rq, int status,
		       const char *why, struct buf *body)
{
	(void)arg;
	(void)rq;
	buf_addf(body, "{\"error\":{\"code\":%d,\"message\":\"%s\"}}", status,
		 why);
}

static const struct http_server_ops ops = {
	.on_head = on_head,
	.on_request = on_request,
	.on_gone = on_gone,
	.on_drain = on_drain,
	.on_done = on_done,
	.fill_error = fill_error,
};

static const struct http_server_limits usual = {
	.max_body = 1024 * 1024,
	.header_us = 10 * SECOND,
	.body_us = 10 * SECOND,
	.idle_us = 10 * SECOND,
	.write_us = 10 * SECOND,
};

static int listen_on(struct sockaddr_in *at)
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

static void rig_start(struct rig *r, const struct http_server_limits *limits)
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

static void turn_for(struct rig *r, int64_t us)
{
	int64_t until_us = now_us() + us;

	while (now_us() < until_us)
		loop_turn(r->loop, 1);
}

/* Turns until it is so; a test that never gets there fails. */
#define TURN_UNTIL(r, so)                                               \
	do {                                                            \
		int64_t late_us = now_us() + 20 * SECOND;               \
		while (!(so)) {                                         \
			assert_true(now_us() < late_us);                \
			loop_turn((r)->loop, 1);                        \
		}                                                       \
	} while (0)

static void rig_stop(struct rig *r)
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

static struct peer dial(struct rig *r)
{
	struct peer p = {.rig = r};

	p.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(p.fd, (struct sockaddr *)&r->at, sizeof(r->at)), 0);
	assert_int_equal(fcntl(p.fd, F_SETFL, O_NONBLOCK), 0);
	buf_init(&p.in, 0);
	return p;
}

static void hang_up(struct peer *p, bool reset)
{
	struct linger now = {.l_onoff = 1};

	if (reset)
		setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(p->fd);
	buf_release(&p->in);
}

static void hear(struct peer *p)
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

static bool is_over(struct peer *p)
{
	hear(p);
	return p->eof || p->error;
}

static void say_bytes(struct peer *p, const char *s, size_t n)
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

static void say(struct peer *p, const char *s)
{
	say_bytes(p, s, strlen(s));
}

static char *find(const struct buf *b, size_t from, const char *what)
{
	if (b->n <= from)
		return NULL;
	return memmem(b->p + from, b->n - from, what, strlen(what));
}

/* The length of chunked bytes at `at`, decoded into out; 0: not all there. */
static size_t unchunk(const struct buf *in, size_t at, struct buf *out)
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
static bool parse(struct peer *p, struct reply *re, bool is_head)
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

static bool got(struct peer *p, struct reply *re, bool is_head)
{
	hear(p);
	return parse(p, re, is_head);
}

static int reply_of(struct peer *p, struct reply *re)
{
	TURN_UNTIL(p->rig, got(p, re, false));
	return re->status;
}

static bool body_is(const struct reply *re, const char *text)
{
	if (span_is(buf_span(&re->body), text))
		return true;
	print_error("body: %.*s\n", (int)re->body.n, re->body.p);
	return false;
}

/* Says it on a new connection; 0 when it is closed without a reply. Tells
 * whether the connection ended. */
static int once(struct rig *r, const char *text, size_t n, bool *ended)
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

/* --- the tests ---------------------------------------------------------- */

static void test_plain(void **state)
{
	struct reply re = {0};
	struct rig r;
	struct peer p;
	int i;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	for (i = 0; i < 3; i++) {
		say(&p, "GET /a%2Fb%00/../c?x=%41 HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(reply_of(&p, &re), 200);
		assert_true(body_is(&re, "GET /a%2Fb%00/../c 0 "));
		assert_null(strstr(re.head, "Connection:"));
		assert_null(strstr(re.head, "Server:"));
		assert_non_null(strstr(re.head, "X-Good: yes\r\n"));
		assert_null(strstr(re.head, "Bad"));
		assert_null(strstr(re.head, "Evil"));
	}
	say(&p, "POST /p HTTP/1.1\r\n" HOST "content-TYPE: a/b\r\n"
		"Content-Length: 5\r\n\r\nhel");
	turn_for(&r, 5000);
	assert_int_equal(r.requests, 3);
	say(&p, "lo");
	assert_int_equal(reply_of(&p, &re), 200);
	assert_true(body_is(&re, "POST /p 5 hello"));
	assert_non_null(strstr(re.head, "Content-Type: a/b\r\n"));
	say(&p, "GET http://host:1/x/y?z HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&p, &re), 200);
	assert_true(body_is(&re, "GET /x/y 0 "));
	say(&p, "GET http://host:1 HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&p, &re), 200);
	assert_true(body_is(&re, "GET / 0 "));
	say(&p, "GET /close HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&p, &re), 200);
	assert_non_null(strstr(re.head, "Connection: close\r\n"));
	TURN_UNTIL(&r, is_over(&p));
	hang_up(&p, false);
	assert_int_equal(r.heads, 7);
	assert_int_equal(r.gones, 0);
	TURN_UNTIL(&r, http_server_connections(r.server) == 0);
	buf_release(&re.body);
	rig_stop(&r);
}

static void test_chunked_request(void **state)
{
	static const char text[] =
		"POST /c HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		"5;ext=1\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n"
		"Trailer: x\r\n\r\n";
	struct reply re = {0};
	struct rig r;
	struct peer p;
	size_t i;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	say(&p, text);
	assert_int_equal(reply_of(&p, &re), 200);
	assert_true(body_is(&re, "POST /c 11 hello world"));
	/* Byte by byte, on the same connection. */
	for (i = 0; i < sizeof(text) - 1; i++) {
		say_bytes(&p, text + i, 1);
		turn_for(&r, 300);
	}
	assert_int_equal(reply_of(&p, &re), 200);
	assert_true(body_is(&re, "POST /c 11 hello world"));
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

static void test_pipelining(void **state)
{
	struct reply re = {0};
	char want[40];
	struct rig r;
	struct peer p;
	int i;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	say(&p, "GET /hold HTTP/1.1\r\n" HOST "\r\n"
		"POST /1 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab"
		"GET /2 HTTP/1.1\r\n" HOST "\r\n"
		"GET /3 HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	turn_for(&r, 10000);
	assert_int_equal(r.requests, 1);
	http_reply(r.held[0], 204, NULL, 0, NULL, false);
	assert_int_equal(reply_of(&p, &re), 204);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(reply_of(&p, &re), 200);
		snprintf(want, sizeof(want), i == 1 ? "POST /%d 2 ab" :
						      "GET /%d 0 ", i);
		assert_true(body_is(&re, want));
	}
	hang_up(&p, false);
	buf_release(&re.body);
	assert_int_equal(r.gones, 0);
	rig_stop(&r);
}

static void test_head(void **state)
{
	struct reply re = {0};
	struct rig r;
	struct peer p;
	int i;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	for (i = 0; i < 2; i++) {
		say(&p, "HEAD /h HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, got(&p, &re, true));
		assert_non_null(strstr(re.head, "Content-Length: 10\r\n"));
		say(&p, "HEAD /stream HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, r.n_held == 1);
		assert_int_equal(
			http_stream_write(r.held[0], span_of("unseen")), 0);
		http_stream_close(r.held[0]);
		TURN_UNTIL(&r, got(&p, &re, true));
		assert_non_null(strstr(re.head, "text/event-stream\r\n"));
	}
	/* No stray byte of a body came between. */
	turn_for(&r, 5000);
	hear(&p);
	assert_int_equal(p.in.n, 0);
	say(&p, "HEAD /stream HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	http_stream_cut(r.held[0]);
	TURN_UNTIL(&r, is_over(&p));
	assert_int_equal(p.in.n, 0);
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

static void test_http10(void **state)
{
	struct reply re = {0};
	struct rig r;
	struct peer p;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	say(&p, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert_int_equal(reply_of(&p, &re), 200);
	say(&p, "GET /stream HTTP/1.0\r\n\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	http_stream_write(r.held[0], span_of("abc"));
	turn_for(&r, 5000);
	http_stream_write(r.held[0], span_of("def"));
	http_stream_close(r.held[0]);
	TURN_UNTIL(&r, is_over(&p));
	assert_non_null(find(&p.in, 0, "\r\n\r\nabcdef"));
	assert_null(find(&p.in, 0, "chunked"));
	hang_up(&p, false);
	buf_release(&re.body);
	assert_int_equal(r.gones, 0);
	rig_stop(&r);
}

/* 20 MB are sent in whole before the client reads; it gets its answer, and
 * the connection is good for the next request. */
static void test_large_bodies(void **state)
{
	static char block[1000000];
	struct reply re = {0};
	char head[200];
	struct rig r;
	struct peer p;
	int chunked, i;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	memset(block, 'x', sizeof(block));
	for (chunked = 0; chunked <= 1; chunked++) {
		snprintf(head, sizeof(head), "POST / HTTP/1.1\r\n" HOST "%s",
			 chunked ? "Transfer-Encoding: chunked\r\n\r\n" :
				   "Content-Length: 20000000\r\n\r\n");
		say(&p, head);
		for (i = 0; i < 20; i++) {
			if (chunked)
				say(&p, "F4240\r\n");
			say_bytes(&p, block, sizeof(block));
			if (chunked)
				say(&p, "\r\n");
			assert_true(r.memory_used <= 1024 * 1024);
		}
		if (chunked)
			say(&p, "0\r\n\r\n");
		assert_int_equal(reply_of(&p, &re), 413);
		assert_non_null(find(&re.body, 0, "\"code\":413"));
		assert_non_null(strstr(re.head, "application/json"));
		say(&p, "GET /next HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(reply_of(&p, &re), 200);
	}
	/* At the limit exactly. */
	for (i = 0; i <= 1; i++) {
		snprintf(head, sizeof(head),
			 "POST / HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n",
			 1024 * 1024 + i);
		say(&p, head);
		say_bytes(&p, block, 1000000);
		say_bytes(&p, block, (size_t)(48576 + i));
		assert_int_equal(reply_of(&p, &re), i ? 413 : 200);
	}
	assert_int_equal(r.requests, 3);
	hang_up(&p, false);
	/* More than anybody waits for: the answer comes at once. */
	p = dial(&r);
	say(&p, "POST / HTTP/1.1\r\n" HOST
		"Content-Length: 99999999999\r\n\r\n");
	assert_int_equal(reply_of(&p, &re), 413);
	TURN_UNTIL(&r, is_over(&p));
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

/* Without an end in sight it is given up. */
static void test_endless_body(void **state)
{
	static char block[1000000];
	struct rig r;
	struct peer p;
	size_t n = 0;
	ssize_t put;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	say(&p, "POST / HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n");
	while (!is_over(&p)) {
		put = send(p.fd, block, sizeof(block), MSG_NOSIGNAL);
		n += put > 0 ? (size_t)put : 0;
		loop_turn(r.loop, 0);
	}
	assert_true(n > 64u * 1024 * 1024 && n < 80u * 1024 * 1024);
	hang_up(&p, false);
	rig_stop(&r);
}

static void test_memory(void **state)
{
	struct http_server_limits limits = usual;
	struct reply re = {0};
	struct peer p, q;
	struct rig r;

	(void)state;
	limits.memory_max = 1000;
	rig_start(&r, &limits);
	p = dial(&r);
	q = dial(&r);
	say(&p, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 600\r\n\r\n");
	TURN_UNTIL(&r, r.memory_used == 600);
	say(&q, "POST / HTTP/1.1\r\n" HOST "Content-Length: 401\r\n\r\n");
	turn_for(&r, 5000);
	assert_int_equal(r.memory_used, 600);
	{
		char body[401] = {0};

		say_bytes(&q, body, 401);
	}
	assert_int_equal(reply_of(&q, &re), 503);
	say(&q, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n");
	TURN_UNTIL(&r, r.memory_used == 605);
	hang_up(&q, true);
	TURN_UNTIL(&r, r.memory_used == 600);
	hang_up(&p, false);
	TURN_UNTIL(&r, r.memory_used == 0);
	buf_release(&re.body);
	rig_stop(&r);
}

static void test_expect(void **state)
{
	struct reply re = {0};
	struct rig r;
	struct peer p;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	say(&p, "POST /e HTTP/1.1\r\n" HOST
		"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	TURN_UNTIL(&r, got(&p, &re, true));
	assert_int_equal(re.status, 100);
	say(&p, "ab");
	assert_int_equal(reply_of(&p, &re), 200);
	assert_true(body_is(&re, "POST /e 2 ab"));
	/* A final answer at once instead of 100. */
	say(&p, "POST /e HTTP/1.1\r\n" HOST
		"Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(reply_of(&p, &re), 413);
	TURN_UNTIL(&r, is_over(&p));
	hang_up(&p, false);
	p = dial(&r);
	say(&p, "POST /refuse HTTP/1.1\r\n" HOST
		"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(reply_of(&p, &re), 401);
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

static void test_refuse(void **state)
{
	struct reply re = {0};
	struct rig r;
	struct peer p;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	say(&p, "GET /refuse HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&p, &re), 401);
	assert_true(body_is(&re, "refused"));
	assert_non_null(strstr(re.head, "X-Why: key\r\n"));
	/* With a body, which is read first; the connection is kept. */
	say(&p, "POST /refuse HTTP/1.1\r\n" HOST
		"Content-Length: 5\r\n\r\nhel");
	turn_for(&r, 5000);
	hear(&p);
	assert_int_equal(p.in.n, 0);
	say(&p, "lo");
	assert_int_equal(reply_of(&p, &re), 401);
	say(&p, "POST /x HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n"
		"Content-Length: 5\r\n\r\nhello");
	assert_int_equal(reply_of(&p, &re), 415);
	say(&p, "GET /x HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&p, &re), 200);
	assert_int_equal(r.requests, 1);
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

#define EVIL "GET /evil HTTP/1.1\r\n" HOST "\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST

#define V(s)                       \
	{                          \
		s, sizeof(s) - 1   \
	}
/* Each must be refused and the connection closed, and what hides behind it
 * must not reach the owner. */
static const struct {
	const char *p;
	size_t n;
} unsound[] = {
	V(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "0\r\n\r\n" EVIL),
	V(POST "Content-Length: 0\r\nContent-Length: 38\r\n\r\n" EVIL),
	V(POST "Content-Length: 38\r\nContent-Length: 0\r\n\r\n" EVIL),
	V(POST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" EVIL),
	V(POST "Content-Length : 38\r\n\r\n" EVIL),
	V(POST "Content-Length: +3\r\n\r\nabc" EVIL),
	V(POST "Content-Length: 3, 3\r\n\r\nabc" EVIL),
	V(POST "Content-Length: 0x3\r\n\r\nabc" EVIL),
	V(POST "Content-Length:\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: identity\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" EVIL),
	V(POST " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: chunked\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: chunked\r\n"
	       "Transfer-Encoding: x\r\n\r\n0\r\n\r\n" EVIL),
	V("POST / HTTP/1.0\r\nConnection: keep-alive\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST HOST "\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "Authorization: a\r\n"
	  "Authorization: b\r\n\r\n" EVIL),
	V("GE(T / HTTP/1.1\r\n" HOST "\r\n" EVIL),
	V("GET /\x01 HTTP/1.1\r\n" HOST "\r\n" EVIL),
	V("GET /a b HTTP/1.1\r\n" HOST "\r\n" EVIL),
	V("GET  / HTTP/1.1\r\n" HOST "\r\n" EVIL),
	V("GET /\x80 HTTP/1.1\r\n" HOST "\r\n" EVIL),
	V("GET /\0x HTTP/1.1\r\n" HOST "\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "A B: c\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST ": c\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "A\x7f: c\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n" EVIL),
	/* Hidden bytes: NUL, bare LF, folded lines. */
	V("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "X\0: a\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\n" HOST "\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "\n" EVIL),
	V("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: chunked\r\n x\r\n\r\n0\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" EVIL),
	V(POST "Content-Length:\r\n 38\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: chunked\0x\r\n\r\n0\r\n\r\n" EVIL),
	/* Chunks. */
	V(POST "Transfer-Encoding: chunked\r\n\r\nx\r\n" EVIL),
	V(POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n" EVIL),
	V(POST "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" EVIL),
	V(POST "Transfer-Encoding: chunked\r\n\r\n"
	       "11111111111111111\r\na\r\n" EVIL),
	/* No HTTP/1. */
	V("GET /\r\n\r\n" EVIL),
	V("GET / HTTP/2.0\r\n" HOST "\r\n" EVIL),
	V("GET / HTTP/0.9\r\n" HOST "\r\n" EVIL),
	V("GET / http/1.1\r\n" HOST "\r\n" EVIL),
};

static void test_guard(void **state)
{
	struct rig r;
	bool ended;
	size_t i;
	int status;

	(void)state;
	rig_start(&r, &usual);
	for (i = 0; i < sizeof(unsound) / sizeof(unsound[0]); i++) {
		status = once(&r, unsound[i].p, unsound[i].n, &ended);
		if ((status && status != 400 && status != 413 &&
		     status != 505) ||
		    !ended || r.requests)
			print_error("%d:\n%s\n", status, unsound[i].p);
		assert_true(status == 400 || status == 413 || status == 505 ||
			    status == 0);
		assert_true(ended);
		assert_int_equal(r.requests, 0);
	}
	rig_stop(&r);
}

/* Heads that clients send must not be mistaken for such. */
static void test_sound_heads(void **state)
{
	static const char *const heads[] = {
		"GET /a?b=c&d=%20e&f HTTP/1.1\r\nHost: h:80\r\n"
		"User-Agent: curl/8\r\nAccept: */*\r\n\r\n",
		"GET / HTTP/1.1\r\nhost:h\r\nX:\r\nY: \r\nZ:\t \t\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX: trailing blanks  \r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nCookie: a=b; c=\"d\"\r\n"
		"Cookie: e=f\r\n\r\n",
		"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 0\r\nHost: h\r\n\r\n",
		"GET /?a=1?b=2#c HTTP/1.1\r\nHost: h\r\n\r\n",
	};
	struct reply re = {0};
	char head[12000];
	struct rig r;
	struct peer p;
	size_t i, n;

	(void)state;
	rig_start(&r, &usual);
	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		n = strlen(heads[i]);
		if (once(&r, heads[i], n, NULL) != 200)
			fail_msg("%s", heads[i]);
	}
	/* In pieces of every size, twice on each connection: the library's
	 * buffer grows and moves meanwhile. */
	p = dial(&r);
	for (i = 1; i < 60; i++) {
		n = (size_t)snprintf(head, sizeof(head),
				     "GET /?%0*d HTTP/1.1\r\nX: %0*d\r\n",
				     (int)(i * 50), 0, (int)(i * 80), 1);
		memcpy(head + n, HOST "\r\n", 11 + 1);
		n += strlen(HOST "\r\n");
		for (size_t at = 0; at < n; at += i * 37) {
			size_t left = n - at;

			say_bytes(&p, head + at, left < i * 37 ? left : i * 37);
			loop_turn(r.loop, 0);
		}
		assert_int_equal(reply_of(&p, &re), 200);
	}
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

static void test_large_heads(void **state)
{
	static char head[70000];
	struct rig r;
	int n;

	(void)state;
	rig_start(&r, &usual);
	for (n = 4000; n < 65000; n += 1000) {
		snprintf(head, sizeof(head),
			 "GET / HTTP/1.1\r\n" HOST "X: %0*d\r\n\r\n", n, 0);
		assert_int_equal(once(&r, head, strlen(head), NULL),
				 n < 12200 ? 200 : 431);
	}
	snprintf(head, sizeof(head), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n",
		 20000, 0);
	assert_int_equal(once(&r, head, strlen(head), NULL), 414);
	rig_stop(&r);
}

static int64_t end_after(struct peer *p, const char *drip)
{
	int64_t from_us = now_us();
	size_t i = 0;

	for (;;) {
		turn_for(p->rig, 10000);
		if (is_over(p))
			return now_us() - from_us;
		assert_true(now_us() - from_us < 5 * SECOND);
		if (drip[i] && send(p->fd, &drip[i++], 1, MSG_NOSIGNAL) < 0)
			return now_us() - from_us;
	}
}

static void assert_about(int64_t us, int64_t want_us)
{
	assert_in_range(us, want_us - 20000, want_us + 150000);
}

static void test_slow_senders(void **state)
{
	static const char drip[] = "GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaa"
				   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct http_server_limits limits = usual;
	struct reply re = {0};
	struct rig r;
	struct peer p;

	(void)state;
	limits.header_us = 200000;
	limits.body_us = 300000;
	limits.idle_us = 400000;
	rig_start(&r, &limits);
	/* Nothing, or a head byte by byte. */
	p = dial(&r);
	assert_about(end_after(&p, ""), 200000);
	hang_up(&p, false);
	p = dial(&r);
	assert_about(end_after(&p, drip), 200000);
	hang_up(&p, false);
	/* A body byte by byte. */
	p = dial(&r);
	say(&p, "POST / HTTP/1.1\r\n" HOST "Content-Length: 999\r\n\r\n");
	assert_about(end_after(&p, drip), 300000);
	hang_up(&p, false);
	/* One that is thrown away: no difference. */
	p = dial(&r);
	say(&p, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 999\r\n\r\n");
	assert_about(end_after(&p, drip), 300000);
	hang_up(&p, false);
	/* Nothing after the first request. */
	p = dial(&r);
	say(&p, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&p, &re), 200);
	assert_about(end_after(&p, ""), 400000);
	hang_up(&p, false);
	/* The head of a later request. */
	p = dial(&r);
	say(&p, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&p, &re), 200);
	say(&p, "GET / HTTP/1.1\r\n");
	assert_about(end_after(&p, drip + 16), 200000);
	hang_up(&p, false);
	/* Who waits for us has all the time. */
	p = dial(&r);
	say(&p, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx");
	TURN_UNTIL(&r, r.n_held == 1);
	turn_for(&r, 700000);
	http_reply(r.held[0], 200, NULL, 0, NULL, false);
	assert_int_equal(reply_of(&p, &re), 200);
	hang_up(&p, false);
	assert_int_equal(r.gones, 0);
	buf_release(&re.body);
	rig_stop(&r);
}

enum leave { LEAVE_FIN, LEAVE_RESET, LEAVE_HALF, LEAVES };

static void leave(struct peer *p, enum leave how)
{
	if (how == LEAVE_HALF)
		shutdown(p->fd, SHUT_WR);
	else
		hang_up(p, how == LEAVE_RESET);
}

/* Waiting for an answer, and between two pieces of one. */
static void test_gone(void **state)
{
	int64_t from_us;
	unsigned how;
	struct rig r;
	struct peer p;
	int streams;

	(void)state;
	rig_start(&r, &usual);
	for (how = 0; how < 2 * LEAVES; how++) {
		streams = how >= LEAVES;
		p = dial(&r);
		say(&p, streams ? "GET /stream HTTP/1.1\r\n" HOST "\r\n" :
				  "GET /hold HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, r.n_held == 1);
		if (streams) {
			http_stream_write(r.held[0], span_of("data"));
			turn_for(&r, 10000);
		}
		assert_int_equal(r.gones, how);
		from_us = now_us();
		leave(&p, how % LEAVES);
		TURN_UNTIL(&r, r.gones == how + 1);
		assert_true(r.gone_us - from_us < 50000);
		TURN_UNTIL(&r, r.dones == how + 1);
		if (how % LEAVES == LEAVE_HALF) {
			TURN_UNTIL(&r, is_over(&p));
			hang_up(&p, false);
		}
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
	}
	rig_stop(&r);
}

/* The owner lets go later than it is told, or never hears. */
static void test_gone_and_kept(void **state)
{
	unsigned how;
	struct rig r;
	struct peer p;

	(void)state;
	rig_start(&r, &usual);
	r.keep_on_gone = true;
	for (how = 0; how < LEAVES; how++) {
		p = dial(&r);
		say(&p, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, r.n_held == 1);
		leave(&p, how);
		TURN_UNTIL(&r, r.gones == 3 * how + 1);
		turn_for(&r, 5000);
		/* Writes into the void, until the library notices, too. */
		http_stream_write(r.held[0], span_of("data"));
		turn_for(&r, 5000);
		http_stream_write(r.held[0], span_of("data"));
		turn_for(&r, 5000);
		assert_int_equal(r.dones, 3 * how);
		if (how == LEAVE_RESET)
			http_stream_close(r.held[0]);
		else
			http_stream_cut(r.held[0]);
		TURN_UNTIL(&r, r.dones == 3 * how + 1);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		/* A reply to nobody. */
		p = dial(&r);
		say(&p, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, r.n_held == 1);
		leave(&p, how);
		TURN_UNTIL(&r, r.gones == 3 * how + 2);
		http_reply(r.held[0], 200, NULL, 0, NULL, false);
		TURN_UNTIL(&r, r.dones == 3 * how + 2);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		/* One that never hears, until the server ends. */
		p = dial(&r);
		say(&p, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, r.n_held == 1);
		leave(&p, how);
		TURN_UNTIL(&r, r.gones == 3 * how + 3);
		http_stream_cut(r.held[0]);
		TURN_UNTIL(&r, r.dones == 3 * how + 3);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
	}
	rig_stop(&r);
}

/* Leaving before the request is whole, with its last byte, or after the
 * answer: no owner is told. */
static void test_not_gone(void **state)
{
	struct reply re = {0};
	unsigned how;
	struct rig r;
	struct peer p;

	(void)state;
	rig_start(&r, &usual);
	for (how = 0; how < LEAVES; how++) {
		p = dial(&r);
		say(&p, "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nx");
		turn_for(&r, 2000);
		leave(&p, how);
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		assert_int_equal(r.requests, 0);
	}
	for (how = 0; how < LEAVES; how++) {
		p = dial(&r);
		TURN_UNTIL(&r, http_server_connections(r.server) == 1);
		assert_true(send(p.fd, EVIL, sizeof(EVIL) - 1, 0) > 0);
		leave(&p, how);
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		assert_int_equal(r.requests, 0);
	}
	for (how = 0; how < LEAVES; how++) {
		p = dial(&r);
		say(&p, "GET / HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(reply_of(&p, &re), 200);
		leave(&p, how);
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		assert_int_equal(r.requests, how + 1);
	}
	/* A stream of which all was read but the end. */
	p = dial(&r);
	say(&p, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	http_stream_write(r.held[0], span_of("data: [DONE]\n\n"));
	TURN_UNTIL(&r, (hear(&p), find(&p.in, 0, "DONE")));
	http_stream_close(r.held[0]);
	hang_up(&p, true);
	TURN_UNTIL(&r, r.dones == LEAVES + 1);
	assert_int_equal(r.gones, 0);
	buf_release(&re.body);
	rig_stop(&r);
}

static unsigned data_segments(const struct peer *p)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	assert_int_equal(
		getsockopt(p->fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
	return info.tcpi_data_segs_in;
}

static void test_stream(void **state)
{
	struct reply re = {0};
	int64_t from_us;
	unsigned before;
	struct rig r;
	struct peer p;
	int i, k;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	/* The first request of a connection differs: the library sets socket
	 * options with its first bytes. */
	for (k = 0; k < 3; k++) {
		before = data_segments(&p);
		say(&p, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, r.n_held == 1);
		/* The head does not wait for bytes that do not come. */
		TURN_UNTIL(&r, (hear(&p), find(&p.in, 0, "\r\n\r\n")));
		assert_int_equal(data_segments(&p), before + 1);
		for (i = 0; i < 5; i++) {
			from_us = now_us();
			http_stream_write(r.held[0], span_of("data: x\n\n"));
			TURN_UNTIL(&r,
				   data_segments(&p) == before + 2 + (unsigned)i);
			assert_true(now_us() - from_us < 30000);
		}
		http_stream_write(r.held[0], span_of("data: [DONE]\n\n"));
		http_stream_close(r.held[0]);
		assert_int_equal(reply_of(&p, &re), 200);
		assert_int_equal(data_segments(&p), before + 7);
		assert_int_equal(re.body.n, 5 * 9 + 14);
		assert_non_null(strstr(re.head, "text/event-stream\r\n"));
		assert_null(strstr(re.head, "Content-Length"));
	}
	/* All at once: head, bytes and end; one segment but for the first. */
	for (k = 0; k < 2; k++) {
		before = data_segments(&p);
		say(&p, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
		while (r.n_held == 0)
			loop_turn(r.loop, 0);
		TURN_UNTIL(&r, (hear(&p), find(&p.in, 0, "\r\n\r\n")));
		http_stream_close(r.held[0]);
		assert_int_equal(reply_of(&p, &re), 200);
		assert_int_equal(re.body.n, 0);
	}
	assert_int_equal(r.gones + r.drains, 0);
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

static void test_stream_cut(void **state)
{
	struct rig r;
	struct peer p;
	int how;

	(void)state;
	rig_start(&r, &usual);
	/* Before the head, after it, between pieces, while sending. */
	for (how = 0; how < 5; how++) {
		p = dial(&r);
		say(&p, how == 0 ? "GET /hold HTTP/1.1\r\n" HOST "\r\n" :
				   "GET /stream HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, r.n_held == 1);
		turn_for(&r, how == 1 ? 0 : 2000);
		if (how >= 3)
			http_stream_write(r.held[0], span_of("data: x\n\n"));
		if (how == 3)
			turn_for(&r, 2000);
		while (how == 4 &&
		       http_stream_write(
			       r.held[0],
			       (struct span){(char[10000]){0}, 10000}) < 4 * HTTP_STREAM_HIGH)
			loop_turn(r.loop, 0);
		http_stream_cut(r.held[0]);
		TURN_UNTIL(&r, is_over(&p));
		assert_null(find(&p.in, 0, "\r\n0\r\n"));
		if (how == 3)
			assert_non_null(find(&p.in, 0, "data: x"));
		hang_up(&p, false);
		TURN_UNTIL(&r, r.dones == (unsigned)how + 1);
	}
	assert_int_equal(r.gones, 0);
	rig_stop(&r);
}

/* 8 MB through a client that does not read at first: held back above the
 * mark, one on_drain() a time, every byte in its place. */
static void test_back_pressure(void **state)
{
	enum { WORDS = 2048, TOTAL = 8 * 1024 * 1024 };
	static uint32_t words[WORDS];
	uint32_t next = 0, want = 0, word;
	struct reply re = {0};
	size_t put = 0, left = 0;
	unsigned drains = 0;
	struct rig r;
	struct peer p;
	bool reads = false;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	say(&p, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	while (put < TOTAL) {
		if (left < HTTP_STREAM_HIGH || r.drains > drains) {
			drains = r.drains;
			for (int i = 0; i < WORDS; i++)
				words[i] = next++;
			left = http_stream_write(
				r.held[0],
				(struct span){(char *)words, sizeof(words)});
			put += sizeof(words);
			assert_true(left < HTTP_STREAM_HIGH + sizeof(words));
		} else if (!reads) {
			turn_for(&r, 50000);
			assert_int_equal(r.drains, drains);
			reads = true;
		}
		loop_turn(r.loop, 0);
		if (reads)
			hear(&p);
	}
	http_stream_close(r.held[0]);
	assert_int_equal(reply_of(&p, &re), 200);
	assert_int_equal(re.body.n, TOTAL);
	for (size_t i = 0; i < TOTAL; i += 4) {
		memcpy(&word, re.body.p + i, 4);
		assert_true(word == want++);
	}
	assert_true(reads && r.drains > 0);
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

/* The kernel still squeezes some bytes in when it probes the full window. */
static void assert_stalled(int64_t us)
{
	assert_in_range(us, 280000, 1500000);
}

/* Who does not read is gone after write_us; who reads slowly is not. */
static void test_slow_readers(void **state)
{
	static char block[100000];
	struct http_server_limits limits = usual;
	int64_t from_us;
	struct buf body;
	struct rig r;
	struct peer p;
	int i;

	(void)state;
	limits.write_us = 300000;
	rig_start(&r, &limits);
	p = dial(&r);
	say(&p, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	/* Nothing to send is no reason. */
	turn_for(&r, 500000);
	assert_int_equal(r.gones, 0);
	while (http_stream_write(r.held[0],
				 (struct span){block, sizeof(block)}) <
	       HTTP_STREAM_HIGH)
		loop_turn(r.loop, 0);
	from_us = now_us();
	TURN_UNTIL(&r, r.gones == 1);
	assert_stalled(r.gone_us - from_us);
	TURN_UNTIL(&r, r.dones == 1);
	hang_up(&p, false);
	/* A whole answer. */
	p = dial(&r);
	say(&p, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	buf_init(&body, 0);
	for (i = 0; i < 100; i++)
		buf_add(&body, block, sizeof(block));
	http_reply(r.held[0], 200, NULL, 0, &body, false);
	from_us = now_us();
	TURN_UNTIL(&r, r.dones == 2);
	assert_int_equal(r.gones, 2);
	assert_stalled(now_us() - from_us);
	hang_up(&p, false);
	/* Slow but not dead: 100 KB each 50 ms. */
	p = dial(&r);
	say(&p, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	for (i = 0; i < 100; i++)
		buf_add(&body, block, sizeof(block));
	http_reply(r.held[0], 200, NULL, 0, &body, false);
	from_us = now_us();
	while (now_us() - from_us < 1000000) {
		turn_for(&r, 50000);
		for (i = 0; i < 4; i++)
			hear(&p);
	}
	TURN_UNTIL(&r, (hear(&p), r.dones == 3));
	assert_int_equal(r.gones, 2);
	hang_up(&p, false);
	rig_stop(&r);
}

static void test_drain(void **state)
{
	struct reply re = {0};
	struct peer idle, kept, busy, late;
	int64_t from_us;
	struct rig r;

	(void)state;
	rig_start(&r, &usual);
	idle = dial(&r);
	kept = dial(&r);
	busy = dial(&r);
	late = dial(&r);
	say(&kept, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&kept, &re), 200);
	say(&busy, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	from_us = now_us();
	http_server_drain(r.server);
	say(&late, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&late, &re), 200);
	assert_non_null(strstr(re.head, "Connection: close\r\n"));
	TURN_UNTIL(&r, is_over(&late));
	TURN_UNTIL(&r, is_over(&idle));
	TURN_UNTIL(&r, is_over(&kept));
	assert_true(now_us() - from_us < 2 * SECOND);
	TURN_UNTIL(&r, http_server_connections(r.server) == 1);
	/* Nobody takes this one; it waits for the next process. */
	hang_up(&idle, false);
	idle = dial(&r);
	turn_for(&r, 20000);
	assert_int_equal(http_server_connections(r.server), 1);
	http_stream_open(r.held[0], 200, NULL, 0);
	http_stream_write(r.held[0], span_of("x"));
	http_stream_close(r.held[0]);
	assert_int_equal(reply_of(&busy, &re), 200);
	assert_non_null(strstr(re.head, "Connection: close\r\n"));
	TURN_UNTIL(&r, is_over(&busy));
	TURN_UNTIL(&r, http_server_connections(r.server) == 0);
	hang_up(&idle, false);
	hang_up(&kept, false);
	hang_up(&busy, false);
	hang_up(&late, false);
	buf_release(&re.body);
	rig_stop(&r);
}

/* In every state a request can be in. */
static void test_end(void **state)
{
	static char block[100000];
	struct peer p[7];
	struct rig r;
	size_t i;

	(void)state;
	rig_start(&r, &usual);
	for (i = 0; i < 7; i++)
		p[i] = dial(&r);
	say(&p[1], "GET / HTTP");
	say(&p[2], "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nx");
	say(&p[3], "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	say(&p[4], "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 2);
	say(&p[5], "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 3);
	while (http_stream_write(r.held[2],
				 (struct span){block, sizeof(block)}) <
	       HTTP_STREAM_HIGH)
		loop_turn(r.loop, 0);
	say(&p[6], "HEAD /stream HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 4);
	/* An answer that is not out yet. */
	http_reply(r.held[0], 200, NULL, 0, NULL, false);
	rig_stop(&r);
	assert_int_equal(r.gones, 0);
	for (i = 0; i < 7; i++)
		hang_up(&p[i], false);
}

static void test_max_connections(void **state)
{
	struct http_server_limits limits = usual;
	struct reply re = {0};
	struct peer p[4];
	struct rig r;
	size_t i;

	(void)state;
	limits.max_connections = 3;
	rig_start(&r, &limits);
	for (i = 0; i < 4; i++) {
		p[i] = dial(&r);
		say(&p[i], "GET / HTTP/1.1\r\n" HOST "\r\n");
		if (i < 3)
			assert_int_equal(reply_of(&p[i], &re), 200);
	}
	turn_for(&r, 20000);
	assert_int_equal(http_server_connections(r.server), 3);
	hang_up(&p[1], false);
	assert_int_equal(reply_of(&p[3], &re), 200);
	assert_int_equal(http_server_connections(r.server), 3);
	limits.max_connections = 5;
	http_server_set_limits(r.server, &limits);
	p[1] = dial(&r);
	say(&p[1], "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(reply_of(&p[1], &re), 200);
	for (i = 0; i < 4; i++)
		hang_up(&p[i], false);
	buf_release(&re.body);
	r.limits.memory_used = NULL;
	rig_stop(&r);
}

/* More than one daemon of the library holds. */
static void test_many(void **state)
{
	enum { N = 600 };
	static struct peer p[N];
	struct reply re = {0};
	struct rig r;
	int i, k;

	(void)state;
	rig_start(&r, &usual);
	for (k = 0; k < 2; k++) {
		for (i = 0; i < N; i++) {
			p[i] = dial(&r);
			say(&p[i], "GET / HTTP/1.1\r\n" HOST "\r\n");
		}
		for (i = 0; i < N; i++)
			assert_int_equal(reply_of(&p[i], &re), 200);
		assert_int_equal(http_server_connections(r.server), N);
		for (i = 0; i < N; i++)
			hang_up(&p[i], i % 2);
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
	}
	assert_int_equal(r.requests, 2 * N);
	buf_release(&re.body);
	rig_stop(&r);
}

/* Owners and clients that do anything at any time. */
static void owner_acts(struct rig *r, unsigned dice)
{
	static char block[50000];
	struct http_request *rq;

	if (r->n_held == 0)
		return;
	rq = r->held[dice % r->n_held];
	switch (dice / 64 % 4) {
	case 0:
		http_stream_cut(rq);
		break;
	default:
		/* A reply, or a stream of a few pieces. */
		http_reply(rq, 200, NULL, 0, NULL, dice % 3 == 0);
		break;
	case 1:
		http_stream_open(rq, 200, NULL, 0);
		http_stream_write(rq, (struct span){block, dice % 50000});
		if (dice & 1)
			loop_turn(r->loop, 0);
		/* It may have been cut in on_gone() by now. */
		if (r->n_held && r->held[r->n_held - 1] == rq && !(dice & 1))
			http_stream_close(rq);
		else if (!(dice & 1))
			http_stream_cut(rq);
		break;
	}
	/* Answered or not, it is not ours to answer again. */
	for (size_t i = 0; i < r->n_held; i++)
		if (r->held[i] == rq)
			r->held[i] = r->held[--r->n_held];
}

static void test_random(void **state)
{
	enum { PEERS = 8, ROUNDS = 500 };
	static const char *const texts[] = {
		"GET / HTTP/1.1\r\n" HOST "\r\n",
		"GET /hold HTTP/1.1\r\n" HOST "\r\n",
		"POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nabcd",
		"POST /hold HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabcd",
		"POST / HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"GET /refuse HTTP/1.1\r\n" HOST "\r\n",
		"GET /hold HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST
		"\r\n",
		"GET / HTTP/1.1\r\n\r\n",
	};
	struct peer p[PEERS];
	bool used[PEERS] = {false};
	unsigned seed = 1, dice, i;
	struct rig r;
	int round;

	(void)state;
	rig_start(&r, &usual);
	for (round = 0; round < ROUNDS * 4; round++) {
		dice = (unsigned)rand_r(&seed);
		i = dice % PEERS;
		if (!used[i])
			p[i] = dial(&r);
		else if (dice / 8 % 3 == 0)
			hang_up(&p[i], dice & 1024);
		else
			(void)!send(p[i].fd, texts[dice / 32 % 8],
				    strlen(texts[dice / 32 % 8]), MSG_NOSIGNAL);
		if (used[i] && dice / 8 % 3 == 0)
			used[i] = false;
		else
			used[i] = true;
		if (used[i])
			hear(&p[i]);
		if (dice / 512 % 2)
			loop_turn(r.loop, 0);
		if (dice / 1024 % 3 == 0)
			owner_acts(&r, (unsigned)rand_r(&seed));
	}
	assert_true(r.requests > 100 && r.gones > 20);
	/* What an owner forgot in a stream is ended with the server. */
	r.n_held = 0;
	rig_stop(&r);
	for (i = 0; i < PEERS; i++)
		if (used[i])
			hang_up(&p[i], false);
}

/* Two loops take from one socket; each has its own server. */
static void *serve(void *arg)
{
	struct rig *r = arg;

	loop_run(r->loop);
	return NULL;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void ask_once(const struct sockaddr_in *at)
{
	static const char text[] = "POST / HTTP/1.1\r\n" HOST
				   "Content-Length: 3\r\n\r\nabc";
	char bytes[1000];
	ssize_t n;
	int i, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)at, sizeof(*at)),
			 0);
	for (i = 0; i < 3; i++) {
		assert_true(send(fd, text, sizeof(text) - 1, 0) > 0);
		n = recv(fd, bytes, sizeof(bytes) - 1, 0);
		assert_true(n > 0);
		bytes[n] = '\0';
		assert_non_null(strstr(bytes, "POST / 3 abc"));
	}
	close(fd);
}

static void test_two_loops(void **state)
{
	struct err err = {0};
	pthread_t threads[2];
	struct rig r[2];
	int i;

	(void)state;
	rig_start(&r[0], &usual);
	r[1] = r[0];
	r[1].loop = loop_new(&err);
	r[1].listen_fd = dup(r[0].listen_fd);
	r[0].limits.memory_used = r[1].limits.memory_used = &r[0].memory_used;
	r[1].server = http_server_new(r[1].loop, r[0].listen_fd, &r[1].limits,
				      &ops, &r[1], &err);
	assert_non_null(r[1].server);
	for (i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, serve, &r[i]), 0);
	for (i = 0; i < 200; i++)
		ask_once(&r[0].at);
	for (i = 0; i < 2; i++)
		loop_post(r[i].loop, stop, r[i].loop);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(r[0].requests + r[1].requests, 600);
	assert_true(r[0].requests > 0 && r[1].requests > 0);
	/* One ends; the other still serves. */
	rig_stop(&r[1]);
	assert_int_equal(once(&r[0], EVIL, sizeof(EVIL) - 1, NULL), 200);
	rig_stop(&r[0]);
}

/* The server stands on nothing it was not given. */
static void test_no_fill_error(void **state)
{
	struct http_server_ops bare = ops;
	struct err err = {0};
	struct rig r;

	(void)state;
	rig_start(&r, &usual);
	http_server_free(r.server);
	bare.fill_error = NULL;
	r.server = http_server_new(r.loop, r.listen_fd, &r.limits, &bare, &r,
				   &err);
	assert_int_equal(once(&r, unsound[0].p, unsound[0].n, NULL), 400);
	rig_stop(&r);
	http_server_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_chunked_request),
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_http10),
		cmocka_unit_test(test_large_bodies),
		cmocka_unit_test(test_endless_body),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_sound_heads),
		cmocka_unit_test(test_large_heads),
		cmocka_unit_test(test_slow_senders),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_gone_and_kept),
		cmocka_unit_test(test_not_gone),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_cut),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_slow_readers),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_max_connections),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_two_loops),
		cmocka_unit_test(test_no_fill_error),
	};

	return cmocka_run_group_tests_name("http_server", tests, NULL, NULL);
}
