/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepts connections, lets the library work on them, and tells the owner.
 *
 * The library gets its connections from us (it has no listening socket): the
 * one we are given is shared with other loops and must outlive every server.
 */
#include "net/http_server.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/http_private.h"

#define ACCEPT_MOST	 8 /* at once: the other loops want some, too */
#define SHARD_CONNS_MOST 256
#define ROUNDS_MOST	 8 /* of the library in one turn */
#define CONN_POOL_BYTES	 (16 * 1024)
#define CONNECTIONS_MOST 4096 /* when the limits do not say */
#define TICK_US		 1000000
#define STARVED_PAUSE_US 100000

static void turn(void *arg);
static void listen_or_not(struct http_server *s);

void http_server_wake(struct http_server *s)
{
	if (s->in_turn || s->is_turn_due || s->is_ending)
		return;
	s->is_turn_due = true;
	loop_defer(s->loop, turn, s);
}

static void on_shard_ready(void *arg, uint32_t events)
{
	struct http_shard *shard = arg;

	(void)events;
	shard->is_due = true;
	http_server_wake(shard->server);
}

/* It does not become readable for what is queued inside it: it has to be
 * asked. True when some shard has more to do. */
static bool run_shards(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;
	struct http_shard *shard;
	bool more = false;
	size_t i;

	for (i = 0; i < s->n_shards; i++) {
		shard = s->shards[i];
		if (!shard->is_due)
			continue;
		MHD_run(shard->daemon);
		shard->is_due =
			MHD_get_timeout(shard->daemon, &wait_ms) == MHD_YES &&
			wait_ms == 0;
		more |= shard->is_due;
	}
	return more;
}

static bool tell_news(struct http_server *s)
{
	struct http_request *rq;
	bool told = false;

	while ((rq = s->news)) {
		DL_DELETE(s->news, rq);
		rq->is_listed = false;
		http_request_tell(rq);
		told = true;
	}
	return told;
}

/* What is told may make the library due again, and so on; but other sockets
 * must not wait behind it for ever. */
static void turn(void *arg)
{
	struct http_server *s = arg;
	bool more = true;
	int i;

	s->is_turn_due = false;
	s->in_turn = true;
	for (i = 0; i < ROUNDS_MOST && more; i++) {
		more = run_shards(s);
		more |= tell_news(s);
	}
	s->in_turn = false;
	if (more)
		deadline_set(&s->again, s->loop, loop_now_us(s->loop), turn, s);
}

/* Nothing is known to need it; a wake-up the library lost costs a second. */
static void on_tick(void *arg)
{
	struct http_server *s = arg;
	size_t i;

	for (i = 0; i < s->n_shards; i++)
		s->shards[i]->is_due = true;
	http_server_wake(s);
	listen_or_not(s);
	deadline_set(&s->tick, s->loop, loop_now_us(s->loop) + TICK_US, on_tick,
		     s);
}

/* Paths are matched as they were sent. */
static size_t unescape_nothing(void *cls, struct MHD_Connection *mhd, char *s)
{
	(void)cls;
	(void)mhd;
	return strlen(s);
}

/* The request line is in. Gives no request yet: the head may be one that the
 * library refuses by itself. */
static void *on_request_line(void *cls, const char *target,
			     struct MHD_Connection *mhd)
{
	struct http_conn *c = http_conn_of(mhd);
	const struct http_server *s = c->shard->server;
	const char *query = strchr(target, '?');

	(void)cls;
	c->in_head = true;
	http_guard_start(&c->guard, span_of(target));
	free(c->query);
	c->query = query ? mem_dup(query + 1) : NULL;
	if (c->is_kept)
		http_conn_due(c, loop_now_us(s->loop) + s->limits.header_us);
	return NULL;
}

static struct MHD_Daemon *daemon_new(struct http_shard *shard)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
			MHD_ALLOW_SUSPEND_RESUME,
		0, NULL, NULL, http_request_handle, shard,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_POOL_BYTES,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)SHARD_CONNS_MOST,
		MHD_OPTION_NOTIFY_CONNECTION, http_conn_notify, shard,
		MHD_OPTION_NOTIFY_COMPLETED, http_request_completed, shard,
		MHD_OPTION_URI_LOG_CALLBACK, on_request_line, shard,
		MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, shard,
		MHD_OPTION_END);
}

static void shard_free(struct http_shard *shard)
{
	watch_free(shard->watch);
	if (shard->daemon)
		MHD_stop_daemon(shard->daemon);
	free(shard);
}

static struct http_shard *shard_new(struct http_server *s, struct err *err)
{
	struct http_shard *shard = mem_new(sizeof(*shard));
	const union MHD_DaemonInfo *info;

