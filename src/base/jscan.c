/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict JSON reader that gives spans: no tree, no copy, no recursion.
 *
 * The pass_*() functions take a place and give the place behind what they
 * passed, or NULL with the fault noted. They never look at `end` or beyond.
 */
#include "base/jscan.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

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

#define EACH(byte) (0x0101010101010101u * (byte))

/* Flags bit 7 of each byte that ends a plain run: quote, backslash, control
 * byte, and all beyond ASCII (so those need no care in the other three). A flag
 * may be wrong above a right one, for a borrow runs upwards: only the lowest
 * counts. */
static inline uint64_t odd_bytes(uint64_t w)
{
	uint64_t control = w - EACH(0x20);
	uint64_t quote = (w ^ EACH('"')) - EACH(1);
	uint64_t backslash = (w ^ EACH('\\')) - EACH(1);

	return (w | control | quote | backslash) & EACH(0x80);
}

static inline bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 &&
	       c != '"' && c != '\\';
}

static inline const char *skip_plain(const char *p, const char *end)
{
	uint64_t w, odd;

	for (; end - p >= 8; p += 8) {
		memcpy(&w, p, 8);
		odd = odd_bytes(le64toh(w));
		if (odd)
			return p + __builtin_ctzll(odd) / 8;
	}
	while (p < end && is_plain(*p))
		p++;
	return p;
}

/* Length of the code point at p, 0 when it is no well-formed UTF-8 (RFC 3629:
 * shortest form, no surrogates, up to U+10FFFF). */
static size_t utf8_length(const char *p, const char *end)
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

		if (is_digit(c))
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* Length of the escape at p, one \u of a pair at a time; 0 when bad. */
static size_t escape_length(const char *p, const char *end)
{
	if (end - p < 2)
		return 0;
	if (p[1] == 'u')
		return end - p >= 6 && hex4(p + 2) >= 0 ? 6 : 0;
	return p[1] && strchr("\"\\/bfnrt", p[1]) ? 2 : 0;
}

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
		p = skip_plain(p, s->end);
		if (p == s->end)
			return fault(s, p, "a string does not end");
		if (*p == '"')
			return p;
		if (*p == '\\')
			n = escape_length(p, s->end);
		else
			n = (unsigned char)*p < 0x20 ? 0
						     : utf8_length(p, s->end);
		if (n == 0)
			return fault(s, p, why_odd(p));
		p += n;
	}
}

/* ---- numbers ------------------------------------------------------------- */

/* 19 digits always fit into 64 bits. */
#define DIGITS 19

/* Beyond it every double is 0 or infinite, however many digits there are in
 * 2 GiB of text. */
#define EXPONENT 2000000000

