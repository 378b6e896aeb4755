/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quadratic B-splines over quantile knots.
 */
#include "stat/spline.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stat/tokens.h"

/* x sorted, without NaN, infinities become the nearest finite value. Returns
 * how many; 0 when none is finite. */
static size_t sorted_finite(const double *x, size_t n, double *out)
{
	size_t m = 0, first = 0, end;

	for (size_t i = 0; i < n; i++)
		if (!isnan(x[i]))
			out[m++] = x[i];
	tokens_sort(out, m);
	while (first < m && out[first] == -INFINITY)
		first++;
	for (end = m; end > first && out[end - 1] == INFINITY; end--)
		;
	if (first == end)
		return 0;
	for (size_t i = 0; i < first; i++)
		out[i] = out[first];
	for (size_t i = end; i < m; i++)
		out[i] = out[end - 1];
	return m;
}

void spline_fit(struct spline *s, const double *x, size_t n)
{
	double *sorted = mem_array(n, sizeof(*sorted));
	size_t m = sorted_finite(x, n, sorted);

	*s = (struct spline){0};
	for (size_t i = 0; m > 0 && i < SPLINE_KNOTS; i++) {
		double q = (double)i / (SPLINE_KNOTS - 1);
		double knot = tokens_quantile(sorted, m, q);

		if (s->n == 0 || knot > s->knots[s->n - 1])
			s->knots[s->n++] = knot;
	}
	free(sorted);
}

size_t spline_basis(const struct spline *s)
{
	assert(s->n <= SPLINE_KNOTS);
	return s->n > 1 ? s->n + 1 : 0;
}

/* The last knot but one at most, at or below x. */
static size_t knot_before(const struct spline *s, double x)
{
	size_t i = 0;

	while (i + 2 < s->n && x >= s->knots[i + 1])
		i++;
	return i;
}

void spline_eval(const struct spline *s, double x, double *out)
{
	const double *t = s->knots;
	size_t n = spline_basis(s), last = s->n - 1, i;
	double before, after, fall, rise;

	assert(!isnan(x));
	if (n == 0)
		return;
	x = fmin(fmax(x, t[0]), t[last]);
	i = knot_before(s, x);
	/* x is in [t[i], t[i+1]]. The knots go on outside at the spacing of
	 * the outermost pair. */
	before = i > 0 ? t[i - 1] : t[0] - (t[1] - t[0]);
	after = i + 1 < last ? t[i + 2] : t[last] + (t[last] - t[last - 1]);
	/* Three functions are not 0 here: one leaves, one comes, and the one
	 * between is what they leave of 1. */
	fall = (t[i + 1] - x) / (t[i + 1] - before);
	fall *= (t[i + 1] - x) / (t[i + 1] - t[i]);
	rise = (x - t[i]) / (after - t[i]);
	rise *= (x - t[i]) / (t[i + 1] - t[i]);
	for (size_t j = 0; j < n; j++)
		out[j] = 0;
	out[i] = fall;
	out[i + 1] = 1 - fall - rise;
	out[i + 2] = rise;
}