	shard->server = s;
	shard->daemon = daemon_new(shard);
	if (!shard->daemon) {
		err_set(err, ERR_SYS, "HTTP server: %s", strerror(errno));
		shard_free(shard);
		return NULL;
	}
	info = MHD_get_daemon_info(shard->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	shard->watch = watch_new(s->loop, info->epoll_fd, EPOLLIN,
				 on_shard_ready, shard, err);
	if (!shard->watch) {
		shard_free(shard);
		return NULL;
	}
	s->shards = mem_resize(s->shards, s->n_shards + 1, sizeof(*s->shards));
	s->shards[s->n_shards++] = shard;
	return shard;
}

/* The first that has room; a further one when none has. */
static struct http_shard *shard_get(struct http_server *s)
{
	size_t i;

	for (i = 0; i < s->n_shards; i++)
		if (s->shards[i]->n_conns < SHARD_CONNS_MOST)
			return s->shards[i];
	return shard_new(s, NULL);
}

static void add_connection(struct http_server *s, int fd,
			   const struct sockaddr *from, socklen_t size)
{
	struct http_shard *shard = shard_get(s);

	if (!shard) {
		close(fd);
		return;
	}
	/* It closes fd when it refuses. */
	MHD_add_connection(shard->daemon, fd, from, size);
	/* The request is often there already. */
	shard->is_due = true;
	http_server_wake(s);
}

static unsigned connections_most(const struct http_server *s)
{
	return s->limits.max_connections ? s->limits.max_connections
					 : CONNECTIONS_MOST;
}

static void on_listener(void *arg, uint32_t events);

/* Takes connections when there is room for them, else leaves them waiting in
 * the kernel. */
static void listen_or_not(struct http_server *s)
{
	bool wanted = !s->is_draining && !s->is_ending &&
		      !deadline_is_set(&s->starved) &&
		      s->n_conns < connections_most(s);

	if (wanted && !s->listener) {
		s->listener = watch_new(s->loop, s->listen_fd, EPOLLIN,
					on_listener, s, NULL);
	} else if (!wanted) {
		watch_free(s->listener);
		s->listener = NULL;
	}
}

static void on_fed(void *arg)
{
	listen_or_not(arg);
}

/* No descriptors: the socket stays readable, so look away for a while. EINVAL
 * is no fault: it was shut down, and our own drain is on its way. */
static void starve(struct http_server *s, int error)
{
	if (error != EINVAL)
		log_line(LOG_WARN, "accept: %s", strerror(error));
	deadline_set(&s->starved, s->loop,
		     loop_now_us(s->loop) + STARVED_PAUSE_US, on_fed, s);
	listen_or_not(s);
}

static void on_listener(void *arg, uint32_t events)
{
	struct http_server *s = arg;
	struct sockaddr_storage from;
	socklen_t size;
	int i, fd;

	(void)events;
	for (i = 0; i < ACCEPT_MOST && s->listener; i++) {
		size = sizeof(from);
		fd = accept4(s->listen_fd, (struct sockaddr *)&from, &size,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			add_connection(s, fd, (struct sockaddr *)&from, size);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		else if (errno != ECONNABORTED && errno != EINTR)
			starve(s, errno);
	}
}

void http_server_count(struct http_shard *shard, int by)
{
	shard->n_conns += (unsigned)by;
	shard->server->n_conns += (unsigned)by;
	listen_or_not(shard->server);
}

struct http_server *http_server_new(struct loop *l, int listen_fd,
				    const struct http_server_limits *limits,
				    const struct http_server_ops *ops,
				    void *arg, struct err *err)
{
	struct http_server *s = mem_new(sizeof(*s));

	s->loop = l;
	s->listen_fd = listen_fd;
	s->limits = *limits;
	s->ops = *ops;
	s->arg = arg;
	if (!shard_new(s, err)) {
		http_server_free(s);
		return NULL;
	}
	s->listener = watch_new(l, listen_fd, EPOLLIN, on_listener, s, err);
	if (!s->listener) {
		http_server_free(s);
		return NULL;
	}
	on_tick(s);
	return s;
}

void http_server_set_limits(struct http_server *s,
			    const struct http_server_limits *limits)
{
	s->limits = *limits;
	listen_or_not(s);
}

void http_server_drain(struct http_server *s)
{
	struct http_conn *c;

	s->is_draining = true;
	listen_or_not(s);
	DL_FOREACH (s->conns, c)
		if (!c->in_head)
			http_conn_rests(c);
}

unsigned http_server_connections(const struct http_server *s)
{
	return s->n_conns;
}

void http_server_free(struct http_server *s)
{
	struct http_conn *c;
	size_t i;

	if (!s)
		return;
	assert(!s->in_turn);
	s->is_ending = true;
	listen_or_not(s);
	/* The library ends the process when one is still suspended. */
	DL_FOREACH (s->conns, c)
		if (c->rq)
			http_request_abandon(c->rq);
	for (i = 0; i < s->n_shards; i++)
		shard_free(s->shards[i]);
	assert(!s->conns);
	tell_news(s);
	loop_undefer(s->loop, turn, s);
	deadline_clear(&s->again);
	deadline_clear(&s->tick);
	deadline_clear(&s->starved);
	free(s->shards);
	free(s);
}
