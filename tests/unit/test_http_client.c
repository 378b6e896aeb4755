/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches against peers that do all that is right and all that is wrong.
 */
#include "net/http_client.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#include "net/fetch_route.h"
#include "patience.h"
#include "raw_server.h"

#define SECOND INT64_C(1000000)
#define OK     "HTTP/1.1 200 OK\r\n"
#define N(a)   (sizeof(a) / sizeof((a)[0]))

#define S(path, bytes, after)                                                  \
	{                                                                      \
		path, bytes, sizeof(bytes) - 1, after                          \
	}

static char huge_head[80000];

static struct raw_script scripts[] = {
	S("/plain",
	  OK "Content-Length: 5\r\nX-Thing:  one \r\nX-Two: a\r\n\r\nhello",
	  RAW_KEEP),
	S("/echo", "", RAW_ECHO),
	S("/later", "", RAW_LATER),
	S("/sum", "", RAW_SUM),
	S("/once", "", RAW_ONCE),
	S("/leave", "", RAW_LEAVE),
	/* right */
	S("/chunked",
	  OK "Transfer-Encoding: chunked\r\n\r\n"
	     "3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\n\r\n",
	  RAW_KEEP),
	S("/trailer",
	  OK "Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n"
	     "Content-Length: 9\r\nContent-Encoding: gzip\r\n\r\n",
	  RAW_KEEP),
	S("/interim",
	  "HTTP/1.1 100 Continue\r\n\r\n"
	  "HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\nX-A: b\r\n\r\n" OK
	  "Content-Length: 5\r\n\r\nhello",
	  RAW_KEEP),
	S("/to-close", OK "\r\nhello", RAW_CLOSE),
	S("/old", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	  RAW_CLOSE),
	S("/old-keeps",
	  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
	  "Content-Length: 5\r\n\r\nhello",
	  RAW_KEEP),
	S("/says-close",
	  OK "Connection: close\r\nContent-Length: 5\r\n\r\nhello", RAW_KEEP),
	S("/fields",
	  "HTTP/1.1 103 E\r\nX-A: interim\r\n\r\n" OK
	  "X-A: first\r\nX-B:\r\nx-a: last\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: trailer\r\n\r\n",
	  RAW_KEEP),
	S("/identity",
	  OK "Content-Encoding: Identity\r\nContent-Length: 5\r\n\r\nhello",
	  RAW_KEEP),
	S("/lf", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", RAW_KEEP),
	S("/204", "HTTP/1.1 204 No Content\r\n\r\n", RAW_KEEP),
	S("/204-body", "HTTP/1.1 204 No Content\r\n\r\nhello", RAW_KEEP),
	S("/empty", OK "Content-Length: 0\r\n\r\n", RAW_KEEP),
	S("/404", "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello",
	  RAW_KEEP),
	S("/500", "HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nhello",
	  RAW_KEEP),
	S("/short-length", OK "Content-Length: 3\r\n\r\nhello", RAW_KEEP),
	S("/two-replies",
	  OK "Content-Length: 5\r\n\r\nhello" OK
	     "Content-Length: 6\r\n\r\nstolen",
	  RAW_KEEP),
	/* wrong */
	S("/lengths", OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
	  RAW_KEEP),
	S("/same-lengths",
	  OK "Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello", RAW_KEEP),
	S("/length-list", OK "Content-Length: 5, 5\r\n\r\nhello", RAW_KEEP),
	S("/length-plus", OK "Content-Length: +5\r\n\r\nhello", RAW_KEEP),
	S("/length-minus", OK "Content-Length: -5\r\n\r\nhello", RAW_KEEP),
	S("/length-text", OK "Content-Length: five\r\n\r\nhello", RAW_KEEP),
	S("/length-none", OK "Content-Length:\r\n\r\nhello", RAW_KEEP),
	S("/length-vast",
	  OK "Content-Length: 99999999999999999999999\r\n\r\nhello", RAW_KEEP),
	S("/both",
	  OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "5\r\nhello\r\n0\r\n\r\n",
	  RAW_KEEP),
	S("/both-turned",
	  OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
	     "5\r\nhello\r\n0\r\n\r\n",
	  RAW_KEEP),
	S("/codings",
	  OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "5\r\nhello\r\n0\r\n\r\n",
	  RAW_KEEP),
	S("/coding-gzip", OK "Transfer-Encoding: gzip\r\n\r\nhello", RAW_CLOSE),
	S("/coding-list",
	  OK "Transfer-Encoding: identity, chunked\r\n\r\n"
	     "5\r\nhello\r\n0\r\n\r\n",
	  RAW_CLOSE),
	S("/gzip",
	  OK "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
	  RAW_KEEP),
	S("/br", OK "content-encoding:br\r\nContent-Length: 5\r\n\r\nhello",
	  RAW_KEEP),
	S("/folded", OK "X-A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello",
	  RAW_KEEP),
	S("/302",
	  "HTTP/1.1 302 Found\r\nLocation: /plain\r\n"
	  "Content-Length: 0\r\n\r\n",
	  RAW_KEEP),
	S("/304", "HTTP/1.1 304 Not Modified\r\n\r\n", RAW_KEEP),
	S("/101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello",
	  RAW_CLOSE),
	S("/cut-length", OK "Content-Length: 42\r\n\r\nhello", RAW_CLOSE),
	S("/cut-chunk", OK "Transfer-Encoding: chunked\r\n\r\n9\r\nhello",
	  RAW_CLOSE),
	S("/cut-chunks", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	  RAW_CLOSE),
	S("/chunk-garbage",
	  OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", RAW_CLOSE),
	S("/cut-head", OK "Content-Len", RAW_CLOSE),
	S("/interim-only", "HTTP/1.1 100 Continue\r\n\r\n", RAW_CLOSE),
	S("/silent", "", RAW_CLOSE),
	S("/reset", "", RAW_RESET),
	S("/reset-head", OK "Content-Le", RAW_RESET),
	S("/reset-body", OK "Content-Length: 42\r\n\r\nhello", RAW_RESET),
	S("/no-http", "hello world, this is not HTTP at all\r\n\r\n",
	  RAW_CLOSE),
	S("/status-vast", "HTTP/1.1 99999 Oops\r\n\r\nhello", RAW_CLOSE),
	S("/status-text", "HTTP/1.1 abc Oops\r\n\r\nhello", RAW_CLOSE),
	S("/status-600", "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n",
	  RAW_CLOSE),
	S("/nul", OK "X-A: a\0b\r\nContent-Length: 5\r\n\r\nhello", RAW_CLOSE),
	S("/colonless", OK "what\r\nContent-Length: 5\r\n\r\nhello", RAW_CLOSE),
	{"/huge-head", huge_head, sizeof(huge_head), RAW_CLOSE},
	/* without end */
	S("/hang", "", RAW_HANG),
	S("/hang-head", OK "Content-Len", RAW_HANG),
	S("/hang-body", OK "Content-Length: 42\r\n\r\nhello", RAW_HANG),
	S("/drip", OK "\r\n", RAW_DRIP),
	S("/flood", OK "\r\n", RAW_FLOOD),
	S("/interims", "HTTP/1.1 102 Processing\r\n\r\n", RAW_HANG),
	/* at the wrong time */
	S("/early", "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nhello",
	  RAW_RESET),
	S("/stray", "", RAW_STRAY), /* last: see mixed() */
	{0},
};

/* --- Names, looked up without a network ---------------------------------- */

typedef int lookup_fn(const char *, const char *, const struct addrinfo *,
		      struct addrinfo **);

/* Names with a first address that does not answer, and a good one. */
static const struct {
	const char *name;
	const char *first;
} pairs[] = {
	{"stuck.test", "127.0.0.2"},
	{"refused.test", "127.0.0.3"},
	{"local-link.test", "169.254.1.1"},
};

/* libcurl's threads come here instead of to the library's. */
__attribute__((visibility("default"))) int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	    struct addrinfo **res)
{
	lookup_fn *real = (lookup_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
	size_t i;

	if (node && strcmp(node, "slow.test") == 0) {
		usleep(700000);
		return EAI_NONAME;
	}
	if (node && strcmp(node, "nowhere.test") == 0)
		return EAI_NONAME;
	if (node && strcmp(node, "local.test") == 0)
		node = "127.0.0.1";
	if (node && strcmp(node, "metadata.test") == 0)
		node = "169.254.169.254";
	for (i = 0; i < N(pairs); i++) {
		if (!node || strcmp(node, pairs[i].name) != 0)
			continue;
		if (real(pairs[i].first, service, hints, res) != 0)
			return EAI_FAIL;
		return real("127.0.0.1", service, hints, &(*res)->ai_next);
	}
	return real(node, service, hints, res);
}

/* --- What one fetch has come to ------------------------------------------ */

struct seen {
	struct fetch *f;
	int heads;
	int datas;
	int dones;
	struct err why;
	struct buf body; /* by on_data(), or gathered */
	int status;
	bool was_sent;
	int *left; /* counted down in on_done() */
	bool free_in_head;
	bool free_in_data;
	bool hold_in_head;
	bool hold_in_data;
};

static struct loop *loop;
static struct http_client *client;
static struct raw_server *server;

static void see_head(void *arg, struct fetch *f)
{
	struct seen *s = arg;

	assert_ptr_equal(f, s->f);
	assert_int_equal(s->heads + s->datas + s->dones, 0);
	s->heads++;
	s->status = fetch_status(f);
	assert_int_not_equal(s->status, 0);
	if (s->hold_in_head)
		fetch_hold(f, true);
	if (s->free_in_head) {
		fetch_free(f);
		s->f = NULL;
	}
}

static void see_data(void *arg, struct fetch *f, struct span bytes)
{
	struct seen *s = arg;
	size_t n = s->body.n;

	assert_int_equal(s->heads, 1);
	assert_int_equal(s->dones, 0);
	assert_true(bytes.n > 0);
	s->datas++;
	if (s->hold_in_data)
		fetch_hold(f, true);
	if (s->free_in_data) {
		fetch_free(f);
		s->f = NULL;
	}
	/* The bytes live as long as the call, freed or not. */
	assert_int_equal(buf_add_span(&s->body, bytes), 0);
	assert_memory_equal(s->body.p + n, bytes.p, bytes.n);
}

static void see_done(void *arg, struct fetch *f, const struct err *why)
{
	struct seen *s = arg;

	assert_ptr_equal(f, s->f);
	assert_int_equal(s->dones, 0);
	s->dones++;
	s->status = fetch_status(f);
	s->was_sent = fetch_was_sent(f);
	if (why) {
		assert_int_not_equal(why->kind, ERR_NONE);
		assert_int_not_equal(why->text[0], 0);
		s->why = *why;
	}
	if (fetch_body(f)->n)
		buf_add_span(&s->body, buf_span(fetch_body(f)));
	if (s->left)
		--*s->left;
}

static const struct fetch_ops gathering = {.on_head = see_head,
					   .on_done = see_done};
static const struct fetch_ops streaming = {see_head, see_data, see_done};
static const struct fetch_ops headless = {.on_done = see_done};

static struct fetch_route *route_to(const char *host, const char *path)
{
	static const char *const headers[] = {"Authorization: Bearer sk-canary",
					      "Content-Type: application/json",
					      "Accept: application/json", NULL};
	char url[256];
	struct fetch_target to = {url, headers, NULL, NULL, 2 * SECOND};
	struct fetch_route *r;
	struct err err = {0};

	snprintf(url, sizeof(url), "http://%s:%d%s", host, server->port, path);
	r = fetch_route_new(&to, &err);
	assert_non_null(r);
	return r;
}

static void start(struct seen *s, const struct fetch_ask *ask,
		  const struct fetch_ops *ops)
{
	struct err err = {0};

	s->f = fetch_start(client, ask, ops, s, &err);
	assert_non_null(s->f);
	assert_int_equal(s->heads + s->datas + s->dones, 0);
}

static void turn_until(const int *flag, int value, int64_t wait_us)
{
	int64_t until = now_us() + wait_us;

	while (*flag != value && now_us() < until)
		loop_turn(loop, 20);
}

static void turn_for(int64_t us)
{
	int64_t until = now_us() + us;

	while (now_us() < until)
		loop_turn(loop, 5);
}

static void finish(struct seen *s)
{
	turn_until(&s->dones, 1, 10 * SECOND);
	assert_int_equal(s->dones, 1);
	fetch_free(s->f);
	s->f = NULL;
}

/* One GET from start to end. */
static void get(struct seen *s, const char *path, const struct fetch_ops *ops,
		size_t max_body)
{
	struct fetch_route *r = route_to("127.0.0.1", path);
	struct fetch_ask ask = {.route = r,
				.request_id = "id-1",
				.total_us = 5 * SECOND,
				.max_body = max_body};

	*s = (struct seen){0};
	start(s, &ask, ops);
	finish(s);
	fetch_route_free(r);
}

static int setup(void **state)
{
	struct err err = {0};

	(void)state;
	loop = loop_new(&err);
	assert_non_null(loop);
	client = http_client_new(loop, &err);
	assert_non_null(client);
	server = raw_start(scripts);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(client);
	raw_stop(server);
	loop_free(loop);
	return 0;
}

/* --- Replies that are right ---------------------------------------------- */

static void plain(void **state)
{
	struct fetch_route *r = route_to("127.0.0.1", "/plain");
	struct fetch_ask ask = {.route = r, .request_id = "a.B_c-9"};
	struct seen s = {0};

	(void)state;
	start(&s, &ask, &gathering);
	assert_int_equal(fetch_status(s.f), 0);
	assert_null(fetch_header(s.f, "X-Thing"));
	turn_until(&s.dones, 1, 5 * SECOND);
	assert_int_equal(s.dones, 1);
	assert_int_equal(s.why.kind, ERR_NONE);
	assert_int_equal(s.status, 200);
	assert_string_equal(fetch_header(s.f, "x-thing"), "one");
	assert_string_equal(fetch_header(s.f, "X-TWO"), "a");
	assert_null(fetch_header(s.f, "X-Three"));
	assert_true(fetch_first_byte_us(s.f) > 0);
	assert_true(fetch_first_byte_us(s.f) < SECOND);
	assert_true(span_is(buf_span(fetch_body(s.f)), "hello"));
	fetch_free(s.f);
	buf_release(&s.body);
	fetch_route_free(r);
}

/* Of the final head, the last of several. */
static void fields(void **state)
{
	struct fetch_route *r = route_to("127.0.0.1", "/fields");
	struct fetch_ask ask = {.route = r};
	struct seen s = {0};

	(void)state;
	start(&s, &ask, &gathering);
	turn_until(&s.dones, 1, 5 * SECOND);
	assert_int_equal(s.why.kind, ERR_NONE);
	assert_string_equal(fetch_header(s.f, "X-A"), "last");
	assert_string_equal(fetch_header(s.f, "x-b"), "");
	assert_null(fetch_header(s.f, "X"));
	fetch_free(s.f);
	fetch_route_free(r);
}

static void body_can_be_detached(void **state)
{
	struct fetch_route *r = route_to("127.0.0.1", "/chunked");
	struct fetch_ask ask = {.route = r};
	struct seen s = {0};
	char *p;
	size_t n;

	(void)state;
	start(&s, &ask, &gathering);
	turn_until(&s.dones, 1, 5 * SECOND);
	p = buf_detach(fetch_body(s.f), &n);
	fetch_free(s.f);
	fetch_route_free(r);
	assert_int_equal(n, 5);
	assert_memory_equal(p, "hello", 5);
	free(p);
	buf_release(&s.body);
}

static const struct {
	const char *path;
	int status;
	const char *body;
} good[] = {
	{"/plain", 200, "hello"},
	{"/chunked", 200, "hello"},
	{"/trailer", 200, "hello"},
	{"/interim", 200, "hello"},
	{"/to-close", 200, "hello"},
	{"/old", 200, "hello"},
	{"/old-keeps", 200, "hello"},
	{"/says-close", 200, "hello"},
	{"/identity", 200, "hello"},
	{"/lf", 200, "hello"},
	{"/204", 204, ""},
	{"/204-body", 204, ""},
	{"/empty", 200, ""},
	{"/404", 404, "hello"},
	{"/500", 500, "hello"},
	{"/short-length", 200, "hel"},
	{"/two-replies", 200, "hello"},
};

static void good_replies(void **state)
{
	static const struct fetch_ops *const ways[] = {&gathering, &streaming,
						       &headless};
	struct seen s, echo;
	size_t i, w;

	(void)state;
	for (i = 0; i < N(good); i++) {
		for (w = 0; w < N(ways); w++) {
			get(&s, good[i].path, ways[w], 5);
			if (s.why.kind || s.status != good[i].status ||
			    !span_is(buf_span(&s.body), good[i].body))
				fail_msg("%s: %s, %d, %.*s", good[i].path,
					 s.why.text, s.status, (int)s.body.n,
					 s.body.p);
			assert_int_equal(s.heads, ways[w] != &headless);
			assert_true(ways[w] == &streaming || !s.datas);
			buf_release(&s.body);
			/* What was too much is nobody else's reply. */
			get(&echo, "/echo", &gathering, 0);
			assert_true(span_is(buf_span(&echo.body), "id-1"));
			buf_release(&echo.body);
		}
	}
}

static void copy_last(char last[sizeof(server->last)])
{
	pthread_mutex_lock(&server->lock);
	memcpy(last, server->last, sizeof(server->last));
	pthread_mutex_unlock(&server->lock);
}

static void the_request_is_as_asked(void **state)
{
	char last[sizeof(server->last)];
	char host[40];
	struct seen s;

	(void)state;
	get(&s, "/plain", &gathering, 0);
	buf_release(&s.body);
	copy_last(last);
	assert_ptr_equal(strstr(last, "GET /plain HTTP/1.1\r\n"), last);
	snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n",
		 server->port);
	assert_non_null(strstr(last, host));
	assert_non_null(strstr(last, "\r\nx-request-id: id-1\r\n"));
	assert_non_null(strstr(last, "\r\nAccept: application/json\r\n"));
	assert_non_null(
		strstr(last, "\r\nAuthorization: Bearer sk-canary\r\n"));
	assert_null(strcasestr(last, "accept-encoding"));
	assert_null(strcasestr(last, "user-agent"));
	assert_null(strcasestr(last, "expect"));
}

/* What a route adds of its own, and how a query and a name go out. */
static void the_least_request(void **state)
{
	static const struct {
		const char *host, *path, *query, *want;
	} asks[] = {
		{"127.0.0.1", "", NULL, "/"},
		{"127.0.0.1", "/a%20b/./c", "d=e%26f", "/a%20b/c?d=e%26f"},
		{"local.test", "/plain", "", "/plain?"},
	};
	char url[100], want[300], last[sizeof(server->last)];
	struct err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < N(asks); i++) {
		struct fetch_target to = {.url = url};
		struct seen s = {0};

