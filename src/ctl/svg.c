/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Axes, lines and marks as SVG elements.
 */
#include "ctl/svg.h"

#include <assert.h>
#include <math.h>

#include "ctl/markup.h"

#define MARK_RADIUS 4.5

void svg_text(struct buf *out, double x, double y, enum svg_anchor anchor,
	      const char *class, const char *text)
{
	static const char *const anchors[] = {"start", "middle", "end"};

	buf_addf(out,
		 "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">",
		 x, y, anchors[anchor], class);
	markup_text(out, text);
	buf_adds(out, "</text>\n");
}

/* ---- axes ---------------------------------------------------------------- */

double svg_x(const struct svg_plot *p, double value)
{
	return p->left + (value - p->x.from) / (p->x.to - p->x.from) * p->width;
}

double svg_y(const struct svg_plot *p, double value)
{
	return p->top + p->height -
	       (value - p->y.from) / (p->y.to - p->y.from) * p->height;
}

static void x_axis(struct buf *out, const struct svg_plot *p)
{
	double bottom = p->top + p->height;

	for (int i = 0; i < svg_axis_ticks(&p->x); i++) {
		double v = svg_axis_tick(&p->x, i), x = svg_x(p, v);

		buf_addf(out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n",
			 x, p->top, bottom);
		if (p->x.title)
			svg_text(out, x, bottom + 17, SVG_MIDDLE, "tick",
				 svg_axis_text(&p->x, v).s);
	}
	if (p->x.title)
		svg_text(out, p->left + p->width / 2, bottom + 38, SVG_MIDDLE,
			 "axis", p->x.title);
}

/* The title stands flat above the axis: nobody tilts their head. */
static void y_axis(struct buf *out, const struct svg_plot *p)
{
	for (int i = 0; i < svg_axis_ticks(&p->y); i++) {
		double v = svg_axis_tick(&p->y, i), y = svg_y(p, v);

		buf_addf(out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n",
			 p->left, y, p->left + p->width);
		if (p->y.title)
			svg_text(out, p->left - 7, y + 4, SVG_END, "tick",
				 svg_axis_text(&p->y, v).s);
	}
	if (p->y.title)
		svg_text(out, p->left - 40, p->top - 12, SVG_START, "axis",
			 p->y.title);
}

void svg_frame(struct buf *out, const struct svg_plot *p)
{
	assert(p->x.to > p->x.from && p->y.to > p->y.from);
	buf_addf(out,
		 "<clipPath id=\"%s-area\"><rect x=\"%.1f\" y=\"%.1f\" "
		 "width=\"%.1f\" height=\"%.1f\"/></clipPath>\n",
		 p->id, p->left, p->top, p->width, p->height);
	x_axis(out, p);
	y_axis(out, p);
	buf_addf(out, "<path class=\"frame\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n",
		 p->left, p->top, p->top + p->height, p->left + p->width);
}

void svg_open(struct buf *out, const char *id, double width, double height,
	      const char *title, const char *desc)
{
	buf_addf(out,
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
		 "viewBox=\"0 0 %.0f %.0f\" aria-labelledby=\"%s-t %s-d\">\n",
		 width, height, id, id);
	buf_addf(out, "<title id=\"%s-t\">", id);
	markup_text(out, title);
	buf_addf(out, "</title>\n<desc id=\"%s-d\">", id);
	markup_text(out, desc);
	buf_adds(out, "</desc>\n");
}

void svg_close(struct buf *out)
{
	buf_adds(out, "</svg>\n");
}

/* ---- data ---------------------------------------------------------------- */

bool svg_is_there(struct svg_xy v)
{
	return isfinite(v.x) && isfinite(v.y);
}

/* Far outside is as good as outside, and keeps coordinates short. */
struct svg_xy svg_pixel(const struct svg_plot *p, struct svg_xy v)
{
	return (struct svg_xy){fmax(-9999, fmin(9999, svg_x(p, v.x))),
			       fmax(-9999, fmin(9999, svg_y(p, v.y)))};
}

