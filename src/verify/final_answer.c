/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for the answer: JSON, a box, what the sentence that gives it says.
 */
#include "verify/final_answer.h"

#include "base/jscan.h"
#include "verify/number.h"
#include "verify/passage.h"
#include "verify/prose.h"

#define JSON_DEPTH 64
#define BARE_MOST  32 /* bytes of units behind a number */

static const struct span none = {NULL, 0};

static struct span from(struct span s, size_t i)
{
	return (struct span){s.p + i, s.n - i};
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool starts(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* ---- JSON ---------------------------------------------------------------- */

/* The object or array that s begins with; n 0 when it does not. alone: nothing
 * may follow it. */
static struct span json_at(struct span s, bool alone)
{
	struct jscan j;
	struct span value;

	s = prose_trim(s);
	if (!starts(s, "{") && !starts(s, "["))
		return none;
	jscan_init(&j, s, JSON_DEPTH);
	if (jscan_value(&j, &value) < 0 || (alone && jscan_end(&j) < 0))
		return none;
	return value;
}

/* The next block between ``` fences, without the word behind the first; one
 * that is not closed ends with the text. */
static bool next_block(struct span *rest, struct span *block)
{
	const char *p = rest->n ? memmem(rest->p, rest->n, "```", 3) : NULL;
	struct span s;

	if (!p)
		return false;
	s = from(*rest, (size_t)(p - rest->p) + 3);
	while (s.n && is_letter(s.p[0]))
		s = from(s, 1);
	p = s.n ? memmem(s.p, s.n, "```", 3) : NULL;
	*block = p ? (struct span){s.p, (size_t)(p - s.p)} : s;
	*rest = p ? from(s, block->n + 3) : from(s, s.n);
	return true;
}

static struct span fenced_json(struct span content)
{
	struct span block, found = none;

	while (next_block(&content, &block)) {
		struct span value = json_at(block, true);

		if (value.n)
			found = value;
	}
	return found;
}

/* From the first line on that begins with a brace. */
static struct span from_brace(struct span content)
{
	struct span s = prose_trim(content);
	const char *p;

	while (s.n && s.p[0] != '{') {
		p = memchr(s.p, '\n', s.n);
		s = p ? prose_trim(from(s, (size_t)(p - s.p))) : none;
	}
	return s;
}

/* What begins like JSON and is none, because it was cut: all there is. */
static struct span cut_json(struct span content)
{
	struct span s = prose_trim(content), block;

	if (starts(s, "```") && next_block(&s, &block))
		s = prose_trim(block);
	return starts(s, "{") ? s : none;
}

static bool find_json(struct span content, struct final_answer *out)
{
	struct span found = json_at(content, true);

	if (!found.n)
		found = fenced_json(content);
	if (!found.n)
		found = json_at(from_brace(content), false);
	out->kind = found.n ? ANSWER_JSON : ANSWER_LINE;
	if (!found.n) {
		found = cut_json(content);
		out->cut = found.n > 0;
	}
	out->text = out->passage = out->lead = found;
	return found.n > 0;
}

/* ---- boxes --------------------------------------------------------------- */

/* Up to the brace that closes the one before s, or to the end. */
static struct span braced(struct span s)
{
	size_t depth = 1;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '{')
			depth++;
		else if (s.p[i] == '}' && --depth == 0)
			return (struct span){s.p, i};
	}
	return s;
}

static struct span last_box(struct span content)
{
	static const char *const names[] = {"\\boxed{", "\\fbox{"};
	const char *p;

	for (size_t n = content.n; n > 0; n = (size_t)(p - content.p)) {
		struct span s;

		p = memrchr(content.p, '\\', n);
		if (!p)
			break;
		s = from(content, (size_t)(p - content.p));
		for (size_t i = 0; i < 2; i++)
			if (starts(s, names[i]))
				return braced(from(s, strlen(names[i])));
	}
	return none;
}

static bool find_box(struct span content, struct final_answer *out)
{
	struct span box = prose_trim(last_box(content));
	struct number number;

	if (starts(box, "\\text{"))
		box = prose_trim(braced(from(box, strlen("\\text{"))));
	if (!box.n)
		return false;
	out->kind = ANSWER_BOXED;
	out->text = out->passage = out->lead = box;
	out->named = true;
	if (number_at(box, &number))
		out->number = number.text;
	return true;
}

/* ---- words --------------------------------------------------------------- */

static struct span without_fillers(struct span s)
{
	static const char *const fillers[] = {
		"now",	 "therefore", "also",	    "indeed",	     "equal to",
		"about", "around",    "roughly",    "approximately", "exactly",
		"only",	 "just",      "a total of", "the",	     "a",
		"an",	 "option",    "choice",
	};
	size_t before;

