/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the head of this request sound? Pure.
 *
 * The library in front reads heads leniently, and a head that two readers
 * understand differently is how requests are smuggled. So what is ambiguous
 * is refused here, before anybody looks at the body. The pieces are given in
 * the order of the head; the first fault wins, those of framing (400) first.
 */
#ifndef NET_HTTP_GUARD_H
#define NET_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* A larger head is answered 431. The library's pool holds 16 KiB, and the
 * head of the answer has to fit there as well. */
#define HTTP_GUARD_HEAD_MOST (12 * 1024)

struct http_guard {
	int status;	 /* 0: no fault so far; else 400, 415, 431 */
	const char *why; /* for people; NULL when status is 0 */

	/* What the head says about the body; valid when status is 0. */
	bool chunked;
	bool expects_continue;
	uint64_t length; /* 0 without Content-Length */

	bool is_http10;
	unsigned n_host, n_length, n_encoding, n_authorization;
	size_t bytes; /* of the head, as far as it was shown to us */
};

/* target: of the request line, query and all. */
void http_guard_start(struct http_guard *g, struct span target);
void http_guard_line(struct http_guard *g, struct span method,
		     struct span version);
void http_guard_field(struct http_guard *g, struct span name,
		      struct span value);
/* head_size: bytes from the method to the blank line's end. A head that holds
 * more than was shown to us hid something (a NUL, a bare LF, a folded line)
 * and is refused. 0: not known, not checked. Returns the status. */
int http_guard_finish(struct http_guard *g, size_t head_size);

/* RFC 9110: what may stand in a name and in a value that we send. */
bool http_is_token(struct span s);
bool http_is_value(struct span s);

#endif
