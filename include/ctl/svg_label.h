/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels in a plot, where nothing else is, and legends.
 */
#ifndef CTL_SVG_LABEL_H
#define CTL_SVG_LABEL_H

#include "ctl/svg.h"

/* Where lines, marks and labels already are; start with n 0. */
struct svg_taken {
	struct svg_box {
		double x0, y0, x1, y1;
		bool text; /* no leading line may cross it */
	} v[640];
	size_t n;
};

/* Keeps labels off a mark, off a line. */
void svg_avoid(struct svg_taken *t, const struct svg_plot *p, struct svg_xy at);
void svg_avoid_line(struct svg_taken *t, const struct svg_plot *p,
		    const struct svg_xy *v, size_t n);
/* Writes text beside the point where nothing is, near by if it can be; a thin
 * line leads to a text that is farther off. */
void svg_label(struct buf *out, const struct svg_plot *p, struct svg_taken *t,
	       struct svg_xy at, const char *class, const char *text);

/* Samples of lines beside their names, in rows from (x, y) downwards that end
 * at `right`. Returns the y of the last row. */
struct svg_key {
	const char *class, *text;
};
double svg_legend(struct buf *out, double x, double y, double right,
		  const struct svg_key *v, size_t n);

#endif
