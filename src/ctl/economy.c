/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ratio estimates over rows that each have their own prices.
 */
#include "ctl/economy.h"

#include <math.h>

/* z with P(N(0, 1) > z) = delta. By bisection: 60 halvings of [-10, 10] leave
 * less than a double can tell. */
static double normal_upper(double delta)
{
	double low = -10, high = 10;

	for (int i = 0; i < 60; i++) {
		double mid = (low + high) / 2;

		if (erfc(mid / sqrt(2)) / 2 > delta)
			low = mid;
		else
			high = mid;
	}
	return high;
}

static double ratio_sd(const struct artifact_cuts *c,
		       const struct cuts_row *rows, size_t n,
		       const struct cuts_sum *sum)
{
	double r = sum->spent_usd / sum->expensive_usd, squares = 0;

	if (n < 2)
		return INFINITY;
	for (size_t i = 0; i < n; i++) {
		double spent = cuts_spent(cuts_apply(c, &rows[i]), &rows[i]);
		double d = spent - r * rows[i].expensive_usd;

		squares += d * d;
	}
	return sqrt(squares * (double)n / (double)(n - 1)) / sum->expensive_usd;
}

/* Over rows whose check has a price. */
static double route_price(const struct cuts_row *rows, size_t n)
{
	double check = 0, expensive = 0;

	for (size_t i = 0; i < n; i++)
		if (rows[i].check_usd > 0) {
			check += rows[i].check_usd;
			expensive += rows[i].expensive_usd;
		}
	return expensive > 0 ? check / expensive : NAN;
}

struct economy economy_unknown(void)
{
	return (struct economy){NAN, NAN, NAN, NAN, NAN, NAN, false};
}

struct economy economy_of(const struct artifact_cuts *c,
			  const struct cuts_row *rows, size_t n, double delta)
{
	struct cuts_sum sum = cuts_count(c, rows, n);
	struct economy e = economy_unknown();
	double margin;

	if (!(sum.expensive_usd > 0))
		return e;
	margin = normal_upper(delta) * ratio_sd(c, rows, n, &sum);
	e.net_saving = cuts_saving(&sum);
	e.low = e.net_saving - margin;
	e.high = e.net_saving + margin;
	e.avoided = sum.avoided_usd / sum.expensive_usd;
	e.break_even = e.avoided - e.net_saving;
	e.route_price = route_price(rows, n);
	e.worth_it = e.low > 0;
	return e;
}
