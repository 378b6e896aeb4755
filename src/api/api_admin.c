/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health, readiness, metrics.
 */
#include "api/api_admin.h"

#include <string.h>

static void answer(struct http_request *rq, int status, const char *type,
		   struct buf *body)
{
	const struct http_header h[] = { { "Content-Type", type },
					 { "Cache-Control", "no-store" } };

	http_reply(rq, status, h, 2, body, false);
	buf_release(body);
}

static void say(struct http_request *rq, int status, const char *text)
{
	struct buf body;

	buf_init(&body, 0);
	buf_adds(&body, text);
	answer(rq, status, "text/plain; charset=utf-8", &body);
}

static void metrics(struct api_admin *a, struct http_request *rq)
{
	struct buf body;

	if (a->refresh)
		a->refresh(a->arg);
	buf_init(&body, 0);
	metric_write(a->metrics, &body);
	answer(rq, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}

static void on_request(void *arg, struct http_request *rq)
{
	struct api_admin *a = arg;
	const char *path = http_request_path(rq);
	const char *method = http_request_method(rq);

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		say(rq, 405, "only GET here\n");
	else if (!strcmp(path, "/healthz"))
		say(rq, 200, "ok\n");
	else if (!strcmp(path, "/readyz"))
		say(rq, a->ready ? 200 : 503, a->ready ? "ready\n" :
							  "not ready\n");
	else if (!strcmp(path, "/metrics"))
		metrics(a, rq);
	else
		say(rq, 404, "there are /healthz, /readyz and /metrics\n");
}

static void on_gone(void *arg, struct http_request *rq)
{
	(void)arg;
	http_stream_cut(rq);
}

static void nothing(void *arg, struct http_request *rq)
{
	(void)arg;
	(void)rq;
}

const struct http_server_ops *api_admin_ops(void)
{
	static const struct http_server_ops ops = {
		.on_head = nothing,
		.on_request = on_request,
		.on_gone = on_gone,
		.on_drain = nothing,
		.on_done = nothing,
	};

	return &ops;
}
