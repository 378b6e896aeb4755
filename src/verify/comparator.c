/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The comparators, one function each, and the choice among them.
 */
#include "verify/comparator.h"

#include <assert.h>
#include <ctype.h>

#include "base/mem.h"
#include "verify/final_answer.h"
#include "verify/json_same.h"
#include "verify/number.h"
#include "verify/pattern.h"
#include "verify/plain_words.h"
#include "verify/prose.h"

typedef enum sameness same_fn(struct span a, struct span b);

static enum sameness verdict(bool same)
{
	return same ? SAMENESS_SAME : SAMENESS_DIFFERENT;
}

/* ---- text ---------------------------------------------------------------- */

static enum sameness same_bytes(struct span a, struct span b)
{
	a = prose_trim(a);
	b = prose_trim(b);
	if (!a.n || !b.n)
		return SAMENESS_UNKNOWN;
	return verdict(span_eq(a, b));
}

/* The words of two texts. */
struct pair {
	struct buf a, b;
};

static void pair_init(struct pair *p, struct span a, struct span b)
{
	buf_init(&p->a, 0);
	buf_init(&p->b, 0);
	plain_words(a, &p->a);
	plain_words(b, &p->b);
}

static void pair_release(struct pair *p)
{
	buf_release(&p->a);
	buf_release(&p->b);
}

/* Texts of signs alone ("+", ">=") are compared as they are; with words on one
 * side only they differ. */
static enum sameness same_signs(const struct pair *p, struct span a,
				struct span b)
{
	enum sameness same = same_bytes(a, b);

	if (p->a.failed || p->b.failed || same == SAMENESS_UNKNOWN)
		return SAMENESS_UNKNOWN;
	if (p->a.n || p->b.n || same == SAMENESS_SAME)
		return same;
	return SAMENESS_UNKNOWN;
}

static enum sameness same_text(struct span a, struct span b)
{
	enum sameness same;
	struct pair p;

	pair_init(&p, a, b);
	if (p.a.n && p.b.n && !p.a.failed && !p.b.failed)
		same = verdict(span_eq(buf_span(&p.a), buf_span(&p.b)));
	else
		same = same_signs(&p, a, b);
	pair_release(&p);
	return same;
}

/* open_end: the last word of a may be cut. */
static enum sameness contains(struct span a, struct span b, bool open_end)
{
	enum sameness same;
	struct span x, y;
	struct pair p;

	pair_init(&p, a, b);
	x = buf_span(&p.a);
	y = buf_span(&p.b);
	if (!x.n || !y.n || p.a.failed || p.b.failed)
		same = same_signs(&p, a, b);
	else if (x.n <= y.n)
		same = verdict(plain_words_in(x, y, open_end));
	else
		same = verdict(plain_words_in(y, x, false));
	pair_release(&p);
	return same;
}

static enum sameness same_contains(struct span a, struct span b)
{
	return contains(a, b, false);
}

/* ---- numbers and letters ------------------------------------------------- */

static bool value_of(struct span text, double *value)
{
	struct number n;

	if (!text.n || (!number_at(text, &n) && !number_word(text, &n)))
		return false;
	*value = n.value;
	return true;
}

static enum sameness same_values(struct span a, struct span b)
{
	double x, y;

	if (!value_of(a, &x) || !value_of(b, &y))
		return SAMENESS_UNKNOWN;
	return verdict(number_same(x, y));
}

static struct span number_of(const struct final_answer *f)
{
	return f->kind == ANSWER_NUMBER ? f->text : f->number;
}

static enum sameness same_number(struct span a, struct span b)
{
	struct final_answer fa, fb;

	final_answer_find(a, &fa);
	final_answer_find(b, &fb);
	return same_values(number_of(&fa), number_of(&fb));
}

static struct span letter_of(const struct final_answer *f)
{
	bool one = f->kind == ANSWER_LETTER ||
		   (f->kind == ANSWER_BOXED && f->text.n == 1 &&
		    isalpha((unsigned char)f->text.p[0]));

	return one ? f->text : (struct span){NULL, 0};
}

static enum sameness same_letters(struct span a, struct span b)
{
	if (!a.n || !b.n)
		return SAMENESS_UNKNOWN;
	return verdict((a.p[0] | 0x20) == (b.p[0] | 0x20));
}

static enum sameness same_choice(struct span a, struct span b)
{
	struct final_answer fa, fb;

	final_answer_find(a, &fa);
	final_answer_find(b, &fb);
	return same_letters(letter_of(&fa), letter_of(&fb));
}

/* ---- patterns and JSON --------------------------------------------------- */

