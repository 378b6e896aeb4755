/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plots as inline SVG: axes, lines, bands and marks, appended to a struct buf.
 * Colours, dashes and type come from the page's style sheet by class, so that
 * one drawing serves screen, dark room and paper.
 *
 * Values that are not finite are left out, a line is broken there. Nothing is
 * ever drawn outside the axes. Coordinates have one decimal; the same values
 * give the same bytes.
 */
#ifndef CTL_SVG_H
#define CTL_SVG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "ctl/svg_axis.h"

struct svg_plot {
	const char *id;			 /* a word, unique in the page */
	double left, top, width, height; /* of the area within the axes */
	struct svg_axis x, y;
};

struct svg_xy {
	double x, y; /* values, not pixels */
};

/* title and desc are the text alternative; desc may be long. */
void svg_open(struct buf *out, const char *id, double width, double height,
	      const char *title, const char *desc);
void svg_close(struct buf *out);

/* Grid, ticks and titles. A titleless axis has no tick labels either. */
void svg_frame(struct buf *out, const struct svg_plot *p);

/* Pixels. */
double svg_x(const struct svg_plot *p, double value);
double svg_y(const struct svg_plot *p, double value);
struct svg_xy svg_pixel(const struct svg_plot *p, struct svg_xy v);
/* The same of the nearest point within the axes. */
struct svg_xy svg_held(const struct svg_plot *p, struct svg_xy v);
bool svg_is_there(struct svg_xy v); /* both finite */

/* What lies outside the axes is cut off. */
void svg_line(struct buf *out, const struct svg_plot *p, const struct svg_xy *v,
	      size_t n, const char *class);
/* Between two lines with the same n. */
void svg_band(struct buf *out, const struct svg_plot *p,
	      const struct svg_xy *low, const struct svg_xy *high, size_t n,
	      const char *class);
/* Values are held to the axes. */
void svg_whisker(struct buf *out, const struct svg_plot *p, struct svg_xy from,
		 struct svg_xy to, const char *class);
void svg_bar(struct buf *out, const struct svg_plot *p, struct svg_xy from,
	     struct svg_xy to, const char *class);

enum svg_shape { SVG_DISC, SVG_RING, SVG_SQUARE, SVG_DIAMOND, SVG_TRIANGLE };

void svg_mark(struct buf *out, const struct svg_plot *p, struct svg_xy at,
	      enum svg_shape shape, const char *class);

enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

/* Pixels. The text is escaped. */
void svg_text(struct buf *out, double x, double y, enum svg_anchor anchor,
	      const char *class, const char *text);

#endif
