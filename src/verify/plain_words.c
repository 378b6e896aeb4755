/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code points to letters, letters to words.
 */
#include "verify/plain_words.h"

#include "base/jtext.h"

/* U+00C0 to U+017F without their accents; ' ' ends a word, and what two letters
 * stand for ("ss") is one of them. */
static const char latin[] =
	"aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
	"lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

_Static_assert(sizeof(latin) == 0x180 - 0xc0 + 1, "one for each code point");

static uint32_t code_point(const char *p, size_t n)
{
	static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)p[0] & mask[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

/* Punctuation, spaces, symbols and signs beyond ASCII, by blocks. */
static bool is_separator(uint32_t c)
{
	return (c >= 0x80 && c < 0xc0 && c != 0xaa && c != 0xb5 && c != 0xba) ||
	       c == 0xd7 || c == 0xf7 || (c >= 0x2000 && c < 0x2070) ||
	       (c >= 0x20a0 && c < 0x20d0) || (c >= 0x2190 && c < 0x2c00) ||
	       (c >= 0x3000 && c < 0x3040 && c != 0x3005) ||
	       (c >= 0xfe00 && c < 0xfe70) || (c >= 0xff00 && c < 0xff10) ||
	       (c >= 0xff1a && c < 0xff21);
}

static uint32_t lower(uint32_t c)
{
	if ((c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40f)
		return c + 0x50;
	return c;
}

/* Of U+0080 to U+07FF: the only ones that are changed. */
static void put_two(struct buf *out, uint32_t c)
{
	char utf8[2] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))};

	buf_add(out, utf8, 2);
}

/* ---- words --------------------------------------------------------------- */

struct writer {
	struct buf *out;
	size_t begin; /* of all words in out */
	size_t word;  /* of the present one; 0: none is open */
	bool keep_all;
};

static bool is_article(struct span w)
{
	return span_is(w, "a") || span_is(w, "an") || span_is(w, "the") ||
	       span_is(w, "and");
}

static void open_word(struct writer *w)
{
	if (w->word)
		return;
	buf_adds(w->out, " ");
	w->word = w->out->n;
}

static void close_word(struct writer *w)
{
	struct buf *out = w->out;

	if (!w->word)
		return;
	if (!out->failed && !w->keep_all &&
	    is_article((struct span){out->p + w->word, out->n - w->word}))
		out->n = w->word - 1;
	w->word = 0;
}

static bool is_digit(struct span s, size_t i)
{
	return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

static bool is_group(struct span s, size_t i)
{
	return is_digit(s, i) && is_digit(s, i + 1) && is_digit(s, i + 2) &&
	       !is_digit(s, i + 3);
}

/* ASCII that is no letter or digit: does it stay inside a word? */
static void put_sign(struct writer *w, struct span s, size_t i)
{
	char c = s.p[i];
	bool behind_digit = w->word && i > 0 && is_digit(s, i - 1);

	if (c == '\'' || (c == ',' && behind_digit && is_group(s, i + 1)))
		return;
	if ((c == '.' && behind_digit && is_digit(s, i + 1)) ||
	    ((c == '+' || c == '#') && w->word && !behind_digit)) {
		buf_add(w->out, &c, 1);
	} else if (c == '-' && !w->word && is_digit(s, i + 1)) {
		open_word(w);
		buf_adds(w->out, "-");
	} else {
		close_word(w);
	}
}

static void put_ascii(struct writer *w, struct span s, size_t i)
{
	char c = s.p[i];

	if (c >= 'A' && c <= 'Z')
		c = (char)(c + 0x20);
	if ((c < 'a' || c > 'z') && !is_digit(s, i)) {
		put_sign(w, s, i);
		return;
	}
	open_word(w);
	buf_add(w->out, &c, 1);
}

static void put_wide(struct writer *w, struct span s, size_t i, size_t n)
{
	uint32_t c = n ? code_point(s.p + i, n) : ' ';
	char plain;

	if (c == 0x2019 || c == 0x2018)
		return; /* an apostrophe, or a quote beside a space */
	if (c == 0x2212 && !w->word && is_digit(s, i + n)) {
		open_word(w);
		buf_adds(w->out, "-");
		return;
	}
	if (n == 0 || is_separator(c)) {
		close_word(w);
		return;
	}
	open_word(w);
	if (c >= 0xc0 && c < 0x180) {
		plain = latin[c - 0xc0];
		buf_add(w->out, &plain, 1);
	} else if (lower(c) != c) {
		put_two(w->out, lower(c));
	} else {
		buf_add(w->out, s.p + i, n);
	}
}

static void put_all(struct writer *w, struct span s)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		n = 1;
		if ((unsigned char)s.p[i] < 0x80) {
			put_ascii(w, s, i);
			continue;
		}
		n = jtext_utf8_length(s.p + i, s.p + s.n);
		put_wide(w, s, i, n);
		n = n ? n : 1;
	}
	close_word(w);
}

int plain_words(struct span text, struct buf *out)
{
	struct writer w = {.out = out, .begin = out->n};

	put_all(&w, text);
	if (out->n == w.begin) {
		w.keep_all = true;
		put_all(&w, text);
	}
	if (out->n > w.begin)
		buf_adds(out, " ");
	return out->failed ? -1 : 0;
}

bool plain_words_in(struct span part, struct span whole, bool open_end)
{
	if (open_end && part.n)
		part.n--; /* without the space that ends the last word */
	return part.n > 1 && memmem(whole.p, whole.n, part.p, part.n) != NULL;
}
