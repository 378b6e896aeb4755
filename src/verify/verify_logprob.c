/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a reply's log-probs can be believed, and which tokens count.
 */
#include "verify/verify_logprob.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "verify/final_answer.h"
#include "verify/signal.h"
#include "verify/token_stats.h"

enum logprob_span { SPAN_ALL, SPAN_ANSWER };

struct logprob_opts {
	int span; /* enum logprob_span */
};

static const struct conf_key keys[] = {
	{.name = "span",
	 .type = CONF_ENUM,
	 .offset = offsetof(struct logprob_opts, span),
	 .fallback = "all",
	 .words = "all,answer",
	 .help = "whose least likely token is the raw score: all that spell "
		 "the reply's text, or those of the final answer in it"},
	{.name = NULL},
};

_Static_assert(SIGNAL_LOGPROB == 0 && SIGNAL_ANSWER == SIGNAL_TOKEN_STATS,
	       "token statistics stand at the places of their ids");

/* Positive by more than rounding is no logarithm of a probability. */
#define POSITIVE_SLACK 1e-4
#define FAKE_FROM      3 /* tokens */

static bool is_broken(const struct chat_tokens *t)
{
	if (!t->sound)
		return true;
	for (size_t i = 0; i < t->n; i++)
		if (isnan(t->v[i].logprob) || t->v[i].logprob > POSITIVE_SLACK)
			return true;
	for (size_t i = 0; i < t->n_tops; i++)
		if (t->tops[i].logprob > POSITIVE_SLACK)
			return true;
	return false;
}

static bool is_fake(const struct chat_tokens *t)
{
	if (t->n < FAKE_FROM)
		return false;
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].logprob != 0.0)
			return false;
	return true;
}

static char from_end(struct span s, size_t i)
{
	return s.p[s.n - 1 - i];
}

/* For each beginning of the reversed text: its longest border (Knuth, Morris,
 * Pratt). */
static void find_borders(struct span s, uint32_t *border)
{
	uint32_t k = 0;

	border[0] = 0;
	for (size_t i = 1; i < s.n; i++) {
		while (k > 0 && from_end(s, i) != from_end(s, k))
			k = border[k - 1];
		if (from_end(s, i) == from_end(s, k))
			k++;
		border[i] = k;
	}
}

/* The last occurrence of part, which is not empty, in whole; -1 when there is
 * none. What precedes the answer (reasoning) may well quote it. Linear,
 * whatever a backend writes. */
static int64_t find_last(struct span whole, struct span part)
{
	int64_t at = -1;
	uint32_t *border, k = 0;

	if (part.n > whole.n)
		return -1;
	if (!memcmp(whole.p + whole.n - part.n, part.p, part.n))
		return (int64_t)(whole.n - part.n);
	border = malloc(part.n * sizeof(*border));
	if (!border)
		return -1;
	find_borders(part, border);
	for (size_t i = 0; i < whole.n && at < 0; i++) {
		while (k > 0 && from_end(whole, i) != from_end(part, k))
			k = border[k - 1];
		if (from_end(whole, i) == from_end(part, k))
			k++;
		if (k == part.n)
			at = (int64_t)(whole.n - 1 - i);
	}
	free(border);
	return at;
}

static struct span trimmed(struct span s)
{
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	while (s.n && strchr(" \t\r\n", s.p[0]))
		s = (struct span){s.p + 1, s.n - 1};
	return s;
}

/* Tokens [from, to), and where their content begins in what all tokens spell.
 */
struct range {
	size_t from, to;
	size_t text_at;
};

static bool is_call(const struct chat_choice *c)
{
	return c->tool_calls.n || c->function_call.n;
}

static const char *align(const struct chat_choice *c, struct range *r)
{
	const struct chat_tokens *t = &c->tokens;
	struct span content = trimmed(c->content);
	int64_t at;

	if (t->n == 0)
		return "absent";
	if (is_broken(t))
		return "broken";
	if (is_fake(t))
		return "fake";
	*r = (struct range){0, t->n, 0};
	if (is_call(c))
		return NULL;
	at = content.n ? find_last(t->text, content) : -1;
	if (at < 0)
		return "misaligned";
	r->text_at = (size_t)at;
	while (t->v[r->from].text_at + t->v[r->from].text_n <= r->text_at)
		r->from++;
	r->to = r->from;
	while (r->to < t->n && t->v[r->to].text_at < r->text_at + content.n)
		r->to++;
	assert(r->from < r->to);
	return NULL;
}

const char *verify_logprob_align(const struct chat_choice *c, size_t *from,
				 size_t *to)
{
	struct range r;
	const char *why = align(c, &r);

	if (!why) {
		*from = r.from;
		*to = r.to;
	}
	return why;
}

/* ---- the verdict --------------------------------------------------------- */

/* The tokens of *all that touch the final answer. A reply of tool calls, and
 * one in which no answer is found: all of them. */
static struct range answer_range(const struct chat_choice *c,
				 const struct range *all)
{
	const struct chat_token *v = c->tokens.v;
	struct range r = *all;
	struct span text;
	size_t at, end;

	if (is_call(c))
		return r;
	text = final_answer_text(c->content);
	if (!text.n)
		return r;
	at = all->text_at + (size_t)(text.p - trimmed(c->content).p);
	end = at + text.n;
	while (v[r.from].text_at + v[r.from].text_n <= at)
		r.from++;
	while (v[r.to - 1].text_at >= end)
		r.to--;
	assert(r.from < r.to);
	return r;
}

/* Each at the place of its id: the two groups are the first of all. */
static void write_signals(const struct chat_choice *c, const struct range *all,
			  struct arena *a, struct signal *s)
{
	struct range r = answer_range(c, all);
	struct token_stats stats;

	token_stats_read(&stats, &c->tokens, all->from, all->to, a);
	token_stats_write(&stats, all->from, all->to, SIGNAL_LOGPROB,
			  s + SIGNAL_LOGPROB);
	token_stats_write(&stats, r.from, r.to, SIGNAL_ANSWER,
			  s + SIGNAL_ANSWER);
}

static enum signal_id raw(const void *opts)
{
	const struct logprob_opts *o = opts;

	return o->span == SPAN_ANSWER ? SIGNAL_ANSWER_MIN : SIGNAL_LOGPROB_MIN;
}

void verify_logprob_judge(const struct verify_case *c, const void *opts,
			  struct verdict *v)
{
	const struct chat_choice *choice = &c->reply->choices[0];
	struct signal *s;
	struct range all;
	double min;

	v->verifier = "logprob";
	v->why = align(choice, &all);
	if (v->why) {
		v->kind = VERDICT_NONE;
		v->lack = LACK_SIGNAL;
		return;
	}
	s = arena_get(c->arena, 2 * SIGNAL_TOKEN_STATS * sizeof(*s));
	write_signals(choice, &all, c->arena, s);
	min = s[raw(opts)].value;
	v->kind = VERDICT_SCORE;
	v->score = exp(min < 0 ? min : 0);
	v->signals = s;
	v->n_signals = 2 * SIGNAL_TOKEN_STATS;
}

const struct verifier *verify_logprob(void)
{
	static const struct verifier v = {
		.conf = {.name = "logprob",
			 .keys = keys,
			 .opts_size = sizeof(struct logprob_opts)},
		.gives_score = true,
		.judge = verify_logprob_judge,
		.raw = raw,
	};

	return &v;
}
