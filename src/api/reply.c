/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers and faults as HTTP.
 */
#include "api/reply.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "chat/chat_edit.h"
#include "chat/price.h"

void reply_headers_add(struct reply_headers *h, const char *name,
		       const char *value)
{
	assert(h->n < REPLY_HEADERS_MOST);
	h->v[h->n++] = (struct http_header){ name, value };
}

/* A value made here; it stays in h->text. */
__attribute__((format(printf, 3, 4))) static void
add_text(struct reply_headers *h, const char *name, const char *fmt, ...)
{
	size_t room = sizeof(h->text) - h->used;
	char *value = h->text + h->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, room, fmt, ap);
	va_end(ap);
	assert(n >= 0 && (size_t)n < room);
	h->used += (size_t)n + 1;
	reply_headers_add(h, name, value);
}

static void add_meta(struct reply_headers *h, const struct outlet_meta *m)
{
	char usd[32];

	if (m->backend) {
		reply_headers_add(h, "x-frugald-backend", m->backend);
		add_text(h, "x-frugald-tier", "%d", m->tier);
	}
	if (m->decision)
		reply_headers_add(h, "x-frugald-decision", m->decision);
	if (m->reason)
		reply_headers_add(h, "x-frugald-reason", m->reason);
	if (!isnan(m->confidence))
		add_text(h, "x-frugald-confidence", "%.3f", m->confidence);
	reply_headers_add(h, "x-frugald-calibrated",
			  m->calibrated ? "true" : "false");
	add_text(h, "x-frugald-attempts", "%d", m->attempts);
	price_text(m->cost_pusd, usd);
	add_text(h, "x-frugald-cost-usd", "%s", usd);
	add_text(h, "x-frugald-overhead-ms", "%.3f",
		 (double)m->overhead_us / 1e3);
}

void reply_headers_init(struct reply_headers *h, const char *request_id,
			const struct outlet_meta *meta)
{
	h->n = 0;
	h->used = 0;
	reply_headers_add(h, "x-request-id", request_id);
	if (meta)
		add_meta(h, meta);
}

void reply_fault_headers(struct reply_headers *h, const struct fault *f)
{
	if (fault_forbids_retry(f))
		reply_headers_add(h, "x-should-retry", "false");
	if (*f->retry_after)
		reply_headers_add(h, "Retry-After", f->retry_after);
	if (*f->retry_after_ms)
		reply_headers_add(h, "retry-after-ms", f->retry_after_ms);
	if (f->kind == FAULT_KEY)
		reply_headers_add(h, "WWW-Authenticate", "Bearer");
}

void reply_fault_body(struct buf *body, const struct fault *f)
{
	chat_error_write(body, f->message, fault_type(f),
			 *f->param ? f->param : NULL,
			 *f->code ? f->code : NULL);
}

void reply_json(struct http_request *rq, int status, struct reply_headers *h,
		struct buf *body, bool close)
{
	reply_headers_add(h, "Content-Type", "application/json");
	http_reply(rq, status, h->v, h->n, body, close);
}

void reply_fault(struct http_request *rq, const char *request_id,
		 const struct outlet_meta *meta, const struct fault *f,
		 bool close)
{
	struct reply_headers h;
	struct buf body;

	buf_init(&body, 0);
	reply_headers_init(&h, request_id, meta);
	reply_fault_headers(&h, f);
	reply_fault_body(&body, f);
	reply_json(rq, f->status, &h, &body, close);
	buf_release(&body);
}

void reply_open_stream(struct http_request *rq, const char *request_id,
		       const struct outlet_meta *meta)
{
	struct reply_headers h;

	reply_headers_init(&h, request_id, meta);
	reply_headers_add(&h, "Content-Type",
			  "text/event-stream; charset=utf-8");
	reply_headers_add(&h, "Cache-Control", "no-store");
	reply_headers_add(&h, "X-Accel-Buffering", "no");
	http_stream_open(rq, 200, h.v, h.n);
}

static bool is_request_id(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return n >= 1 && n <= 64 && s[n] == '\0';
}

void reply_request_id(const char *wish, char out[65])
{
	if (wish && is_request_id(wish))
		snprintf(out, 65, "%s", wish);
	else
		digest_random_hex(out, 16);
}
