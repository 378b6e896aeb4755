/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend that costs next to nothing: one thread, one epoll, canned replies.
 *
 * The request's "model" chooses the reply: small, tokens40, big. With "slow-"
 * before the name it comes after the think time, by a timer, so thousands may
 * think at once. Anything else is a 404, a GET an empty list of models.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "canned.h"
#include "wire.h"

#define MAX_REQUEST (128 * 1024)
#define SLOW	    "slow-"

struct reply {
	const char *model;
	char *p; /* head and body */
	size_t n;
};

enum { SMALL, TOKENS40, BIG, MODELS, UNKNOWN, NREPLIES };

struct conn {
	int fd;
	char *in;
	size_t in_n;
	const struct reply *out; /* NULL: nothing is being sent */
	size_t out_at;
	int64_t due_ns; /* 0: not thinking */
	bool want_write;
	TAILQ_ENTRY(conn) thinking; /* while due_ns is set, soonest first */
};

static struct {
	int ep;
	int listener;
	int64_t think_ns;
	struct reply replies[NREPLIES];
	TAILQ_HEAD(, conn) thinking;
} stub;

static void die(const char *what)
{
	fprintf(stderr, "stub: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void reply_make(int which, const char *model, const char *status,
		       const char *body, size_t n)
{
	struct reply *r = &stub.replies[which];
	FILE *f = open_memstream(&r->p, &r->n);

	if (f == NULL)
		die("memory");
	r->model = model;
	fprintf(f,
		"HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n",
		status, n);
	fwrite(body, 1, n, f);
	if (fclose(f) != 0)
		die("memory");
}

static void reply_can(int which, const char *model, struct canned c)
{
	reply_make(which, model, "200 OK", c.p, c.n);
	free(c.p);
}

static void replies_make(void)
{
	static const char models[] = "{\"object\":\"list\",\"data\":[]}";
	static const char unknown[] =
		"{\"error\":{\"message\":\"no such model\",\"type\":"
		"\"invalid_request_error\",\"param\":\"model\",\"code\":"
		"\"model_not_found\"}}";

	reply_can(SMALL, "small", canned_small());
	reply_can(TOKENS40, "tokens40", canned_tokens(40, CANNED_SHORT));
	reply_can(BIG, "big", canned_tokens(300, CANNED_SHORT));
	reply_make(MODELS, "", "200 OK", models, sizeof(models) - 1);
	reply_make(UNKNOWN, "", "404 Not Found", unknown, sizeof(unknown) - 1);
}

/* Chooses the reply by the first "model" in the body. */
static const struct reply *reply_find(const char *body, size_t n, bool *slow)
{
	static const char key[] = "\"model\"";
	const char *end = body + n;
	const char *p = memmem(body, n, key, sizeof(key) - 1);

	*slow = false;
	if (p == NULL)
		return &stub.replies[UNKNOWN];
	p += sizeof(key) - 1;
	while (p < end && (*p == ':' || *p == ' ' || *p == '"'))
		p++;
	if ((size_t)(end - p) > strlen(SLOW) &&
	    memcmp(p, SLOW, strlen(SLOW)) == 0) {
		*slow = true;
		p += strlen(SLOW);
	}
	for (int i = SMALL; i <= BIG; i++) {
		size_t len = strlen(stub.replies[i].model);

		if ((size_t)(end - p) > len && p[len] == '"' &&
		    memcmp(p, stub.replies[i].model, len) == 0)
			return &stub.replies[i];
	}
	return &stub.replies[UNKNOWN];
}

static void conn_free(struct conn *c)
{
	if (c->due_ns != 0)
		TAILQ_REMOVE(&stub.thinking, c, thinking);
	close(c->fd);
	free(c->in);
	free(c);
}

static void conn_want(struct conn *c, bool write)
{
	struct epoll_event ev = {.data.ptr = c};

	if (c->want_write == write)
		return;
	c->want_write = write;
	ev.events = write ? EPOLLOUT : EPOLLIN;
	if (epoll_ctl(stub.ep, EPOLL_CTL_MOD, c->fd, &ev) < 0)
		die("epoll_ctl");
}

/* Sends what is left. False when the connection has gone. */
static bool conn_send(struct conn *c)
{
	while (c->out_at < c->out->n) {
		ssize_t n = send(c->fd, c->out->p + c->out_at,
				 c->out->n - c->out_at, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			conn_want(c, true);
			return true;
		}
		if (n < 0)
			return false;
		c->out_at += (size_t)n;
	}
	c->out = NULL;
	conn_want(c, false);
	return true;
}

static bool conn_answer(struct conn *c, const struct reply *r, bool slow)
{
	c->out = r;
	c->out_at = 0;
	if (!slow)
		return conn_send(c);
	c->due_ns = wire_now_ns() + stub.think_ns;
	TAILQ_INSERT_TAIL(&stub.thinking, c, thinking);
	return true;
}

/* Bytes of the whole request at the start of c->in; 0: more must come. */
static size_t conn_request(struct conn *c, size_t *head)
{
	const char *v;
	size_t n, data;

	*head = wire_head(c->in, c->in_n);
	if (*head == 0)
		return 0;
	if (wire_header(c->in, *head, "Transfer-Encoding:") != NULL) {
		n = wire_chunks(c->in + *head, c->in_n - *head, &data);
		return n ? *head + n : 0;
	}
	v = wire_header(c->in, *head, "Content-Length:");
	n = *head + (v ? strtoul(v, NULL, 10) : 0);
	return n <= c->in_n ? n : 0;
}

/* Answers the requests that have come in whole. */
static bool conn_serve(struct conn *c)
{
	while (c->out == NULL) {
		const struct reply *r = &stub.replies[MODELS];
		bool slow = false, ok;
		size_t head, n = conn_request(c, &head);

		if (n == 0)
			return c->in_n < MAX_REQUEST;
		if (memcmp(c->in, "POST", 4) == 0)
			r = reply_find(c->in + head, n - head, &slow);
		ok = conn_answer(c, r, slow);
		memmove(c->in, c->in + n, c->in_n - n);
		c->in_n -= n;
		if (!ok)
			return false;
	}
	return true;
}

static bool conn_read(struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_n, MAX_REQUEST - c->in_n, 0);

	if (n < 0)
		return errno == EAGAIN;
	if (n == 0)
		return false;
	c->in_n += (size_t)n;
	return conn_serve(c);
}

