/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in: heads sound and unsound, bodies, refusals.
 */
#include "http_rig.h"

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
	say(&p, GET("/close"));
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
	say(&p, GET("/hold") "POST /1 HTTP/1.1\r\n" HOST
			     "Content-Length: 2\r\n\r\nab" GET("/2") GET("/3"));
	TURN_UNTIL(&r, r.n_held == 1);
	turn_for(&r, 10000);
	assert_int_equal(r.requests, 1);
	http_reply(r.held[0], 204, NULL, 0, NULL, false);
	assert_int_equal(reply_of(&p, &re), 204);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(reply_of(&p, &re), 200);
		snprintf(want, sizeof(want),
			 i == 1 ? "POST /%d 2 ab" : "GET /%d 0 ", i);
		assert_true(body_is(&re, want));
	}
	hang_up(&p, false);
	buf_release(&re.body);
	assert_int_equal(r.gones, 0);
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
			 chunked ? "Transfer-Encoding: chunked\r\n\r\n"
				 : "Content-Length: 20000000\r\n\r\n");
		say(&p, head);
		for (i = 0; i < 20; i++) {
			if (chunked)
				say(&p, "F4240\r\n");
			say_bytes(&p, block, sizeof(block));
			if (chunked)
				say(&p, "\r\n");
			assert_true(r.memory_used <= 1024 * 1024);
		}
		/* What is refused is not kept. */
		TURN_UNTIL(&r, r.memory_used == 0);
		if (chunked)
			say(&p, "0\r\n\r\n");
		assert_int_equal(reply_of(&p, &re), 413);
		assert_non_null(find(&re.body, 0, "\"code\":413"));
		assert_non_null(strstr(re.head, "application/json"));
		say(&p, GET("/next"));
		assert_int_equal(reply_of(&p, &re), 200);
	}
	/* At the limit exactly. */
	for (i = 0; i <= 1; i++) {
		snprintf(head, sizeof(head),
			 "POST / HTTP/1.1\r\n" HOST
			 "Content-Length: %d\r\n\r\n",
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
	say(&p,
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999\r\n\r\n");
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
	static const char zeros[600];
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
	turn_for(&r, 5000);
	assert_int_equal(r.memory_used, 0); /* announced is not there yet */
	say_bytes(&p, zeros, 600);
	TURN_UNTIL(&r, r.memory_used == 600);
	say(&q, "POST / HTTP/1.1\r\n" HOST "Content-Length: 401\r\n\r\n");
	turn_for(&r, 5000);
	assert_int_equal(r.memory_used, 600);
	say_bytes(&q, zeros, 401);
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
	say(&p, GET("/refuse"));
	assert_int_equal(reply_of(&p, &re), 401);
	assert_true(body_is(&re, "refused"));
	assert_non_null(strstr(re.head, "X-Why: key\r\n"));
	/* With a body, which is read first; the connection is kept. */
	say(&p,
	    "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel");
	turn_for(&r, 5000);
	hear(&p);
	assert_int_equal(p.in.n, 0);
	say(&p, "lo");
	assert_int_equal(reply_of(&p, &re), 401);
	say(&p, "POST /x HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n"
		"Content-Length: 5\r\n\r\nhello");
	assert_int_equal(reply_of(&p, &re), 415);
	say(&p, GET("/x"));
	assert_int_equal(reply_of(&p, &re), 200);
	assert_int_equal(r.requests, 1);
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

#define EVIL GET("/evil")
#define POST "POST / HTTP/1.1\r\n" HOST

#define V(s)                                                                   \
	{                                                                      \
		s, sizeof(s) - 1                                               \
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
	int64_t from_us;
	struct rig r;
	bool ended;
	size_t i;
	int status;

	(void)state;
	rig_start(&r, &usual);
	for (i = 0; i < sizeof(unsound) / sizeof(unsound[0]); i++) {
		from_us = now_us();
		status = once(&r, unsound[i].p, unsound[i].n, &ended);
		if ((status != 400 && status != 413 && status != 505) ||
		    !ended || r.requests || now_us() - from_us > SECOND)
			fail_msg("%d:\n%s\n", status, unsound[i].p);
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

/* The server stands on nothing it was not given. */
static void test_no_on_refuse(void **state)
{
	struct http_server_ops bare = ops;
	struct err err = {0};
	struct rig r;

	(void)state;
	rig_start(&r, &usual);
	http_server_free(r.server);
	bare.on_refuse = NULL;
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
		cmocka_unit_test(test_http10),
		cmocka_unit_test(test_large_bodies),
		cmocka_unit_test(test_endless_body),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_sound_heads),
		cmocka_unit_test(test_large_heads),
		cmocka_unit_test(test_no_on_refuse),
	};

	return cmocka_run_group_tests_name("http_request", tests, NULL, NULL);
}
