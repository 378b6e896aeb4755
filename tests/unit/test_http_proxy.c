/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches through proxies: what a proxy hears, and what it may say.
 */
#include "net/http_client.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "net/fetch_route.h"
#include "raw_server.h"

#define SECOND INT64_C(1000000)

static struct loop *loop;
static struct http_client *client;

/* --- A proxy, one connection at a time ----------------------------------- */

struct proxy {
	int fd;
	int port;
	pthread_t thread;
	bool is_socks;
	const char *says; /* to CONNECT */
	int to;		  /* the port that all is passed on to */
	char heard[2048];
	atomic_int connections;
};

static void relay(int a, int b)
{
	struct pollfd p[2] = {{.fd = a, .events = POLLIN},
			      {.fd = b, .events = POLLIN}};
	char text[4096];
	ssize_t n;
	int i;

	while (poll(p, 2, 10000) > 0) {
		for (i = 0; i < 2; i++) {
			if (!p[i].revents)
				continue;
			n = recv(p[i].fd, text, sizeof(text), 0);
			if (n <= 0 ||
			    raw_send(p[1 - i].fd, text, (size_t)n) < 0)
				return;
		}
	}
}

static int dial(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons((in_port_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		abort();
	return fd;
}

static bool greet_http(struct proxy *p, int fd)
{
	ssize_t n = recv(fd, p->heard, sizeof(p->heard) - 1, 0);

	if (n <= 0)
		return false;
	p->heard[n] = '\0';
	raw_send(fd, p->says, strlen(p->says));
	return strstr(p->says, " 200 ") != NULL;
}

/* Version 5, no password, the name is looked up there. */
static bool greet_socks(struct proxy *p, int fd)
{
	char text[300];
	ssize_t n;

	if (recv(fd, text, sizeof(text), 0) < 3)
		return false;
	raw_send(fd, "\5\0", 2);
	n = recv(fd, text, sizeof(text), 0);
	if (n < 7 || text[3] != 3)
		return false;
	snprintf(p->heard, sizeof(p->heard), "%.*s", text[4], text + 5);
	raw_send(fd, "\5\0\0\1\0\0\0\0\0\0", 10);
	return true;
}

static void *proxy_main(void *arg)
{
	struct proxy *p = arg;
	int fd, to;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		atomic_fetch_add(&p->connections, 1);
		if (p->is_socks ? greet_socks(p, fd) : greet_http(p, fd)) {
			to = dial(p->to);
			relay(fd, to);
			close(to);
		}
		close(fd);
	}
	return NULL;
}

static void proxy_start(struct proxy *p)
{
	p->fd = raw_listen(16, &p->port);
	if (pthread_create(&p->thread, NULL, proxy_main, p) != 0)
		abort();
}

static void proxy_stop(struct proxy *p)
{
	http_client_free(client);
	client = http_client_new(loop, NULL);
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
}

/* --- A fetch ------------------------------------------------------------- */

struct seen {
	int dones;
	struct err why;
	bool whole;
};

static void see_done(void *arg, struct fetch *f, const struct err *why)
{
	struct seen *s = arg;

	s->dones++;
	if (why)
		s->why = *why;
	s->whole = span_is(buf_span(fetch_body(f)), "hello");
	fetch_free(f);
}

static struct seen get(const char *url, const char *scheme,
		       const struct proxy *p)
{
	static const struct fetch_ops ops = {.on_done = see_done};
	static const char *const headers[] = {"Authorization: Bearer sk-canary",
					      NULL};
	char proxy[100];
	struct fetch_target to = {.url = url,
				  .headers = headers,
				  .proxy = proxy,
				  .connect_us = 2 * SECOND};
	struct fetch_ask ask = {.total_us = 5 * SECOND};
	struct err err = {0};
	struct fetch_route *r;
	struct seen s = {0};

	snprintf(proxy, sizeof(proxy), "%s://127.0.0.1:%d", scheme, p->port);
	r = fetch_route_new(&to, &err);
	assert_non_null(r);
	ask.route = r;
	assert_non_null(fetch_start(client, &ask, &ops, &s, &err));
	while (s.dones == 0)
		loop_turn(loop, 20);
	fetch_route_free(r);
	return s;
}

static const struct raw_script scripts[] = {
	{"/plain", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 43,
	 RAW_KEEP},
	{0},
};

/* --- Tests --------------------------------------------------------------- */

/* The proxy hears where to, and nothing that is the backend's. */
static void a_tunnel(void **state)
{
	struct raw_server *server = raw_start(scripts);
	struct proxy p = {.says = "HTTP/1.1 200 OK\r\n\r\n",
			  .to = server->port};
	struct seen s;
	int i;

	(void)state;
	proxy_start(&p);
	for (i = 0; i < 3; i++) {
		s = get("http://backend.test/plain", "http", &p);
		if (s.why.kind)
			fail_msg("%s", s.why.text);
		assert_true(s.whole);
	}
	proxy_stop(&p);
	assert_int_equal(p.connections, 1);
	assert_ptr_equal(strstr(p.heard, "CONNECT backend.test:80 HTTP/1.1"),
			 p.heard);
	assert_null(strstr(p.heard, "canary"));
	assert_null(strstr(p.heard, "/plain"));
	assert_ptr_equal(strstr(server->last, "GET /plain HTTP/1.1\r\n"
					      "Host: backend.test\r\n"),
			 server->last);
	assert_non_null(strstr(server->last, "sk-canary"));
	assert_null(strcasestr(server->last, "proxy"));
	raw_stop(server);
}

static void a_proxy_that_will_not(void **state)
{
	struct proxy p = {.says = "HTTP/1.1 403 Forbidden\r\n"
				  "Content-Length: 5\r\n\r\nhello"};
	struct seen s;

	(void)state;
	proxy_start(&p);
	s = get("http://backend.test/plain", "http", &p);
	assert_int_equal(s.why.kind, ERR_CONNECT);
	assert_non_null(strstr(s.why.text, "403"));
	assert_false(s.whole);
	proxy_stop(&p);
}

static void socks(void **state)
{
	struct raw_server *server = raw_start(scripts);
	struct proxy p = {.is_socks = true, .to = server->port};
	struct seen s;
	int i;

	(void)state;
	proxy_start(&p);
	for (i = 0; i < 3; i++) {
		s = get("http://backend.test/plain", "socks5h", &p);
		if (s.why.kind)
			fail_msg("%s", s.why.text);
		assert_true(s.whole);
	}
	proxy_stop(&p);
	assert_int_equal(p.connections, 1);
	assert_string_equal(p.heard, "backend.test");
	raw_stop(server);
}

/* What goes through a proxy and what does not are two connections. */
static void a_proxy_is_the_routes_own(void **state)
{
	struct raw_server *server = raw_start(scripts);
	struct proxy p = {.says = "HTTP/1.1 200 OK\r\n\r\n",
			  .to = server->port};
	struct proxy q = p;
	char url[100];

	(void)state;
	proxy_start(&p);
	proxy_start(&q);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/plain", server->port);
	assert_true(get(url, "http", &p).whole);
	assert_true(get(url, "http", &q).whole);
	assert_true(get(url, "http", &p).whole);
	assert_int_equal(p.connections, 1);
	assert_int_equal(q.connections, 1);
	proxy_stop(&p);
	proxy_stop(&q);
	raw_stop(server);
}

static int setup(void **state)
{
	struct err err = {0};

	(void)state;
	loop = loop_new(&err);
	client = http_client_new(loop, &err);
	return client ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(client);
	loop_free(loop);
	return 0;
}

static int group_setup(void **state)
{
	struct err err = {0};

	(void)state;
	signal(SIGPIPE, SIG_IGN);
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
		T(a_tunnel),
		T(a_proxy_that_will_not),
		T(socks),
		T(a_proxy_is_the_routes_own),
	};

	return cmocka_run_group_tests_name("http_proxy", tests, group_setup,
					   group_teardown);
}
