/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills in what is not known, and adds up.
 */
#include "ctl/costs.h"

#include <math.h>

/* Of cheap and expensive answers and then of each that is asked. */
static double *usd_of(struct sample *s, size_t which)
{
	if (which == 0)
		return &s->cheap_usd;
	return which == 1 ? &s->expensive_usd : &s->checks[which - 2].usd;
}

/* What is not known of a row is taken to be the mean of what is. */
static void fill_in(struct samples *s, size_t which)
{
	double sum = 0, mean;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const double *usd = usd_of(&s->v[i], which);

		if (isnan(*usd))
			continue;
		sum += *usd;
		n++;
	}
	mean = n ? sum / (double)n : NAN;
	for (size_t i = 0; i < s->n; i++) {
		double *usd = usd_of(&s->v[i], which);

		if (isnan(*usd))
			*usd = mean;
	}
}

/* Asked beside the cheap tier it is part of each cheap answer's price. */
static void move_early(struct samples *s, size_t check)
{
	for (size_t i = 0; i < s->n; i++) {
		double *usd = &s->v[i].checks[check].usd;

		if (isnan(*usd))
			continue;
		s->v[i].cheap_usd += *usd;
		*usd = 0;
	}
}

void costs_settle(struct samples *s, const struct askers *a)
{
	for (size_t which = 0; which < 2 + s->n_checks; which++)
		fill_in(s, which);
	for (size_t k = 0; k < s->n_checks; k++)
		if (asker_is_early(&a->v[k]))
			move_early(s, k);
}

void costs_add_checks(struct samples *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct sample *row = &s->v[i];

		row->check_usd = NAN;
		for (size_t k = 0; k < s->n_checks; k++) {
			double usd = row->checks[k].usd;

			if (isnan(row->check_usd))
				row->check_usd = usd;
			else if (!isnan(usd))
				row->check_usd += usd;
		}
	}
}
