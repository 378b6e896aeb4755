/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request: takes its head and body in, and knows when it is over.
 *
 * A request whose body is in is suspended in the library and stays so until
 * there is something to send. It is over when the library has completed it
 * (conn is NULL) and the owner has let go of it, in any order.
 */
#include "net/http_private.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/now.h"

/* So much of a refused body is read, so that the client, which reads only
 * after it has sent all, gets to see why. */
#define DROP_MOST (64 * 1024 * 1024)

static void uncount(struct http_request *rq)
{
	if (rq->counted)
		atomic_fetch_sub(rq->memory_used, rq->counted);
	rq->counted = 0;
}

/* Takes n bytes in all out of what the bodies may hold together. */
static bool count(struct http_request *rq, size_t n)
{
	size_t most = rq->server->limits.memory_max;
	size_t more = n > rq->counted ? n - rq->counted : 0;

	if (!rq->memory_used || more == 0)
		return true;
	if (atomic_fetch_add(rq->memory_used, more) + more > most) {
		atomic_fetch_sub(rq->memory_used, more);
		return false;
	}
	rq->counted += more;
	return true;
}

void http_request_drop_body(struct http_request *rq)
{
	buf_release(&rq->body);
	uncount(rq);
}

static void unlist(struct http_request *rq)
{
	if (rq->is_listed)
		DL_DELETE(rq->server->news, rq);
	rq->is_listed = false;
}

static void request_free(struct http_request *rq)
{
	assert(!rq->conn);
	unlist(rq);
	http_request_drop_body(rq);
	buf_release(&rq->out);
	if (rq->answer)
		MHD_destroy_response(rq->answer);
	arena_free(rq->arena);
	free(rq->query);
	free(rq);
}

void http_request_news(struct http_request *rq, enum http_news what)
{
	rq->news |= what;
	if (!rq->is_listed) {
		rq->is_listed = true;
		DL_APPEND(rq->server->news, rq);
	}
	http_server_wake(rq->server);
}

void http_request_suspend(struct http_request *rq)
{
	assert(!rq->is_suspended);
	rq->is_suspended = true;
	MHD_suspend_connection(rq->conn->mhd);
}

void http_request_resume(struct http_request *rq)
{
	if (!rq->is_suspended)
		return;
	rq->is_suspended = false;
	MHD_resume_connection(rq->conn->mhd);
	rq->conn->shard->is_due = true;
	http_server_wake(rq->server);
}

static void check_done(struct http_request *rq)
{
	if (!rq->conn && rq->is_released)
		http_request_news(rq, HTTP_NEWS_DONE);
}

void http_request_release(struct http_request *rq)
{
	if (rq->is_released)
		return;
	rq->is_released = true;
	check_done(rq);
}

void http_request_cut(struct http_request *rq)
{
	rq->state = HTTP_CUT;
	buf_clear(&rq->out);
	rq->out_at = 0;
	http_conn_kill(rq->conn);
	http_request_resume(rq);
}

void http_request_fail(struct http_request *rq)
{
	rq->is_broken = true;
	http_request_news(rq, HTTP_NEWS_GONE);
	http_request_cut(rq);
}

void http_request_abandon(struct http_request *rq)
{
	http_request_cut(rq);
	rq->is_released = true;
}

static void tell_request(struct http_request *rq)
{
	const struct http_server *s = rq->server;

	/* It left with the last byte of the body: no work for it. */
	if (rq->conn->is_hung_up) {
		http_request_abandon(rq);
		return;
	}
	rq->is_owned = true;
	s->ops.on_request(s->arg, rq);
}

static void tell_gone(struct http_request *rq)
{
	const struct http_server *s = rq->server;

	if (!rq->is_owned || rq->is_told_gone)
		return;
	/* Once the owner's part is done, only a failure is of interest. */
	if (rq->is_released && !rq->is_broken)
		return;
	rq->is_told_gone = true;
	s->ops.on_gone(s->arg, rq);
}

static void tell_done(struct http_request *rq)
{
	const struct http_server *s = rq->server;

	s->ops.on_done(s->arg, rq);
	request_free(rq);
}

void http_request_tell(struct http_request *rq)
{
	const struct http_server *s = rq->server;
	unsigned news = rq->news;

	rq->news = 0;
	if (s->is_ending)
		news &= HTTP_NEWS_DONE;
	if (news & HTTP_NEWS_REQUEST)
		tell_request(rq);
	if (news & HTTP_NEWS_GONE)
		tell_gone(rq);
	if ((news & HTTP_NEWS_DRAIN) && !rq->is_released)
		s->ops.on_drain(s->arg, rq);
	if (news & HTTP_NEWS_DONE)
		tell_done(rq);
}

/* https://host/path is the same as /path. */
static const char *path_of(const char *target)
{
	const char *host = strstr(target, "://");
	const char *path;

	if (target[0] == '/' || !host)
		return target;
	path = strchr(host + strlen("://"), '/');
	return path ? path : "/";
}

static struct http_request *request_new(struct http_conn *c, const char *url,
					const char *method)
{
	struct http_server *s = c->shard->server;
	struct http_request *rq = mem_new(sizeof(*rq));

	assert(!c->rq);
	c->rq = rq;
	rq->conn = c;
	rq->server = s;
	rq->method = method;
	rq->path = path_of(url);
	rq->query = c->query;
	c->query = NULL;
	rq->is_head_method = strcmp(method, "HEAD") == 0;
	rq->start_us = now_us();
	rq->memory_used = s->limits.memory_used;
	rq->body_most = s->limits.max_body;
	buf_init(&rq->body, 0);
	buf_init(&rq->out, 0);
	return rq;
}

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind,
				const char *name, size_t n_name,
				const char *value, size_t n_value)
{
	(void)kind;
	http_guard_field(cls, (struct span){name, n_name},
			 (struct span){value, n_value});
	return MHD_YES;
}

