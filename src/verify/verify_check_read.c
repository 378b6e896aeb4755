/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three signals of a check.
 */
#include "verify/verify_check_read.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>

#include "base/jtext.h"
#include "stat/tokens.h"
#include "verify/final_answer.h"
#include "verify/signal.h"
#include "verify/verify_logprob.h"

/* Probabilities may add up to so much more than 1 by rounding. */
#define SLACK 1e-3

/* Of a token's text so much is looked at; longer ones match nothing. */
#define TOKEN_ROOM 256

struct reading {
	double agree, p, logp; /* NaN: missing */
};

/* The tokens [from, to) that count; none when they cannot be used. */
struct tokens {
	const struct chat_tokens *t;
	size_t from, to;
};

static struct span skip_space(struct span s)
{
	while (s.n && isspace((unsigned char)*s.p))
		s = (struct span){s.p + 1, s.n - 1};
	return s;
}

static const char *end_of_text(struct span s)
{
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s.p + s.n;
}

/* ASCII case does not count. */
static bool begins(struct span text, struct span with)
{
	return with.n <= text.n && strncasecmp(text.p, with.p, with.n) == 0;
}

static struct span text_of(const struct chat_tokens *t, size_t i)
{
	return (struct span){t->text.p + t->v[i].text_at, t->v[i].text_n};
}

/* e^logprob; NaN for what is the logarithm of no probability. */
static double share_of(double logprob)
{
	double p = exp(tokens_clamp(logprob));

	return p <= 1 + SLACK ? fmin(p, 1) : NAN;
}

static struct tokens content_tokens(const struct chat_choice *c)
{
	struct tokens k = {&c->tokens, 0, 0};

	if (verify_logprob_align(c, &k.from, &k.to))
		k.from = k.to = 0;
	return k;
}

/* Narrows them to those that touch the part of the content: what stands from
 * it on to the content's end is looked for in what the tokens spell. */
static void narrow(struct tokens *k, struct span content, struct span part)
{
	const struct chat_tokens *t = k->t;
	size_t first = t->v[k->from].text_at;
	const char *at = memmem(t->text.p + first, t->text.n - first, part.p,
				(size_t)(end_of_text(content) - part.p));
	size_t begin, end;

	if (!at)
		return;
	begin = (size_t)(at - t->text.p);
	end = begin + part.n;
	while (k->from < k->to &&
	       t->v[k->from].text_at + t->v[k->from].text_n <= begin)
		k->from++;
	while (k->to > k->from && t->v[k->to - 1].text_at >= end)
		k->to--;
}

/* Does a filler stand for a log-prob that was not known? As a probability it
 * is next to none; as a signal it is missing, for no head was fitted to it. */
static bool has_filler(const struct tokens *k)
{
	for (size_t i = k->from; i < k->to; i++)
		if (k->t->v[i].logprob <= TOKENS_FLOOR)
			return true;
	return false;
}

static double sum_of(const struct tokens *k)
{
	double sum = 0;

	for (size_t i = k->from; i < k->to; i++)
		sum += tokens_clamp(k->t->v[i].logprob);
	return k->from < k->to ? sum : NAN;
}

/* ---- where two answers part ---------------------------------------------- */

/* The alternative's text; n 0: none, or too long. */
static struct span alternative(const struct chat_alternative *x,
			       char room[TOKEN_ROOM])
{
	struct buf b = {.p = room, .room = TOKEN_ROOM, .cap = TOKEN_ROOM};

	if (x->token.n <= TOKEN_ROOM)
		jtext_unescape(x->token, &b);
	return buf_span(&b);
}

/* P of the longest alternative that begins the rest of our answer. */
static double best_alternative(const struct tokens *k, size_t i,
			       struct span rest, bool first)
{
	const struct chat_token *tok = &k->t->v[i];
	double best = NAN, said = share_of(tok->logprob);
	size_t longest = 0;

	for (size_t j = 0; j < tok->n_top; j++) {
		const struct chat_alternative *x =
			&k->t->tops[tok->top_at + j];
		char room[TOKEN_ROOM];
		struct span s = alternative(x, room);

		if (first)
			s = skip_space(s);
		if (s.n <= longest || !begins(rest, s))
			continue;
		longest = s.n;
		best = share_of(x->logprob);
	}
	/* Both cannot be as likely as they say. */
	return best + said <= 1 + SLACK ? best : NAN;
}

