/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token statistics of a reply's log-probs, and whether they can be believed.
 */
#include "verify/verify_logprob.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stat/tokens.h"
#include "verify/signal.h"

enum logprob_span { SPAN_ALL };

struct logprob_opts {
	int span; /* enum logprob_span */
};

static const struct conf_key keys[] = {
	{ .name = "span",
	  .type = CONF_ENUM,
	  .offset = offsetof(struct logprob_opts, span),
	  .fallback = "all",
	  .words = "all",
	  .help = "which tokens count: all that spell the reply's text" },
	{ .name = NULL },
};

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
		s = (struct span){ s.p + 1, s.n - 1 };
	return s;
}

const char *verify_logprob_align(const struct chat_choice *c, size_t *from,
				 size_t *to)
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
	*from = 0;
	*to = t->n;
	if (c->tool_calls.n || c->function_call.n)
		return NULL;
	at = content.n ? find_last(t->text, content) : -1;
	if (at < 0)
		return "misaligned";
	while (t->v[*from].text_at + t->v[*from].text_n <= (size_t)at)
		++*from;
	*to = *from;
	while (*to < t->n && t->v[*to].text_at < (size_t)at + content.n)
		++*to;
	assert(*from < *to);
	return NULL;
}

/* ---- statistics ---------------------------------------------------------- */

/* Statistics of one group, each at its place in it. */
enum {
	S_MIN = SIGNAL_LOGPROB_MIN - SIGNAL_LOGPROB,
	S_MEAN = SIGNAL_LOGPROB_MEAN - SIGNAL_LOGPROB,
	S_SUM = SIGNAL_LOGPROB_SUM - SIGNAL_LOGPROB,
	S_Q10 = SIGNAL_LOGPROB_Q10 - SIGNAL_LOGPROB,
	S_Q25 = SIGNAL_LOGPROB_Q25 - SIGNAL_LOGPROB,
	S_MEDIAN = SIGNAL_LOGPROB_MEDIAN - SIGNAL_LOGPROB,
	S_ENTROPY_MAX = SIGNAL_LOGPROB_ENTROPY_MAX - SIGNAL_LOGPROB,
	S_ENTROPY_MEAN = SIGNAL_LOGPROB_ENTROPY_MEAN - SIGNAL_LOGPROB,
	S_MARGIN_MIN = SIGNAL_LOGPROB_MARGIN_MIN - SIGNAL_LOGPROB,
	S_MARGIN_MEAN = SIGNAL_LOGPROB_MARGIN_MEAN - SIGNAL_LOGPROB,
	S_TOKENS = SIGNAL_LOGPROB_TOKENS - SIGNAL_LOGPROB,
	S_N = SIGNAL_TOKEN_STATS
};

/* Of what alternatives give at one token; where that is no number, because
 * they are absurd or too few, the token is left out. */
struct spread {
	double sum, low, high;
	size_t n;
};

static void spread_add(struct spread *s, double x)
{
	if (!isfinite(x))
		return;
	s->sum += x;
	s->low = s->n == 0 || x < s->low ? x : s->low;
	s->high = s->n == 0 || x > s->high ? x : s->high;
	s->n++;
}

#define TOP_MOST 20 /* alternatives a token that are looked at */

static void alternatives(const struct chat_tokens *t, size_t from, size_t to,
			 struct spread *entropy, struct spread *margin)
{
	for (size_t i = from; i < to; i++) {
		const struct chat_token *tok = &t->v[i];
		double top[TOP_MOST];
		size_t k = tok->n_top < TOP_MOST ? tok->n_top : TOP_MOST;

		for (size_t j = 0; j < k; j++)
			top[j] = tokens_clamp(t->tops[tok->top_at + j].logprob);
		spread_add(entropy, k < 2 ? NAN : tokens_entropy(top, k));
		spread_add(margin, tokens_margin(top, k));
	}
}

static void measure(const struct chat_tokens *t, size_t from, size_t to,
		    double *sorted, struct signal *s)
{
	struct spread entropy = { 0 }, margin = { 0 };
	size_t n = to - from;
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		sorted[i] = tokens_clamp(t->v[from + i].logprob);
		sum += sorted[i];
	}
	tokens_sort(sorted, n);
	alternatives(t, from, to, &entropy, &margin);
	for (int i = 0; i < S_N; i++)
		s[i].name = signal_name(SIGNAL_LOGPROB + i);
	s[S_MIN].value = sorted[0];
	s[S_SUM].value = sum;
	s[S_MEAN].value = sum / (double)n;
	s[S_Q10].value = tokens_quantile(sorted, n, 0.10);
	s[S_Q25].value = tokens_quantile(sorted, n, 0.25);
	s[S_MEDIAN].value = tokens_quantile(sorted, n, 0.50);
	s[S_ENTROPY_MAX].value = entropy.n ? entropy.high : NAN;
	s[S_ENTROPY_MEAN].value =
		entropy.n ? entropy.sum / (double)entropy.n : NAN;
	s[S_MARGIN_MIN].value = margin.n ? margin.low : NAN;
	s[S_MARGIN_MEAN].value = margin.n ? margin.sum / (double)margin.n : NAN;
	s[S_TOKENS].value = (double)n;
}

void verify_logprob_judge(const struct verify_case *c, const void *opts,
			  struct verdict *v)
{
	const struct chat_choice *choice = &c->reply->choices[0];
	struct signal *s;
	size_t from, to;

	(void)opts; /* one word so far */
	v->verifier = "logprob";
	v->why = verify_logprob_align(choice, &from, &to);
	if (v->why) {
		v->kind = VERDICT_NONE;
		v->lack = LACK_SIGNAL;
		return;
	}
	s = arena_get(c->arena, S_N * sizeof(*s));
	measure(&choice->tokens, from, to,
		arena_get(c->arena, (to - from) * sizeof(double)), s);
	v->kind = VERDICT_SCORE;
	v->score = exp(s[S_MIN].value < 0 ? s[S_MIN].value : 0);
	v->signals = s;
	v->n_signals = S_N;
}

static struct verification *logprob_start(const struct verify_case *c,
					  const void *opts,
					  verify_done_fn *done, void *arg)
{
	return verification_at_once(c, opts, "logprob", verify_logprob_judge,
				    done, arg);
}

const struct verifier *verify_logprob(void)
{
	static const struct verifier v = {
		.conf = { .name = "logprob",
			  .keys = keys,
			  .opts_size = sizeof(struct logprob_opts) },
		.gives_score = true,
		.start = logprob_start,
		.free = verification_at_once_free,
	};

	return &v;
}
