/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: notices that its client is slow or has left.
 *
 * The library sees neither while a connection is suspended, and its timeout
 * starts anew with every byte. So the descriptor is watched here as well, and
 * the deadlines are ours; the only thing they do is to shut the socket down.
 */
#include "net/http_private.h"

#include <assert.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utlist.h>

#include "base/mem.h"

/* An answer's progress is looked at so many times within write_us. */
#define LOOKS 16

/* A rest is at most so long while the server drains: a request that is on
 * its way already shall still be answered. */
#define DRAIN_REST_US 1000000

struct http_conn *http_conn_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context;
}

static struct http_server *server_of(const struct http_conn *c)
{
	return c->shard->server;
}

void http_conn_kill(struct http_conn *c)
{
	http_conn_undue(c);
	shutdown(c->fd, SHUT_RDWR);
}

/* The library reads once when bytes come; when the end comes together with
 * them it hears of it no more, and would wait until the deadline for the rest
 * of a request that has none. */
static void on_hang_up(void *arg, uint32_t events)
{
	struct http_conn *c = arg;

	(void)events;
	c->is_hung_up = true;
	if (c->rq)
		http_request_news(c->rq, HTTP_NEWS_GONE);
	if (!c->rq || c->rq->state == HTTP_READING)
		http_conn_kill(c);
}

void http_conn_cork(struct http_conn *c, bool on)
{
	int value = on;

	if (c->is_corked == on)
		return;
	c->is_corked = on;
	/* Fails on a socket that is not TCP, which needs no cork. */
	setsockopt(c->fd, IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
}

/* Looks how far the kernel is with what it was given. True: something left
 * since the last look, or it has nothing (then the library does not wait for
 * it either). */
static bool has_moved(struct http_conn *c)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);
	uint64_t acked;
	int unsent = 0;
	bool moved;

	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		info.tcpi_bytes_acked = 0;
	acked = info.tcpi_bytes_acked;
	if (ioctl(c->fd, SIOCOUTQ, &unsent) < 0)
		unsent = 0;
	moved = unsent == 0 || acked != c->acked || unsent != c->unsent;
	c->acked = acked;
	c->unsent = unsent;
	return moved;
}

static int64_t look_again_us(const struct http_conn *c)
{
	return loop_now_us(server_of(c)->loop) +
	       server_of(c)->limits.write_us / LOOKS;
}

static bool is_answering(const struct http_conn *c)
{
	return c->rq &&
	       (c->rq->state == HTTP_WHOLE || c->rq->state == HTTP_STREAM);
}

static void on_answer_due(struct http_conn *c)
{
	int64_t now_us = loop_now_us(server_of(c)->loop);

	if (has_moved(c))
		c->moved_us = now_us;
	if (now_us - c->moved_us < server_of(c)->limits.write_us) {
		http_conn_due(c, look_again_us(c));
		return;
	}
	http_conn_kill(c);
}

static void on_timer(void *arg)
{
	struct http_conn *c = arg;
	struct loop *l = server_of(c)->loop;

	if (c->due_us == 0)
		return;
	if (c->due_us > loop_now_us(l))
		deadline_set(&c->timer, l, c->due_us, on_timer, c);
	else if (is_answering(c))
		on_answer_due(c);
	else
		http_conn_kill(c);
}

void http_conn_due(struct http_conn *c, int64_t at_us)
{
	c->due_us = at_us;
	if (!deadline_is_set(&c->timer) || c->timer.at_us > at_us)
		deadline_set(&c->timer, server_of(c)->loop, at_us, on_timer, c);
}

void http_conn_undue(struct http_conn *c)
{
	c->due_us = 0;
}

void http_conn_sends(struct http_conn *c)
{
	c->moved_us = loop_now_us(server_of(c)->loop);
	http_conn_due(c, look_again_us(c));
}

void http_conn_rests(struct http_conn *c)
{
	const struct http_server *s = server_of(c);
	int64_t rest_us = c->is_kept ? s->limits.idle_us : s->limits.header_us;

	if (s->is_draining && rest_us > DRAIN_REST_US)
		rest_us = DRAIN_REST_US;
	c->in_head = false;
	http_conn_due(c, loop_now_us(s->loop) + rest_us);
}

static struct http_conn *conn_new(struct http_shard *shard,
				  struct MHD_Connection *mhd)
{
	struct http_conn *c = mem_new(sizeof(*c));

	c->shard = shard;
	c->mhd = mhd;
	c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)
			->connect_fd;
	/* Edge: it stays true once it is true. */
	c->watch = watch_new(shard->server->loop, c->fd,
			     EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLET,
			     on_hang_up, c, NULL);
	DL_APPEND(shard->server->conns, c);
	http_server_count(shard, +1);
	http_conn_rests(c);
	if (!c->watch)
		http_conn_kill(c);
	return c;
}

static void conn_free(struct http_conn *c)
{
	assert(!c->rq);
	watch_free(c->watch);
	deadline_clear(&c->timer);
	DL_DELETE(server_of(c)->conns, c);
	http_server_count(c->shard, -1);
	free(c->query);
	free(c);
}

void http_conn_notify(void *cls, struct MHD_Connection *mhd, void **ctx,
		      enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*ctx = conn_new(cls, mhd);
	} else {
		conn_free(*ctx);
		*ctx = NULL;
	}
}
