/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a reply's head is refused.
 */
#include "net/reply_head.h"

#include <assert.h>
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

static void note_connection(struct reply_head *h, struct span list)
{
	const char *comma;
	struct span word;

	while (list.n) {
		comma = memchr(list.p, ',', list.n);
		word = (struct span){list.p,
				     comma ? (size_t)(comma - list.p) : list.n};
		list.p += word.n + (comma != NULL);
		list.n -= word.n + (comma != NULL);
		word = trim(word);
		h->says_close |= is_word(word, "close");
		h->says_keep |= is_word(word, "keep-alive");
	}
}

static int split(struct span line, struct reply_field *f, struct err *err)
{
	const char *colon = memchr(line.p, ':', line.n);
	size_t n = colon ? (size_t)(colon - line.p) : 0;

	if (is_in(line.p[0], " \t"))
		return bad(err, "a folded header line");
	if (!colon)
		return bad(err, "a header line without a colon");
	f->name = trim((struct span){line.p, n});
	f->value = trim((struct span){colon + 1, line.n - n - 1});
	return 0;
}

static int note_header(struct reply_head *h, const struct reply_field *f,
		       struct err *err)
{
	if (is_word(f->name, "content-length"))
		return note_length(h, f->value, err);
	if (is_word(f->name, "transfer-encoding")) {
		if (h->has_coding || !is_word(f->value, "chunked"))
			return bad(err, "Transfer-Encoding is not chunked");
		h->has_coding = true;
	} else if (is_word(f->name, "content-encoding") &&
		   !is_word(f->value, "identity")) {
		return bad(err, "an encoding that was not asked for");
	} else if (is_word(f->name, "connection")) {
		note_connection(h, f->value);
	}
	return 0;
}

/* "HTTP/1.1 200 OK". Each block has its own lengths. */
static int note_status(struct reply_head *h, struct span line, struct err *err)
{
	static const char old[] = "HTTP/1.0 ", now[] = "HTTP/1.1 ";
	const char *p = line.p;
	const size_t n = sizeof(now) - 1;
	bool is_old = line.n > n && memcmp(p, old, n) == 0;

	*h = (struct reply_head){
		.n = h->n,
		.in_block = true,
		.is_old = is_old,
		.says_keep = !is_old,
	};
	if (line.n < n + 4 || (!is_old && memcmp(p, now, n) != 0) ||
	    !is_digit(p[n]) || !is_digit(p[n + 1]) || !is_digit(p[n + 2]) ||
	    !is_in(p[n + 3], " \r\n"))
		return bad(err, "not a status line of HTTP/1.1");
	h->status = (p[n] - '0') * 100 + (p[n + 1] - '0') * 10 + p[n + 2] - '0';
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
	h->keeps =
		h->says_keep && !h->says_close && !(h->is_old && h->has_coding);
	if (h->status == 204 && h->length > 0)
		h->keeps = false; /* a body may yet come, and is none of ours */
	h->is_final = true;
	return 0;
}

int reply_head_line(struct reply_head *h, struct span line,
		    struct reply_field *field, struct err *err)
{
	assert(!h->is_final);
	*field = (struct reply_field){0};
	h->n += line.n;
	if (h->n > REPLY_HEAD_MOST)
		return bad(err, "the head is too large");
	if (memchr(line.p, '\0', line.n))
		return bad(err, "a NUL in the head");
	if (!h->in_block)
		return note_status(h, line, err);
	if (trim(line).n == 0)
		return note_end(h, err);
	if (split(line, field, err) < 0)
		return -1;
	return note_header(h, field, err);
}