	do {
		before = s.n;
		for (size_t i = 0; i < sizeof(fillers) / sizeof(char *); i++) {
			struct span rest = prose_after(s, fillers[i]);

			if (rest.n < s.n && prose_strip(rest).n)
				s = rest;
		}
	} while (s.n < before);
	return s;
}

/* "B", "(B)", "B.", "B) Paris", "B: Paris"; in lower case "b", "(b)", "b)". */
static struct span letter_at(struct span s)
{
	struct span bare = prose_strip(s);

	s = prose_trim(s);
	while (s.n && strchr("*_\"'`", s.p[0]))
		s = from(s, 1);
	if (bare.n == 1 && is_letter(bare.p[0]))
		return bare;
	if (s.n > 2 && s.p[0] == '(' && is_letter(s.p[1]) && s.p[2] == ')')
		return (struct span){s.p + 1, 1};
	if (s.n > 2 && is_letter(s.p[0]) && strchr(" \t\n*", s.p[2]) &&
	    (s.p[1] == ')' || (s.p[0] <= 'Z' && strchr(".:", s.p[1]))))
		return (struct span){s.p, 1};
	return none;
}

/* A number that begins s and no list of them: "2, 47, 62", "2 and 47". */
static struct span lone_number_at(struct span s)
{
	struct number first, next;
	struct span rest;

	if (number_word(s, &first))
		return first.text;
	if (!number_at(s, &first))
		return none;
	rest = prose_trim(from(s, first.text.n));
	if (prose_begins(rest, ",") || prose_begins(rest, "and")) {
		rest = prose_after(prose_after(rest, ","), "and");
		if (number_at(rest, &next))
			return none;
	}
	return first.text;
}

/* body is where the words are from; it holds more than punctuation. */
static void read_words(struct span words, struct span body,
		       struct final_answer *out)
{
	struct span bare = prose_strip(words);

	out->text = letter_at(body);
	if (!out->text.n)
		out->text = letter_at(without_fillers(prose_trim(words)));
	out->kind = ANSWER_LETTER;
	if (out->text.n)
		return;
	words = without_fillers(bare);
	out->text = lone_number_at(words);
	out->kind = ANSWER_NUMBER;
	if (out->text.n)
		return;
	if (!words.n)
		words = bare.n ? bare : prose_strip(body);
	out->text = words;
	out->kind = ANSWER_LINE;
}

static bool is_bare(struct span content, const struct final_answer *f)
{
	struct span all = without_fillers(prose_strip(content));
	size_t more = f->kind == ANSWER_NUMBER ? BARE_MOST : 0;

	return all.p == f->text.p && all.n <= f->text.n + more;
}

/* kind, text and named; false: there is no sentence. */
static bool find_in_prose(struct passages *p, struct span content,
			  struct final_answer *out)
{
	*out = (struct final_answer){.kind = ANSWER_NONE};
	passages_read(content, p);
	if (!p->first.n)
		return false;
	out->named = p->named;
	read_words(passage_words(p->body, p->named), p->body, out);
	return true;
}

static void fill_from_prose(const struct passages *p, struct span content,
			    struct final_answer *out)
{
	out->number = passage_number(p->body, p->named);
	if (!out->number.n && p->numbered.n)
		out->number = passage_number(p->numbered, false);
	out->passage = passage_main_clause(p->chosen);
	out->lead = passage_main_clause(p->first);
	out->lead_text =
		without_fillers(prose_strip(passage_words(p->first, false)));
	out->bare = is_bare(content, out);
}

static bool find_in_form(struct span content, struct final_answer *out)
{
	*out = (struct final_answer){.kind = ANSWER_NONE};
	return find_json(content, out) || find_box(content, out);
}

void final_answer_find(struct span content, struct final_answer *out)
{
	struct passages p;

	if (!find_in_form(content, out) && find_in_prose(&p, content, out))
		fill_from_prose(&p, content, out);
}

struct span final_answer_text(struct span content)
{
	struct final_answer f;
	struct passages p;

	if (!find_in_form(content, &f))
		find_in_prose(&p, content, &f);
	return f.text;
}

void final_answer_of(const struct chat_choice *c, struct final_answer *out)
{
	struct span calls = c->tool_calls.n ? c->tool_calls : c->function_call;

	if (!calls.n) {
		final_answer_find(c->content, out);
		return;
	}
	*out = (struct final_answer){
		.kind = ANSWER_TOOL, .text = calls, .passage = calls};
}

const char *answer_kind_name(enum answer_kind k)
{
	static const char *const names[] = {
		[ANSWER_NONE] = "none",	    [ANSWER_LETTER] = "letter",
		[ANSWER_NUMBER] = "number", [ANSWER_BOXED] = "boxed",
		[ANSWER_JSON] = "json",	    [ANSWER_LINE] = "line",
		[ANSWER_TOOL] = "tool",
	};

	return names[k];
}
