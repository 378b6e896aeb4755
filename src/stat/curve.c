/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranks, bins and risk-coverage curves.
 */
#include "stat/curve.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

struct item {
	double score;
	bool y;
	size_t at; /* place in the input: keeps the sort stable */
};

static int rising(const void *a, const void *b)
{
	const struct item *l = a, *r = b;

	if (l->score != r->score)
		return l->score < r->score ? -1 : 1;
	return (l->at > r->at) - (l->at < r->at);
}

static struct item *sorted(const double *score, const bool *y, size_t n)
{
	struct item *items = mem_array(n, sizeof(*items));

	for (size_t i = 0; i < n; i++) {
		items[i].score = isnan(score[i]) ? -INFINITY : score[i];
		items[i].y = y[i];
		items[i].at = i;
	}
	if (n > 1)
		qsort(items, n, sizeof(*items), rising);
	return items;
}

/* Items of one score. */
struct tie {
	double n_right, n_wrong;
	size_t end; /* one past the last */
};

/* The tie that begins at items[i]. */
static struct tie tie_at(const struct item *items, size_t n, size_t i)
{
	struct tie t = {.end = i};

	for (; t.end < n && items[t.end].score == items[i].score; t.end++)
		*(items[t.end].y ? &t.n_right : &t.n_wrong) += 1;
	return t;
}

static size_t count_right(const bool *y, size_t n)
{
	size_t n_right = 0;

	for (size_t i = 0; i < n; i++)
		n_right += y[i];
	return n_right;
}

double curve_auroc(const double *score, const bool *y, size_t n)
{
	double n_right = (double)count_right(y, n);
	double n_wrong = (double)n - n_right, below = 0, sum = 0;
	struct item *items;
	struct tie t;

	if (n_right == 0 || n_wrong == 0)
		return NAN;
	items = sorted(score, y, n);
	for (size_t i = 0; i < n; i = t.end) {
		t = tie_at(items, n, i);
		sum += t.n_right * (below + t.n_wrong / 2);
		below += t.n_wrong;
	}
	free(items);
	return sum / n_right / n_wrong;
}

double curve_brier(const double *p, const bool *y, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double off = p[i] - (y[i] ? 1 : 0);

		sum += off * off;
	}
	return n ? sum / (double)n : NAN;
}

double curve_nll(const double *p, const bool *y, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double q = fmin(fmax(p[i], 1e-15), 1 - 1e-15);

		sum -= y[i] ? log(q) : log1p(-q);
	}
	return n ? sum / (double)n : NAN;
}

/* Means of what n and the sums say. */
static void close_bin(struct curve_bin *b, double sum_p)
{
	b->mean_p = b->n ? sum_p / (double)b->n : NAN;
	b->share_right = b->n ? (double)b->n_right / (double)b->n : NAN;
}

/* The bin [k/m, (k+1)/m) of p, the edges as they are rounded. */
static size_t bin_of(double p, size_t m)
{
	size_t k;

	assert(p >= 0 && p <= 1);
	k = (size_t)(p * (double)m);
	if (k >= m)
		return m - 1;
	if (p < (double)k / (double)m)
		return k - 1;
	if (k + 1 < m && p >= (double)(k + 1) / (double)m)
		return k + 1;
	return k;
}

void curve_bins(const double *p, const bool *y, size_t n,
		struct curve_bin *bins, size_t m)
{
	double *sums = mem_array(m, sizeof(*sums));

	for (size_t k = 0; k < m; k++)
		bins[k] = (struct curve_bin){
			.from = (double)k / (double)m,
			.to = (double)(k + 1) / (double)m,
		};
	for (size_t i = 0; i < n; i++) {
		size_t k = bin_of(p[i], m);

		bins[k].n++;
		bins[k].n_right += y[i];
		sums[k] += p[i];
	}
	for (size_t k = 0; k < m; k++)
		close_bin(&bins[k], sums[k]);
	free(sums);
}

void curve_bins_even(const double *p, const bool *y, size_t n,
		     struct curve_bin *bins, size_t m)
{
	struct item *items = sorted(p, y, n);
	size_t i = 0;

	for (size_t k = 0; k < m; k++) {
		struct curve_bin *b = &bins[k];
		double sum = 0;

		*b = (struct curve_bin){.n = n / m + (k < n % m)};
		b->from = b->n ? items[i].score : NAN;
		b->to = b->n ? items[i + b->n - 1].score : NAN;
		for (size_t end = i + b->n; i < end; i++) {
			b->n_right += items[i].y;
			sum += items[i].score;
		}
		close_bin(b, sum);
	}
	free(items);
}

double curve_ece(const struct curve_bin *bins, size_t m)
{
	double n = 0, sum = 0;

	for (size_t k = 0; k < m; k++) {
		if (bins[k].n == 0)
			continue;
		n += (double)bins[k].n;
		sum += (double)bins[k].n *
		       fabs(bins[k].share_right - bins[k].mean_p);
	}
	return n > 0 ? sum / n : NAN;
}

double curve_aurc(const double *score, const bool *y, size_t n)
{
	double wrong = (double)n - (double)count_right(y, n), sum = 0;
	struct item *items = sorted(score, y, n);
	struct tie t;

	/* From the bottom: wrong counts the errors from items[i] upwards. */
	for (size_t i = 0; i < n; i = t.end) {
		t = tie_at(items, n, i);
		sum += (double)(t.end - i) * wrong / (double)(n - i);
		wrong -= t.n_wrong;
	}
	free(items);
	return n ? sum / (double)n : NAN;
}

double curve_eaurc(const double *score, const bool *y, size_t n)
{
	size_t n_right = count_right(y, n);
	double best = 0;

	/* All that are right first, then one error after the other. */
	for (size_t k = n_right + 1; k <= n; k++)
		best += (double)(k - n_right) / (double)k;
	return n ? curve_aurc(score, y, n) - best / (double)n : NAN;
}

double curve_auarc(const double *score, const bool *y, size_t n)
{
	return 1 - curve_aurc(score, y, n);
}