static double way_to(const struct tokens *k, struct span ours)
{
	struct span rest = ours;
	double logp = 0;

	for (size_t i = k->from; i < k->to; i++) {
		struct span s = text_of(k->t, i);
		bool first = rest.p == ours.p;

		if (first)
			s = skip_space(s);
		if (!begins(rest, s))
			return exp(logp) *
			       best_alternative(k, i, rest, first);
		logp += tokens_clamp(k->t->v[i].logprob);
		rest = (struct span){rest.p + s.n, rest.n - s.n};
		if (rest.n == 0)
			break; /* theirs goes on; how likely is an end? */
	}
	return NAN;
}

/* ---- blind --------------------------------------------------------------- */

static struct span whole_text(const struct chat_choice *c)
{
	return c->tool_calls.n ? c->tool_calls : c->content;
}

static void read_blind(enum comparator compare, const struct chat_choice *ours,
		       const struct chat_choice *theirs, struct reading *r)
{
	struct tokens k = content_tokens(theirs);
	struct final_answer our_answer, their_answer;

	final_answer_of(ours, &our_answer);
	final_answer_of(theirs, &their_answer);
	switch (comparator_same(compare, whole_text(ours),
				whole_text(theirs))) {
	case SAMENESS_SAME:
		r->agree = 1;
		break;
	case SAMENESS_DIFFERENT:
		r->agree = 0;
		break;
	case SAMENESS_UNKNOWN:
		break;
	}
	if (k.from == k.to)
		return;
	if (their_answer.text.n && !theirs->tool_calls.n)
		narrow(&k, theirs->content, their_answer.text);
	r->logp = sum_of(&k);
	r->p = r->agree == 1 ? exp(r->logp) : way_to(&k, our_answer.text);
	if (has_filler(&k))
		r->logp = NAN;
}

/* ---- verdict ------------------------------------------------------------- */

/* The word that a text begins with, white space before it skipped. */
static bool is_word(struct span text, const char *word)
{
	struct span s = skip_space(text);
	size_t n = strlen(word);

	return begins(s, span_of(word)) &&
	       (s.n == n || !isalnum((unsigned char)s.p[n]));
}

static double word_share(const struct tokens *k, const char *word)
{
	const struct chat_token *tok = &k->t->v[k->from];
	double sum = 0;

	for (size_t j = 0; j < tok->n_top; j++) {
		const struct chat_alternative *x =
			&k->t->tops[tok->top_at + j];
		char room[TOKEN_ROOM];

		if (is_word(alternative(x, room), word))
			sum += share_of(x->logprob);
	}
	return sum;
}

static void read_verdict(const struct chat_choice *theirs, struct reading *r)
{
	struct tokens k = content_tokens(theirs);
	double yes, no;

	if (is_word(theirs->content, "yes"))
		r->agree = 1;
	else if (is_word(theirs->content, "no"))
		r->agree = 0;
	if (k.from == k.to)
		return;
	k.to = k.from + 1;
	r->logp = has_filler(&k) ? (double)NAN
				 : k.t->v[k.from].logprob;
	yes = word_share(&k, "yes");
	no = word_share(&k, "no");
	if (yes + no > 0 && yes + no <= 1 + SLACK)
		r->p = yes / (yes + no);
}

/* ---- the verdict --------------------------------------------------------- */

static void put_signals(const struct reading *r, enum signal_id first,
			struct arena *a, struct verdict *v)
{
	struct signal *s = arena_get(a, 3 * sizeof(*s));

	s[0] = (struct signal){signal_name(first), r->agree};
	s[1] = (struct signal){signal_name(first + 1), r->p};
	s[2] = (struct signal){signal_name(first + 2), r->logp};
	v->signals = s;
	v->n_signals = 3;
}

static void put_score(const struct reading *r, struct verdict *v)
{
	double score = isnan(r->p) ? r->agree : r->p;

	if (isnan(score)) {
		v->kind = VERDICT_NONE;
		v->lack = LACK_SIGNAL;
		v->why = "unknown";
		return;
	}
	v->kind = VERDICT_SCORE;
	v->score = score;
}

void verify_check_read(const struct verify_check_asked *asked,
		       const struct chat_choice *ours,
		       const struct chat_reply *check, struct arena *a,
		       struct verdict *v)
{
	const struct chat_choice *theirs = &check->choices[0];
	struct reading r = {NAN, NAN, NAN};

	if (skip_space(whole_text(theirs)).n == 0) {
		v->kind = VERDICT_NONE;
		v->lack = LACK_FAULT;
		v->why = "empty";
		return;
	}
	if (asked->mode == CHAT_CHECK_BLIND)
		read_blind(asked->compare, ours, theirs, &r);
	else
		read_verdict(theirs, &r);
	put_signals(&r, asked->signals, a, v);
	put_score(&r, v);
}
