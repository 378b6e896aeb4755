/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and reads numbers in prose.
 */
#include "verify/number.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#define DIGITS_MOST 64 /* what is longer is an identifier, not an amount */
#define TOLERANCE   1e-6

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of ASCII: others stand beside numbers without a space. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Joins digits to something that is no number. */
static bool is_joint(char c)
{
	return c == ':' || c == '-' || c == '.' || c == '/' || c == ',';
}

static char at(struct span s, size_t i)
{
	return i < s.n ? s.p[i] : '\0';
}

static size_t digits(struct span s, size_t from)
{
	size_t i = from;

	while (is_digit(at(s, i)))
		i++;
	return i - from;
}

static bool starts(struct span s, size_t from, const char *with)
{
	size_t n = strlen(with);

	return s.n - from >= n && memcmp(s.p + from, with, n) == 0;
}

/* ---- the parts ----------------------------------------------------------- */

/* A number being read: its digits as strtod() takes them. */
struct reading {
	struct span s;
	size_t i;
	char plain[DIGITS_MOST + 1];
	size_t n;
};

static void take(struct reading *r, size_t n)
{
	for (; n > 0; n--, r->i++)
		if (r->n < DIGITS_MOST)
			r->plain[r->n++] = r->s.p[r->i];
}

static bool skip(struct reading *r, const char *text)
{
	if (!starts(r->s, r->i, text))
		return false;
	r->i += strlen(text);
	return true;
}

static void read_sign(struct reading *r)
{
	if (r->n)
		return;
	if (skip(r, "-") || skip(r, "\xe2\x88\x92"))
		r->plain[r->n++] = '-';
	else
		skip(r, "+");
}

static void read_currency(struct reading *r)
{
	if (!skip(r, "$") && !skip(r, "\xe2\x82\xac") && !skip(r, "\xc2\xa3"))
		skip(r, "\xc2\xa5");
}

/* "1,234,567": one to three digits, then groups of three. */
static void read_whole(struct reading *r)
{
	size_t n = digits(r->s, r->i);

	take(r, n);
	if (n == 0 || n > 3)
		return;
	while (at(r->s, r->i) == ',' && digits(r->s, r->i + 1) == 3) {
		r->i++;
		take(r, 3);
	}
}

static void read_decimals(struct reading *r)
{
	size_t n = at(r->s, r->i) == '.' ? digits(r->s, r->i + 1) : 0;

	if (n)
		take(r, n + 1);
}

static void read_exponent(struct reading *r)
{
	char e = at(r->s, r->i), sign = at(r->s, r->i + 1);
	size_t front = sign == '-' || sign == '+' ? 2 : 1;
	size_t n = digits(r->s, r->i + front);

	if ((e == 'e' || e == 'E') && n > 0 && n <= 3 &&
	    !is_letter(at(r->s, r->i + front + n)))
		take(r, front + n);
}

/* The divisor of "3/4"; 1 when there is none. A zero is left, and what is
 * left makes it no number. */
static double read_divisor(struct reading *r)
{
	size_t n = at(r->s, r->i) == '/' ? digits(r->s, r->i + 1) : 0;
	double v = 0;

	if (n == 0 || n > DIGITS_MOST)
		return 1;
	for (size_t i = 1; i <= n; i++)
		v = 10 * v + (r->s.p[r->i + i] - '0');
	if (v == 0)
		return 1;
	r->i += 1 + n;
	return v;
}

/* Does what follows make it a date, a time, a version, a list? */
static bool goes_on(const struct reading *r)
{
	return is_joint(at(r->s, r->i)) && is_digit(at(r->s, r->i + 1));
}

bool number_at(struct span text, struct number *out)
{
	struct reading r = {.s = text};
	size_t before;
	double divisor;

	read_sign(&r);
	read_currency(&r);
	read_sign(&r);
	before = r.n;
	if (is_digit(at(text, r.i)))
		read_whole(&r);
	read_decimals(&r);
	if (r.n == before)
		return false;
	read_exponent(&r);
	divisor = read_divisor(&r);
	if (goes_on(&r) || r.n >= DIGITS_MOST)
		return false;
	r.plain[r.n] = '\0';
	skip(&r, "%");
	out->value = strtod(r.plain, NULL) / divisor;
	out->text = (struct span){text.p, r.i};
	return isfinite(out->value);
}

/* ---- in prose ------------------------------------------------------------ */

/* A byte that a number may begin with. */
static bool may_begin(struct span s, size_t i)
{
	char c = s.p[i];

	return is_digit(c) || (c && strchr("-+$.\xe2\xc2", c));
}

/* Past a word that is no number, however it goes on: "12:30", "H2O". */
static size_t word_end(struct span s, size_t i)
{
	do
		i++;
	while (i < s.n &&
	       (is_digit(s.p[i]) || is_letter(s.p[i]) ||
		(strchr(":-./,", s.p[i]) && is_digit(at(s, i + 1)))));
	return i;
}

bool number_next(struct span *rest, struct number *out)
{
	struct span s = *rest;
	size_t i = 0;

	while (i < s.n) {
		struct span here = {s.p + i, s.n - i};

		if (may_begin(s, i) && number_at(here, out)) {
			i += out->text.n;
			*rest = (struct span){s.p + i, s.n - i};
			return true;
		}
		if (is_digit(s.p[i]) || is_letter(s.p[i]))
			i = word_end(s, i);
		else
			i++;
	}
	*rest = (struct span){s.n ? s.p + s.n : s.p, 0};
	return false;
}

static const char *const words[] = {
	"zero",	    "one",	"two",	    "three",   "four",	  "five",
	"six",	    "seven",	"eight",    "nine",    "ten",	  "eleven",
	"twelve",   "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
	"eighteen", "nineteen", "twenty",
};

static size_t letters(struct span s, size_t i)
{
	size_t from = i;

	while (is_letter(at(s, i)))
		i++;
	return i - from;
}

bool number_word(struct span text, struct number *out)
{
	size_t n = letters(text, 0), more = 0;

	if (at(text, n) == ' ')
		more = 1 + letters(text, n + 1);
	if (n == 0 || n + more != text.n)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == n &&
		    strncasecmp(words[i], text.p, n) == 0) {
			*out = (struct number){(double)i, {text.p, n}};
			return true;
		}
	return false;
}

bool number_same(double a, double b)
{
	return fabs(a - b) <= TOLERANCE * fmax(fabs(a), fabs(b));
}
