/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts text into sentences, and takes off what stands around words.
 */
#include "verify/prose.h"

#include <strings.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 0x20) : c;
}

static bool is_among(char c, const char *set)
{
	while (*set && *set != c)
		set++;
	return *set != '\0';
}

static struct span from(struct span s, size_t i)
{
	return (struct span){s.p + i, s.n - i};
}

struct span prose_trim(struct span s)
{
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	while (s.n && is_space(s.p[0]))
		s = from(s, 1);
	return s;
}

/* ---- what stands around -------------------------------------------------- */

/* Quotes and full-width punctuation of three bytes. */
static const char *const wide[] = {
	"\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9c", "\xe2\x80\x9d",
	"\xe3\x80\x82", "\xe3\x80\x8c", "\xe3\x80\x8d", "\xef\xbc\x81",
	"\xef\xbc\x9f", "\xef\xbc\x9a", "\xef\xbc\x8c",
};

static bool is_wide(const char *p)
{
	if ((unsigned char)*p < 0xe2)
		return false;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (memcmp(p, wide[i], 3) == 0)
			return true;
	return false;
}

/* So many bytes at the beginning are no part of what is meant. */
static size_t front(struct span s)
{
	char next = s.n > 1 ? s.p[1] : '\0';

	if (is_word(s.p[0]))
		return 0;
	if (is_among(s.p[0], "-+.$"))
		return is_digit(next) || (next == '.' && s.p[0] != '.') ||
				       (next == '$' && s.p[0] == '-')
			       ? 0
			       : 1;
	if (is_space(s.p[0]) || is_among(s.p[0], "*_`\"'([{:,;#>=!?~\\|"))
		return 1;
	return s.n >= 3 && is_wide(s.p) ? 3 : 0;
}

#define BRACKET_LOOK 256 /* bytes from the closing one */

static bool is_opened(struct span s, char open)
{
	size_t n = s.n < BRACKET_LOOK ? s.n : BRACKET_LOOK;

	return memchr(s.p + s.n - n, open, n) != NULL;
}

static size_t back(struct span s)
{
	char c = s.p[s.n - 1];

	if (is_word(c))
		return 0;
	if (is_among(c, ")]}"))
		return is_opened(s, c == ')'   ? '('
				    : c == ']' ? '['
					       : '{')
			       ? 0
			       : 1;
	if (is_space(c) || is_among(c, "*_`\"'.,;:!?$=|\\"))
		return 1;
	return s.n >= 3 && is_wide(s.p + s.n - 3) ? 3 : 0;
}

struct span prose_strip(struct span s)
{
	size_t n;

	while (s.n && (n = front(s)) > 0)
		s = from(s, n);
	while (s.n && (n = back(s)) > 0)
		s.n -= n;
	return s;
}

/* ---- sentences ----------------------------------------------------------- */

static const char *const titles[] = {"dr", "mr",  "mrs",  "ms",
				     "st", "vs",  "eg",	  "e.g",
				     "ie", "i.e", "prof", "approx"};

static bool is_title(struct span word)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (word.n == strlen(titles[i]) &&
		    strncasecmp(word.p, titles[i], word.n) == 0)
			return true;
	return false;
}

static bool is_all_digits(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return true;
}

#define WORD_LOOK 16 /* bytes of a word before a dot: titles are shorter */

/* Where the word that ends at i begins, dots inside counted ("e.g"). */
static size_t word_begin(struct span s, size_t i)
{
	size_t b = i;

	while (b > 0 && i - b < WORD_LOOK &&
	       (is_word(s.p[b - 1]) || s.p[b - 1] == '.'))
		b--;
	return b;
}

