/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict JSON reader that gives spans: no tree, no copy, no recursion.
 *
 * The pass_*() functions take a place and give the place behind what they
 * passed, or NULL with the fault noted. They never look at `end` or beyond.
 */
#include "base/jscan.h"

#include <assert.h>

#include "base/decimal.h"

/* ---- faults and white space ---------------------------------------------- */

static const char *fault(struct jscan *s, const char *at, const char *why)
{
	if (!s->why) {
		s->why = why;
		s->fault_at = (size_t)(at - s->base);
	}
	return NULL;
}

static inline const char *skip_space(const char *p, const char *end)
{
	for (; p < end && (unsigned char)*p <= ' '; p++) {
		if (*p != ' ' && *p != '\n' && *p != '\r' && *p != '\t')
			break;
	}
	return p;
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- strings ------------------------------------------------------------- */

static const char *why_odd(const char *p)
{
	if (*p == '\\')
		return "bad escape in a string";
	if ((unsigned char)*p < 0x20)
		return "control byte in a string";
	return "not UTF-8";
}

/* From behind the opening quote to the closing one. */
static inline const char *pass_string(struct jscan *s, const char *p)
{
	size_t n;

	for (;;) {
		p = jtext_skip_plain(p, s->end);
		if (p == s->end)
			return fault(s, p, "a string does not end");
		if (*p == '"')
			return p;
		if (*p == '\\')
			n = jtext_escape_length(p, s->end);
		else
			n = (unsigned char)*p < 0x20
				    ? 0
				    : jtext_utf8_length(p, s->end);
		if (n == 0)
			return fault(s, p, why_odd(p));
		p += n;
	}
}

/* ---- numbers ------------------------------------------------------------- */

/* Beyond it every double is 0 or infinite, however many digits there are in
 * 2 GiB of text. */
#define EXPONENT 2000000000

static inline const char *take_digits(const char *p, const char *end,
				      uint64_t *digits)
{
	uint64_t d = *digits;

	for (; p < end && is_digit(*p); p++)
		d = d * 10 + (uint64_t)(*p - '0');
	*digits = d;
	return p;
}

static inline const char *skip_zeros(const char *p, const char *end)
{
	while (p < end && *p == '0')
		p++;
	return p;
}

static const char *pass_exponent(struct jscan *s, const char *p,
				 int64_t *exponent)
{
	bool negative = p < s->end && *p == '-';
	const char *begin;
	int64_t e = 0;

	if (p < s->end && (*p == '-' || *p == '+'))
		p++;
	for (begin = p; p < s->end && is_digit(*p); p++) {
		if (e < EXPONENT)
			e = e * 10 + (*p - '0');
	}
	if (p == begin)
		return fault(s, p, "a digit was expected");
	*exponent = negative ? -e : e;
	return p;
}

__attribute__((always_inline)) static inline const char *
pass_number(struct jscan *s, const char *p, struct decimal *n)
{
	const char *end = s->end, *begin, *first;
	int64_t exponent = 0;

	*n = (struct decimal){.negative = *p == '-'};
	begin = p += n->negative;
	first = p = p < end && *p == '0' ? p + 1 : p;
	if (first == begin)
		p = take_digits(p, end, &n->digits);
	if (p == begin)
		return fault(s, p, "a digit was expected");
	n->n_digits = (size_t)(p - first);
	if (p < end && *p == '.') {
		begin = ++p;
		first = p = n->n_digits ? p : skip_zeros(p, end);
		p = take_digits(p, end, &n->digits);
		if (p == begin)
			return fault(s, p, "a digit was expected");
		n->n_digits += (size_t)(p - first);
		n->exponent = begin - p;
	}
	if (p < end && (*p == 'e' || *p == 'E'))
		p = pass_exponent(s, p + 1, &exponent);
	n->exponent += exponent;
	return p;
}

/* ---- values -------------------------------------------------------------- */

static const char *pass_word(struct jscan *s, const char *p, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - p) < n || memcmp(p, word, n) != 0)
		return fault(s, p, "a value was expected");
	return p + n;
}

