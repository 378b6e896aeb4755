/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of JSON strings: from raw text, escapes and all, to plain text and
 * back. Raw text is what a scanner has passed, without the quotes. Pure.
 */
#ifndef BASE_JTEXT_H
#define BASE_JTEXT_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"

/* Length of the code point at p, 0 when it is no well-formed UTF-8 (RFC 3629:
 * shortest form, no surrogates, up to U+10FFFF). p < end. */
size_t jtext_utf8_length(const char *p, const char *end);

/* The code point of those n bytes. */
uint32_t jtext_code_point(const char *p, size_t n);

/* Length of the escape at p, one \u of a pair at a time; 0 when bad. */
size_t jtext_escape_length(const char *p, const char *end);

/* The first unit of a string's raw text: a code point as it is, an escape, or
 * two escapes that are a surrogate pair. Text may be cut between units. Gives
 * the unit's raw length, and its unescaped bytes in utf8. raw is not empty. */
size_t jtext_unit(struct span raw, char utf8[4], size_t *n);

/* Appends the unescaped text; a lone surrogate becomes U+FFFD, \u0000 a NUL
 * byte. It is never longer than raw. 0, or -1 when out is full. */
int jtext_unescape(struct span raw, struct buf *out);

/* The inverse: appends text as the inside of a JSON string (no quotes): `"`,
 * `\` and control bytes escaped, bytes that are no UTF-8 replaced by U+FFFD. */
int jtext_escape(struct span text, struct buf *out);

/* Does the raw text, which is longer than name, equal it once unescaped? */
bool jtext_is_escaped(struct span raw, const char *name);

/* ---- running over plain text --------------------------------------------- */

#define JTEXT_EACH(byte) (0x0101010101010101u * (byte))

/* Flags bit 7 of each byte that ends a plain run: quote, backslash, control
 * byte, and all beyond ASCII (so those need no care in the other three). A flag
 * may be wrong above a right one, for a borrow runs upwards: only the lowest
 * counts. */
static inline uint64_t jtext_odd_bytes(uint64_t w)
{
	uint64_t control = w - JTEXT_EACH(0x20);
	uint64_t quote = (w ^ JTEXT_EACH('"')) - JTEXT_EACH(1);
	uint64_t backslash = (w ^ JTEXT_EACH('\\')) - JTEXT_EACH(1);

	return (w | control | quote | backslash) & JTEXT_EACH(0x80);
}

static inline bool jtext_is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 &&
	       c != '"' && c != '\\';
}

/* The first byte from p on that ends a plain run, or end. */
static inline const char *jtext_skip_plain(const char *p, const char *end)
{
	uint64_t w, odd;

	for (; end - p >= 8; p += 8) {
		memcpy(&w, p, 8);
		odd = jtext_odd_bytes(le64toh(w));
		if (odd)
			return p + __builtin_ctzll(odd) / 8;
	}
	while (p < end && jtext_is_plain(*p))
		p++;
	return p;
}

#endif
