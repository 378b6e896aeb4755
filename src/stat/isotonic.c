/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools of neighbours, and the broken line through them.
 */
#include "stat/isotonic.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

struct row {
	double x, y, w;
};

/* x NULL: their order is all that counts. */
static struct row *rows_of(const double *x, const double *y, const double *w,
			   size_t n)
{
	struct row *rows = mem_array(n, sizeof(*rows));

	for (size_t i = 0; i < n; i++) {
		rows[i].x = x ? x[i] : 0;
		rows[i].y = y[i];
		rows[i].w = w ? w[i] : 1;
		assert(!isnan(rows[i].x) && rows[i].w > 0);
	}
	return rows;
}

/* A run of rows that share their mean. */
struct pool {
	double sum, weight; /* of w y, of w */
	size_t end;	    /* one past its last row */
};

static double mean_of(const struct pool *p)
{
	return p->sum / p->weight;
}

/* The pools on the stack rise strictly. Returns how many; room for n. */
static size_t pool_rows(const struct row *rows, size_t n, struct pool *stack)
{
	size_t top = 0;

	for (size_t i = 0; i < n; i++) {
		struct pool p = {rows[i].w * rows[i].y, rows[i].w, i + 1};

		while (top > 0 && mean_of(&p) <= mean_of(&stack[top - 1])) {
			p.sum += stack[--top].sum;
			p.weight += stack[top].weight;
		}
		stack[top++] = p;
	}
	return top;
}

void isotonic_pool(const double *y, const double *w, size_t n, double *fit)
{
	struct row *rows = rows_of(NULL, y, w, n);
	struct pool *pools = mem_array(n, sizeof(*pools));
	size_t n_pools = pool_rows(rows, n, pools);

	for (size_t k = 0, i = 0; k < n_pools; k++)
		for (; i < pools[k].end; i++)
			fit[i] = mean_of(&pools[k]);
	free(pools);
	free(rows);
}

static int by_x(const void *a, const void *b)
{
	double l = ((const struct row *)a)->x, r = ((const struct row *)b)->x;

	return (l > r) - (l < r);
}

/* Rows of equal x become one, sorted by x. Returns how many are left. */
static size_t merge_ties(struct row *rows, size_t n)
{
	size_t m = 0;

	if (n > 1)
		qsort(rows, n, sizeof(*rows), by_x);
	for (size_t i = 0; i < n;) {
		struct row tie = {.x = rows[i].x};

		for (; i < n && rows[i].x == tie.x; i++) {
			tie.y += rows[i].w * rows[i].y;
			tie.w += rows[i].w;
		}
		tie.y /= tie.w;
		rows[m++] = tie;
	}
	return m;
}

size_t isotonic_fit(const double *x, const double *y, const double *w, size_t n,
		    double *xs, double *ys)
{
	struct row *rows = rows_of(x, y, w, n);
	struct pool *pools = mem_array(n, sizeof(*pools));
	size_t n_pools = pool_rows(rows, merge_ties(rows, n), pools);
	size_t kept = 0;

	for (size_t k = 0, first = 0; k < n_pools; first = pools[k++].end) {
		size_t last = pools[k].end - 1;

		xs[kept] = rows[first].x;
		ys[kept++] = mean_of(&pools[k]);
		if (last == first)
			continue;
		xs[kept] = rows[last].x;
		ys[kept++] = mean_of(&pools[k]);
	}
	free(pools);
	free(rows);
	return kept;
}

/* The last of n points at or below x; xs[0] <= x. */
static size_t point_before(const double *xs, size_t n, double x)
{
	size_t from = 0, to = n;

	while (to - from > 1) {
		size_t mid = from + (to - from) / 2;

		if (xs[mid] <= x)
			from = mid;
		else
			to = mid;
	}
	return from;
}

double isotonic_apply(const double *xs, const double *ys, size_t n, double x)
{
	double width, t;
	size_t i;

	if (n == 0 || isnan(x))
		return NAN;
	if (x <= xs[0])
		return ys[0];
	i = point_before(xs, n, x);
	if (i + 1 == n)
		return ys[n - 1];
	width = xs[i + 1] - xs[i];
	if (isinf(width))
		return ys[i];
	t = (x - xs[i]) / width;
	/* Rounding must not lift it above the next point. */
	return fmin(ys[i] + t * (ys[i + 1] - ys[i]), ys[i + 1]);
}
