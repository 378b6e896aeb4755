/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A single-pass JSON reader: it walks the bytes and gives spans, no tree.
 *
 * Strict RFC 8259: UTF-8 is checked, control bytes in strings, leading zeros,
 * trailing commas and comments are faults. Lone surrogates written as \u
 * escapes are allowed, as are duplicate keys and numbers of any size: they
 * are the reader's to judge. Nothing is copied or allocated; the spans point
 * into the bytes given, which must outlive them.
 *
 * A walk:
 *	jscan_init(&s, bytes, 64);
 *	if (jscan_enter(&s, '{') < 0) fault;
 *	while ((rc = jscan_member(&s, &key)) > 0) {
 *		if (jscan_key_is(key, "model"))
 *			rc = jscan_value(&s, &model);
 *		else
 *			rc = jscan_value(&s, NULL);	(skip)
 *	}
 *	if (rc == 0) rc = jscan_end(&s);
 *
 * After the first fault every call returns -1, so one check at the end is
 * enough.
 */
#ifndef BASE_JSCAN_H
#define BASE_JSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/jtext.h"
#include "base/span.h"

/* The deepest nesting that can be asked for. */
#define JSCAN_DEPTH 512

enum jscan_type {
	JSCAN_FAULT,
	JSCAN_NULL,
	JSCAN_FALSE,
	JSCAN_TRUE,
	JSCAN_NUMBER,
	JSCAN_STRING,
	JSCAN_ARRAY,
	JSCAN_OBJECT,
};

struct jscan {
	const char *base;
	const char *p;
	const char *end;
	int depth; /* open arrays and objects */
	int max_depth;
	bool first;	 /* just entered: no comma is due */
	const char *why; /* NULL, or the first fault, for people */
	size_t fault_at; /* byte offset of it */
};

/* max_depth: most arrays and objects open at once; JSCAN_DEPTH if more. */
void jscan_init(struct jscan *s, struct span bytes, int max_depth);

/* What comes next, by its first byte (not yet checked further). */
enum jscan_type jscan_peek(struct jscan *s);

/* Steps into '{' or '['; -1 when something else is there. */
int jscan_enter(struct jscan *s, char open);

/* The next member of the object: 1 and the scanner stands at the first byte of
 * its value; 0 when the object has ended (and is left); -1 on a fault. key is
 * the raw text between the quotes, escapes and all. */
int jscan_member(struct jscan *s, struct span *key);

/* A short way to the member that a reader expects next: passes its key, and the
 * comma before it, if just these bytes are there and no white space. Else
 * nothing happens, and jscan_member() will find what there is. */
static inline bool jscan_expect(struct jscan *s, const char *name)
{
	size_t n = strlen(name);
	const char *p = s->p;

	if (s->why || (size_t)(s->end - p) < n + 5)
		return false;
	if (!s->first && *p++ != ',')
		return false;
	if (p[0] != '"' || memcmp(p + 1, name, n) != 0 || p[n + 1] != '"' ||
	    p[n + 2] != ':' || (unsigned char)p[n + 3] <= ' ')
		return false;
	s->p = p + n + 3;
	s->first = false;
	return true;
}

/* The next element of the array, likewise. */
int jscan_element(struct jscan *s);

/* Does the value that a member or element has come to begin with c? */
static inline bool jscan_at(const struct jscan *s, char c)
{
	return !s->why && s->p < s->end && *s->p == c;
}

/* Checks and passes any value. *value (may be NULL) gets its exact bytes,
 * quotes or brackets included. 0 or -1. */
int jscan_value(struct jscan *s, struct span *value);

/* A string: raw text between the quotes. 0 or -1. */
int jscan_string(struct jscan *s, struct span *raw);

/* A number as the nearest double, as strtod gives it; 1e999 gives an infinity.
 * (More than 500 bytes of number: to the first 19 digits.) */
int jscan_number(struct jscan *s, double *value);

/* Only white space is left. */
int jscan_end(struct jscan *s);

/* Marks a fault of the caller's own at the present place. Returns -1. */
int jscan_fail(struct jscan *s, const char *why);

/* Does the raw key, once unescaped, equal name? An escape is longer than what
 * it stands for, so only a longer key needs a look at its escapes: among
 * several names ask for the longest first. */
static inline bool jscan_key_is(struct span raw, const char *name)
{
	size_t n = strlen(name);

	if (raw.n == n)
		return memcmp(raw.p, name, n) == 0;
	return raw.n > n && jtext_is_escaped(raw, name);
}

/* Exact integer of a value span; false when it is no integer or overflows. */
bool jscan_int64(struct span value, int64_t *out);

#endif