static enum sameness same_regex(struct span text, struct span pattern)
{
	static const enum sameness of[] = {
		[PATTERN_ABSENT] = SAMENESS_DIFFERENT,
		[PATTERN_FOUND] = SAMENESS_SAME,
		[PATTERN_FAULT] = SAMENESS_UNKNOWN,
	};
	enum sameness same = SAMENESS_UNKNOWN;
	struct arena *a = arena_new();
	struct pattern *p = pattern.n ? pattern_new(pattern, a, NULL) : NULL;

	if (p && text.n)
		same = of[pattern_find(p, text)];
	arena_free(a);
	return same;
}

static enum sameness same_values_json(struct span a, struct span b)
{
	bool same;

	if (json_same(a, b, &same) < 0)
		return SAMENESS_UNKNOWN;
	return verdict(same);
}

/* A JSON value may also be the whole of a text: a number, a string. */
static struct span json_part(struct span text)
{
	struct final_answer f;

	final_answer_find(text, &f);
	return f.kind == ANSWER_JSON ? f.text : text;
}

static enum sameness same_json(struct span a, struct span b)
{
	return same_values_json(json_part(a), json_part(b));
}

/* ---- auto ---------------------------------------------------------------- */

static bool is_number(const struct final_answer *f)
{
	struct number n;

	return f->kind == ANSWER_NUMBER ||
	       (f->kind == ANSWER_BOXED && number_at(f->text, &n));
}

static bool is_bare_number(const struct final_answer *f)
{
	return f->bare && f->kind == ANSWER_NUMBER;
}

/* Do words stand in what the other reply says: in its answer, in what its first
 * sentence says, and words that are a whole reply anywhere in these sentences?
 * A reply that names its answer has said all with that. */
static bool words_in(struct span words, bool bare,
		     const struct final_answer *where, bool open_end)
{
	struct span places[] = {
		where->text,
		where->named ? where->text : where->lead_text,
		where->passage,
		where->named ? where->passage : where->lead,
	};

	for (size_t i = 0; i < (bare ? 4 : 2); i++)
		if (contains(words, places[i], open_end) == SAMENESS_SAME)
			return true;
	return false;
}

static bool answer_in(const struct final_answer *a,
		      const struct final_answer *where)
{
	return words_in(a->text, a->bare, where, a->cut) ||
	       (!a->named && words_in(a->lead_text, false, where, false));
}

static enum sameness same_lines(const struct final_answer *a,
				const struct final_answer *b)
{
	return verdict(answer_in(a, b) || answer_in(b, a));
}

static bool asks_for_number(const struct final_answer *a,
			    const struct final_answer *b)
{
	if (a->kind == ANSWER_JSON || b->kind == ANSWER_JSON)
		return false;
	return (is_number(a) && is_number(b)) || is_bare_number(a) ||
	       is_bare_number(b);
}

static enum sameness same_auto(struct span a, struct span b)
{
	struct final_answer fa, fb;

	final_answer_find(a, &fa);
	final_answer_find(b, &fb);
	if (fa.kind == ANSWER_NONE || fb.kind == ANSWER_NONE)
		return SAMENESS_UNKNOWN;
	if (fa.kind == ANSWER_JSON && fb.kind == ANSWER_JSON)
		return same_values_json(fa.text, fb.text);
	if (letter_of(&fa).n && letter_of(&fb).n)
		return same_letters(letter_of(&fa), letter_of(&fb));
	if (asks_for_number(&fa, &fb))
		/* A reply without any number does not give this one. */
		return verdict(same_values(number_of(&fa), number_of(&fb)) ==
			       SAMENESS_SAME);
	return same_lines(&fa, &fb);
}

/* ---- by name ------------------------------------------------------------- */

static const struct {
	const char *name;
	same_fn *same;
} table[COMPARATOR_N] = {
	[COMPARATOR_EXACT] = {"exact", same_bytes},
	[COMPARATOR_TEXT] = {"text", same_text},
	[COMPARATOR_CONTAINS] = {"contains", same_contains},
	[COMPARATOR_NUMBER] = {"number", same_number},
	[COMPARATOR_CHOICE] = {"choice", same_choice},
	[COMPARATOR_REGEX] = {"regex", same_regex},
	[COMPARATOR_JSON] = {"json", same_json},
	[COMPARATOR_AUTO] = {"auto", same_auto},
	[COMPARATOR_JUDGE] = {"judge", same_auto},
};

enum comparator comparator_find(const char *name)
{
	enum comparator c = 0;

	while (c < COMPARATOR_N && strcmp(table[c].name, name) != 0)
		c++;
	return c;
}

const char *comparator_name(enum comparator c)
{
	assert(c < COMPARATOR_N);
	return table[c].name;
}

enum sameness comparator_same(enum comparator c, struct span a, struct span b)
{
	assert(c < COMPARATOR_N);
	return table[c].same(a, b);
}