/* Anything but an array or object; p is at its first byte. */
static inline const char *pass_scalar(struct jscan *s, const char *p)
{
	struct decimal n;

	if (p == s->end)
		return fault(s, p, "a value was expected");
	if (*p == '"') {
		p = pass_string(s, p + 1);
		return p ? p + 1 : NULL;
	}
	if (is_digit(*p) || *p == '-')
		return pass_number(s, p, &n);
	return pass_word(s, p,
			 *p == 't'   ? "true"
			 : *p == 'f' ? "false"
				     : "null");
}

/* A key and its colon, to the first byte of the value. */
static inline const char *pass_key(struct jscan *s, const char *p,
				   struct span *key)
{
	const char *q;

	if (p == s->end || *p != '"')
		return fault(s, p, "a key was expected");
	q = pass_string(s, p + 1);
	if (!q)
		return NULL;
	*key = (struct span){p + 1, (size_t)(q - p - 1)};
	q = skip_space(q + 1, s->end);
	if (q == s->end || *q != ':')
		return fault(s, q, "':' was expected");
	return skip_space(q + 1, s->end);
}

/* What is open inside one value. */
struct nest {
	int depth;
	bool object;			    /* the innermost is one */
	uint64_t objects[JSCAN_DEPTH / 64]; /* bit d: level d is one */
};

static inline const char *pass_open(struct jscan *s, const char *p,
				    struct nest *n)
{
	uint64_t *objects = &n->objects[n->depth / 64];
	uint64_t bit = (uint64_t)1 << (n->depth % 64);

	if (s->depth + n->depth >= s->max_depth)
		return fault(s, p, "nested too deeply");
	n->object = *p == '{';
	*objects = n->object ? *objects | bit : *objects & ~bit;
	n->depth++;
	return p + 1;
}

static inline void leave(struct nest *n)
{
	int d = --n->depth - 1;

	n->object = d >= 0 && (n->objects[d / 64] >> (d % 64) & 1);
}

/* The brackets that close here; then, if any is open still, what leads to the
 * next value: a comma unless one was just opened, and in an object a key. */
static inline const char *pass_between(struct jscan *s, const char *p,
				       struct nest *n, bool opened)
{
	struct span key;

	for (; n->depth > 0; leave(n), p++, opened = false) {
		p = skip_space(p, s->end);
		if (p < s->end && *p == (n->object ? '}' : ']'))
			continue;
		if (!opened) {
			if (p == s->end || *p != ',')
				return fault(s, p, "',' was expected");
			p = skip_space(p + 1, s->end);
		}
		return n->object ? pass_key(s, p, &key) : p;
	}
	return p;
}

static inline bool is_open(const struct jscan *s, const char *p)
{
	return p < s->end && (*p == '{' || *p == '[');
}

static const char *pass_nested(struct jscan *s, const char *p)
{
	struct nest n = {0};
	bool opened;

	do {
		opened = is_open(s, p);
		p = opened ? pass_open(s, p, &n) : pass_scalar(s, p);
		if (p)
			p = pass_between(s, p, &n, opened);
	} while (p && n.depth > 0);
	return p;
}

/* ---- the walk ------------------------------------------------------------ */

void jscan_init(struct jscan *s, struct span bytes, int max_depth)
{
	assert(max_depth >= 1);
	*s = (struct jscan){
		.base = bytes.p,
		.p = bytes.p,
		.end = bytes.n ? bytes.p + bytes.n : bytes.p,
		.max_depth = max_depth < JSCAN_DEPTH ? max_depth : JSCAN_DEPTH,
	};
}

enum jscan_type jscan_peek(struct jscan *s)
{
	s->p = skip_space(s->p, s->end);
	if (s->why || s->p == s->end)
		return JSCAN_FAULT;
	switch (*s->p) {
	case '{':
		return JSCAN_OBJECT;
	case '[':
		return JSCAN_ARRAY;
	case '"':
		return JSCAN_STRING;
	case 't':
		return JSCAN_TRUE;
	case 'f':
		return JSCAN_FALSE;
	case 'n':
		return JSCAN_NULL;
	default:
		return is_digit(*s->p) || *s->p == '-' ? JSCAN_NUMBER
						       : JSCAN_FAULT;
	}
}