		snprintf(url, sizeof(url), "http://%s:%d%s", asks[i].host,
			 server->port, asks[i].path);
		struct fetch_route *r = fetch_route_new(&to, &err);
		struct fetch_ask ask = {.route = r, .query = asks[i].query};

		assert_non_null(r);
		start(&s, &ask, &gathering);
		finish(&s);
		buf_release(&s.body);
		fetch_route_free(r);
		copy_last(last);
		snprintf(want, sizeof(want),
			 "GET %s HTTP/1.1\r\nHost: %s:%d\r\n"
			 "Accept: */*\r\n\r\n",
			 asks[i].want, asks[i].host, server->port);
		assert_string_equal(last, want);
	}
}

static unsigned sum_of(const char *p, size_t n)
{
	unsigned sum = 0;

	while (n--)
		sum = sum * 31 + (unsigned char)*p++;
	return sum;
}

static void bodies_arrive_whole(void **state)
{
	static const size_t sizes[] = {0,     1,      1000,    65535,
				       65536, 100000, 1048576, 5000000};
	struct fetch_route *r = route_to("127.0.0.1", "/sum");
	struct fetch_ask ask = {.route = r, .total_us = 10 * SECOND};
	char want[64], last[sizeof(server->last)];
	struct seen s;
	char *p = malloc(5000000);
	size_t i;

	(void)state;
	assert_non_null(p);
	for (i = 0; i < 5000000; i++)
		p[i] = (char)raw_pattern(i);
	for (i = 0; i < N(sizes); i++) {
		s = (struct seen){0};
		ask.body = (struct span){p, sizes[i]};
		start(&s, &ask, &gathering);
		finish(&s);
		snprintf(want, sizeof(want), "%zu %u", sizes[i],
			 sum_of(p, sizes[i]));
		assert_true(span_is(buf_span(&s.body), want));
		copy_last(last);
		assert_non_null(strstr(last, "POST /sum HTTP/1.1\r\n"));
		assert_null(strcasestr(last, "expect"));
		buf_release(&s.body);
		/* A POST's handle is good for a GET again. */
		get(&s, "/plain", &gathering, 0);
		assert_true(span_is(buf_span(&s.body), "hello"));
		copy_last(last);
		assert_null(strcasestr(last, "content-length"));
		buf_release(&s.body);
	}
	free(p);
	fetch_route_free(r);
}

