/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Round ranges and steps.
 */
#include "ctl/svg_axis.h"

#include <math.h>
#include <stdio.h>

/* 1, 2, 2.5 or 5 times a power of ten. */
static double round_step(double raw)
{
	static const double steps[] = {1, 2, 2.5, 5, 10};
	double power = pow(10, floor(log10(raw)));

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (raw <= steps[i] * power * (1 + 1e-9))
			return steps[i] * power;
	return 10 * power;
}

struct svg_axis svg_axis_of(double from, double to, int steps,
			    enum svg_unit unit, const char *title)
{
	struct svg_axis a = {.unit = unit, .title = title};

	if (!isfinite(from))
		from = 0;
	if (!isfinite(to) || to - from < 1e-12)
		to = from + 1;
	a.step = round_step((to - from) / steps);
	a.from = floor(from / a.step + 1e-9) * a.step;
	a.to = ceil(to / a.step - 1e-9) * a.step;
	return a;
}

/* As many decimals as the step has, so that the ticks of an axis agree. */
struct amount svg_axis_text(const struct svg_axis *a, double value)
{
	double scale = a->unit == SVG_SHARE ? 100 : 1;
	struct amount t;
	int decimals = 0;

	if (a->unit == SVG_COUNT)
		return amount_count((size_t)(value + 0.5));
	for (double s = a->step * scale; decimals < 9; s *= 10, decimals++)
		if (fabs(s - round(s)) < 1e-6 * s)
			break;
	if (a->unit == SVG_USD && decimals == 1)
		decimals = 2;
	snprintf(t.s, sizeof(t.s), "%s%.*f%s", a->unit == SVG_USD ? "$" : "",
		 decimals, value * scale + 0.0,
		 a->unit == SVG_SHARE ? "\u00a0%" : "");
	return t;
}

int svg_axis_ticks(const struct svg_axis *a)
{
	int n = (int)floor((a->to - a->from) / a->step + 1e-6) + 1;

	return n > 50 ? 50 : n;
}

double svg_axis_tick(const struct svg_axis *a, int i)
{
	double v = ceil(a->from / a->step - 1e-6) + i;

	return v * a->step;
}
