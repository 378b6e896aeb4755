/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a reply's head is refused.
 */
#include "net/reply_head.h"

#include <string.h>
#include <strings.h>

#define DIGITS_MOST 18 /* of a length; always fits in 64 bits */

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_UPSTREAM, "%s", what);
}

static bool is_in(char c, const char *set)
{
	return c && strchr(set, c);
}

static struct span trim(struct span s)
{
	while (s.n && is_in(s.p[s.n - 1], " \t\r\n"))
		s.n--;
	while (s.n && is_in(*s.p, " \t")) {
		s.p++;
		s.n--;
	}
	return s;
}

static bool is_word(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int note_length(struct reply_head *h, struct span value, struct err *err)
{
	size_t i;

	if (h->has_length)
		return bad(err, "Content-Length is given twice");
	if (value.n == 0 || value.n > DIGITS_MOST)
		return bad(err, "Content-Length is no length");
	for (i = 0; i < value.n; i++) {
		if (!is_digit(value.p[i]))
			return bad(err, "Content-Length is no length");
		h->length = 10 * h->length + (uint64_t)(value.p[i] - '0');
	}
	h->has_length = true;
	return 0;
}

static int note_header(struct reply_head *h, struct span line, struct err *err)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct span name = {line.p, 0};
	struct span value;

	if (is_in(line.p[0], " \t"))
		return bad(err, "a folded header line");
	if (!colon)
		return bad(err, "a header line without a colon");
	name.n = (size_t)(colon - line.p);
	value = trim((struct span){colon + 1, line.n - name.n - 1});
	name = trim(name);
	if (is_word(name, "content-length"))
		return note_length(h, value, err);
	if (is_word(name, "transfer-encoding")) {
		if (h->has_coding || !is_word(value, "chunked"))
			return bad(err, "Transfer-Encoding is not chunked");
		h->has_coding = true;
	} else if (is_word(name, "content-encoding") &&
		   !is_word(value, "identity")) {
		return bad(err, "an encoding that was not asked for");
	}
	return 0;
}

/* "HTTP/1.1 200 OK". Each block has its own lengths. */
static int note_status(struct reply_head *h, struct span line, struct err *err)
{
	const char *sp = memchr(line.p, ' ', line.n);
	size_t left = sp ? line.n - (size_t)(sp - line.p) : 0;

	*h = (struct reply_head){.n = h->n, .in_block = true};
	if (line.n < 5 || memcmp(line.p, "HTTP/", 5) != 0 || left < 5 ||
	    !is_digit(sp[1]) || !is_digit(sp[2]) || !is_digit(sp[3]) ||
	    !is_in(sp[4], " \r\n"))
		return bad(err, "not an HTTP status line");
	h->status = (sp[1] - '0') * 100 + (sp[2] - '0') * 10 + (sp[3] - '0');
	if (h->status < 100 || h->status > 599)
		return bad(err, "not an HTTP status");
	return 0;
}

static int note_end(struct reply_head *h, struct err *err)
{
	h->in_block = false;
	if (h->status == 101)
		return bad(err, "a switch of protocols");
	if (h->status < 200) {
		h->status = 0;
		return 0;
	}
	if (h->status >= 300 && h->status < 400)
		return bad(err, "a redirect; they are not followed");
	if (h->has_length && h->has_coding)
		return bad(err, "Content-Length beside Transfer-Encoding");
	h->is_final = true;
	return 0;
}

int reply_head_line(struct reply_head *h, struct span line, struct err *err)
{
	if (h->is_final)
		return 0;
	h->n += line.n;
	if (h->n > REPLY_HEAD_MOST)
		return bad(err, "the head is too large");
	if (!h->in_block)
		return note_status(h, line, err);
	if (trim(line).n == 0)
		return note_end(h, err);
	return note_header(h, line, err);
}