static int guard_head(struct http_conn *c, const char *method,
		      const char *version)
{
	struct http_guard *g = &c->guard;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		c->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	http_guard_line(g, span_of(method), span_of(version));
	MHD_get_connection_values_n(c->mhd, MHD_HEADER_KIND, on_field, g);
	return http_guard_finish(g, info ? info->header_size : 0);
}

#define ROOM_MOST ((size_t)64 * 1024) /* made before bytes come */

static void check_length(struct http_request *rq)
{
	uint64_t length = rq->conn->guard.length;

	if (rq->state != HTTP_READING || length == 0)
		return;
	if (length > rq->body_most)
		http_request_refuse_by(rq, 413, "the body is too large");
	/* What was announced is not there yet: only what comes is counted. */
	else if (buf_reserve(&rq->body, length < ROOM_MOST ? length
							   : ROOM_MOST) < 0)
		http_request_refuse_by(rq, 503, "no memory for the body now");
}

/* A refusal waits for the end of the body, unless framing is in doubt, or
 * the client waits for us, or it means to send for ever. The library closes
 * the connection after an answer that comes before the body. */
static bool is_refused_at_once(const struct http_request *rq)
{
	const struct http_guard *g = &rq->conn->guard;

	return rq->state == HTTP_REFUSED &&
	       (g->status == 400 || g->expects_continue ||
		g->length > DROP_MOST);
}

static enum MHD_Result take_head(struct http_request *rq, const char *version)
{
	struct http_server *s = rq->server;
	struct http_conn *c = rq->conn;

	http_conn_due(c, loop_now_us(s->loop) + s->limits.body_us);
	if (guard_head(c, rq->method, version))
		http_request_refuse_by(rq, c->guard.status, c->guard.why);
	else
		s->ops.on_head(s->arg, rq);
	check_length(rq);
	return is_refused_at_once(rq) ? http_request_send_refusal(rq) : MHD_YES;
}

static enum MHD_Result take_body(struct http_request *rq, const char *p,
				 size_t n)
{
	struct buf *body = &rq->body;

	if (rq->state == HTTP_READING) {
		if (n > rq->body_most - body->n)
			http_request_refuse_by(rq, 413,
					       "the body is too large");
		else if (!count(rq, body->n + n) || buf_add(body, p, n) < 0)
			http_request_refuse_by(rq, 503,
					       "no memory for the body now");
	}
	if (rq->state == HTTP_REFUSED)
		rq->dropped += n;
	return rq->dropped > DROP_MOST ? MHD_NO : MHD_YES;
}

static enum MHD_Result take_end(struct http_request *rq)
{
	if (rq->state == HTTP_REFUSED)
		return http_request_send_refusal(rq);
	if (rq->state != HTTP_READING)
		return MHD_NO; /* resumed without an answer: it was cut */
	rq->state = HTTP_HELD;
	http_conn_undue(rq->conn);
	http_request_suspend(rq);
	http_request_news(rq, HTTP_NEWS_REQUEST);
	return MHD_YES;
}

enum MHD_Result http_request_handle(void *cls, struct MHD_Connection *mhd,
				    const char *url, const char *method,
				    const char *version, const char *data,
				    size_t *n_data, void **ctx)
{
	struct http_request *rq = *ctx;
	size_t n = *n_data;

	(void)cls;
	if (!rq) {
		rq = *ctx = request_new(http_conn_of(mhd), url, method);
		return take_head(rq, version);
	}
	if (n == 0)
		return take_end(rq);
	*n_data = 0;
	return take_body(rq, data, n);
}

static void detach(struct http_request *rq)
{
	rq->conn->rq = NULL;
	rq->conn = NULL;
	rq->method = "";
	rq->path = "";
}

void http_request_completed(void *cls, struct MHD_Connection *mhd, void **ctx,
			    enum MHD_RequestTerminationCode code)
{
	struct http_conn *c = http_conn_of(mhd);
	struct http_request *rq = *ctx;

	(void)cls;
	*ctx = NULL;
	http_conn_cork(c, false);
	c->is_kept = true;
	http_conn_rests(c);
	if (!rq)
		return; /* refused by the library, we never saw the head */
	detach(rq);
	if (!rq->is_owned) {
		request_free(rq);
		return;
	}
	if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK &&
	    http_request_misses_bytes(rq)) {
		rq->is_broken = true;
		http_request_news(rq, HTTP_NEWS_GONE);
	}
	check_done(rq);
}

const char *http_request_method(const struct http_request *rq)
{
	return rq->method;
}

const char *http_request_path(const struct http_request *rq)
{
	return rq->path;
}

const char *http_request_query(const struct http_request *rq)
{
	return rq->query;
}

const char *http_request_header(const struct http_request *rq, const char *name)
{
	if (!rq->conn)
		return NULL;
	return MHD_lookup_connection_value(rq->conn->mhd, MHD_HEADER_KIND,
					   name);
}

struct span http_request_body(const struct http_request *rq)
{
	return buf_span(&rq->body);
}

int64_t http_request_start_us(const struct http_request *rq)
{
	return rq->start_us;
}

struct arena *http_request_arena(struct http_request *rq)
{
	if (!rq->arena)
		rq->arena = arena_new();
	return rq->arena;
}

void http_request_set_owner(struct http_request *rq, void *owner)
{
	rq->owner = owner;
}

void *http_request_owner(const struct http_request *rq)
{
	return rq->owner;
}
