/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/chat/completions: from the client's bytes to a run and back.
 *
 * An exchange lives until both sides have ended: the HTTP request (its bytes
 * are all out) and the run.
 */
#include "api/api_chat.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "api/auth.h"
#include "api/reply.h"
#include "cascade/recorder.h"

struct exchange {
	struct exchange *prev, *next; /* in api->exchanges */
	struct api *api;
	struct http_request *rq; /* NULL once it is done */
	struct run *run;	 /* NULL once it has ended */
	struct arena *arena;
	struct chat_request request;
	char request_id[65];
	bool headers; /* reply.headers */
};

/* ---- the run's way to the client ----------------------------------------- */

static const struct outlet_meta *shown(const struct exchange *x,
				       const struct outlet_meta *m)
{
	return x->headers ? m : NULL;
}

static void sink_reply(void *arg, const struct outlet_meta *m, struct buf *json)
{
	struct exchange *x = arg;
	struct reply_headers h;

	reply_headers_init(&h, x->request_id, shown(x, m));
	reply_json(x->rq, 200, &h, json, x->api->draining);
}

static void sink_fault(void *arg, const struct outlet_meta *m,
		       const struct fault *f)
{
	struct exchange *x = arg;

	reply_fault(x->rq, x->request_id, shown(x, m), f, x->api->draining);
}

static void sink_open(void *arg, const struct outlet_meta *m)
{
	struct exchange *x = arg;

	reply_open_stream(x->rq, x->request_id, shown(x, m));
}

static size_t sink_write(void *arg, struct span bytes)
{
	struct exchange *x = arg;

	return http_stream_write(x->rq, bytes);
}

static void sink_close(void *arg)
{
	struct exchange *x = arg;

	http_stream_close(x->rq);
}

static void sink_cut(void *arg)
{
	struct exchange *x = arg;

	if (x->rq)
		http_stream_cut(x->rq);
}

static const struct outlet_sink sink = {
	.reply = sink_reply,
	.fault = sink_fault,
	.open = sink_open,
	.write = sink_write,
	.close = sink_close,
	.cut = sink_cut,
};

/* ---- life ---------------------------------------------------------------- */

static void exchange_free(struct exchange *x)
{
	assert(!x->rq && !x->run);
	DL_DELETE(x->api->exchanges, x);
	arena_free(x->arena);
	free(x);
}

/* The run ends only after the request is done. */
static void on_run_end(void *arg)
{
	struct exchange *x = arg;

	x->run = NULL;
	exchange_free(x);
}

void exchange_gone(struct exchange *x)
{
	if (x->run)
		run_client_gone(x->run);
	else
		http_stream_cut(x->rq);
}

void exchange_drained(struct exchange *x)
{
	if (x->run)
		run_client_drained(x->run);
}

void exchange_done(struct exchange *x)
{
	x->rq = NULL;
	if (x->run)
		run_client_sent(x->run);
	else
		exchange_free(x);
}

void exchange_abort_all(struct api *a)
{
	struct exchange *x, *next;

	DL_FOREACH_SAFE(a->exchanges, x, next) {
		if (x->run)
			run_abort(x->run);
	}
}

/* ---- from bytes to a run ------------------------------------------------- */

static void refuse(struct exchange *x, const struct fault *f)
{
	recorder_refused(x->api->house.recorder, x->request_id, "client_error",
			 f->status, f->message);
	reply_fault(x->rq, x->request_id, NULL, f, x->api->draining);
}

static int read_request(struct exchange *x, struct fault *f)
{
	int depth = (int)x->api->generation->conf->limits.max_depth;
	struct chat_fault why = { 0 };

	if (chat_request_read(&x->request, http_request_body(x->rq), depth,
			      x->arena, &why) == 0)
		return 0;
	fault_set(f, FAULT_BAD_REQUEST, "%s", why.text);
	if (why.param)
		snprintf(f->param, sizeof(f->param), "%s", why.param);
	if (why.code)
		snprintf(f->code, sizeof(f->code), "%s", why.code);
	return -1;
}

static const struct cascade *find_target(struct exchange *x,
					 const struct conf_client_key *who,
					 struct fault *f)
{
	struct span model = x->request.model;
	const struct cascade *c = generation_find(x->api->generation, model);
	int cut = model.n > 100 ? 100 : (int)model.n;

	if (!c) {
		fault_set(f, FAULT_MODEL_UNKNOWN,
			  "The model `%.*s` does not exist or you do not have "
			  "access to it.", cut, model.p);
		return NULL;
	}
	if (!auth_allows(who, c->known)) {
		fault_set(f, FAULT_PERMISSION,
			  "this key may not use the model `%.*s`", cut,
			  model.p);
		return NULL;
	}
	return c;
}

/* Seconds as a header says them; 0 when it says nothing usable. */
static int64_t seconds_us(const char *text)
{
	char *end;
	double s = text ? strtod(text, &end) : 0;

	if (!text || end == text || *end || !(s > 0) || s > 1e9)
		return 0;
	return (int64_t)(s * 1e6);
}

static int64_t wish_us(const struct http_request *rq)
{
	int64_t a = seconds_us(http_request_header(rq, "x-request-timeout"));
	int64_t b = seconds_us(
		http_request_header(rq, "x-stainless-read-timeout"));

	if (a && b)
		return a < b ? a : b;
	return a ? a : b;
}

/* The name is looked up before the rest of the request is judged. */
static const struct cascade *understand(struct exchange *x,
					const struct conf_client_key *who,
					struct fault *f)
{
	bool is_sound = read_request(x, f) == 0;
	const struct cascade *c;
	struct fault other;

	if (!is_sound && x->request.model.n == 0)
		return NULL;
	c = find_target(x, who, &other);
	if (!c)
		*f = other;
	return is_sound ? c : NULL;
}

static void start_run(struct exchange *x, const struct cascade *c,
		      const struct conf_client_key *who)
{
	struct run_start s = {
		.generation = x->api->generation,
		.cascade = c,
		.request = &x->request,
		.arena = x->arena,
		.request_id = x->request_id,
		.key_name = who ? arena_dup(x->arena, span_of(who->name)) : "",
		.query = http_request_query(x->rq),
		.start_us = http_request_start_us(x->rq),
		.wish_us = wish_us(x->rq),
		.sink = &sink,
		.sink_arg = x,
		.on_end = on_run_end,
		.end_arg = x,
	};

	x->run = run_new(&x->api->house, &s);
}

void api_chat(struct api *a, struct http_request *rq, const char *request_id,
	      const struct conf_client_key *who)
{
	struct exchange *x = mem_new(sizeof(*x));
	const struct cascade *c;
	struct fault f;

	x->api = a;
	x->rq = rq;
	x->arena = arena_new();
	x->headers = a->generation->conf->reply.headers;
	snprintf(x->request_id, sizeof(x->request_id), "%s", request_id);
	DL_APPEND(a->exchanges, x);
	http_request_set_owner(rq, x);
	c = understand(x, who, &f);
	if (c)
		start_run(x, c, who);
	else
		refuse(x, &f);
}
