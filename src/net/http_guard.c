/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts and checks the pieces of a request's head.
 */
#include "net/http_guard.h"

#include <strings.h>

/* The first fault wins, but one of framing (400) outranks the others, after
 * which the connection may be kept. */
static void fault(struct http_guard *g, int status, const char *why)
{
	if (g->status == 400 || (g->status && status != 400))
		return;
	g->status = status;
	g->why = why;
}

static bool is_token_char(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return true;
	return c && strchr("!#$%&'*+-.^_`|~", c);
}

bool http_is_token(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!is_token_char((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}

bool http_is_value(struct span s)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < s.n; i++) {
		c = (unsigned char)s.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool is_target(struct span s)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < s.n; i++) {
		c = (unsigned char)s.p[i];
		if (c <= 0x20 || c >= 0x7f)
			return false;
	}
	return s.n > 0;
}

static bool is_word(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

void http_guard_start(struct http_guard *g, struct span target)
{
	*g = (struct http_guard){0};
	if (!is_target(target))
		fault(g, 400, "the request target has bytes it may not have");
	g->bytes = target.n + strlen(" ");
}

void http_guard_line(struct http_guard *g, struct span method,
		     struct span version)
{
	if (!http_is_token(method))
		fault(g, 400, "the method is not a token");
	g->is_http10 = span_is(version, "HTTP/1.0");
	g->bytes += method.n + strlen(" ") + version.n + strlen("\r\n");
}

static void length_field(struct http_guard *g, struct span value)
{
	uint64_t n = 0;
	size_t i;

	if (g->n_length++)
		fault(g, 400, "Content-Length is given twice");
	for (i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			break;
		if (n > (UINT64_MAX - 9) / 10)
			break;
		n = n * 10 + (uint64_t)(value.p[i] - '0');
	}
	if (i < value.n || value.n == 0)
		fault(g, 400, "Content-Length is not a number");
	g->length = n;
}

static void encoding_field(struct http_guard *g, struct span value)
{
	if (g->n_encoding++)
		fault(g, 400, "Transfer-Encoding is given twice");
	if (!is_word(value, "chunked"))
		fault(g, 400, "Transfer-Encoding is not chunked");
	g->chunked = true;
}

static void known_field(struct http_guard *g, struct span name,
			struct span value)
{
	if (is_word(name, "content-length"))
		length_field(g, value);
	else if (is_word(name, "transfer-encoding"))
		encoding_field(g, value);
	else if (is_word(name, "host"))
		g->n_host++;
	else if (is_word(name, "authorization"))
		g->n_authorization++;
	else if (is_word(name, "expect"))
		g->expects_continue |= is_word(value, "100-continue");
	else if (is_word(name, "content-encoding") && value.n &&
		 !is_word(value, "identity"))
		fault(g, 415, "the body has a Content-Encoding");
}

void http_guard_field(struct http_guard *g, struct span name, struct span value)
{
	if (!http_is_token(name))
		fault(g, 400, "the name of a header is not a token");
	else if (!http_is_value(value))
		fault(g, 400, "a header has a control byte");
	else
		known_field(g, name, value);
	/* Both stand in one line: the colon and the blanks are between. */
	g->bytes += (uintptr_t)value.p + value.n - (uintptr_t)name.p +
		    strlen("\r\n");
}

int http_guard_finish(struct http_guard *g, size_t head_size)
{
	g->bytes += strlen("\r\n");
	if (g->n_length && g->n_encoding)
		fault(g, 400, "both Content-Length and Transfer-Encoding");
	if (g->n_encoding && g->is_http10)
		fault(g, 400, "Transfer-Encoding in HTTP/1.0");
	if (g->n_host > 1 || (g->n_host == 0 && !g->is_http10))
		fault(g, 400, "there must be one Host");
	if (g->n_authorization > 1)
		fault(g, 400, "Authorization is given twice");
	if (head_size && head_size != g->bytes)
		fault(g, 400, "the head has a folded or broken line");
	if (head_size > HTTP_GUARD_HEAD_MOST)
		fault(g, 431, "the head is too large");
	if (g->is_http10)
		g->expects_continue = false;
	return g->status;
}
