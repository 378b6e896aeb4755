/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops at the end, and lines that come again and again.
 */
#include "verify/repetition.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static struct span trimmed(struct span s)
{
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	while (s.n && isspace((unsigned char)*s.p))
		s = (struct span){s.p + 1, s.n - 1};
	return s;
}

#define LOOP_LOOK  1024 /* bytes at the end */
#define LOOP_TIMES 4	/* so many times the same ... */
#define LOOP_BYTES 60	/* ... over so many bytes */

/* Does the text end in a piece that is repeated? The prefix function (Knuth,
 * Morris, Pratt) of the reversed tail gives the smallest period of each of its
 * prefixes. */
static bool ends_in_loop(struct span s)
{
	uint16_t fail[LOOP_LOOK];
	size_t n = s.n < LOOP_LOOK ? s.n : LOOP_LOOK;
	const char *last;
	size_t k = 0;

	if (n < LOOP_BYTES)
		return false;
	last = s.p + s.n - 1;
	fail[0] = 0;
	for (size_t i = 1; i < n; i++) {
		size_t len = i + 1;

		while (k > 0 && last[-(ptrdiff_t)i] != last[-(ptrdiff_t)k])
			k = fail[k - 1];
		if (last[-(ptrdiff_t)i] == last[-(ptrdiff_t)k])
			k++;
		fail[i] = (uint16_t)k;
		if (len >= LOOP_BYTES && len >= LOOP_TIMES * (len - k))
			return true;
	}
	return false;
}

#define LINES_LOOK 128
#define LINE_BYTES 16
#define LINE_SHARE 3 /* the repeated line is a third of the text or more */

/* The same line LOOP_TIMES times, wherever. Short lines ("- yes", braces) do
 * not count, nor lines that much else stands between: code has those, and
 * songs. */
static bool repeats_line(struct span text)
{
	struct span line[LINES_LOOK], rest = text;
	size_t n = 0;

	while (rest.n) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		size_t step = nl ? (size_t)(nl - rest.p) + 1 : rest.n;
		struct span l = trimmed((struct span){rest.p, step});
		size_t same = 1;

		rest = (struct span){rest.p + step, rest.n - step};
		if (l.n < LINE_BYTES)
			continue;
		for (size_t i = 0; i < n; i++)
			same += span_eq(line[i], l);
		if (same >= LOOP_TIMES && LINE_SHARE * same * l.n >= text.n)
			return true;
		if (n < LINES_LOOK)
			line[n++] = l;
	}
	return false;
}

bool repetition_in(struct span content)
{
	struct span s = trimmed(content);

	return ends_in_loop(s) || repeats_line(s);
}
