/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent for a request: a whole answer, a stream, or a refusal.
 */
#include "net/http_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Sent bytes stay at the front of `out` until they are this many. */
#define OUT_SHIFT (64 * 1024)

static size_t out_left(const struct http_request *rq)
{
	return rq->out.n - rq->out_at;
}

bool http_request_misses_bytes(const struct http_request *rq)
{
	if (rq->state == HTTP_CUT)
		return false;
	return rq->state != HTTP_STREAM || !rq->is_released || out_left(rq);
}

static void add_header(struct MHD_Response *r, const struct http_header *h)
{
	if (http_is_token(span_of(h->name)) && h->value &&
	    http_is_value(span_of(h->value)))
		MHD_add_response_header(r, h->name, h->value);
}

static void add_headers(const struct http_request *rq, struct MHD_Response *r,
			const struct http_header *headers, size_t n_headers)
{
	size_t i;

	for (i = 0; i < n_headers; i++)
		add_header(r, &headers[i]);
	if (rq->close_after || rq->server->is_draining)
		MHD_add_response_header(r, "Connection", "close");
}

/* Takes the bytes of body, which may be NULL. NULL when there is no memory. */
static struct MHD_Response *whole_answer(const struct http_request *rq,
					 const struct http_header *headers,
					 size_t n_headers, struct buf *body)
{
	static char nothing[] = "";
	struct MHD_Response *r;
	char *p = NULL;
	size_t n = 0;

	if (body)
		p = buf_detach(body, &n);
	r = MHD_create_response_from_buffer(n, p ? p : nothing,
					    p ? MHD_RESPMEM_MUST_FREE
					      : MHD_RESPMEM_PERSISTENT);
	if (r)
		add_headers(rq, r, headers, n_headers);
	else
		free(p);
	return r;
}

/* Takes r, which may be NULL. */
static bool queue(struct http_request *rq, struct MHD_Response *r)
{
	bool queued;

	if (!r)
		return false;
	queued = MHD_queue_response(rq->conn->mhd, (unsigned)rq->status, r) ==
		 MHD_YES;
	MHD_destroy_response(r);
	return queued;
}

static void start_answer(struct http_request *rq, struct MHD_Response *r,
			 enum http_state state)
{
	if (!queue(rq, r)) {
		http_request_fail(rq);
		return;
	}
	rq->state = state;
	http_conn_sends(rq->conn);
	http_request_resume(rq);
}

void http_reply(struct http_request *rq, int status,
		const struct http_header *headers, size_t n_headers,
		struct buf *body, bool close)
{
	assert(rq->state == HTTP_HELD && rq->is_owned);
	rq->status = status;
	rq->close_after = close;
	http_request_release(rq);
	start_answer(rq, whole_answer(rq, headers, n_headers, body),
		     HTTP_WHOLE);
}

static void forget_sent(struct http_request *rq)
{
	if (out_left(rq) == 0)
		buf_clear(&rq->out);
	else if (rq->out_at >= OUT_SHIFT)
		buf_shift(&rq->out, rq->out_at);
	else
		return;
	rq->out_at = 0;
}

/* Nothing is left: the end, or the wait for more. */
static ssize_t read_nothing(struct http_request *rq)
{
	if (rq->is_released)
		return MHD_CONTENT_READER_END_OF_STREAM;
	http_conn_cork(rq->conn, false);
	http_request_suspend(rq);
	return 0;
}

/* The library wants bytes of a stream: all it was given have been sent. */
static ssize_t read_stream(void *arg, uint64_t pos, char *to, size_t most)
{
	struct http_request *rq = arg;
	size_t n = out_left(rq) < most ? out_left(rq) : most;

	(void)pos;
	if (rq->state == HTTP_CUT)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0)
		return read_nothing(rq);
	memcpy(to, rq->out.p + rq->out_at, n);
	rq->out_at += n;
	forget_sent(rq);
	if (rq->is_high && out_left(rq) < HTTP_STREAM_HIGH / 4) {
		rq->is_high = false;
		http_request_news(rq, HTTP_NEWS_DRAIN);
	}
	return (ssize_t)n;
}

/* For chunks the library has a buffer of its own; it uses the response's for
 * a client of HTTP/1.0, which knows none. */
static size_t stream_block(const struct http_request *rq)
{
	return rq->conn->guard.is_http10 ? 16384 : 64;
}

void http_stream_open(struct http_request *rq, int status,
		      const struct http_header *headers, size_t n_headers)
{
	struct MHD_Response *r;

	assert(rq->state == HTTP_HELD && rq->is_owned && !rq->is_released);
	rq->status = status;
	if (rq->is_head_method) {
		/* The library would send the last chunk, even here. */
		rq->answer = whole_answer(rq, headers, n_headers, NULL);
		rq->state = HTTP_STREAM;
		return;
	}
	r = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, stream_block(rq), read_stream, rq, NULL);
	if (r)
		add_headers(rq, r, headers, n_headers);
	/* The head waits for the first bytes, which most often come along. */
	http_conn_cork(rq->conn, true);
	start_answer(rq, r, HTTP_STREAM);
}

size_t http_stream_write(struct http_request *rq, struct span bytes)
{
	assert(rq->is_owned && !rq->is_released);
	if (!rq->conn || rq->state != HTTP_STREAM || rq->is_head_method)
		return 0;
	if (bytes.n == 0)
		return out_left(rq);
	if (buf_add_span(&rq->out, bytes) < 0) {
		http_request_fail(rq);
		return 0;
	}
	http_request_resume(rq);
	if (out_left(rq) >= HTTP_STREAM_HIGH)
		rq->is_high = true;
	return out_left(rq);
}

void http_stream_close(struct http_request *rq)
{
	struct MHD_Response *head = rq->answer;

	assert(rq->is_owned && !rq->is_released);
	http_request_release(rq);
	if (!rq->conn || rq->state != HTTP_STREAM)
		return;
	if (rq->is_head_method) {
		rq->answer = NULL;
		start_answer(rq, head, HTTP_WHOLE);
		return;
	}
	/* So that the last chunk goes with the last bytes. */
	http_conn_cork(rq->conn, true);
	http_request_resume(rq);
}

void http_stream_cut(struct http_request *rq)
{
	assert(rq->is_owned);
	http_request_release(rq);
	if (rq->conn && rq->state != HTTP_CUT)
		http_request_cut(rq);
}

void http_request_refuse(struct http_request *rq, int status,
			 const struct http_header *headers, size_t n_headers,
			 struct buf *body, bool close)
{
	if (rq->state != HTTP_READING) {
		if (body)
			buf_release(body);
		return;
	}
	rq->state = HTTP_REFUSED;
	rq->status = status;
	rq->close_after = close;
	rq->answer = whole_answer(rq, headers, n_headers, body);
	http_request_drop_body(rq);
}

void http_request_refuse_by(struct http_request *rq, int status,
			    const char *why)
{
	const struct http_server *s = rq->server;
	bool close = status == 400;

	if (s->ops.on_refuse)
		s->ops.on_refuse(s->arg, rq, status, why, close);
	http_request_refuse(rq, status, NULL, 0, NULL, close);
}

enum MHD_Result http_request_send_refusal(struct http_request *rq)
{
	struct MHD_Response *r = rq->answer;

	rq->answer = NULL;
	return queue(rq, r) ? MHD_YES : MHD_NO;
}
