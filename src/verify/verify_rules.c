/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gates of a reply, one after the other.
 */
#include "verify/verify_rules.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "chat/chat_edit.h"
#include "verify/hedge.h"
#include "verify/pattern.h"
#include "verify/refusal.h"
#include "verify/repetition.h"
#include "verify/script.h"
#include "verify/signal.h"
#include "verify/words.h"

#define PATTERNS_MOST 100

/* Compiled once; of the configuration's arena, as all options. */
struct patterns {
	struct pattern **v;
	size_t n;
};

struct rules_opts {
	bool refusal;
	bool truncated;
	bool repetition;
	bool script;
	struct conf_strings must_text, must_not_text;
	struct patterns must, must_not; /* of the texts, by prepare() */
};

static const struct conf_key keys[] = {
	{.name = "refusal",
	 .type = CONF_BOOL,
	 .offset = offsetof(struct rules_opts, refusal),
	 .fallback = "false",
	 .help = "reject a reply that refuses or says it does not know"},
	{.name = "truncated",
	 .type = CONF_BOOL,
	 .offset = offsetof(struct rules_opts, truncated),
	 .fallback = "false",
	 .help = "reject a reply cut by its length or by a content filter"},
	{.name = "repetition",
	 .type = CONF_BOOL,
	 .offset = offsetof(struct rules_opts, repetition),
	 .fallback = "false",
	 .help = "reject a reply that ends in a loop or repeats a line"},
	{.name = "script",
	 .type = CONF_BOOL,
	 .offset = offsetof(struct rules_opts, script),
	 .fallback = "false",
	 .help = "reject a reply in another script than the question"},
	{.name = "must",
	 .type = CONF_STRINGS,
	 .offset = offsetof(struct rules_opts, must_text),
	 .fallback = "none",
	 .zero = "none",
	 .max = PATTERNS_MOST,
	 .help = "patterns that must all be found in the reply's text"},
	{.name = "must_not",
	 .type = CONF_STRINGS,
	 .offset = offsetof(struct rules_opts, must_not_text),
	 .fallback = "none",
	 .zero = "none",
	 .max = PATTERNS_MOST,
	 .help = "patterns none of which may be found there"},
	{.name = NULL},
};

/* ---- patterns ------------------------------------------------------------ */

static int compile(const struct conf_strings *texts, struct patterns *out,
		   struct arena *a, struct err *err)
{
	out->v = arena_get(a, texts->n * sizeof(struct pattern *));
	for (out->n = 0; out->n < texts->n; out->n++) {
		struct span text = span_of(texts->v[out->n]);

		out->v[out->n] = pattern_new(text, a, err);
		if (!out->v[out->n])
			return -1;
	}
	return 0;
}

static int rules_prepare(void *opts, struct arena *a, struct err *err)
{
	struct rules_opts *o = opts;

	if (compile(&o->must_text, &o->must, a, err) < 0)
		return -1;
	return compile(&o->must_not_text, &o->must_not, a, err);
}

/* wanted, when that is so of each pattern; else what is so of the first that
 * it is not so of. */
static enum pattern_found find_each(const struct patterns *p, struct span text,
				    enum pattern_found wanted)
{
	enum pattern_found found = wanted;

	for (size_t i = 0; i < p->n && found == wanted; i++)
		found = pattern_find(p->v[i], text);
	return found;
}

/* ---- gates --------------------------------------------------------------- */

static bool is_call(const struct chat_choice *c)
{
	return c->tool_calls.n || c->function_call.n;
}

static bool is_blank(struct span content)
{
	for (size_t i = 0; i < content.n; i++)
		if (!isspace((unsigned char)content.p[i]))
			return false;
	return true;
}

/* By the word that the client would read: backends have others for it. */
static bool is_truncated(const struct chat_choice *c)
{
	const char *finish = chat_finish_name(c->finish, c->tool_calls.n > 0);

	return !strcmp(finish, "length") || !strcmp(finish, "content_filter");
}

static const char *text_gate(const struct verify_case *c, struct span content,
			     const struct rules_opts *o)
{
	if (o->refusal && refusal_in(content))
		return "refusal";
	if (o->repetition && repetition_in(content))
		return "repetition";
	if (o->script &&
	    script_differs(words_question(c->request, c->arena), content))
		return "script";
	return NULL;
}

/* A call that says nothing beside has no text to be judged. */
static const char *gate_of(const struct verify_case *c,
			   const struct chat_choice *choice,
			   const struct rules_opts *o)
{
	if (o->refusal && choice->refusal.n)
		return "refusal";
	if (o->truncated && is_truncated(choice))
		return "truncated";
	if (is_blank(choice->content))
		return is_call(choice) ? NULL : "empty";
	return text_gate(c, choice->content, o);
}

/* Patterns come last: they alone can fail. */
static void judge_patterns(const struct chat_choice *choice,
			   const struct rules_opts *o, struct verdict *v)
{
	enum pattern_found must, must_not;

	if (is_call(choice) && is_blank(choice->content))
		return;
	must = find_each(&o->must, choice->content, PATTERN_FOUND);
	must_not = find_each(&o->must_not, choice->content, PATTERN_ABSENT);
	if (must == PATTERN_FAULT || must_not == PATTERN_FAULT) {
		v->kind = VERDICT_NONE;
		v->lack = LACK_FAULT;
		v->why = "pattern";
	} else if (must == PATTERN_ABSENT || must_not == PATTERN_FOUND) {
		v->kind = VERDICT_REJECT;
		v->why = must == PATTERN_ABSENT ? "must" : "must_not";
	}
}

static void judge_choice(const struct verify_case *c,
			 const struct chat_choice *choice,
			 const struct rules_opts *o, struct verdict *v)
{
	v->why = gate_of(c, choice, o);
	if (v->why)
		v->kind = VERDICT_REJECT;
	else
		judge_patterns(choice, o, v);
}

static void write_signals(const struct verify_case *c, struct verdict *v)
{
	struct signal *s = arena_get(c->arena, sizeof(*s));
	struct span content = c->reply->choices[0].content;

	s->name = signal_name(SIGNAL_RULES_HEDGE);
	s->value = (double)hedge_count(content);
	v->signals = s;
	v->n_signals = 1;
}

void verify_rules_judge(const struct verify_case *c, const void *opts,
			struct verdict *v)
{
	const struct chat_reply *r = c->reply;

	v->verifier = "rules";
	v->kind = VERDICT_PASS;
	assert(r->n_choices > 0);
	for (size_t i = 0; i < r->n_choices && v->kind == VERDICT_PASS; i++)
		judge_choice(c, &r->choices[i], opts, v);
	write_signals(c, v);
}

const struct verifier *verify_rules(void)
{
	static const struct verifier v = {
		.conf = {.name = "rules",
			 .keys = keys,
			 .opts_size = sizeof(struct rules_opts),
			 .prepare = rules_prepare},
		.judge = verify_rules_judge,
	};

	return &v;
}
