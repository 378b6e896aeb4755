/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reliability bins and the strengths of signals.
 */
#include "ctl/evidence.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/quality.h"
#include "stat/binom.h"
#include "stat/curve.h"

#define TAIL 0.025 /* each side of a 95 % interval */
#define Z    1.96

static_assert(REPORT_BINS == QUALITY_BINS, "one ECE, one set of bins");

/* Those that are not NaN, moved to the front of q and z. */
static size_t present(const double *p, const bool *y, size_t n, double *q,
		      bool *z)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(p[i])) {
			q[m] = p[i];
			z[m++] = y[i];
		}
	return m;
}

static void fill_reliability(struct report_reliability *r, const double *p,
			     const bool *y, uint64_t seed)
{
	struct quality q;

	quality_confidence(&q, p, y, r->n, TAIL, seed);
	r->ece = (struct report_value){q.ece, q.ece_low, q.ece_high};
	r->auroc = q.auroc;
	r->brier = curve_brier(p, y, r->n);
	r->aurc = curve_aurc(p, y, r->n);
	r->eaurc = curve_eaurc(p, y, r->n);
	curve_bins(p, y, r->n, r->bins, REPORT_BINS);
	for (size_t i = 0; i < REPORT_BINS; i++) {
		const struct curve_bin *b = &r->bins[i];

		r->shares[i] = (struct report_value){
			b->share_right, binom_lower(b->n_right, b->n, TAIL),
			binom_upper(b->n_right, b->n, TAIL)};
	}
}

void evidence_reliability(struct report_reliability *r, const char *name,
			  const double *p, const bool *y, size_t n,
			  uint64_t seed)
{
	double *q = mem_array(n + 1, sizeof(*q));
	bool *z = mem_array(n + 1, sizeof(*z));

	*r = (struct report_reliability){.name = name};
	r->n = present(p, y, n, q, z);
	if (r->n > 0)
		fill_reliability(r, q, z, seed);
	free(q);
	free(z);
}

/* ---- signals ------------------------------------------------------------- */

/* Hanley and McNeil: the variance of an area a over n1 rows that are right and
 * n0 that are not. */
static double auroc_sd(double a, double n1, double n0)
{
	double q1 = a / (2 - a), q2 = 2 * a * a / (1 + a);
	double var = (a * (1 - a) + (n1 - 1) * (q1 - a * a) +
		      (n0 - 1) * (q2 - a * a)) /
		     (n1 * n0);

	return sqrt(fmax(var, 0));
}

static struct report_value auroc_value(double a, const bool *y, size_t n)
{
	size_t n1 = 0;
	double margin;

	for (size_t i = 0; i < n; i++)
		n1 += y[i];
	if (isnan(a))
		return (struct report_value){NAN, NAN, NAN};
	margin = Z * auroc_sd(a, (double)n1, (double)(n - n1));
	return (struct report_value){a, fmax(a - margin, 0),
				     fmin(a + margin, 1)};
}

void evidence_signal(struct report_signal *s, const double *values,
		     const bool *y, size_t n)
{
	double *x = mem_array(n + 1, sizeof(*x)), a;
	bool *z = mem_array(n + 1, sizeof(*z));

	s->n = present(values, y, n, x, z);
	s->missing = n ? 1 - (double)s->n / (double)n : 1;
	a = s->n ? curve_auroc(x, z, s->n) : NAN;
	s->high_is_right = !(a < 0.5);
	s->auroc = auroc_value(s->high_is_right ? a : 1 - a, z, s->n);
	free(x);
	free(z);
}

static int stronger(const void *a, const void *b)
{
	const struct report_signal *x = a, *y = b;
	double sx = isnan(x->auroc.at) ? -1 : x->auroc.at;
	double sy = isnan(y->auroc.at) ? -1 : y->auroc.at;

	if (sx != sy)
		return sx > sy ? -1 : 1;
	return strcmp(x->name, y->name);
}

void evidence_sort(struct report_signal *v, size_t n)
{
	if (n > 0)
		qsort(v, n, sizeof(*v), stronger);
}