int jscan_enter(struct jscan *s, char open)
{
	const char *p = skip_space(s->p, s->end);

	if (s->why)
		return -1;
	if (p == s->end || *p != open)
		fault(s, p,
		      open == '{' ? "an object was expected"
				  : "an array was expected");
	else if (s->depth >= s->max_depth)
		fault(s, p, "nested too deeply");
	if (s->why)
		return -1;
	s->p = p + 1;
	s->depth++;
	s->first = true;
	return 0;
}

/* To where the next member or element begins: 1; out of the bracket: 0. */
static inline int advance(struct jscan *s, char close)
{
	const char *p = skip_space(s->p, s->end);

	if (s->why)
		return -1;
	assert(s->depth > 0);
	if (p < s->end && *p == close) {
		s->p = p + 1;
		s->depth--;
		s->first = false;
		return 0;
	}
	if (!s->first) {
		if (p == s->end || *p != ',') {
			fault(s, p, "',' was expected");
			return -1;
		}
		p = skip_space(p + 1, s->end);
	}
	s->p = p;
	s->first = false;
	return 1;
}

int jscan_member(struct jscan *s, struct span *key)
{
	int rc = advance(s, '}');
	const char *p;

	if (rc <= 0)
		return rc;
	p = pass_key(s, s->p, key);
	if (!p)
		return -1;
	s->p = p;
	return 1;
}

int jscan_element(struct jscan *s)
{
	return advance(s, ']');
}

int jscan_value(struct jscan *s, struct span *value)
{
	const char *begin = skip_space(s->p, s->end), *p;

	if (s->why)
		return -1;
	p = is_open(s, begin) ? pass_nested(s, begin) : pass_scalar(s, begin);
	if (!p)
		return -1;
	s->p = p;
	if (value)
		*value = (struct span){begin, (size_t)(p - begin)};
	return 0;
}

int jscan_string(struct jscan *s, struct span *raw)
{
	const char *begin = skip_space(s->p, s->end), *p;

	if (s->why)
		return -1;
	if (begin == s->end || *begin != '"')
		p = fault(s, begin, "a string was expected");
	else
		p = pass_string(s, begin + 1);
	if (!p)
		return -1;
	s->p = p + 1;
	*raw = (struct span){begin + 1, (size_t)(p - begin - 1)};
	return 0;
}

int jscan_number(struct jscan *s, double *value)
{
	const char *begin = skip_space(s->p, s->end), *p;
	struct decimal n;

	if (s->why)
		return -1;
	if (begin == s->end || (!is_digit(*begin) && *begin != '-'))
		p = fault(s, begin, "a number was expected");
	else
		p = pass_number(s, begin, &n);
	if (!p)
		return -1;
	s->p = p;
	*value = decimal_double(&n, (struct span){begin, (size_t)(p - begin)});
	return 0;
}

int jscan_end(struct jscan *s)
{
	const char *p = skip_space(s->p, s->end);

	if (!s->why && s->depth > 0)
		fault(s, p, "an array or object does not end");
	else if (p < s->end)
		fault(s, p, "more than one value");
	s->p = p;
	return s->why ? -1 : 0;
}

int jscan_fail(struct jscan *s, const char *why)
{
	fault(s, s->p, why);
	return -1;
}

bool jscan_int64(struct span value, int64_t *out)
{
	bool negative = value.n > 0 && value.p[0] == '-';
	int64_t v = 0;

	if (value.n == (size_t)negative)
		return false;
	for (size_t i = negative; i < value.n; i++) {
		int digit = value.p[i] - '0';

		if (!is_digit(value.p[i]) ||
		    __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, digit, &v))
			return false;
	}
	/* Counted downwards, for INT64_MIN has no positive twin. */
	if (!negative && __builtin_sub_overflow(0, v, &v))
		return false;
	*out = v;
	return true;
}
