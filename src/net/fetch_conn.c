/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of bytes to a backend and back.
 */
#include "net/fetch_conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "net/fetch_route.h"

static void ready(void *arg, uint32_t events)
{
	struct fetch_conn *c = arg;

	c->ops->on_ready(c->arg, events);
}

int fetch_conn_watch(struct fetch_conn *c, uint32_t events, struct err *err)
{
	if (events && c->watch)
		return watch_set(c->watch, events, err);
	if (events) {
		c->watch = watch_new(c->loop, c->fd, events, ready, c, err);
		return c->watch ? 0 : -1;
	}
	watch_free(c->watch);
	c->watch = NULL;
	return 0;
}

/* --- Opening ------------------------------------------------------------- */

static enum err_kind kind_of(CURLcode result)
{
	switch (result) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return ERR_TLS;
	default:
		return ERR_CONNECT;
	}
}

static const char *text_of(const struct fetch_conn *c, CURLcode result)
{
	return c->job.text[0] ? c->job.text : curl_easy_strerror(result);
}

static int stand(struct fetch_conn *c, struct err *err)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(c->job.easy, CURLINFO_ACTIVESOCKET, &fd) !=
		    CURLE_OK ||
	    fd == CURL_SOCKET_BAD)
		return err_set(err, ERR_SYS, "libcurl gives no socket");
	c->fd = fd;
	c->opened_us = loop_now_us(c->loop);
	c->is_open = true;
	return fetch_conn_watch(c, EPOLLIN, err);
}

void fetch_conn_opened(struct pump_job *job, CURLcode result)
{
	struct fetch_conn *c = (struct fetch_conn *)(void *)job;
	const char *refusal = pump_refusal(job);
	struct err why = {0};

	if (result == CURLE_OK)
		stand(c, &why);
	else
		err_set(&why, kind_of(result), "%s",
			refusal ? refusal : text_of(c, result));
	job->text[0] = '\0';
	c->ops->on_open(c->arg, err_is_set(&why) ? &why : NULL);
}

struct fetch_conn *fetch_conn_open(struct loop *l, struct pump *p,
				   const struct fetch_route *r,
				   const struct fetch_conn_ops *ops, void *arg,
				   struct err *err)
{
	struct fetch_conn *c = mem_new(sizeof(*c));

	c->pump = p;
	c->loop = l;
	c->place = mem_dup(fetch_route_place(r));
	c->is_plain = fetch_route_is_plain(r);
	fetch_conn_give(c, ops, arg);
	if (pump_job_init(p, &c->job, err) == 0) {
		if (fetch_route_apply(r, c->job.easy) < 0)
			err_set(err, ERR_SYS, "libcurl refuses an option");
		else if (pump_open(p, &c->job, err) == 0)
			return c;
	}
	fetch_conn_free(c);
	return NULL;
}

void fetch_conn_free(struct fetch_conn *c)
{
	if (!c)
		return;
	watch_free(c->watch);
	if (c->job.shard)
		pump_close(c->pump, &c->job);
	curl_easy_cleanup(c->job.easy);
	free(c->place);
	free(c);
}

void fetch_conn_give(struct fetch_conn *c, const struct fetch_conn_ops *ops,
		     void *arg)
{
	c->ops = ops;
	c->arg = arg;
}

/* --- Bytes --------------------------------------------------------------- */

static enum fetch_io from_system(ssize_t rc, size_t *n, struct err *err)
{
	if (rc >= 0) {
		*n = (size_t)rc;
		return rc ? FETCH_IO_SOME : FETCH_IO_END;
	}
	if (errno == EAGAIN || errno == EINTR)
		return FETCH_IO_AGAIN;
	err_set(err, ERR_UPSTREAM, "%s", strerror(errno));
	return FETCH_IO_FAULT;
}

static enum fetch_io from_curl(const struct fetch_conn *c, CURLcode rc,
			       size_t n, struct err *err)
{
	if (rc == CURLE_OK)
		return n ? FETCH_IO_SOME : FETCH_IO_END;
	if (rc == CURLE_AGAIN)
		return FETCH_IO_AGAIN;
	err_set(err, ERR_UPSTREAM, "%s", text_of(c, rc));
	return FETCH_IO_FAULT;
}

/* On a plain connection the socket itself is used, which saves libcurl's walk.
 * But its first bytes go through libcurl all the same: only by that it learns
 * that the connection is in use. Else it would close it on occasion, when it
 * has been idle too long or looks dead, and its number would be another's. */
enum fetch_io fetch_conn_send(struct fetch_conn *c, struct span bytes,
			      size_t *n, struct err *err)
{
	CURLcode rc;

	*n = 0;
	assert(bytes.n);
	if (c->is_plain && c->is_attached)
		return from_system(send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL),
				   n, err);
	c->is_attached = true;
	rc = curl_easy_send(c->job.easy, bytes.p, bytes.n, n);
	return from_curl(c, rc, *n, err);
}

enum fetch_io fetch_conn_recv(struct fetch_conn *c, char *p, size_t room,
			      size_t *n, struct err *err)
{
	CURLcode rc;

	*n = 0;
	if (c->is_plain)
		return from_system(recv(c->fd, p, room, 0), n, err);
	rc = curl_easy_recv(c->job.easy, p, room, n);
	return from_curl(c, rc, *n, err);
}
