/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts phrases, word by word.
 */
#include "verify/hedge.h"

#include "verify/prose.h"

#define MOST 10 /* of one letter, with the NULL that ends them */

static const char *const phrases[26][MOST] = {
	['a' - 'a'] = {"as far as i know", "appears to"},
	['c' - 'a'] = {"could be"},
	['h' - 'a'] = {"hard to say"},
	['i' - 'a'] = {"i think", "i believe", "i guess", "i suppose",
		       "i assume", "if i recall", "if i remember",
		       "it depends"},
	['l' - 'a'] = {"likely"},
	['m' - 'a'] = {"maybe", "might be", "may be"},
	['n' - 'a'] = {"not sure", "not certain", "not entirely"},
	['p' - 'a'] = {"probably", "possibly", "presumably", "perhaps"},
	['s' - 'a'] = {"seems to", "seems like"},
	['t' - 'a'] = {"to the best of my knowledge", "to my knowledge"},
	['u' - 'a'] = {"unsure", "uncertain", "unclear"},
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t word_length(struct span s)
{
	size_t n = 0;

	while (n < s.n &&
	       (is_letter(s.p[n]) || (s.p[n] >= '0' && s.p[n] <= '9')))
		n++;
	return n;
}

/* The length of the phrase that s begins with, 0: none. */
static size_t phrase_at(struct span s)
{
	const char *const *p;
	char second;

	if (!is_letter(s.p[0]) || s.n < 2)
		return 0;
	second = (char)(s.p[1] | 0x20); /* a space stays one */
	for (p = phrases[(s.p[0] | 0x20) - 'a']; *p; p++)
		if ((*p)[1] == second && prose_begins_all(s, *p))
			return strlen(*p);
	return 0;
}

size_t hedge_count(struct span content)
{
	size_t count = 0;

	for (size_t i = 0; i < content.n;) {
		struct span s = {content.p + i, content.n - i};
		size_t n = phrase_at(s);

		if (n)
			count++;
		else
			n = word_length(s);
		i += n ? n : 1;
	}
	return count;
}