/* A peer may judge by the head, and leave without having read the rest. */
static void a_reply_may_come_early(void **state)
{
	struct fetch_route *r = route_to("127.0.0.1", "/early");
	struct fetch_ask ask = {.route = r};
	char *p = calloc(1, 20000000);
	struct seen s;
	int i;

	(void)state;
	ask.body = (struct span){p, 20000000};
	for (i = 0; i < 3; i++) {
		s = (struct seen){0};
		start(&s, &ask, i ? &gathering : &streaming);
		finish(&s);
		assert_int_equal(s.why.kind, ERR_NONE);
		assert_int_equal(s.status, 413);
		assert_true(span_is(buf_span(&s.body), "hello"));
		buf_release(&s.body);
	}
	/* What is half said is never reused. */
	assert_int_equal(server->connections, 3);
	free(p);
	fetch_route_free(r);
}

/* --- Replies that are wrong ---------------------------------------------- */

static const struct {
	const char *path;
	const char *text;
} wrong[] = {
	{"/lengths", "twice"},
	{"/same-lengths", "twice"},
	{"/length-list", "no length"},
	{"/length-plus", "Content-Length"},
	{"/length-minus", "Content-Length"},
	{"/length-text", "Content-Length"},
	{"/length-none", "Content-Length"},
	{"/length-vast", "no length"},
	{"/both", "beside"},
	{"/both-turned", "beside"},
	{"/codings", "Transfer-Encoding"},
	{"/coding-gzip", "Transfer-Encoding"},
	{"/coding-list", "Transfer-Encoding"},
	{"/gzip", "encoding that was not asked for"},
	{"/br", "encoding that was not asked for"},
	{"/folded", "folded"},
	{"/302", "redirect"},
	{"/304", "redirect"},
	{"/101", "switch"},
	{"/cut-length", "remaining"},
	{"/cut-chunk", "outstanding"},
	{"/cut-chunks", "outstanding"},
	{"/chunk-garbage", ""},
	{"/cut-head", ""},
	{"/interim-only", ""},
	{"/silent", "without a reply"},
	{"/reset", "reset"},
	{"/reset-head", "reset"},
	{"/reset-body", "reset"},
	{"/no-http", "status line"},
	{"/status-vast", ""},
	{"/status-text", ""},
	{"/status-600", ""},
	{"/nul", ""},
	{"/colonless", ""},
	{"/huge-head", "head is too large"},
};

