/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code points to what they look like.
 */
#include "verify/fold.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/jtext.h"

#define NOTHING	 0
#define ENTITY_N 10 /* &#x10ffff; */

/* U+00C0 to U+017F, and U+1E00 to U+1EFF, without their accents. */
static const char latin[] =
	"aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo/ouuuuyty"
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
	"lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static const char latin_more[] =
	"aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
	"mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
	"wwwwwwwwwwxxxxyyzzzzzzhtwyasssssaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
	"eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyyssssss";

_Static_assert(sizeof(latin) == 0x180 - 0xc0 + 1, "one for each code point");
_Static_assert(sizeof(latin_more) == 0x1f00 - 0x1e00 + 1, "likewise");

/* What looks like ASCII, in the order of code points. */
static const struct pair {
	uint16_t from;
	char to;
} alike[] = {
	{0x0085, '\n'}, {0x00a0, ' '},	{0x00a1, '!'},	{0x00a6, '|'},
	{0x00aa, 'a'},	{0x00ab, '"'},	{0x00b2, '2'},	{0x00b3, '3'},
	{0x00b4, '\''}, {0x00b7, '.'},	{0x00b9, '1'},	{0x00ba, 'o'},
	{0x00bb, '"'},	{0x00bf, '?'},	{0x0131, 'i'},	{0x0192, 'f'},
	{0x0199, 'k'},	{0x01a5, 'p'},	{0x01ad, 't'},	{0x01b6, 'z'},
	{0x01c0, '|'},	{0x0250, 'a'},	{0x0251, 'a'},	{0x0253, 'b'},
	{0x0257, 'd'},	{0x025b, 'e'},	{0x0260, 'g'},	{0x0261, 'g'},
	{0x0262, 'g'},	{0x0266, 'h'},	{0x0269, 'i'},	{0x026a, 'i'},
	{0x026d, 'l'},	{0x026f, 'w'},	{0x0271, 'm'},	{0x0272, 'n'},
	{0x0274, 'n'},	{0x0279, 'r'},	{0x027e, 'r'},	{0x0280, 'r'},
	{0x0282, 's'},	{0x028b, 'u'},	{0x028f, 'y'},	{0x0290, 'z'},
	{0x0299, 'b'},	{0x029c, 'h'},	{0x029d, 'j'},	{0x029f, 'l'},
	{0x02b0, 'h'},	{0x02b2, 'j'},	{0x02b3, 'r'},	{0x02b7, 'w'},
	{0x02b8, 'y'},	{0x02b9, '\''}, {0x02ba, '"'},	{0x02bc, '\''},
	{0x02c2, '<'},	{0x02c3, '>'},	{0x02d0, ':'},	{0x0391, 'a'},
	{0x0392, 'b'},	{0x0395, 'e'},	{0x0396, 'z'},	{0x0397, 'h'},
	{0x0399, 'i'},	{0x039a, 'k'},	{0x039c, 'm'},	{0x039d, 'n'},
	{0x039f, 'o'},	{0x03a1, 'p'},	{0x03a4, 't'},	{0x03a5, 'y'},
	{0x03a7, 'x'},	{0x03b1, 'a'},	{0x03b3, 'y'},	{0x03b5, 'e'},
	{0x03b7, 'n'},	{0x03b9, 'i'},	{0x03ba, 'k'},	{0x03bd, 'v'},
	{0x03bf, 'o'},	{0x03c1, 'p'},	{0x03c3, 'o'},	{0x03c4, 't'},
	{0x03c5, 'u'},	{0x03c7, 'x'},	{0x03c9, 'w'},	{0x03dd, 'f'},
	{0x03f2, 'c'},	{0x03f3, 'j'},	{0x03f9, 'c'},	{0x0404, 'e'},
	{0x0405, 's'},	{0x0406, 'i'},	{0x0408, 'j'},	{0x0410, 'a'},
	{0x0412, 'b'},	{0x0415, 'e'},	{0x041a, 'k'},	{0x041c, 'm'},
	{0x041d, 'h'},	{0x041e, 'o'},	{0x0420, 'p'},	{0x0421, 'c'},
	{0x0422, 't'},	{0x0423, 'y'},	{0x0425, 'x'},	{0x042c, 'b'},
	{0x0430, 'a'},	{0x0432, 'b'},	{0x0433, 'r'},	{0x0435, 'e'},
	{0x043a, 'k'},	{0x043c, 'm'},	{0x043d, 'h'},	{0x043e, 'o'},
	{0x0440, 'p'},	{0x0441, 'c'},	{0x0442, 't'},	{0x0443, 'y'},
	{0x0445, 'x'},	{0x044c, 'b'},	{0x0454, 'e'},	{0x0455, 's'},
	{0x0456, 'i'},	{0x0458, 'j'},	{0x0474, 'v'},	{0x0475, 'v'},
	{0x0493, 'f'},	{0x04ae, 'y'},	{0x04af, 'y'},	{0x04ba, 'h'},
	{0x04bb, 'h'},	{0x04c0, 'i'},	{0x04cf, 'i'},	{0x0500, 'd'},
	{0x0501, 'd'},	{0x050c, 'g'},	{0x050d, 'g'},	{0x051a, 'q'},
	{0x051b, 'q'},	{0x051c, 'w'},	{0x051d, 'w'},	{0x0566, 'q'},
	{0x0578, 'n'},	{0x057d, 'u'},	{0x0585, 'o'},	{0x0589, ':'},
	{0x05c3, ':'},	{0x060c, ','},	{0x061f, '?'},	{0x06d4, '.'},
	{0x0964, '.'},	{0x1680, ' '},	{0x1d00, 'a'},	{0x1d04, 'c'},
	{0x1d05, 'd'},	{0x1d07, 'e'},	{0x1d0a, 'j'},	{0x1d0b, 'k'},
	{0x1d0d, 'm'},	{0x1d0f, 'o'},	{0x1d18, 'p'},	{0x1d1b, 't'},
	{0x1d1c, 'u'},	{0x1d20, 'v'},	{0x1d21, 'w'},	{0x1d22, 'z'},
	{0x1d26, 'r'},	{0x1d2c, 'a'},	{0x1d2e, 'b'},	{0x1d30, 'd'},
	{0x1d31, 'e'},	{0x1d33, 'g'},	{0x1d34, 'h'},	{0x1d35, 'i'},
	{0x1d36, 'j'},	{0x1d37, 'k'},	{0x1d38, 'l'},	{0x1d39, 'm'},
	{0x1d3a, 'n'},	{0x1d3c, 'o'},	{0x1d3e, 'p'},	{0x1d3f, 'r'},
	{0x1d40, 't'},	{0x1d41, 'u'},	{0x1d42, 'w'},	{0x1d43, 'a'},
	{0x1d47, 'b'},	{0x1d48, 'd'},	{0x1d49, 'e'},	{0x1d4d, 'g'},
	{0x1d4f, 'k'},	{0x1d50, 'm'},	{0x1d52, 'o'},	{0x1d56, 'p'},
	{0x1d57, 't'},	{0x1d58, 'u'},	{0x1d5b, 'v'},	{0x1d62, 'i'},
	{0x1d63, 'r'},	{0x1d64, 'u'},	{0x1d65, 'v'},	{0x2000, ' '},
	{0x2001, ' '},	{0x2002, ' '},	{0x2003, ' '},	{0x2004, ' '},
	{0x2005, ' '},	{0x2006, ' '},	{0x2007, ' '},	{0x2008, ' '},
	{0x2009, ' '},	{0x200a, ' '},	{0x2010, '-'},	{0x2011, '-'},
	{0x2012, '-'},	{0x2013, '-'},	{0x2014, '-'},	{0x2015, '-'},
	{0x2018, '\''}, {0x2019, '\''}, {0x201a, '\''}, {0x201b, '\''},
	{0x201c, '"'},	{0x201d, '"'},	{0x201e, '"'},	{0x201f, '"'},
	{0x2022, '.'},	{0x2024, '.'},	{0x2026, '.'},	{0x2028, '\n'},
	{0x2029, '\n'}, {0x202f, ' '},	{0x2032, '\''}, {0x2033, '"'},
	{0x2039, '<'},	{0x203a, '>'},	{0x2043, '-'},	{0x2044, '/'},
	{0x204e, '*'},	{0x205f, ' '},	{0x2070, '0'},	{0x2071, 'i'},
	{0x2074, '4'},	{0x2075, '5'},	{0x2076, '6'},	{0x2077, '7'},
	{0x2078, '8'},	{0x2079, '9'},	{0x207f, 'n'},	{0x2080, '0'},
	{0x2081, '1'},	{0x2082, '2'},	{0x2083, '3'},	{0x2084, '4'},
	{0x2085, '5'},	{0x2086, '6'},	{0x2087, '7'},	{0x2088, '8'},
	{0x2089, '9'},	{0x2090, 'a'},	{0x2091, 'e'},	{0x2092, 'o'},
	{0x2093, 'x'},	{0x2095, 'h'},	{0x2096, 'k'},	{0x2097, 'l'},
	{0x2098, 'm'},	{0x2099, 'n'},	{0x209a, 'p'},	{0x209b, 's'},
	{0x209c, 't'},	{0x2102, 'c'},	{0x210a, 'g'},	{0x210b, 'h'},
	{0x210c, 'h'},	{0x210d, 'h'},	{0x210e, 'h'},	{0x2110, 'i'},
	{0x2111, 'i'},	{0x2112, 'l'},	{0x2113, 'l'},	{0x2115, 'n'},
	{0x2119, 'p'},	{0x211a, 'q'},	{0x211b, 'r'},	{0x211c, 'r'},
	{0x211d, 'r'},	{0x2124, 'z'},	{0x2128, 'z'},	{0x212a, 'k'},
	{0x212c, 'b'},	{0x212d, 'c'},	{0x212f, 'e'},	{0x2130, 'e'},
	{0x2131, 'f'},	{0x2133, 'm'},	{0x2134, 'o'},	{0x2139, 'i'},
	{0x2212, '-'},	{0x2215, '/'},	{0x2217, '*'},	{0x2223, '|'},
	{0x2236, ':'},	{0x2329, '<'},	{0x232a, '>'},	{0x2502, '|'},
	{0x2581, '_'},	{0x2758, '|'},	{0x276e, '<'},	{0x276f, '>'},
	{0x2774, '{'},	{0x2775, '}'},	{0x27e6, '['},	{0x27e7, ']'},
	{0x27e8, '<'},	{0x27e9, '>'},	{0x2800, ' '},	{0x3000, ' '},
	{0x3001, ','},	{0x3002, '.'},	{0x3008, '<'},	{0x3009, '>'},
	{0x300a, '<'},	{0x300b, '>'},	{0x300c, '"'},	{0x300d, '"'},
	{0x300e, '"'},	{0x300f, '"'},	{0x3010, '['},	{0x3011, ']'},
	{0x3014, '['},	{0x3015, ']'},	{0x3016, '['},	{0x3017, ']'},
	{0x301d, '"'},	{0x301e, '"'},	{0x301f, '"'},	{0x30fb, '.'},
	{0xa730, 'f'},	{0xa731, 's'},	{0xa789, ':'},	{0xfe13, ':'},
	{0xfe55, ':'},	{0xfe58, '-'},	{0xfe5b, '{'},	{0xfe5c, '}'},
	{0xfe5f, '#'},	{0xfe63, '-'},
};

