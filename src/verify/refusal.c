/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The phrases of refusals.
 */
#include "verify/refusal.h"

#include <ctype.h>
#include <string.h>

/* How refusals begin, and what gives them away near the beginning. Lower case,
 * straight apostrophes. */
static const char *const refusal_starts[] = {
	"i'm sorry, but",    "i am sorry, but",	    "i'm sorry, i can",
	"i am sorry, i can", "sorry, but i",	    "sorry, i can",
	"i apologize, but",  "i cannot ",	    "i can't ",
	"i can not ",	     "i'm unable to",	    "i am unable to",
	"i'm not able to",   "i am not able to",    "i won't ",
	"i don't know",	     "i do not know",	    "i'm not sure",
	"i am not sure",     "unfortunately, i ",   "as an ai ",
	"as an ai,",	     "as a language model",
};

static const char *const refusal_marks[] = {
	"as an ai language model",
	"as an ai assistant, i",
	"i cannot assist",
	"i can't assist",
	"i cannot help with",
	"i can't help with",
	"i don't have access to",
	"i do not have access to",
	"i don't have enough information",
	"i do not have enough information",
};

#define REFUSAL_LOOK 240 /* bytes from the beginning */

/* Lower case, U+2019 as an apostrophe, leading white space dropped. */
static size_t plain_text(struct span s, char *out, size_t room)
{
	size_t n = 0;

	while (s.n && isspace((unsigned char)*s.p))
		s = (struct span){s.p + 1, s.n - 1};
	for (size_t i = 0; i < s.n && n + 1 < room; i++) {
		if (i + 2 < s.n && !memcmp(s.p + i, "\xe2\x80\x99", 3)) {
			out[n++] = '\'';
			i += 2;
		} else {
			out[n++] = (char)tolower((unsigned char)s.p[i]);
		}
	}
	out[n] = '\0';
	return n;
}

bool refusal_in(struct span content)
{
	char text[REFUSAL_LOOK + 1];

	plain_text(content, text, sizeof(text));
	for (size_t i = 0; i < sizeof(refusal_starts) / sizeof(char *); i++)
		if (!strncmp(text, refusal_starts[i],
			     strlen(refusal_starts[i])))
			return true;
	for (size_t i = 0; i < sizeof(refusal_marks) / sizeof(char *); i++)
		if (strstr(text, refusal_marks[i]))
			return true;
	return false;
}
