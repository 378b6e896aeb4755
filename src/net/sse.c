/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An incremental reader and a writer of text/event-stream.
 */
#include "net/sse.h"

#include <stdint.h>
#include <string.h>

#define BOM	  "\xef\xbb\xbf"
#define LINE_MORE (sizeof(BOM "data: ") - 1) /* beside the data */

void sse_in_init(struct sse_in *in, size_t max_event)
{
	size_t max_line = max_event < SIZE_MAX - LINE_MORE
				  ? max_event + LINE_MORE
				  : SIZE_MAX;

	*in = (struct sse_in){.max_event = max_event};
	buf_init(&in->line, max_line);
	buf_init(&in->data, 0);
}

void sse_in_release(struct sse_in *in)
{
	buf_release(&in->line);
	buf_release(&in->data);
}

static bool starts_with(struct span s, const char *word)
{
	size_t n = strlen(word);

	return s.n >= n && memcmp(s.p, word, n) == 0;
}

static struct span after(struct span s, size_t n)
{
	return (struct span){s.p + n, s.n - n};
}

/* Is it a data line? Then *value is what it says. */
static bool data_value(struct span line, struct span *value)
{
	if (span_is(line, "data")) {
		*value = after(line, 4);
		return true;
	}
	if (!starts_with(line, "data:"))
		return false;
	*value = after(line, starts_with(line, "data: ") ? 6 : 5);
	return true;
}

static int add_data(struct sse_in *in, struct span value)
{
	size_t more = value.n + (in->has_data ? 1 : 0);

	if (more > in->max_event - in->data.n)
		return -1;
	if (in->has_data && buf_add(&in->data, "\n", 1) < 0)
		return -1;
	in->has_data = true;
	return buf_add_span(&in->data, value);
}

/* Nothing of in is touched after fn has stopped. */
static int dispatch(struct sse_in *in, sse_event_fn *fn, void *arg)
{
	struct span data = buf_span(&in->data);
	bool is_event = in->has_data;

	in->has_data = false;
	buf_clear(&in->data);
	return is_event ? fn(arg, data) : 0;
}

static int end_line(struct sse_in *in, struct span line, sse_event_fn *fn,
		    void *arg)
{
	struct span value;

	if (!in->begun && starts_with(line, BOM))
		line = after(line, strlen(BOM));
	in->begun = true;
	if (line.n == 0)
		return dispatch(in, fn, arg);
	return data_value(line, &value) ? add_data(in, value) : 0;
}

/* A line that came in one piece is read where it lies. */
static int whole_line(struct sse_in *in, struct span piece, sse_event_fn *fn,
		      void *arg)
{
	int rc;

	if (piece.n > in->line.cap)
		return -1;
	if (in->line.n == 0)
		return end_line(in, piece, fn, arg);
	if (buf_add_span(&in->line, piece) < 0)
		return -1;
	rc = end_line(in, buf_span(&in->line), fn, arg);
	if (rc == 0)
		buf_clear(&in->line);
	return rc;
}

/* The first LF or CR of s, or its end. *lf is kept from line to line, so that
 * a stream of CRs is not searched to its end for each. */
static const char *find_line_end(struct span s, const char **lf)
{
	const char *cr;

	if (!*lf || *lf < s.p) {
		*lf = memchr(s.p, '\n', s.n);
		if (!*lf)
			*lf = s.p + s.n;
	}
	cr = memchr(s.p, '\r', (size_t)(*lf - s.p));
	return cr ? cr : *lf;
}

int sse_in_feed(struct sse_in *in, struct span bytes, sse_event_fn *fn,
		void *arg)
{
	const char *lf = NULL;
	size_t n;
	int rc;

	while (bytes.n) {
		if (in->skip_lf && *bytes.p == '\n')
			bytes = after(bytes, 1);
		in->skip_lf = false;
		n = (size_t)(find_line_end(bytes, &lf) - bytes.p);
		if (n == bytes.n)
			return buf_add_span(&in->line, bytes);
		in->skip_lf = bytes.p[n] == '\r';
		rc = whole_line(in, (struct span){bytes.p, n}, fn, arg);
		if (rc != 0)
			return rc;
		bytes = after(bytes, n + 1);
	}
	return 0;
}

int sse_out_event(struct buf *out, struct span json)
{
	size_t at = out->n + strlen("data: ");
	char *p;

	if (json.n > SIZE_MAX / 2 || buf_reserve(out, json.n + 8) < 0)
		return -1;
	buf_adds(out, "data: ");
	buf_add_span(out, json);
	for (p = out->p + at; p < out->p + at + json.n; p++) {
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	}
	return buf_adds(out, "\n\n");
}

int sse_out_done(struct buf *out)
{
	return buf_adds(out, "data: [DONE]\n\n");
}

int sse_out_keepalive(struct buf *out)
{
	return buf_adds(out, ": keep-alive\n");
}