/* What shows nothing, in the order of code points. */
static const struct range {
	uint32_t from, to;
} unseen[] = {
	{0x00ad, 0x00ad},   {0x0300, 0x036f},	{0x0483, 0x0489},
	{0x061c, 0x061c},   {0x115f, 0x1160},	{0x17b4, 0x17b5},
	{0x180b, 0x180f},   {0x1ab0, 0x1aff},	{0x1dc0, 0x1dff},
	{0x200b, 0x200f},   {0x202a, 0x202e},	{0x2060, 0x206f},
	{0x20d0, 0x20ff},   {0x3164, 0x3164},	{0xfe00, 0xfe0f},
	{0xfe20, 0xfe2f},   {0xfeff, 0xfeff},	{0xffa0, 0xffa0},
	{0xfff0, 0xfffb},   {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
	{0xe0000, 0xe001f}, {0xe0080, 0xe01ef},
};

/* Alphabets in a frame: so many letters from `from` on, a to z and again. */
static const struct range framed[] = {
	{0x249c, 0x24b5},   {0x24b6, 0x24e9},	{0x1d400, 0x1d6a3},
	{0x1f110, 0x1f129}, {0x1f130, 0x1f149}, {0x1f150, 0x1f169},
	{0x1f170, 0x1f189}, {0x1f1e6, 0x1f1ff},
};

static int compare_range(const void *key, const void *range)
{
	uint32_t c = *(const uint32_t *)key;
	const struct range *r = range;

	return c < r->from ? -1 : c > r->to;
}

static int compare_pair(const void *key, const void *pair)
{
	return (int)*(const uint32_t *)key - ((const struct pair *)pair)->from;
}

#define FIND(list, c, compare)                                                 \
	bsearch(&(c), list, sizeof(list) / sizeof((list)[0]),                  \
		sizeof((list)[0]), compare)

static uint32_t lower(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0x391 && c <= 0x3a9) ||
	    (c >= 0x410 && c <= 0x42f))
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40f)
		return c + 0x50;
	return c;
}