static double held(double v, double from, double to)
{
	return v < from ? from : v > to ? to : v;
}

struct svg_xy svg_held(const struct svg_plot *p, struct svg_xy v)
{
	v.x = held(v.x, p->x.from, p->x.to);
	v.y = held(v.y, p->y.from, p->y.to);
	return svg_pixel(p, v);
}

void svg_line(struct buf *out, const struct svg_plot *p, const struct svg_xy *v,
	      size_t n, const char *class)
{
	bool open = false, drawn = false;

	for (size_t i = 0; i < n; i++) {
		struct svg_xy at;

		if (!svg_is_there(v[i])) {
			open = false;
			continue;
		}
		at = svg_pixel(p, v[i]);
		if (!drawn)
			buf_addf(out,
				 "<path class=\"%s\" clip-path=\"url(#%s-area)"
				 "\" d=\"",
				 class, p->id);
		buf_addf(out, "%s%.1f %.1f", open ? "L" : "M", at.x, at.y);
		open = drawn = true;
	}
	if (drawn)
		buf_adds(out, "\"/>\n");
}

void svg_band(struct buf *out, const struct svg_plot *p,
	      const struct svg_xy *low, const struct svg_xy *high, size_t n,
	      const char *class)
{
	bool drawn = false;

	for (size_t i = 0; i < 2 * n; i++) {
		struct svg_xy v = i < n ? low[i] : high[2 * n - 1 - i], at;

		if (!svg_is_there(v))
			continue;
		at = svg_pixel(p, v);
		if (!drawn)
			buf_addf(out,
				 "<path class=\"%s\" clip-path=\"url(#%s-area)"
				 "\" d=\"",
				 class, p->id);
		buf_addf(out, "%s%.1f %.1f", drawn ? "L" : "M", at.x, at.y);
		drawn = true;
	}
	if (drawn)
		buf_adds(out, "Z\"/>\n");
}

void svg_whisker(struct buf *out, const struct svg_plot *p, struct svg_xy from,
		 struct svg_xy to, const char *class)
{
	struct svg_xy a, b;

	if (!svg_is_there(from) || !svg_is_there(to))
		return;
	a = svg_held(p, from);
	b = svg_held(p, to);
	buf_addf(out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n",
		 class, a.x, a.y, b.x, b.y);
}

void svg_bar(struct buf *out, const struct svg_plot *p, struct svg_xy from,
	     struct svg_xy to, const char *class)
{
	struct svg_xy a, b;

	if (!svg_is_there(from) || !svg_is_there(to))
		return;
	a = svg_held(p, from);
	b = svg_held(p, to);
	buf_addf(out,
		 "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		 "height=\"%.1f\"/>\n",
		 class, fmin(a.x, b.x), fmin(a.y, b.y), fabs(a.x - b.x),
		 fabs(a.y - b.y));
}

void svg_mark(struct buf *out, const struct svg_plot *p, struct svg_xy at,
	      enum svg_shape shape, const char *class)
{
	static const char *const paths[] = {
		[SVG_SQUARE] = "m-4.2-4.2h8.4v8.4h-8.4z",
		[SVG_DIAMOND] = "m0-7 7 7-7 7-7-7z",
		[SVG_TRIANGLE] = "m0-5.6 5.4 9.6h-10.8z",
	};
	struct svg_xy v;

	if (!svg_is_there(at))
		return;
	v = svg_held(p, at);
	if (shape == SVG_DISC || shape == SVG_RING)
		buf_addf(out,
			 "<circle class=\"%s%s\" cx=\"%.1f\" cy=\"%.1f\" "
			 "r=\"%.1f\"/>\n",
			 class, shape == SVG_RING ? " ring" : "", v.x, v.y,
			 MARK_RADIUS);
	else
		buf_addf(out, "<path class=\"%s\" d=\"M%.1f %.1f%s\"/>\n",
			 class, v.x, v.y, paths[shape]);
}
