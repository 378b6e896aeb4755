/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event streams, in and out. Pure.
 *
 * In: bytes in any segmentation become events. Line ends LF, CRLF, CR; a BOM
 * at the start, comments, `event:`, `id:`, `retry:` are passed over; several
 * data lines are joined by LF. An event without a data line is none. What is
 * left without its blank line at the end of the stream is no event.
 */
#ifndef NET_SSE_H
#define NET_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

struct sse_in {
	size_t max_event;
	struct buf line; /* the part of a line that has come */
	struct buf data; /* of the event that has not ended */
	bool has_data;
	bool skip_lf; /* the last byte was CR */
	bool begun;   /* past the place of a BOM */
};

/* max_event: most bytes of one event's data; a line may be a little longer. */
void sse_in_init(struct sse_in *in, size_t max_event);
void sse_in_release(struct sse_in *in);

/* data is valid for the call only. Return a positive number to stop; in may
 * then have been released. */
typedef int sse_event_fn(void *arg, struct span data);

/* 0; what fn returned when it stopped; -1 when an event, or any line, is too
 * long. After that nothing may be fed any more. */
int sse_in_feed(struct sse_in *in, struct span bytes, sse_event_fn *fn,
		void *arg);

/* These append all or nothing and return 0 or -1 as buf_add() does. */

/* "data: " json "\n\n". Line breaks in json, which stand between its tokens,
 * become spaces: many readers know one data line only. */
int sse_out_event(struct buf *out, struct span json);
int sse_out_done(struct buf *out);	/* data: [DONE] */
int sse_out_keepalive(struct buf *out); /* ": keep-alive\n", one line end */

#endif