static void wrong_replies(void **state)
{
	struct seen s, echo;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * N(wrong); i++) {
		get(&s, wrong[i / 2].path, i % 2 ? &gathering : &streaming,
		    1000000);
		if (s.why.kind != ERR_UPSTREAM ||
		    !strstr(s.why.text, wrong[i / 2].text))
			fail_msg("%s: %s: %s", wrong[i / 2].path,
				 err_kind_name(s.why.kind), s.why.text);
		assert_null(strstr(s.why.text, "canary"));
		buf_release(&s.body);
		get(&echo, "/echo", &gathering, 0);
		assert_true(span_is(buf_span(&echo.body), "id-1"));
		buf_release(&echo.body);
	}
}

static void heads_that_are_refused_are_not_reported(void **state)
{
	struct seen s;

	(void)state;
	get(&s, "/302", &streaming, 0);
	assert_int_equal(s.heads, 0);
	assert_int_equal(s.status, 302);
	get(&s, "/gzip", &streaming, 0);
	assert_int_equal(s.heads + s.datas, 0);
	get(&s, "/cut-length", &streaming, 0);
	assert_int_equal(s.heads, 1);
	assert_true(span_is(buf_span(&s.body), "hello"));
	buf_release(&s.body);
}

static void bodies_are_bounded(void **state)
{
	static const char *const paths[] = {"/plain", "/chunked", "/to-close",
					    "/flood"};
	struct seen s;
	size_t i;

	(void)state;
	for (i = 0; i < N(paths); i++) {
		get(&s, paths[i], &gathering, 4);
		assert_int_equal(s.why.kind, ERR_LIMIT);
		assert_true(s.body.n <= 4);
		buf_release(&s.body);
		get(&s, paths[i], &streaming, 4);
		assert_int_equal(s.why.kind, ERR_LIMIT);
		buf_release(&s.body);
	}
	get(&s, "/flood", &gathering, 3000000);
	assert_int_equal(s.why.kind, ERR_LIMIT);
	assert_true(s.body.n <= 3000000);
	buf_release(&s.body);
}

/* --- Connections --------------------------------------------------------- */

static void connections_are_reused(void **state)
{
	struct seen s;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		get(&s, i % 2 ? "/plain" : "/chunked", &streaming, 0);
		assert_int_equal(s.why.kind, ERR_NONE);
		buf_release(&s.body);
	}
	assert_int_equal(server->connections, 1);
	get(&s, "/gzip", &gathering, 0);
	get(&s, "/plain", &gathering, 0);
	buf_release(&s.body);
	assert_int_equal(server->connections, 2);
}

static void dead_connections_are_replaced(void **state)
{
	static const char *const paths[] = {"/once", "/leave"};
	struct seen s;
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		get(&s, paths[i / 2 % 2], &gathering, 0);
		assert_int_equal(s.why.kind, ERR_NONE);
		assert_true(span_is(buf_span(&s.body), "id-1"));
		buf_release(&s.body);
		if (i % 3 == 0)
			turn_for(5000);
	}
}

static void some_connections_are_not_reused(void **state)
{
	static const struct {
		const char *path;
		bool reused;
	} paths[] = {
		{"/plain", true},	{"/old-keeps", true},
		{"/204", true},		{"/trailer", true},
		{"/interim", true},	{"/old", false},
		{"/says-close", false}, {"/two-replies", false},
		{"/204-body", false},	{"/short-length", false},
		{"/to-close", false},	{"/cut-length", false},
		{"/both", false},	{"/chunk-garbage", false},
	};
	struct seen s;
	int before;
	size_t i;

	(void)state;
	for (i = 0; i < N(paths); i++) {
		get(&s, paths[i].path, &gathering, 0);
		buf_release(&s.body);
		before = server->connections;
		get(&s, "/echo", &gathering, 0);
		assert_true(span_is(buf_span(&s.body), "id-1"));
		buf_release(&s.body);
		if ((server->connections == before) != paths[i].reused)
			fail_msg("%s", paths[i].path);
	}
}

/* Whether the loop has seen that something came, or not yet. */
static void what_comes_unasked_is_nobodys(void **state)
{
	struct seen s;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		get(&s, "/stray", &gathering, 0);
		assert_true(span_is(buf_span(&s.body), "id-1"));
		buf_release(&s.body);
		if (i % 2)
			turn_for(20000);
		else
			usleep(20000);
		get(&s, "/echo", &gathering, 0);
		assert_true(span_is(buf_span(&s.body), "id-1"));
		buf_release(&s.body);
		assert_int_equal(server->connections, i + 2);
	}
}

/* Only what was asked on a kept connection, and of whose reply no byte has
 * come, is asked again, and that once. */
static void what_is_asked_again(void **state)
{
	static const struct {
		const char *path;
		bool kept;
		int requests;
	} asks[] = {
		{"/silent", false, 1},	  {"/silent", true, 2},
		{"/reset", false, 1},	  {"/reset", true, 2},
		{"/cut-head", true, 1},	  {"/interim-only", true, 1},
		{"/no-http", true, 1},	  {"/cut-length", true, 1},
		{"/reset-head", true, 1}, {"/hang", true, 1},
		{"/echo", true, 1},
	};
	struct span body = {"0123456789", 10};
	struct seen s;
	int before;
	size_t i;

	(void)state;
	for (i = 0; i < N(asks); i++) {
		struct fetch_route *r = route_to("127.0.0.1", asks[i].path);
		struct fetch_ask ask = {
			.route = r, .body = body, .total_us = SECOND / 5};

		http_client_free(client);
		client = http_client_new(loop, NULL);
		if (asks[i].kept) {
			get(&s, "/plain", &gathering, 0);
			buf_release(&s.body);
		}
		before = server->requests;
		s = (struct seen){0};
		start(&s, &ask, &gathering);
		finish(&s);
		assert_int_equal(s.why.kind == ERR_NONE, i == N(asks) - 1);
		if (server->requests - before != asks[i].requests)
			fail_msg("%s: %d", asks[i].path,
				 server->requests - before);
		buf_release(&s.body);
		fetch_route_free(r);
	}
}

