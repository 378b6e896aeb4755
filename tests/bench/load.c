/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load: one request again and again, one thread, keep-alive connections.
 *
 * Closed loop (the default): each of -c connections has one request out at
 * any time. Open loop (-r RATE): requests leave evenly spaced whatever the
 * answers do, on an idle connection or a new one, and their time counts from
 * when they were due. Sending ends after -s seconds or -n requests, then the
 * answers still due are waited for. Every answer must be a 200 as long as the
 * first; all else is an error. One line of JSON on stdout.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

#define MAX_REPLY  (512 * 1024)
#define MAX_ERRORS 100
#define DRAIN_NS   INT64_C(20000000000)

struct conn {
	int fd;
	char *in;
	size_t in_n;
	size_t out_at;
	int64_t due_ns;	       /* of the request that is out */
	long served;	       /* answers on this connection */
	bool is_idle;	       /* open loop: no request is out */
	LIST_ENTRY(conn) idle; /* while is_idle */
};

static struct {
	/* asked for */
	int port;
	int max_conns;
	double seconds;
	double rate;
	long max_requests;
	size_t expect; /* bytes of a body; 0: as the first */

	char *request;
	size_t request_n;
	int ep;
	LIST_HEAD(, conn) idle;
	int conns;
	long sent;
	long inflight;
	bool stopping;

	/* results */
	double *us;
	size_t us_n, us_room;
	long errors;
	long reopened;
	long inflight_max;
	char first_error[160];
} load;

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void note_error(const char *why, const char *p, size_t n)
{
	load.errors++;
	if (load.first_error[0] != '\0')
		return;
	snprintf(load.first_error, sizeof(load.first_error), "%s %.*s", why,
		 (int)n, p ? p : "");
	for (char *c = load.first_error; *c; c++)
		if (*c < ' ' || *c == '"' || *c == '\\')
			*c = ' ';
}

static void note_time(double us)
{
	if (load.us_n == load.us_room) {
		load.us_room = load.us_room ? load.us_room * 2 : 1 << 16;
		load.us = realloc(load.us, load.us_room * sizeof(*load.us));
		if (load.us == NULL)
			die("memory");
	}
	load.us[load.us_n++] = us;
}

static void conn_open(struct conn *c)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)load.port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(load.ep, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		die("epoll_ctl");
	c->served = 0;
	c->in_n = 0;
}

static struct conn *conn_new(void)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->in = malloc(MAX_REPLY)) == NULL)
		die("memory");
	conn_open(c);
	load.conns++;
	return c;
}

static void conn_reopen(struct conn *c)
{
	close(c->fd);
	conn_open(c);
}

/* Requests are small: a loopback socket takes one whole. */
static void conn_send(struct conn *c)
{
	ssize_t n = send(c->fd, load.request, load.request_n, MSG_NOSIGNAL);

	if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
		load.reopened++;
		conn_reopen(c);
		n = send(c->fd, load.request, load.request_n, MSG_NOSIGNAL);
	}
	if (n != (ssize_t)load.request_n)
		die("send");
}

static void conn_ask(struct conn *c, int64_t due_ns)
{
	c->due_ns = due_ns;
	load.sent++;
	if (++load.inflight > load.inflight_max)
		load.inflight_max = load.inflight;
	conn_send(c);
}

static void conn_rest(struct conn *c, bool rest)
{
	c->is_idle = rest;
	if (rest)
		LIST_INSERT_HEAD(&load.idle, c, idle);
	else
		LIST_REMOVE(c, idle);
}

static void conn_next(struct conn *c)
{
	load.inflight--;
	if (load.errors > MAX_ERRORS ||
	    (load.max_requests && load.sent >= load.max_requests))
		load.stopping = true;
	if (load.rate > 0)
		conn_rest(c, true);
	else if (!load.stopping)
		conn_ask(c, wire_now_ns());
}

/* Bytes of the whole reply in c->in; 0: more must come. */
static size_t conn_reply(struct conn *c, size_t *head, size_t *body)
{
	const char *v;
	size_t n;

	*head = wire_head(c->in, c->in_n);
	if (*head == 0)
		return 0;
	v = wire_header(c->in, *head, "Content-Length:");
	if (v != NULL) {
		*body = strtoul(v, NULL, 10);
		n = *head + *body;
		return n <= c->in_n ? n : 0;
	}
	if (wire_header(c->in, *head, "Transfer-Encoding:") == NULL)
		return c->in_n; /* neither: an error, see conn_judge() */
	n = wire_chunks(c->in + *head, c->in_n - *head, body);
	return n ? *head + n : 0;
}

static void conn_judge(struct conn *c, size_t n, size_t body)
{
	bool ok = c->in_n == n && strncmp(c->in, "HTTP/1.1 200", 12) == 0;

	if (load.expect == 0 && ok)
		load.expect = body;
	if (!ok || body == 0 || body != load.expect)
		note_error("answer:", c->in, n < 120 ? n : 120);
	else
		note_time((double)(wire_now_ns() - c->due_ns) / 1e3);
}

static void conn_lost(struct conn *c)
{
	if (c->in_n > 0 || c->served == 0) {
		note_error("connection closed", NULL, 0);
		conn_reopen(c);
		conn_next(c);
		return;
	}
	load.reopened++; /* the keep-alive had ended, nothing was answered */
	conn_reopen(c);
	conn_send(c);
}

