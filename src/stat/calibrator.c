/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies a calibrator; calibrator_fit.c makes one.
 */
#include "stat/calibrator.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "stat/isotonic.h"
#include "stat/logit.h"

static const char *const names[CALIBRATOR_NKINDS] = {
	[CALIBRATOR_NONE] = "none",
	[CALIBRATOR_PLATT] = "platt",
	[CALIBRATOR_BETA] = "beta",
	[CALIBRATOR_ISOTONIC] = "isotonic",
};

const char *calibrator_name(enum calibrator_kind k)
{
	assert(k < CALIBRATOR_NKINDS);
	return names[k];
}

double calibrator_clip(double p)
{
	/* In this order: fmax() makes NaN the lowest. */
	return fmin(fmax(p, CALIBRATOR_LEAST), 1 - CALIBRATOR_LEAST);
}

double calibrator_apply(const struct calibrator *c, double p)
{
	double q = calibrator_clip(p);

	switch (c->kind) {
	case CALIBRATOR_NONE:
		return p;
	case CALIBRATOR_PLATT:
		return logit_sigma(-(c->a * log(q / (1 - q)) + c->b));
	case CALIBRATOR_BETA:
		return logit_sigma(c->a * log(q) - c->b * log1p(-q) + c->c);
	case CALIBRATOR_ISOTONIC:
		return isotonic_apply(c->xs, c->ys, c->n_points, q);
	case CALIBRATOR_NKINDS:
		break;
	}
	assert(!"a calibrator has a kind");
	return NAN;
}

void calibrator_release(struct calibrator *c)
{
	free(c->xs);
	free(c->ys);
	*c = (struct calibrator){0};
}