/* It may have been sent: the first connection was lost, and there is no
 * second. */
static void lost_is_not_unsent(void **state)
{
	struct fetch_route *r = route_to("127.0.0.1", "/silent");
	struct fetch_ask ask = {.route = r, .total_us = SECOND};
	struct seen s;

	(void)state;
	get(&s, "/plain", &gathering, 0);
	buf_release(&s.body);
	shutdown(server->fd, SHUT_RDWR); /* takes no more */
	s = (struct seen){0};
	start(&s, &ask, &gathering);
	finish(&s);
	assert_int_equal(s.why.kind, ERR_UPSTREAM);
	fetch_route_free(r);
}

/* Says nothing about what else goes on in the process: none. */
static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void many_at_once(void **state)
{
	enum { MANY = 300 };
	struct seen *s = calloc(MANY, sizeof(*s));
	char(*id)[16] = calloc(MANY, sizeof(*id));
	struct fetch_route *r = route_to("127.0.0.1", "/later");
	struct fetch_ask ask = {.route = r, .total_us = 20 * SECOND};
	int left, i, round;

	(void)state;
	for (round = 0; round < 2; round++) {
		left = MANY;
		memset(s, 0, MANY * sizeof(*s));
		for (i = 0; i < MANY; i++) {
			snprintf(id[i], sizeof(id[i]), "n%d-%d", i, round);
			ask.request_id = id[i];
			s[i].left = &left;
			start(&s[i], &ask, &gathering);
		}
		turn_until(&left, 0, 20 * SECOND);
		assert_int_equal(left, 0);
		for (i = 0; i < MANY; i++) {
			assert_int_equal(s[i].why.kind, ERR_NONE);
			assert_true(span_is(buf_span(&s[i].body), id[i]));
			fetch_free(s[i].f);
			buf_release(&s[i].body);
		}
		assert_int_equal(server->connections, MANY);
	}
	fetch_route_free(r);
	free(s);
	free(id);
}

static int64_t later_us;

static int64_t shifted_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec / 1000 + later_us;
}

static void idle_connections_are_not_kept_for_ever(void **state)
{
	struct seen s;

	(void)state;
	later_us = 0;
	now_set_source(shifted_clock);
	get(&s, "/echo", &gathering, 0);
	buf_release(&s.body);
	later_us = 110 * SECOND;
	turn_for(SECOND / 20);
	assert_int_equal(server->live, 1);
	later_us = 130 * SECOND;
	turn_for(SECOND / 20);
	assert_int_equal(server->live, 0);
	get(&s, "/echo", &gathering, 0);
	assert_true(span_is(buf_span(&s.body), "id-1"));
	assert_int_equal(server->connections, 2);
	buf_release(&s.body);
	now_set_source(NULL);
}

/* --- Nothing was sent ---------------------------------------------------- */

static void expect_unsent(const char *url, const char *text)
{
	struct fetch_target to = {url, NULL, NULL, NULL, SECOND / 5};
	struct err err = {0};
	struct fetch_route *r = fetch_route_new(&to, &err);
	struct fetch_ask ask = {.route = r, .total_us = 5 * SECOND};
	struct seen s = {0};
	int64_t before = now_us();

	assert_non_null(r);
	start(&s, &ask, &gathering);
	finish(&s);
	if (s.why.kind != ERR_CONNECT || !strstr(s.why.text, text))
		fail_msg("%s: %s: %s", url, err_kind_name(s.why.kind),
			 s.why.text);
	assert_false(s.was_sent);
	assert_true(now_us() - before < 4 * SECOND);
	fetch_route_free(r);
}

static void nobody_there(void **state)
{
	char url[100];
	int port;
	int fd = raw_listen(1, &port);

	(void)state;
	close(fd);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
	expect_unsent(url, "127.0.0.1");
	expect_unsent("http://nowhere.test/", "nowhere.test");
}

/* A full queue of connections lets further ones wait. */
struct full {
	int fd;
	int fill[4];
};