/* Two that are one shifted, and digits of mathematical alphabets. */
static uint32_t shifted(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e)
		return c - 0xff00 + 0x20;
	if (c >= 0xe0020 && c <= 0xe007e)
		return c - 0xe0000;
	if (c >= 0x1d7ce && c <= 0x1d7ff)
		return '0' + (c - 0x1d7ce) % 10;
	return c;
}

/* What it looks like: ASCII, itself, or NOTHING. */
static uint32_t look(uint32_t c)
{
	const struct pair *pair;
	const struct range *frame;

	c = shifted(c);
	if (c >= '\v' && c <= '\r')
		return '\n';
	if (c < 0x80)
		return lower(c);
	if (c >= 0xc0 && c < 0x180)
		return (unsigned char)latin[c - 0xc0];
	if (c >= 0x1e00 && c < 0x1f00)
		return (unsigned char)latin_more[c - 0x1e00];
	pair = FIND(alike, c, compare_pair);
	c = lower(c);
	if (!pair)
		pair = FIND(alike, c, compare_pair);
	if (pair)
		return (unsigned char)pair->to;
	frame = FIND(framed, c, compare_range);
	if (frame)
		return 'a' + (c - frame->from) % 26;
	return FIND(unseen, c, compare_range) ? NOTHING : c;
}

