/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The axis of a plot: a range of values, and round ticks in it. Pure.
 */
#ifndef CTL_SVG_AXIS_H
#define CTL_SVG_AXIS_H

#include "ctl/amount.h"

enum svg_unit { SVG_PLAIN, SVG_SHARE, SVG_USD, SVG_COUNT };

struct svg_axis {
	double from, to; /* to > from */
	double step;	 /* ticks at its multiples */
	enum svg_unit unit;
	const char *title; /* says the unit */
};

/* An axis from `from`, or a round value below it, up to one above `to`, with
 * about so many steps. Copes with from >= to and with NaN (0 to 1). */
struct svg_axis svg_axis_of(double from, double to, int steps,
			    enum svg_unit unit, const char *title);

/* Ticks are counted from 0; 50 at most. */
int svg_axis_ticks(const struct svg_axis *a);
double svg_axis_tick(const struct svg_axis *a, int i);
/* As many decimals as the step has, so that all of an axis agree. */
struct amount svg_axis_text(const struct svg_axis *a, double value);

#endif