/* digits * 10^exponent; digits holds as long as there are at most DIGITS. */
struct number {
	uint64_t digits;
	int64_t exponent;
	size_t n_digits; /* zeros in front not counted */
	bool negative;
};

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
pass_number(struct jscan *s, const char *p, struct number *n)
{
	const char *end = s->end, *begin, *first;
	int64_t exponent = 0;

	*n = (struct number){.negative = *p == '-'};
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

__extension__ typedef unsigned __int128 uint128;

/* digits / 10^n rounded to even, by one exact division of integers: numbers
 * of 16 to 19 digits are common in log-probs and strtod() is slow on them. */
static double divided(uint64_t digits, int n)
{
	/* clang-format off */
	static const uint64_t five[] = {
		1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u,
		1953125u, 9765625u, 48828125u, 244140625u, 1220703125u,
		6103515625u, 30517578125u, 152587890625u, 762939453125u,
		3814697265625u, 19073486328125u, 95367431640625u,
		476837158203125u, 2384185791015625u, 11920928955078125u,
		59604644775390625u, 298023223876953125u, 1490116119384765625u,
		7450580596923828125u,
	};
	/* clang-format on */
	int up = __builtin_clzll(digits), down = __builtin_clzll(five[n]);
	uint64_t divisor = five[n] << down;
	uint128 dividend = (uint128)(digits << up) << 63;
	uint64_t q = (uint64_t)(dividend / divisor); /* 63 or 64 bits */
	bool rest = (uint64_t)dividend != q * divisor;
	int spare = q >> 63 ? 11 : 10; /* bits below the 53 of a double */
	uint64_t top = q >> spare, half = (uint64_t)1 << (spare - 1);
	uint64_t low = q & (2 * half - 1);
	uint64_t scale;
	double power;

	if (low > half || (low == half && (rest || (top & 1))))
		top++;
	scale = (uint64_t)(1023 + spare - 63 + down - up - n) << 52;
	memcpy(&power, &scale, sizeof(power));
	return (double)top * power;
}

/* False when it takes strtod() to round rightly. */
static bool quick_double(const struct number *n, double *v)
{
	static const double ten[] = {1e0,  1e1,	 1e2,  1e3,  1e4,  1e5,
				     1e6,  1e7,	 1e8,  1e9,  1e10, 1e11,
				     1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
				     1e18, 1e19, 1e20, 1e21, 1e22};
	int64_t exponent = n->exponent;

	if (n->n_digits > DIGITS || exponent < -27 || exponent > 22)
		return false;
	/* Both exact, so one rounding. */
	if (n->digits <= (uint64_t)1 << 53 && exponent >= -22)
		*v = exponent < 0 ? (double)n->digits / ten[-exponent]
				  : (double)n->digits * ten[exponent];
	else if (n->digits && exponent <= 0)
		*v = divided(n->digits, (int)-exponent);
	else
		return false;
	if (n->negative)
		*v = -*v;
	return true;
}

/* The first DIGITS digits, and how many places the others take. */
static uint64_t first_digits(struct span text, int64_t *places)
{
	uint64_t digits = 0;
	int left = DIGITS;

	*places = 0;
	for (size_t i = 0; i < text.n && (text.p[i] | 0x20) != 'e'; i++) {
		if (!is_digit(text.p[i]))
			continue;
		if (left > 0) {
			digits = digits * 10 + (uint64_t)(text.p[i] - '0');
			left -= digits > 0;
		} else {
			++*places;
		}
	}
	return digits;
}

/* The locale is "C": nobody here calls setlocale(). */
static double slow_double(const struct number *n, struct span text)
{
	char copy[512];
	uint64_t digits;
	int64_t places;

	if (text.n < sizeof(copy)) {
		memcpy(copy, text.p, text.n);
		copy[text.n] = '\0';
	} else {
		digits = first_digits(text, &places);
		snprintf(copy, sizeof(copy), "%s%jue%jd",
			 n->negative ? "-" : "", (uintmax_t)digits,
			 (intmax_t)(n->exponent + places));
	}
	return strtod(copy, NULL);
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
	struct number n;

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
	struct number n;

	if (s->why)
		return -1;
	if (begin == s->end || (!is_digit(*begin) && *begin != '-'))
		p = fault(s, begin, "a number was expected");
	else
		p = pass_number(s, begin, &n);
	if (!p)
		return -1;
	s->p = p;
	if (!quick_double(&n, value))
		*value = slow_double(&n,
				     (struct span){begin, (size_t)(p - begin)});
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

/* ---- text ---------------------------------------------------------------- */

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

size_t jscan_unit(struct span raw, char utf8[4], size_t *n)
{
	const char *p = raw.p, *end = p + raw.n;
	uint32_t c, low;
	size_t length;

	if (*p != '\\') {
		*n = utf8_length(p, end);
		assert(*n > 0); /* a scanner has passed it */
		memcpy(utf8, p, *n);
		return *n;
	}
	length = escape_length(p, end);
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

bool jscan_key_is_escaped(struct span raw, const char *name)
{
	size_t left = strlen(name), n, unit;
	char utf8[4];

	if (raw.n == 0 || !memchr(raw.p, '\\', raw.n))
		return span_is(raw, name);
	while (raw.n > 0) {
		unit = jscan_unit(raw, utf8, &n);
		if (n > left || memcmp(utf8, name, n) != 0)
			return false;
		raw = (struct span){raw.p + unit, raw.n - unit};
		name += n;
		left -= n;
	}
	return left == 0;
}

int jscan_unescape(struct span raw, struct buf *out)
{
	char utf8[4];

	while (raw.n > 0) {
		const char *at = memchr(raw.p, '\\', raw.n);
		size_t run = at ? (size_t)(at - raw.p) : raw.n, n, unit = 0;

		buf_add(out, raw.p, run);
		raw = (struct span){raw.p + run, raw.n - run};
		if (at) {
			unit = jscan_unit(raw, utf8, &n);
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

int jscan_escape(struct span text, struct buf *out)
{
	const char *p = text.p, *end = text.n ? p + text.n : p, *run;
	size_t n;

	while (p < end) {
		for (run = p; p < end; p += n) {
			p = skip_plain(p, end);
			n = p < end && (unsigned char)*p >= 0x80
				    ? utf8_length(p, end)
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
