/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts letters by script.
 */
#include "verify/script.h"

#include <stdint.h>

#include "base/jtext.h"

enum script {
	SCRIPT_NONE,
	SCRIPT_LATIN,
	SCRIPT_GREEK,
	SCRIPT_CYRILLIC,
	SCRIPT_ARMENIAN,
	SCRIPT_HEBREW,
	SCRIPT_ARABIC,
	SCRIPT_DEVANAGARI,
	SCRIPT_BENGALI,
	SCRIPT_TAMIL,
	SCRIPT_THAI,
	SCRIPT_GEORGIAN,
	SCRIPT_HANGUL,
	SCRIPT_HAN,
	SCRIPT_N,
};

/* Code points beyond ASCII, rising. */
static const struct {
	uint32_t first, last;
	enum script script;
} blocks[] = {
	{0xc0, 0x24f, SCRIPT_LATIN},	 {0x370, 0x3ff, SCRIPT_GREEK},
	{0x400, 0x52f, SCRIPT_CYRILLIC}, {0x530, 0x58f, SCRIPT_ARMENIAN},
	{0x590, 0x5ff, SCRIPT_HEBREW},	 {0x600, 0x6ff, SCRIPT_ARABIC},
	{0x750, 0x77f, SCRIPT_ARABIC},	 {0x900, 0x97f, SCRIPT_DEVANAGARI},
	{0x980, 0x9ff, SCRIPT_BENGALI},	 {0xb80, 0xbff, SCRIPT_TAMIL},
	{0xe00, 0xe7f, SCRIPT_THAI},	 {0x10a0, 0x10ff, SCRIPT_GEORGIAN},
	{0x1100, 0x11ff, SCRIPT_HANGUL}, {0x1e00, 0x1eff, SCRIPT_LATIN},
	{0x1f00, 0x1fff, SCRIPT_GREEK},	 {0x3040, 0x30ff, SCRIPT_HAN},
	{0x3400, 0x9fff, SCRIPT_HAN},	 {0xac00, 0xd7af, SCRIPT_HANGUL},
	{0xf900, 0xfaff, SCRIPT_HAN},	 {0x20000, 0x3ffff, SCRIPT_HAN},
};

static enum script script_of(uint32_t c)
{
	if (c == 0xd7 || c == 0xf7)
		return SCRIPT_NONE;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (c <= blocks[i].last)
			return c >= blocks[i].first ? blocks[i].script
						    : SCRIPT_NONE;
	return SCRIPT_NONE;
}

static bool is_ascii_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct letters {
	size_t n[SCRIPT_N];
	size_t all;
};

static void count(struct letters *l, enum script script)
{
	l->n[script]++;
	l->all += script != SCRIPT_NONE;
}

static void read_letters(struct letters *l, struct span s)
{
	const char *end = s.p + s.n;
	size_t n;

	for (const char *p = s.p; p < end; p += n) {
		n = 1;
		if ((unsigned char)*p < 0x80) {
			count(l,
			      is_ascii_letter(*p) ? SCRIPT_LATIN : SCRIPT_NONE);
			continue;
		}
		n = jtext_utf8_length(p, end);
		if (n)
			count(l, script_of(jtext_code_point(p, n)));
		n = n ? n : 1;
	}
}

/* What is between ``` fences is code. */
static void read_prose(struct letters *l, struct span s)
{
	bool code = false;

	while (s.n) {
		const char *fence = memmem(s.p, s.n, "```", 3);
		size_t n = fence ? (size_t)(fence - s.p) : s.n;

		if (!code)
			read_letters(l, (struct span){s.p, n});
		n += fence ? 3 : 0;
		s = (struct span){s.p + n, s.n - n};
		code = !code;
	}
}

#define QUESTION_LEAST 4
#define REPLY_LEAST    20
#define SHARE	       10 /* one in so many is enough */

static enum script main_script(const struct letters *l)
{
	for (enum script s = SCRIPT_NONE + 1; s < SCRIPT_N; s++)
		if (l->all >= QUESTION_LEAST && 2 * l->n[s] > l->all)
			return s;
	return SCRIPT_NONE;
}

bool script_differs(struct span question, struct span reply)
{
	struct letters asked = {0}, said = {0};
	enum script script;

	read_letters(&asked, question);
	script = main_script(&asked);
	if (script == SCRIPT_NONE)
		return false;
	read_prose(&said, reply);
	return said.all >= REPLY_LEAST && SHARE * said.n[script] < said.all;
}
