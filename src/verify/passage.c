/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses among sentences by their words, and narrows the chosen one down.
 */
#include "verify/passage.h"

#include "verify/number.h"
#include "verify/prose.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct span none = {NULL, 0};

static struct span from(struct span s, size_t i)
{
	return (struct span){s.p + i, s.n - i};
}

static struct span until(struct span s, size_t n)
{
	return (struct span){s.p, n};
}

static bool begins_with_any(struct span s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (prose_begins(s, words[i]))
			return true;
	return false;
}

/* ---- which sentence ------------------------------------------------------ */

#define NAMED_LOOK 60 /* bytes from "answer" to the verb */

/* "The answer to it is X", "Answer: X". */
static bool names_behind(struct span s, size_t answer_at, struct span *body)
{
	static const char *const verbs[] = {":", "is", "are", "=", "was"};
	struct span look = from(s, answer_at + strlen("answer"));
	struct span near =
		until(look, look.n < NAMED_LOOK ? look.n : NAMED_LOOK);
	size_t end = 0;
	long best = -1;

	for (size_t i = 0; i < COUNT(verbs); i++) {
		long at = prose_first(near, verbs[i]);

		if (at >= 0 && (best < 0 || at < best)) {
			best = at;
			end = (size_t)at + strlen(verbs[i]);
		}
	}
	if (best < 0)
		return false;
	*body = prose_after(prose_trim(from(look, end)), ":");
	return true;
}

/* "So, X is the answer". */
static bool names_before(struct span s, size_t answer_at, struct span *body)
{
	static const char *const pronouns[] = {"this", "that",	"it",
					       "here", "which", "what"};
	long at = prose_last(until(s, answer_at), "is the");

	if (at <= 0)
		return false;
	*body = prose_trim(until(s, (size_t)at));
	*body = prose_after(prose_after(*body, "so"), ",");
	return body->n > 0 &&
	       !begins_with_any(*body, pronouns, COUNT(pronouns));
}

static bool names_answer(struct span s, struct span *body)
{
	struct number number;
	long at;

	if (s.n > 4 && memcmp(s.p, "####", 4) == 0) {
		*body = prose_trim(from(s, 4)); /* else it is a heading */
		return number_at(*body, &number);
	}
	at = prose_last(s, "answer");
	return at >= 0 && (names_behind(s, (size_t)at, body) ||
			   names_before(s, (size_t)at, body));
}

static bool concludes(struct span s)
{
	static const char *const words[] = {
		"so", "therefore", "thus", "hence", "finally", "in conclusion"};

	return begins_with_any(prose_strip(s), words, COUNT(words));
}

static bool has_digit(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= '0' && s.p[i] <= '9')
			return true;
	return false;
}

static bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* No more than PASSAGE_MOST bytes at the end, and whole code points. */
static struct span clip_front(struct span s)
{
	if (s.n <= PASSAGE_MOST)
		return s;
	s = from(s, s.n - PASSAGE_MOST);
	while (s.n && is_inside(s.p[0]))
		s = from(s, 1);
	return s;
}

static struct span clip_back(struct span s)
{
	size_t n = s.n < PASSAGE_MOST ? s.n : PASSAGE_MOST;

	while (n > 0 && n < s.n && is_inside(s.p[n]))
		n--;
	return until(s, n);
}

/* Sentences by the rule that would choose them, the last of each. */
struct choice {
	struct span named, body, conclusion, last;
	bool pending; /* "Answer:", and nothing behind it */
};

static void look_for_name(struct choice *c, struct span s)
{
	struct span body;

	if (names_answer(s, &body)) {
		c->pending = prose_strip(body).n == 0;
		if (c->pending)
			return;
		c->named = s;
		c->body = body;
	} else if (c->pending) {
		c->named = c->body = s;
		c->pending = false;
	}
}

static void choose(const struct choice *c, struct passages *out)
{
	out->named = c->named.n > 0;
	if (out->named)
		out->chosen = c->named;
	else if (c->conclusion.n)
		out->chosen = c->conclusion;
	else
		out->chosen = c->last;
	out->body = out->named ? c->body : out->chosen;
}