/* Does the dot at i belong to the word before it? */
static bool is_of_word(struct span s, size_t i)
{
	size_t b = word_begin(s, i), w;
	struct span word = {s.p + b, i - b};

	if (word.n == 0)
		return false;
	if (is_title(word))
		return true;
	if (b == 0 && (word.n == 1 || is_all_digits(word)))
		return true;
	if (word.n != 1 || b < 2 || word.p[0] < 'A' || word.p[0] > 'Z')
		return false;
	w = word_begin(s, b - 1);
	return s.p[b - 1] == ' ' && w + 1 < b && s.p[w] >= 'A' && s.p[w] <= 'Z';
}

/* The end of the sentence whose closing mark is behind i; 0: it goes on. */
static size_t closed_at(struct span s, size_t i)
{
	while (i < s.n && is_among(s.p[i], "\"'*_`)]"))
		i++;
	return i == s.n || is_space(s.p[i]) ? i : 0;
}

static bool is_stop(char c)
{
	return c == '.' || c == '!' || c == '?';
}

/* The full-width . ! ? */
static bool is_wide_stop(const char *p)
{
	return memcmp(p, "\xe3\x80\x82", 3) == 0 ||
	       memcmp(p, "\xef\xbc\x81", 3) == 0 ||
	       memcmp(p, "\xef\xbc\x9f", 3) == 0;
}

/* The bytes of the first sentence, and of what closes it. */
static size_t sentence_length(struct span s)
{
	size_t end;

	for (size_t i = 0; i < s.n; i++) {
		if (is_letter(s.p[i]) || s.p[i] == ' ')
			continue;
		if (s.p[i] == '\n')
			return i + 1;
		if (s.n - i >= 3 && is_wide_stop(s.p + i))
			return i + 3;
		if (!is_stop(s.p[i]))
			continue;
		end = closed_at(s, i + 1);
		if (end && !(s.p[i] == '.' && is_of_word(s, i)))
			return end;
	}
	return s.n;
}

bool prose_sentence(struct span *rest, struct span *out)
{
	while (rest->n) {
		struct span s = prose_trim(*rest);
		size_t n = sentence_length(s);

		*out = prose_trim((struct span){s.p, n});
		*rest = from(s, n);
		if (prose_strip(*out).n)
			return true;
	}
	return false;
}

/* ---- words --------------------------------------------------------------- */

/* Do words, n bytes, stand at i, and do they end there? */
static bool stands_at(struct span s, size_t i, const char *words, size_t n)
{
	if (s.n - i < n)
		return false;
	for (size_t k = 0; k < n; k++)
		if (lower(s.p[i + k]) != words[k])
			return false;
	return i + n == s.n || !is_word(s.p[i + n]) || !is_word(words[n - 1]);
}

/* What prose_first() and prose_last() look for. */
struct needle {
	const char *words;
	size_t n;
	char low, up; /* its first letter */
};

static struct needle needle_of(const char *words)
{
	char c = words[0];

	return (struct needle){words, strlen(words), c,
			       is_letter(c) ? (char)(c - 0x20) : c};
}

static inline bool is_at(struct span s, size_t i, const struct needle *w)
{
	if (s.p[i] != w->low && s.p[i] != w->up)
		return false;
	if (i > 0 && is_word(s.p[i - 1]) && is_word(w->low))
		return false;
	return stands_at(s, i, w->words, w->n);
}

bool prose_begins_all(struct span s, const char *words)
{
	return s.n > 0 && stands_at(s, 0, words, strlen(words));
}

struct span prose_after(struct span s, const char *words)
{
	if (!prose_begins(s, words))
		return s;
	return prose_trim(from(s, strlen(words)));
}

long prose_first(struct span s, const char *words)
{
	struct needle w = needle_of(words);

	for (size_t i = 0; i < s.n; i++)
		if (is_at(s, i, &w))
			return (long)i;
	return -1;
}

long prose_last(struct span s, const char *words)
{
	struct needle w = needle_of(words);

	for (size_t i = s.n; i-- > 0;)
		if (is_at(s, i, &w))
			return (long)i;
	return -1;
}