/* ---- from bytes to code points ------------------------------------------- */

static struct span rest(struct span s, size_t n)
{
	return (struct span){s.p + n, s.n - n};
}

/* What stands behind backslashes. Gives how much it is of s, which may be
 * nothing. */
static size_t take_escape(struct span s, uint32_t *c)
{
	char utf8[4];
	size_t n, unit;

	*c = NOTHING;
	if (s.n == 0)
		return 0;
	*c = s.p[0] == 'n' || s.p[0] == 'r' ? '\n' : ' ';
	if (strchr("nrt", s.p[0]))
		return 1;
	*c = NOTHING;
	/* s stands behind a backslash, which the escape begins with. */
	if (s.p[0] != 'u' || jtext_escape_length(s.p - 1, s.p + s.n) == 0)
		return 0;
	unit = jtext_unit((struct span){s.p - 1, s.n + 1}, utf8, &n);
	*c = jtext_code_point(utf8, n);
	return unit - 1;
}

static size_t take_backslashes(struct span s, uint32_t *c)
{
	size_t n = 1;

	while (n < s.n && s.p[n] == '\\')
		n++;
	return n + take_escape(rest(s, n), c);
}

/* `&#60;`, `&lt;`: else the & alone. */
static size_t take_entity(struct span s, uint32_t *c)
{
	static const struct {
		const char *name;
		char c;
	} names[] = {{"&lt;", '<'},
		     {"&gt;", '>'},
		     {"&amp;", '&'},
		     {"&quot;", '"'},
		     {"&apos;", '\''}};
	char text[ENTITY_N + 1] = "", *end;
	bool hex;

	*c = '&';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i].name);

		if (s.n < n || memcmp(s.p, names[i].name, n) != 0)
			continue;
		*c = (unsigned char)names[i].c;
		return n;
	}
	memcpy(text, s.p, s.n < ENTITY_N ? s.n : ENTITY_N);
	hex = text[1] == '#' && (text[2] | 0x20) == 'x';
	if (text[1] != '#' || !strchr("0123456789abcdefABCDEF", text[2 + hex]))
		return 1;
	*c = (uint32_t)strtoul(text + 2 + hex, &end, hex ? 16 : 10);
	if (*end != ';' || *c >= 0x110000)
		*c = '&';
	return *end == ';' ? (size_t)(end - text) + 1 : 1;
}

