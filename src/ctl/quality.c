/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calibration error and its bootstrap.
 */
#include "ctl/quality.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stat/curve.h"
#include "stat/draw.h"
#include "stat/tokens.h"

#define RESAMPLES     200
#define FOR_RESAMPLES 2 /* draws by the seed */

static double ece_of(const double *p, const bool *y, size_t n)
{
	struct curve_bin bins[QUALITY_BINS];

	curve_bins(p, y, n, bins, QUALITY_BINS);
	return curve_ece(bins, QUALITY_BINS);
}

static double ece_of_resample(const double *p, const bool *y, size_t n,
			      struct draw *d, double *p_drawn, bool *y_drawn)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = draw_below(d, n);

		p_drawn[i] = p[k];
		y_drawn[i] = y[k];
	}
	return ece_of(p_drawn, y_drawn, n);
}

static double within(double x)
{
	return fmin(fmax(x, 0), 1);
}

void quality_confidence(struct quality *q, const double *p, const bool *y,
			size_t n, double delta, uint64_t seed)
{
	struct draw d = draw_by(seed, FOR_RESAMPLES);
	double ece[RESAMPLES], *p_drawn, low, high;
	bool *y_drawn;

	q->n = n;
	q->ece = q->ece_low = q->ece_high = q->auroc = NAN;
	if (n == 0)
		return;
	p_drawn = mem_array(n, sizeof(*p_drawn));
	y_drawn = mem_array(n, sizeof(*y_drawn));
	for (size_t i = 0; i < RESAMPLES; i++)
		ece[i] = ece_of_resample(p, y, n, &d, p_drawn, y_drawn);
	tokens_sort(ece, RESAMPLES);
	q->ece = ece_of(p, y, n);
	low = 2 * q->ece - tokens_quantile(ece, RESAMPLES, 1 - delta);
	high = 2 * q->ece - tokens_quantile(ece, RESAMPLES, delta);
	q->ece_low = within(fmin(low, q->ece));
	q->ece_high = within(fmax(high, q->ece));
	q->auroc = curve_auroc(p, y, n);
	free(p_drawn);
	free(y_drawn);
}