static void full_start(struct full *f, const char *address, int *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	size_t i;

	f->fd = socket(AF_INET, SOCK_STREAM, 0);
	a.sin_addr.s_addr = inet_addr(address);
	a.sin_port = htons((in_port_t)*port);
	assert_int_equal(bind(f->fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(f->fd, 0), 0);
	getsockname(f->fd, (struct sockaddr *)&a, &len);
	*port = ntohs(a.sin_port);
	for (i = 0; i < N(f->fill); i++) {
		f->fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(f->fill[i], (struct sockaddr *)&a, len);
	}
}

static void full_stop(struct full *f)
{
	size_t i;

	for (i = 0; i < N(f->fill); i++)
		close(f->fill[i]);
	close(f->fd);
}

static void connecting_has_a_limit(void **state)
{
	struct full full;
	char url[100];
	int port = 0;

	(void)state;
	full_start(&full, "127.0.0.1", &port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
	expect_unsent(url, "Timeout");
	expect_unsent("http://slow.test/", "timed out");
	full_stop(&full);
}

/* libcurl closes a connection in the making without a word, and the next
 * socket gets its number. */
static void half_made_connections_leave_no_trace(void **state)
{
	struct fetch_route *fine = route_to("127.0.0.1", "/echo");
	struct fetch_ask ask = {.first_byte_us = 3 * SECOND, .total_us = 0};
	struct fetch_target to = {.connect_us = SECOND};
	struct err err = {0};
	struct full full;
	char url[100];
	int port = 0;
	int i, k;

	(void)state;
	full_start(&full, "127.0.0.1", &port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
	to.url = url;
	struct fetch_route *stuck = fetch_route_new(&to, &err);
	for (i = 0; i < 30; i++) {
		struct seen s[4] = {0};

		for (k = 0; k < 4; k++) {
			ask.route = k == i % 4 ? fine : stuck;
			start(&s[k], &ask, &gathering);
		}
		turn_for(3000);
		for (k = 0; k < 4; k++) {
			if (k != i % 4)
				fetch_free(s[k].f);
		}
		if (s[i % 4].dones == 0)
			turn_until(&s[i % 4].dones, 1, 5 * SECOND);
		assert_int_equal(s[i % 4].why.kind, ERR_NONE);
		fetch_free(s[i % 4].f);
		buf_release(&s[i % 4].body);
	}
	fetch_route_free(stuck);
	fetch_route_free(fine);
	full_stop(&full);
}

static void the_second_address_is_tried(void **state)
{
	struct full full;
	struct seen s;
	int64_t before;
	size_t i;

	(void)state;
	full_start(&full, "127.0.0.2", &server->port);
	for (i = 0; i < 3 * N(pairs); i++) {
		struct fetch_route *r = route_to(pairs[i / 3].name, "/plain");
		struct fetch_ask ask = {.route = r, .total_us = 5 * SECOND};

		before = now_us();
		s = (struct seen){0};
		start(&s, &ask, &gathering);
		finish(&s);
		if (s.why.kind)
			fail_msg("%s: %s", pairs[i / 3].name, s.why.text);
		/* Half of the time to connect is the first address's. */
		assert_true(now_us() - before < SECOND + SECOND / 2);
		assert_true(i < 3 || now_us() - before < SECOND / 4);
		buf_release(&s.body);
		fetch_route_free(r);
	}
	assert_int_equal(server->connections, (int)N(pairs));
	full_stop(&full);
}

static void addresses_that_are_never_asked(void **state)
{
	static const char *const hosts[] = {"169.254.169.254",
					    "0.0.0.0",
					    "0",
					    "[::]",
					    "[fe80::1]",
					    "[febf::1]",
					    "[::ffff:0:0]",
					    "[::ffff:169.254.169.254]",
					    "2852039166",
					    "[::169.254.169.254]",
					    "metadata.test"};
	char url[100];
	size_t i;

	(void)state;
	for (i = 0; i < N(hosts); i++) {
		snprintf(url, sizeof(url), "http://%s:%d/plain", hosts[i],
			 server->port);
		expect_unsent(url, "link-local or unspecified");
	}
	assert_int_equal(server->connections, 0);
}

static void loopback_may_be_asked(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "0x7f.1", "local.test",
					    "[::ffff:127.0.0.1]"};
	struct seen s;
	size_t i;

	(void)state;
	for (i = 0; i < N(hosts); i++) {
		struct fetch_route *r = route_to(hosts[i], "/plain");
		struct fetch_ask ask = {.route = r};

		s = (struct seen){0};
		start(&s, &ask, &gathering);
		finish(&s);
		assert_int_equal(s.why.kind, ERR_NONE);
		buf_release(&s.body);
		fetch_route_free(r);
	}
}

static void routes_that_are_none(void **state)
{
	static const char *const urls[] = {"",
					   "127.0.0.1",
					   "ftp://127.0.0.1/",
					   "file:///etc",
					   "http://",
					   "http://a b/",
					   "HTTP//x",
					   "gopher://x/",
					   "http://x:99999/",
					   "http://[x]/",
					   "telnet://x:80/",
					   "http://user:secret@x/",
					   "http://user@x/",
					   "http://x/?a=b"};
	static const char *const lines[] = {"X: a\r\nY: b", "X: a\n", "X: \x7f",
					    "X: \x01",	    "X",      ": y"};
	const char *headers[2] = {NULL, NULL};
	struct fetch_target to = {.headers = headers};
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < N(urls); i++) {
		err = (struct err){0};
		to.url = urls[i];
		assert_null(fetch_route_new(&to, &err));
		assert_int_equal(err.kind, ERR_CONF);
		assert_null(strstr(err.text, "secret"));
	}
	to.url = "http://127.0.0.1/";
	for (i = 0; i < N(lines); i++) {
		err = (struct err){0};
		headers[0] = lines[i];
		assert_null(fetch_route_new(&to, &err));
		assert_int_equal(err.kind, ERR_CONF);
	}
	fetch_route_free(NULL);
	fetch_free(NULL);
	http_client_free(NULL);
}

/* --- Times --------------------------------------------------------------- */

static void expect_timeout(const char *path, struct fetch_ask ask,
			   int64_t limit_us, const char *text)
{
	static const struct fetch_ops *const ways[] = {&gathering, &streaming};
	struct fetch_route *r = route_to("127.0.0.1", path);
	struct seen s;
	int64_t before, took;
	size_t w;

	ask.route = r;
	for (w = 0; w < N(ways); w++) {
		s = (struct seen){0};
		server->left_us = 0;
		before = now_us();
		start(&s, &ask, ways[w]);
		finish(&s);
		took = now_us() - before;
		assert_int_equal(s.why.kind, ERR_TIMEOUT);
		assert_true(s.was_sent);
		if (!strstr(s.why.text, text))
			fail_msg("%s: %s", path, s.why.text);
		assert_true(took >= limit_us);
		assert_true(took < limit_us + SECOND / 2);
		/* Unused bytes may make it a reset, and it may be late. */
		while (server->left_us == 0 && now_us() < before + 5 * SECOND)
			usleep(1000);
		assert_true(server->left_us - before < limit_us + SECOND / 2);
		buf_release(&s.body);
	}
	fetch_route_free(r);
}

static void times_pass(void **state)
{
	struct fetch_ask ask = {.first_byte_us = SECOND / 10,
				.idle_us = 3 * SECOND,
				.total_us = 4 * SECOND};

	(void)state;
	expect_timeout("/hang", ask, ask.first_byte_us,
		       "no reply within 100 ms");
	expect_timeout("/hang-head", ask, ask.first_byte_us, "no reply");
	expect_timeout("/interims", ask, ask.first_byte_us, "no reply");
	ask.first_byte_us = 4 * SECOND;
	ask.idle_us = SECOND / 10;
	expect_timeout("/hang-body", ask, ask.idle_us,
		       "no further byte within 100 ms");
	ask.total_us = SECOND / 4;
	ask.idle_us = SECOND / 8;
	expect_timeout("/drip", ask, ask.total_us,
		       "no whole reply within 250 ms");
	ask.first_byte_us = ask.idle_us = 0;
	expect_timeout("/hang", ask, ask.total_us, "no whole reply");
	expect_timeout("/hang-body", ask, ask.total_us, "no whole reply");
}

static void no_limit_is_no_limit(void **state)
{
	struct fetch_route *r = route_to("127.0.0.1", "/hang");
	struct fetch_ask ask = {.route = r};
	struct seen s = {0};

	(void)state;
	start(&s, &ask, &gathering);
	turn_for(SECOND / 4);
	assert_int_equal(s.dones, 0);
	fetch_free(s.f);
	fetch_route_free(r);
}

/* --- Back-pressure ------------------------------------------------------- */

static void check_pattern(const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		if ((unsigned char)b->p[i] != raw_pattern(i))
			fail_msg("byte %zu is wrong", i);
	}
}

static void a_hold_stalls_the_peer(void **state)
{
	struct fetch_route *r = route_to("127.0.0.1", "/flood");
	struct fetch_ask ask = {
		.route = r, .idle_us = SECOND / 2, .total_us = 60 * SECOND};
	struct seen s = {.hold_in_data = true};
	int64_t before;
	size_t got;
	int round;

	(void)state;
	start(&s, &ask, &streaming);
	turn_until(&s.datas, 1, 5 * SECOND);
	for (round = 1; round < 4; round++) {
		assert_int_equal(s.datas, round);
		/* Nothing comes, nothing is taken, and idle_us does not run. */
		turn_for(3 * SECOND / 5);
		before = server->flooded;
		turn_for(SECOND / 10);
		assert_int_equal(server->flooded, before);
		assert_int_equal(s.datas, round);
		got = s.body.n;
		fetch_hold(s.f, false);
		turn_until(&s.datas, round + 1, 5 * SECOND);
		assert_true(s.body.n - got <= HTTP_CLIENT_HOLD);
		assert_true(s.body.n > got);
	}
	s.hold_in_data = false;
	fetch_hold(s.f, false);
	got = s.body.n;
	before = now_us() + 5 * SECOND;
	while (s.body.n <= got + HTTP_CLIENT_HOLD && now_us() < before)
		turn_for(SECOND / 100);
	assert_true(s.body.n > got + HTTP_CLIENT_HOLD);
	assert_int_equal(s.dones, 0);
	check_pattern(&s.body);
	fetch_free(s.f);
	buf_release(&s.body);
	fetch_route_free(r);
}

