/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums, extremes and quantiles over stretches of tokens.
 */
#include "verify/token_stats.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "stat/tokens.h"

#define TOP_MOST 20 /* alternatives a token that are looked at */

static void read_alternatives(const struct chat_tokens *t,
			      const struct chat_token *token, double *entropy,
			      double *margin)
{
	size_t k = token->n_top < TOP_MOST ? token->n_top : TOP_MOST;
	double top[TOP_MOST];

	double best = TOKENS_FLOOR;

	for (size_t j = 0; j < k; j++) {
		top[j] = t->tops[token->top_at + j].logprob;
		best = top[j] > best ? top[j] : best;
	}
	if (best <= TOKENS_FLOOR) /* fillers alone: there is no list */
		k = 0;
	*entropy = k < 2 ? (double)NAN : tokens_entropy(top, k);
	*margin = tokens_margin(top, k);
}

void token_stats_read(struct token_stats *s, const struct chat_tokens *t,
		      size_t from, size_t to, struct arena *a)
{
	size_t n = to - from;

	s->from = from;
	s->n = n;
	s->logprob = arena_get(a, 4 * n * sizeof(double));
	s->entropy = s->logprob + n;
	s->margin = s->entropy + n;
	s->sorted = s->margin + n;
	for (size_t i = 0; i < n; i++) {
		const struct chat_token *token = &t->v[from + i];

		s->logprob[i] = tokens_clamp(token->logprob);
		read_alternatives(t, token, &s->entropy[i], &s->margin[i]);
	}
}

/* ---- one stretch --------------------------------------------------------- */

/* Places in a group. */
#define AT(what) (SIGNAL_LOGPROB_##what - SIGNAL_LOGPROB)

static void write_logprobs(const double *v, size_t n, double *sorted,
			   struct signal *out)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	memcpy(sorted, v, n * sizeof(*v));
	tokens_sort(sorted, n);
	out[AT(MIN)].value = sorted[0];
	out[AT(SUM)].value = sum;
	out[AT(MEAN)].value = sum / (double)n;
	out[AT(Q10)].value = tokens_quantile(sorted, n, 0.10);
	out[AT(Q25)].value = tokens_quantile(sorted, n, 0.25);
	out[AT(MEDIAN)].value = tokens_quantile(sorted, n, 0.50);
	out[AT(TOKENS)].value = (double)n;
}

/* Of the values that are finite; NaN without any. */
struct spread {
	double low, high, mean;
};

static struct spread spread_of(const double *v, size_t n)
{
	struct spread s = {NAN, NAN, NAN};
	double sum = 0;
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isfinite(v[i]))
			continue;
		s.low = k == 0 || v[i] < s.low ? v[i] : s.low;
		s.high = k == 0 || v[i] > s.high ? v[i] : s.high;
		sum += v[i];
		k++;
	}
	if (k)
		s.mean = sum / (double)k;
	return s;
}

void token_stats_write(const struct token_stats *s, size_t from, size_t to,
		       enum signal_id group, struct signal *out)
{
	size_t i = from - s->from, n = to - from;
	struct spread entropy, margin;

	assert(from >= s->from && from < to && to <= s->from + s->n);
	for (int k = 0; k < SIGNAL_TOKEN_STATS; k++)
		out[k].name = signal_name(group + (enum signal_id)k);
	write_logprobs(s->logprob + i, n, s->sorted, out);
	entropy = spread_of(s->entropy + i, n);
	margin = spread_of(s->margin + i, n);
	out[AT(ENTROPY_MAX)].value = entropy.high;
	out[AT(ENTROPY_MEAN)].value = entropy.mean;
	out[AT(MARGIN_MIN)].value = margin.low;
	out[AT(MARGIN_MEAN)].value = margin.mean;
}