static void conn_event(struct conn *c)
{
	ssize_t r = recv(c->fd, c->in + c->in_n, MAX_REPLY - c->in_n, 0);
	size_t n, head = 0, body = 0;
	const char *v;

	if (r <= 0) {
		conn_lost(c);
		return;
	}
	c->in_n += (size_t)r;
	n = conn_reply(c, &head, &body);
	if (n == 0)
		return;
	conn_judge(c, n, body);
	v = wire_header(c->in, head, "Connection:");
	c->in_n = 0;
	c->served++;
	if (v != NULL && strncasecmp(v, "close", 5) == 0) {
		load.reopened++;
		conn_reopen(c);
	}
	conn_next(c);
}

/* An idle connection that the other side closed must not be asked. */
static void idle_event(struct conn *c)
{
	conn_rest(c, false);
	close(c->fd);
	free(c->in);
	free(c);
	load.conns--;
}

/* Open loop: asks all that is due; milliseconds until the next. */
static int ask_due(int64_t start_ns)
{
	double gap = 1e9 / load.rate;

	for (;;) {
		int64_t due = start_ns + (int64_t)((double)load.sent * gap);
		int64_t now = wire_now_ns();
		struct conn *c = LIST_FIRST(&load.idle);

		if (due > now)
			return (int)((due - now) / 1000000) + 1;
		if (c != NULL)
			conn_rest(c, false);
		else if (load.conns < load.max_conns)
			c = conn_new();
		else
			return 1; /* no connection free: it leaves late */
		conn_ask(c, due);
	}
}

static void turn(int timeout_ms)
{
	struct epoll_event evs[256];
	int n = epoll_wait(load.ep, evs, 256, timeout_ms);

	if (n < 0 && errno != EINTR)
		die("epoll_wait");
	for (int i = 0; i < n; i++) {
		struct conn *c = evs[i].data.ptr;

		if (c->is_idle)
			idle_event(c);
		else
			conn_event(c);
	}
}

/* Seconds from the first request to the last answer. */
static double run(void)
{
	int64_t start = wire_now_ns();
	int64_t stop = start + (int64_t)(load.seconds * 1e9);
	int64_t now = start;

	if (load.rate <= 0)
		for (int i = 0; i < load.max_conns; i++)
			conn_ask(conn_new(), wire_now_ns());
	while (load.inflight > 0 || !load.stopping) {
		int wait = 100;

		if (now >= stop)
			load.stopping = true;
		if (now >= stop + DRAIN_NS) {
			note_error("no answer", NULL, 0);
			break;
		}
		if (load.rate > 0 && !load.stopping)
			wait = ask_due(start);
		turn(wait);
		now = wire_now_ns();
	}
	return (double)(now - start) / 1e9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double q)
{
	if (load.us_n == 0)
		return 0;
	return load.us[(size_t)(q * (double)(load.us_n - 1))];
}

static void print(double seconds)
{
	double sum = 0;

	qsort(load.us, load.us_n, sizeof(*load.us), compare);
	for (size_t i = 0; i < load.us_n; i++)
		sum += load.us[i];
	printf("{\"requests\":%zu,\"errors\":%ld,\"reopened\":%ld,"
	       "\"seconds\":%.6f,\"rps\":%.2f,\"mean_us\":%.2f,"
	       "\"p50_us\":%.2f,\"p99_us\":%.2f,\"inflight_max\":%ld,"
	       "\"bytes\":%zu,\"first_error\":\"%s\"}\n",
	       load.us_n, load.errors, load.reopened, seconds,
	       (double)load.us_n / seconds,
	       load.us_n ? sum / (double)load.us_n : 0, quantile(0.5),
	       quantile(0.99), load.inflight_max, load.expect,
	       load.first_error);
}

/* The file holds the whole request, head and body. */
static void request_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	FILE *to = open_memstream(&load.request, &load.request_n);
	int c;

	if (f == NULL || to == NULL)
		die(path);
	while ((c = fgetc(f)) != EOF)
		fputc(c, to);
	fclose(f);
	if (fclose(to) != 0)
		die("memory");
}

static int usage(void)
{
	fputs("usage: load -p PORT -f REQUEST [-c CONNECTIONS] [-s SECONDS]\n"
	      "            [-n REQUESTS] [-r RATE] [-k BODY_BYTES]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	int opt;

	load.max_conns = 1;
	load.seconds = 1;
	while ((opt = getopt(argc, argv, "p:f:c:s:n:r:k:")) != -1) {
		switch (opt) {
		case 'p':
			load.port = atoi(optarg);
			break;
		case 'f':
			path = optarg;
			break;
		case 'c':
			load.max_conns = atoi(optarg);
			break;
		case 's':
			load.seconds = atof(optarg);
			break;
		case 'n':
			load.max_requests = atol(optarg);
			break;
		case 'r':
			load.rate = atof(optarg);
			break;
		case 'k':
			load.expect = strtoul(optarg, NULL, 10);
			break;
		default:
			return usage();
		}
	}
	if (load.port <= 0 || path == NULL || load.max_conns <= 0)
		return usage();
	request_read(path);
	load.ep = epoll_create1(EPOLL_CLOEXEC);
	LIST_INIT(&load.idle);
	print(run());
	return 0;
}
