/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers and faults as HTTP.
 */
#include "api/reply.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/request_id.h"
#include "base/fixed.h"
#include "base/digest.h"
#include "base/now.h"
#include "chat/chat_edit.h"
#include "chat/price.h"

void reply_headers_add(struct reply_headers *h, const char *name,
		       const char *value)
{
	assert(h->n < REPLY_HEADERS_MOST);
	h->v[h->n++] = (struct http_header){ name, value };
}

/* v / 10^decimals; the text stays in h. */
static void add_number(struct reply_headers *h, const char *name, int64_t v,
		       int decimals)
{
	assert(h->n_numbers < REPLY_NUMBERS_MOST);
	reply_headers_add(h, name, fixed_text(h->numbers[h->n_numbers++], v,
						 decimals));
}

static void add_meta(struct reply_headers *h, const struct outlet_meta *m)
{
	if (m->backend) {
		reply_headers_add(h, "x-frugald-backend", m->backend);
		add_number(h, "x-frugald-tier", m->tier, 0);
	}
	if (m->decision)
		reply_headers_add(h, "x-frugald-decision", m->decision);
	if (m->reason)
		reply_headers_add(h, "x-frugald-reason", m->reason);
	if (!isnan(m->confidence))
		add_number(h, "x-frugald-confidence",
			   llround(m->confidence * 1000), 3);
	reply_headers_add(h, "x-frugald-calibrated",
			  m->calibrated ? "true" : "false");
	add_number(h, "x-frugald-attempts", m->attempts, 0);
	price_text(m->cost_pusd, h->cost);
	reply_headers_add(h, "x-frugald-cost-usd", h->cost);
	add_number(h, "x-frugald-overhead-ms", m->overhead_us, 3);
}

void reply_headers_init(struct reply_headers *h, const char *request_id,
			const struct outlet_meta *meta)
{
	h->n = 0;
	h->n_numbers = 0;
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

void reply_request_id(const char *wish, char out[65])
{
	if (wish && request_id_is_valid(span_of(wish))) {
		snprintf(out, 65, "%s", wish);
		return;
	}
	/* Begins with the time, so that the ledger's index grows at its end;
	 * 80 random bits follow. */
	snprintf(out, 65, "%012" PRIx64, (uint64_t)(now_wall_us() / 1000));
	digest_random_hex(out + 12, 10);
}
