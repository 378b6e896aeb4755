/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts phrases, word by word.
 */
#include "verify/hedge.h"

#include "verify/prose.h"

/* Of two that begin alike the longer one first. */
static const char *const phrases[] = {
	"i think",	   "i believe",	       "i guess",
	"i suppose",	   "i assume",	       "if i recall",
	"if i remember",   "as far as i know", "to the best of my knowledge",
	"to my knowledge", "not sure",	       "not certain",
	"not entirely",	   "unsure",	       "uncertain",
	"unclear",	   "probably",	       "possibly",
	"presumably",	   "perhaps",	       "maybe",
	"might be",	   "may be",	       "could be",
	"seems to",	   "seems like",       "appears to",
	"likely",	   "it depends",       "hard to say",
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of the phrase that s begins with, 0: none. */
static size_t phrase_at(struct span s)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (prose_begins(s, phrases[i]))
			return strlen(phrases[i]);
	return 0;
}

static size_t word_length(struct span s)
{
	size_t n = 0;

	while (n < s.n && is_letter(s.p[n]))
		n++;
	return n;
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