static void holds_at_random_lose_nothing(void **state)
{
	struct fetch_route *r = route_to("127.0.0.1", "/flood");
	struct fetch_ask ask = {.route = r, .max_body = 20000000};
	struct seen s = {0};
	unsigned seed = 1;
	bool held = false;

	(void)state;
	start(&s, &ask, &streaming);
	while (s.dones == 0) {
		if (rand_r(&seed) % 4 == 0)
			fetch_hold(s.f, held = !held);
		loop_turn(loop, 1);
	}
	finish(&s);
	assert_int_equal(s.why.kind, ERR_LIMIT);
	assert_true(s.body.n > 19000000);
	check_pattern(&s.body);
	buf_release(&s.body);
	fetch_route_free(r);
}

static void done_waits_for_held_bytes(void **state)
{
	static const char *const paths[] = {"/plain", "/cut-length"};
	struct seen s;
	size_t i;

	(void)state;
	for (i = 0; i < N(paths); i++) {
		struct fetch_route *r = route_to("127.0.0.1", paths[i]);
		struct fetch_ask ask = {.route = r, .idle_us = SECOND / 50};

		s = (struct seen){.hold_in_head = true};
		start(&s, &ask, &streaming);
		turn_for(SECOND / 10);
		assert_int_equal(s.heads, 1);
		assert_int_equal(s.datas + s.dones, 0);
		fetch_hold(s.f, false);
		assert_int_equal(s.datas + s.dones, 0);
		finish(&s);
		assert_true(span_is(buf_span(&s.body), "hello"));
		assert_int_equal(s.why.kind, i ? ERR_UPSTREAM : ERR_NONE);
		buf_release(&s.body);
		fetch_route_free(r);
	}
}

/* Once a second, when it makes a new one, libcurl looks through connections
 * that are not in use, as it sees it, and closes the dead. The number would
 * then be the new one's. */
static void a_held_connection_is_in_use(void **state)
{
	struct fetch_route *r = route_to("127.0.0.1", "/reset-body");
	struct fetch_ask ask = {.route = r, .total_us = 5 * SECOND};
	struct seen s = {.hold_in_head = true};
	struct seen other;

	(void)state;
	start(&s, &ask, &streaming);
	turn_for(SECOND + SECOND / 10);
	get(&other, "/echo", &gathering, 0);
	assert_true(span_is(buf_span(&other.body), "id-1"));
	assert_int_equal(server->connections, 2);
	buf_release(&other.body);
	fetch_hold(s.f, false);
	finish(&s);
	assert_true(span_is(buf_span(&s.body), "hello"));
	assert_int_equal(s.why.kind, ERR_UPSTREAM);
	assert_non_null(strstr(s.why.text, "reset"));
	buf_release(&s.body);
	fetch_route_free(r);
}

/* The head is told all the same, and its time is no idle time. */
static void a_hold_may_be_older_than_the_head(void **state)
{
	static const char *const paths[] = {"/plain", "/chunked",
					    "/reset-body"};
	struct seen s;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * N(paths); i++) {
		struct fetch_route *r = route_to("127.0.0.1", paths[i / 2]);
		struct fetch_ask ask = {.route = r,
					.first_byte_us = SECOND / 10};

		s = (struct seen){0};
		start(&s, &ask, &streaming);
		fetch_hold(s.f, true);
		turn_for(SECOND / 5);
		assert_int_equal(s.heads, 1);
		assert_int_equal(s.datas + s.dones, 0);
		fetch_hold(s.f, false);
		finish(&s);
		assert_true(span_is(buf_span(&s.body), "hello"));
		buf_release(&s.body);
		fetch_route_free(r);
	}
}

/* --- Aborts -------------------------------------------------------------- */

static void expect_gone_soon(void)
{
	int64_t freed = now_us();

	while (server->left_us == 0 && now_us() < freed + 5 * SECOND)
		usleep(200);
	assert_true(server->left_us != 0);
	if (server->left_us - freed > 250000 * patience_scale())
		fail_msg("gone after %ld us", (long)(server->left_us - freed));
}

static void a_free_closes_the_connection(void **state)
{
	static const char *const paths[] = {"/hang", "/hang-head", "/hang-body",
					    "/drip", "/flood"};
	struct seen s, echo;
	size_t i;
	int requests;

	(void)state;
	for (i = 0; i < 2 * N(paths); i++) {
		struct fetch_route *r = route_to("127.0.0.1", paths[i / 2]);
		struct fetch_ask ask = {.route = r};

		s = (struct seen){0};
		requests = server->requests;
		server->left_us = 0;
		start(&s, &ask, i % 2 ? &streaming : &gathering);
		while (server->requests == requests)
			loop_turn(loop, 1);
		turn_for(10000);
		fetch_free(s.f);
		expect_gone_soon();
		assert_int_equal(s.dones, 0);
		buf_release(&s.body);
		fetch_route_free(r);
		/* It was a reused one, and a new one is made. */
		get(&echo, "/echo", &gathering, 0);
		assert_true(span_is(buf_span(&echo.body), "id-1"));
		buf_release(&echo.body);
	}
	assert_int_equal(server->connections, 2 * (int)N(paths) + 1);
}

/* Freed after each number of turns, so in every state there is. */
static void a_free_at_any_time(void **state)
{
	static const char *const paths[] = {"/plain", "/to-close", "/sum",
					    "/flood", "/hang"};
	struct span body = {"0123456789", 10};
	size_t i;
	int turns, t;

	(void)state;
	for (i = 0; i < N(paths); i++) {
		struct fetch_route *r = route_to("127.0.0.1", paths[i]);
		struct fetch_ask ask = {.route = r, .body = body};

		for (turns = 0; turns < 12; turns++) {
			struct seen s = {0};

			start(&s, &ask, turns % 2 ? &streaming : &gathering);
			for (t = 0; t < turns; t++)
				loop_turn(loop, 2);
			fetch_free(s.f);
			buf_release(&s.body);
			loop_turn(loop, 0);
		}
		fetch_route_free(r);
	}
}

static void a_free_does_not_wait_for_a_name(void **state)
{
	struct fetch_route *r = route_to("slow.test", "/plain");
	struct fetch_ask ask = {.route = r};
	struct seen s = {0};
	int64_t before;

	(void)state;
	start(&s, &ask, &gathering);
	turn_for(SECOND / 20);
	before = now_us();
	fetch_free(s.f);
	assert_true(now_us() - before < SECOND / 10);
	fetch_route_free(r);
	get(&s, "/plain", &gathering, 0);
	assert_int_equal(s.why.kind, ERR_NONE);
	buf_release(&s.body);
	turn_for(SECOND); /* the look-up's thread ends */
}

