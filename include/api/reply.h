/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers and faults as HTTP: status, headers, body.
 */
#ifndef API_REPLY_H
#define API_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fixed.h"
#include "cascade/outlet.h"
#include "chat/fault.h"
#include "net/http_server.h"

#define REPLY_HEADERS_MOST 16
#define REPLY_NUMBERS_MOST 4

/* The headers of one answer, on the stack. Names and texts are borrowed until
 * they are sent; numbers are written here. */
struct reply_headers {
	struct http_header v[REPLY_HEADERS_MOST];
	size_t n;
	char numbers[REPLY_NUMBERS_MOST][FIXED_ROOM];
	size_t n_numbers;
	char cost[FIXED_ROOM];
};

/* x-request-id, always; meta's headers when meta is not NULL and shown. */
void reply_headers_init(struct reply_headers *h, const char *request_id,
			const struct outlet_meta *meta);
void reply_headers_add(struct reply_headers *h, const char *name,
		       const char *value);

/* What a fault adds to the headers, and its body. */
void reply_fault_headers(struct reply_headers *h, const struct fault *f);
void reply_fault_body(struct buf *body, const struct fault *f);

/* A whole answer in JSON; takes the bytes of body. */
void reply_json(struct http_request *rq, int status, struct reply_headers *h,
		struct buf *body, bool close);
void reply_fault(struct http_request *rq, const char *request_id,
		 const struct outlet_meta *meta, const struct fault *f,
		 bool close);
/* Head of an event stream. */
void reply_open_stream(struct http_request *rq, const char *request_id,
		       const struct outlet_meta *meta);

/* The client's own id when it is of [A-Za-z0-9._-]{1,64}, else a new one.
 * out: 65 bytes. */
void reply_request_id(const char *wish, char out[65]);

#endif