static void conn_event(struct conn *c, uint32_t events)
{
	bool ok = true;

	if (events & EPOLLOUT)
		ok = conn_send(c) && conn_serve(c);
	else
		ok = conn_read(c);
	if (!ok)
		conn_free(c);
}

static void accept_all(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int one = 1, fd;

	while ((fd = accept4(stub.listener, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = calloc(1, sizeof(*c));

		if (c == NULL || (c->in = malloc(MAX_REQUEST)) == NULL)
			die("memory");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		c->fd = fd;
		ev.data.ptr = c;
		if (epoll_ctl(stub.ep, EPOLL_CTL_ADD, fd, &ev) < 0)
			die("epoll_ctl");
	}
	if (errno == EMFILE)
		die("accept");
}

/* Sends what is due; milliseconds until the next, -1 when none thinks. */
static int think(void)
{
	int64_t now = wire_now_ns();
	struct conn *c;

	while ((c = TAILQ_FIRST(&stub.thinking)) != NULL) {
		if (c->due_ns > now)
			return (int)((c->due_ns - now) / 1000000) + 1;
		TAILQ_REMOVE(&stub.thinking, c, thinking);
		c->due_ns = 0;
		if (!conn_send(c) || !conn_serve(c))
			conn_free(c);
	}
	return -1;
}

static void listen_on(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	int one = 1;

	stub.listener =
		socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(stub.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(stub.listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(stub.listener, 4096) < 0)
		die("listen");
	stub.ep = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(stub.ep, EPOLL_CTL_ADD, stub.listener, &ev) < 0)
		die("epoll");
}

static void serve(void)
{
	struct epoll_event evs[256];

	for (;;) {
		int n = epoll_wait(stub.ep, evs, 256, think());

		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++) {
			if (evs[i].data.ptr == NULL)
				accept_all();
			else
				conn_event(evs[i].data.ptr, evs[i].events);
		}
	}
}

int main(int argc, char **argv)
{
	int port = 0, opt;

	stub.think_ns = INT64_C(2000000000);
	while ((opt = getopt(argc, argv, "p:t:")) != -1) {
		if (opt == 'p')
			port = atoi(optarg);
		else if (opt == 't')
			stub.think_ns = atoll(optarg) * 1000000;
		else
			port = -1;
	}
	if (port <= 0) {
		fputs("usage: stub -p PORT [-t THINK_MS]\n", stderr);
		return 2;
	}
	TAILQ_INIT(&stub.thinking);
	replies_make();
	listen_on(port);
	serve();
	return 0;
}
