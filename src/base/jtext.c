/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of JSON strings, escaped and not.
 */
#include "base/jtext.h"

#include <assert.h>

size_t jtext_utf8_length(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if ((size_t)(end - p) < n)
		return 0;
	if (u[0] == 0xe0)
		low = 0xa0;
	else if (u[0] == 0xed)
		high = 0x9f;
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f;
	if (u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/* Four hex digits, or -1. */
static int hex4(const char *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if ((c >= '0' && c <= '9'))
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

uint32_t jtext_code_point(const char *p, size_t n)
{
	static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)p[0] & mask[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

size_t jtext_escape_length(const char *p, const char *end)
{
	if (end - p < 2)
		return 0;
	if (p[1] == 'u')
		return end - p >= 6 && hex4(p + 2) >= 0 ? 6 : 0;
	return p[1] && strchr("\"\\/bfnrt", p[1]) ? 2 : 0;
}

static size_t utf8_put(char out[4], uint32_t c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}

static char plain_escape(char c)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at = strchr(from, c);

	return at ? to[at - from] : c;
}

size_t jtext_unit(struct span raw, char utf8[4], size_t *n)
{
	const char *p = raw.p, *end = p + raw.n;
	uint32_t c, low;
	size_t length;

	if (*p != '\\') {
		*n = jtext_utf8_length(p, end);
		assert(*n > 0); /* a scanner has passed it */
		memcpy(utf8, p, *n);
		return *n;
	}
	length = jtext_escape_length(p, end);
	assert(length > 0);
	if (length == 2) {
		utf8[0] = plain_escape(p[1]);
		*n = 1;
		return 2;
	}
	c = (uint32_t)hex4(p + 2);
	if (c >= 0xd800 && c < 0xdc00 && raw.n >= 12 && p[6] == '\\' &&
	    p[7] == 'u') {
		low = (uint32_t)hex4(p + 8);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			length = 12;
		}
	}
	if (c >= 0xd800 && c < 0xe000)
		c = 0xfffd;
	*n = utf8_put(utf8, c);
	return length;
}

bool jtext_is_escaped(struct span raw, const char *name)
{
	size_t left = strlen(name), n, unit;
	char utf8[4];

	if (raw.n == 0 || !memchr(raw.p, '\\', raw.n))
		return span_is(raw, name);
	while (raw.n > 0) {
		unit = jtext_unit(raw, utf8, &n);
		if (n > left || memcmp(utf8, name, n) != 0)
			return false;
		raw = (struct span){raw.p + unit, raw.n - unit};
		name += n;
		left -= n;
	}
	return left == 0;
}

int jtext_unescape(struct span raw, struct buf *out)
{
	char utf8[4];

	while (raw.n > 0) {
		const char *at = memchr(raw.p, '\\', raw.n);
		size_t run = at ? (size_t)(at - raw.p) : raw.n, n, unit = 0;

		buf_add(out, raw.p, run);
		raw = (struct span){raw.p + run, raw.n - run};
		if (at) {
			unit = jtext_unit(raw, utf8, &n);
			buf_add(out, utf8, n);
		}
		raw = (struct span){raw.p + unit, raw.n - unit};
	}
	return out->failed ? -1 : 0;
}

static int escape_byte(char c, struct buf *out)
{
	static const char plain[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *at = c ? strchr(plain, c) : NULL;

	if (at)
		return buf_add(out, (char[]){'\\', names[at - plain]}, 2);
	if ((unsigned char)c < 0x20)
		return buf_addf(out, "\\u%04x", (unsigned)c);
	return buf_adds(out, "\xef\xbf\xbd"); /* U+FFFD */
}

int jtext_escape(struct span text, struct buf *out)
{
	const char *p = text.p, *end = text.n ? p + text.n : p, *run;
	size_t n;

	while (p < end) {
		for (run = p; p < end; p += n) {
			p = jtext_skip_plain(p, end);
			n = p < end && (unsigned char)*p >= 0x80
				    ? jtext_utf8_length(p, end)
				    : 0;
			if (n == 0)
				break;
		}
		buf_add(out, run, (size_t)(p - run));
		if (p < end)
			escape_byte(*p++, out);
	}
	return out->failed ? -1 : 0;
}
