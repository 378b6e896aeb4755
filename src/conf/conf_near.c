/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edit distance, for words short enough to be names of keys.
 */
#include "conf/conf_near.h"

#include <stdio.h>
#include <string.h>

#define MOST_EDITS   2
#define MOST_LETTERS 128

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's, row by row. Both words are at most MOST_LETTERS long. */
static size_t edits_between(const char *a, const char *b)
{
	size_t row[MOST_LETTERS + 1], n = strlen(b), left, above;

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		above = row[0]; /* of the row before, one to the left */
		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			left = min(row[j], row[j + 1]) + 1;
			left = min(left, above + (a[i] != b[j]));
			above = row[j + 1];
			row[j + 1] = left;
		}
	}
	return row[n];
}

void conf_near_offer(struct conf_near *n, const char *name)
{
	size_t len = strlen(n->word), edits;

	if (len > MOST_LETTERS || strlen(name) > MOST_LETTERS)
		return;
	edits = edits_between(n->word, name);
	/* Of a word of two letters, two edits leave nothing. */
	if (edits > MOST_EDITS || edits >= len)
		return;
	if (!n->best || edits < n->edits) {
		n->best = name;
		n->edits = edits;
	}
}

const char *conf_near_hint(const struct conf_near *n, char *out, size_t room)
{
	if (n->best)
		snprintf(out, room, " (did you mean %s?)", n->best);
	else
		out[0] = '\0';
	return out;
}