/* The next code point as it looks, and how many bytes it took. */
static size_t take(struct span s, uint32_t *c)
{
	size_t n = jtext_utf8_length(s.p, s.p + s.n);

	if (n == 0) {
		*c = ' ';
		return 1;
	}
	if (*s.p == '\\')
		n = take_backslashes(s, c);
	else if (*s.p == '&')
		n = take_entity(s, c);
	else
		*c = jtext_code_point(s.p, n);
	*c = look(*c);
	return n;
}

static size_t put(uint32_t c, char utf8[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		utf8[i] = (char)(0x80 | (c & 0x3f));
	utf8[0] = (char)(lead[n] | c);
	return n;
}

int fold_text(struct span text, struct buf *out)
{
	char utf8[4];
	uint32_t c;

	buf_reserve(out, text.n);
	while (text.n > 0) {
		text = rest(text, take(text, &c));
		if (c != NOTHING)
			buf_add(out, utf8, put(c, utf8));
	}
	return out->failed ? -1 : 0;
}

/* ---- phrases ------------------------------------------------------------- */

static size_t skip_gap(struct span text)
{
	size_t n = 0;

	while (n < text.n && !fold_is_word(text.p[n]))
		n++;
	return n;
}

size_t fold_begins(struct span folded, struct span phrase)
{
	struct span p = phrase, s = folded;
	char utf8[4];
	uint32_t c;
	size_t n;

	while (p.n > 0) {
		p = rest(p, take(p, &c));
		n = c == ' ' ? skip_gap(s) : put(c, utf8);
		if (c == '\'' || c == NOTHING)
			continue;
		while (s.n && *s.p == '\'' && c != ' ')
			s = rest(s, 1);
		if (n == 0 || s.n < n || (c != ' ' && memcmp(s.p, utf8, n)))
			return 0;
		s = rest(s, n);
	}
	return folded.n - s.n;
}

char fold_first(struct span phrase)
{
	char utf8[4];
	uint32_t c;

	take(phrase, &c);
	put(c, utf8);
	return utf8[0];
}