static void a_free_in_a_callback(void **state)
{
	static const char *const paths[] = {"/plain", "/flood", "/to-close",
					    "/drip"};
	struct seen s;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * N(paths); i++) {
		struct fetch_route *r = route_to("127.0.0.1", paths[i / 2]);
		struct fetch_ask ask = {.route = r};

		s = (struct seen){.free_in_head = i % 2 == 0,
				  .free_in_data = i % 2 == 1};
		start(&s, &ask, &streaming);
		turn_until(i % 2 ? &s.datas : &s.heads, 1, 5 * SECOND);
		assert_null(s.f);
		turn_for(20000);
		assert_int_equal(s.heads, 1);
		assert_int_equal(s.datas, (int)(i % 2));
		assert_int_equal(s.dones, 0);
		buf_release(&s.body);
		fetch_route_free(r);
	}
}

/* In its end one fetch frees itself and its neighbour and starts another,
 * as a run does when an answer is rejected. */
struct pair {
	struct fetch *f[2];
	const struct fetch_ask *ask;
	int dones;
	int starts;
};

static void free_both_and_start(void *arg, struct fetch *f,
				const struct err *why)
{
	struct pair *p = arg;
	struct err err = {0};

	assert_true(f == p->f[0] || f == p->f[1]);
	assert_null(why);
	p->dones++;
	fetch_free(p->f[0]);
	fetch_free(p->f[1]);
	p->f[0] = p->f[1] = NULL;
	if (p->starts == 0)
		return;
	p->starts--;
	for (int i = 0; i < 2; i++) {
		static const struct fetch_ops ops = {
			.on_done = free_both_and_start};

		p->f[i] = fetch_start(client, p->ask, &ops, p, &err);
		assert_non_null(p->f[i]);
	}
}

static void a_free_of_others_in_a_callback(void **state)
{
	static const struct fetch_ops ops = {.on_done = free_both_and_start};
	struct fetch_route *r = route_to("127.0.0.1", "/plain");
	struct fetch_ask ask = {.route = r};
	struct pair p = {.ask = &ask, .starts = 100};
	struct err err = {0};

	(void)state;
	p.f[0] = fetch_start(client, &ask, &ops, &p, &err);
	p.f[1] = fetch_start(client, &ask, &ops, &p, &err);
	turn_until(&p.dones, 101, 10 * SECOND);
	turn_for(20000);
	assert_int_equal(p.dones, 101);
	fetch_route_free(r);
}

/* --- All of it at once --------------------------------------------------- */

enum { SLOTS = 24, MIXED = 1500, QUICK = 12, N_SCRIPTS = N(scripts) - 2 };

static size_t pick(unsigned *seed, size_t n)
{
	return (size_t)rand_r(seed) % n;
}

/* The reply to an id is never another's. */
static void check_own(const struct seen *s, const char *id)
{
	if (s->dones && s->why.kind == ERR_NONE && s->status == 200 &&
	    s->body.n && s->body.p[0] == 'm' &&
	    !span_is(buf_span(&s->body), id))
		fail_msg("%s has got %.*s", id, (int)s->body.n, s->body.p);
}

static void slot_clear(struct seen *s)
{
	fetch_free(s->f);
	buf_release(&s->body);
	*s = (struct seen){0};
}

static void slot_fill(struct seen *s, struct fetch_route **routes,
		      const char *id, unsigned *seed)
{
	static const struct fetch_ops *const ways[] = {&gathering, &streaming,
						       &headless};
	struct fetch_ask ask = {
		/* Half of them are of the quick kind, so that much happens. */
		.route = routes[pick(seed, pick(seed, 2) ? N_SCRIPTS : QUICK)],
		.body = {pick(seed, 2) ? "{}" : NULL, 2},
		.request_id = id,
		.first_byte_us = SECOND / 20,
		.idle_us = SECOND / 20,
		.total_us = SECOND / 5,
		.max_body = 1 + pick(seed, 100000),
	};

	start(s, &ask, ways[pick(seed, N(ways))]);
}

/* Without /stray: what comes unasked, but after the next request has gone out,
 * cannot be told from its reply. */
static void mixed(struct fetch_route **routes, unsigned seed)
{
	static char ids[SLOTS][16];
	struct seen s[SLOTS] = {0};
	int started = 0;
	size_t k;

	while (started < MIXED) {
		k = pick(&seed, SLOTS);
		if (s[k].f && s[k].dones == 0 && pick(&seed, 3)) {
			if (pick(&seed, 4) == 0)
				fetch_hold(s[k].f, pick(&seed, 2) == 0);
			loop_turn(loop, 1);
			continue;
		}
		check_own(&s[k], ids[k]);
		slot_clear(&s[k]);
		snprintf(ids[k], sizeof(ids[k]), "m%d", started++);
		slot_fill(&s[k], routes, ids[k], &seed);
	}
	for (k = 0; k < SLOTS; k++)
		slot_clear(&s[k]);
}

static void anything_in_any_order(void **state)
{
	struct fetch_route *routes[N(scripts)] = {0};
	int before;
	size_t i;

	teardown(state);
	before = count_fds();
	setup(state);
	for (i = 0; i + 1 < N(scripts); i++)
		routes[i] = route_to("127.0.0.1", scripts[i].path);
	mixed(routes, 11);
	for (i = 0; i + 1 < N(scripts); i++)
		fetch_route_free(routes[i]);
	teardown(state);
	assert_int_equal(count_fds(), before);
	setup(state);
}

static int group_setup(void **state)
{
	struct err err = {0};
	size_t n = 0;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	n += (size_t)sprintf(huge_head, OK);
	while (n + 40 < sizeof(huge_head))
		n += (size_t)sprintf(huge_head + n, "X-%zu: 0123456789\r\n", n);
	memset(huge_head + n, 'x', sizeof(huge_head) - n);
	return http_client_global_init(&err);
}

static int group_teardown(void **state)
{
	(void)state;
	http_client_global_release();
	return 0;
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(plain),
		T(fields),
		T(body_can_be_detached),
		T(good_replies),
		T(the_request_is_as_asked),
		T(the_least_request),
		T(bodies_arrive_whole),
		T(a_reply_may_come_early),
		T(wrong_replies),
		T(heads_that_are_refused_are_not_reported),
		T(bodies_are_bounded),
		T(connections_are_reused),
		T(dead_connections_are_replaced),
		T(some_connections_are_not_reused),
		T(what_comes_unasked_is_nobodys),
		T(what_is_asked_again),
		T(lost_is_not_unsent),
		T(many_at_once),
		T(idle_connections_are_not_kept_for_ever),
		T(nobody_there),
		T(connecting_has_a_limit),
		T(half_made_connections_leave_no_trace),
		T(the_second_address_is_tried),
		T(addresses_that_are_never_asked),
		T(loopback_may_be_asked),
		T(routes_that_are_none),
		T(times_pass),
		T(no_limit_is_no_limit),
		T(a_hold_stalls_the_peer),
		T(holds_at_random_lose_nothing),
		T(done_waits_for_held_bytes),
		T(a_held_connection_is_in_use),
		T(a_hold_may_be_older_than_the_head),
		T(a_free_closes_the_connection),
		T(a_free_at_any_time),
		T(a_free_does_not_wait_for_a_name),
		T(a_free_in_a_callback),
		T(a_free_of_others_in_a_callback),
		T(anything_in_any_order),
	};

	return cmocka_run_group_tests_name("http_client", tests, group_setup,
					   group_teardown);
}
