/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the public listener: the checks that need only the head, then
 * the handler of the route.
 */
#include "api/api.h"

#include <assert.h>

#include "api/api_chat.h"
#include "api/api_feedback.h"
#include "api/api_models.h"
#include "api/auth.h"
#include "api/reply.h"
#include "api/route.h"
#include "cascade/recorder.h"

void api_init(struct api *a, const struct run_house *h, struct generation *g)
{
	*a = (struct api){ .house = *h, .generation = g };
}

void api_release(struct api *a)
{
	assert(!a->exchanges);
	generation_unref(a->generation);
	a->generation = NULL;
}

void api_set_generation(struct api *a, struct generation *g)
{
	generation_unref(a->generation);
	a->generation = g;
}

void api_drain(struct api *a)
{
	a->draining = true;
}

void api_abort(struct api *a)
{
	exchange_abort_all(a);
}

/* ---- what the head decides ----------------------------------------------- */

static bool check_key(struct api *a, const struct http_request *rq,
		      const struct conf_client_key **who)
{
	return auth_check(a->generation->conf,
			  http_request_header(rq, "Authorization"),
			  http_request_header(rq, "api-key"), who);
}

/* Everything that can be refused without the body. */
static bool head_fault(struct api *a, const struct http_request *rq,
		       struct route *route, struct fault *f)
{
	const struct conf_client_key *who;

	*route = route_find(http_request_method(rq), http_request_path(rq));
	if (route->kind == ROUTE_UNKNOWN)
		fault_set(f, FAULT_URL_UNKNOWN,
			  "Unknown request URL; this server has "
			  "POST /v1/chat/completions, POST /v1/feedback, "
			  "GET /v1/models and GET /v1/models/{id}");
	else if (route->kind == ROUTE_METHOD)
		fault_set(f, FAULT_METHOD, "this URL takes %s only",
			  route->allow);
	else if (!check_key(a, rq, &who))
		fault_set(f, FAULT_KEY,
			  "Missing or incorrect API key; send it as "
			  "`Authorization: Bearer KEY`");
	else if (a->draining)
		fault_set(f, FAULT_OVERLOADED,
			  "the server is shutting down; try again");
	else
		return false;
	return true;
}

static const char *outcome_of(const struct fault *f)
{
	return f->kind == FAULT_OVERLOADED ? "refused" : "client_error";
}

static void refuse(struct api *a, struct http_request *rq,
		   const struct fault *f, const char *allow, bool close)
{
	struct reply_headers h;
	struct buf body;
	char id[65];

	reply_request_id(http_request_header(rq, "x-request-id"), id);
	reply_headers_init(&h, id, NULL);
	reply_headers_add(&h, "Content-Type", "application/json");
	reply_fault_headers(&h, f);
	if (allow)
		reply_headers_add(&h, "Allow", allow);
	buf_init(&body, 0);
	reply_fault_body(&body, f);
	recorder_refused(a->house.recorder, id, outcome_of(f), f->status,
			 f->message);
	http_request_refuse(rq, f->status, h.v, h.n, &body, close);
	buf_release(&body);
}

static void on_head(void *arg, struct http_request *rq)
{
	struct api *a = arg;
	struct route route;
	struct fault f;

	if (head_fault(a, rq, &route, &f))
		refuse(a, rq, &f, route.allow, a->draining);
}

/* What the HTTP layer refuses by itself. */
static void on_refuse(void *arg, struct http_request *rq, int status,
		      const char *why, bool close)
{
	static const struct {
		int status;
		enum fault_kind kind;
	} kinds[] = {
		{ 408, FAULT_UPLOAD_TIMEOUT }, { 413, FAULT_TOO_LARGE },
		{ 415, FAULT_ENCODING },       { 431, FAULT_HEAD_TOO_LARGE },
		{ 503, FAULT_OVERLOADED },
	};
	enum fault_kind kind = FAULT_BAD_REQUEST;
	struct fault f;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].status == status)
			kind = kinds[i].kind;
	fault_set(&f, kind, "%s", why);
	refuse(arg, rq, &f, NULL, close);
}

/* ---- whole requests ------------------------------------------------------ */

static void on_request(void *arg, struct http_request *rq)
{
	struct api *a = arg;
	struct route route = route_find(http_request_method(rq),
					http_request_path(rq));
	const struct conf_client_key *who = NULL;
	char id[65];

	reply_request_id(http_request_header(rq, "x-request-id"), id);
	/* A reload since the head may have taken the key away. */
	if (!check_key(a, rq, &who)) {
		struct fault f;

		fault_set(&f, FAULT_KEY, "Incorrect API key");
		reply_fault(rq, id, NULL, &f, true);
		return;
	}
	switch (route.kind) {
	case ROUTE_CHAT:
		api_chat(a, rq, id, who);
		return;
	case ROUTE_FEEDBACK:
		api_feedback(a, rq, id, who);
		return;
	case ROUTE_MODELS:
		api_models_list(a, rq, id, who);
		return;
	case ROUTE_MODEL:
		api_models_one(a, rq, id, who, route.id);
		return;
	case ROUTE_UNKNOWN:
	case ROUTE_METHOD:
		break;
	}
	assert(!"refused with the head");
}

static void on_gone(void *arg, struct http_request *rq)
{
	struct exchange *x = http_request_owner(rq);

	(void)arg;
	if (x)
		exchange_gone(x);
	else
		http_stream_cut(rq);
}

static void on_drain(void *arg, struct http_request *rq)
{
	struct exchange *x = http_request_owner(rq);

	(void)arg;
	if (x)
		exchange_drained(x);
}

static void on_done(void *arg, struct http_request *rq)
{
	struct exchange *x = http_request_owner(rq);

	(void)arg;
	if (x)
		exchange_done(x);
}

const struct http_server_ops *api_ops(void)
{
	static const struct http_server_ops ops = {
		.on_head = on_head,
		.on_request = on_request,
		.on_gone = on_gone,
		.on_drain = on_drain,
		.on_done = on_done,
		.on_refuse = on_refuse,
	};

	return &ops;
}