void passages_read(struct span content, struct passages *out)
{
	struct choice c = {0};
	struct span s;

	*out = (struct passages){0};
	while (prose_sentence(&content, &s)) {
		struct span whole = s;

		s = clip_front(s);
		if (!prose_strip(s).n)
			continue; /* a long line of signs */
		if (!out->first.n)
			out->first = clip_back(whole);
		if (has_digit(s))
			out->numbered = s;
		if (concludes(s))
			c.conclusion = s;
		look_for_name(&c, s);
		c.last = s;
	}
	choose(&c, out);
}

/* ---- which words --------------------------------------------------------- */

struct span passage_main_clause(struct span s)
{
	static const char *const starts[] = {"which",	"who",	 "as",
					     "because", "since", "where",
					     "but",	"while", "with"};
	long at = prose_first(s, "because");

	if (at > 0)
		s = until(s, (size_t)at);
	for (size_t i = 1; i + 2 < s.n; i++) {
		if ((s.p[i] != ',' && s.p[i] != ';') || s.p[i + 1] != ' ')
			continue;
		if (s.p[i] == ';' ||
		    begins_with_any(from(s, i + 2), starts, COUNT(starts)))
			return until(s, i);
	}
	return s;
}

/* The last **bold** part of s; s when it has none. */
static struct span bold_part(struct span s)
{
	struct span rest = s, found = s;
	const char *open, *close;

	while (rest.n && (open = memmem(rest.p, rest.n, "**", 2))) {
		rest = from(rest, (size_t)(open - rest.p) + 2);
		close = rest.n ? memmem(rest.p, rest.n, "**", 2) : NULL;
		if (!close)
			break;
		if (prose_strip(until(rest, (size_t)(close - rest.p))).n)
			found = until(rest, (size_t)(close - rest.p));
		rest = from(rest, (size_t)(close - rest.p) + 2);
	}
	return found;
}

/* What is behind the last "=" that is no part of "==", "<=", ...; n 0: none. */
static struct span behind_equals(struct span s)
{
	for (size_t i = s.n; i-- > 1;) {
		struct span rest = from(s, i + 1);

		if (s.p[i] != '=' || strchr("=<>!:", s.p[i - 1]))
			continue;
		if (rest.n && strchr("=>", rest.p[0]))
			continue;
		if (prose_strip(rest).n)
			return rest;
	}
	return none;
}

/* The length of the verb that s begins with, 0: none. */
static size_t verb_at(struct span s)
{
	static const char *const verbs[] = {
		"is",	  "are",     "was", "were", "be",
		"equals", "gives",   "has", "have", "represents",
		"means",  "becomes", ": ",
	};

	for (size_t i = 0; i < COUNT(verbs); i++)
		if (prose_begins(s, verbs[i]))
			return strlen(verbs[i]);
	return 0;
}

/* What is behind the last verb that states; s itself when there is none. */
static struct span behind_verb(struct span s)
{
	for (size_t i = s.n; i-- > 1;) {
		size_t n = 0;

		if (s.p[i] == ':' || s.p[i - 1] == ' ')
			n = verb_at(from(s, i));
		if (n && prose_strip(from(s, i + n)).n)
			return from(s, i + n);
	}
	return s;
}

/* "X is larger than Y": X; n 0 when s is no such sentence. */
static struct span before_than(struct span s)
{
	long than = prose_last(s, "than"), verb;

	if (than < 0)
		return none;
	verb = prose_last(until(s, (size_t)than), "is");
	return verb > 0 ? until(s, (size_t)verb) : none;
}

static struct span stated(struct span s)
{
	struct span found = before_than(s);

	return found.n ? found : behind_equals(s);
}

struct span passage_words(struct span body, bool named)
{
	struct span found = stated(body);

	if (!found.n) {
		found = passage_main_clause(body);
		if (!named)
			found = behind_verb(bold_part(found));
	}
	return bold_part(found);
}

struct span passage_number(struct span body, bool named)
{
	struct span found = stated(body);
	struct number number;

	if (!found.n)
		found = named ? body : behind_verb(bold_part(body));
	if (number_next(&found, &number))
		return number.text;
	number.text = none;
	while (number_next(&body, &number))
		;
	return number.text;
}
