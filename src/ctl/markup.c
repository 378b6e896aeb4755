/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text made harmless for HTML and SVG.
 */
#include "ctl/markup.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/jtext.h"

#define CUT_AFTER   60 /* characters */
#define REPLACEMENT "\xef\xbf\xbd"

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

/* Control characters, overrides of direction, and what XML forbids. */
static bool is_unfit(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;

	if (n == 1)
		return u[0] < 0x20 || u[0] == 0x7f;
	if (n == 2)
		return u[0] == 0xc2 && u[1] < 0xa0;
	if (n != 3)
		return false;
	if (u[0] == 0xe2 && u[1] == 0x80)
		return u[2] == 0x8e || u[2] == 0x8f ||
		       (u[2] >= 0xa8 && u[2] <= 0xae);
	if (u[0] == 0xe2 && u[1] == 0x81)
		return u[2] >= 0xa6 && u[2] <= 0xa9;
	return u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe;
}

static size_t escape_one(struct buf *out, const char *p, const char *end)
{
	size_t n = jtext_utf8_length(p, end);
	const char *e = n == 1 ? entity(*p) : NULL;

	if (e)
		buf_adds(out, e);
	else if (n == 0 || is_unfit(p, n))
		buf_adds(out, REPLACEMENT);
	else
		buf_add(out, p, n);
	return n ? n : 1;
}

static void escape(struct buf *out, const char *text, size_t most)
{
	const char *end = text + strlen(text);

	while (text < end && most-- > 0)
		text += escape_one(out, text, end);
	if (text < end)
		buf_adds(out, "\u2026");
}

void markup_name(struct buf *out, const char *text)
{
	escape(out, text, CUT_AFTER);
}

void markup_text(struct buf *out, const char *text)
{
	escape(out, text, SIZE_MAX);
}
