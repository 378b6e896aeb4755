/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds places for labels.
 */
#include "ctl/svg_label.h"

#include <math.h>

#define CHAR_WIDTH  6.9 /* of a label's type, what the bold one takes */
#define LINE_HEIGHT 15.0

static double held(double v, double from, double to)
{
	return v < from ? from : v > to ? to : v;
}

static double text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return (double)n * CHAR_WIDTH;
}

static void take(struct svg_taken *t, struct svg_box b)
{
	if (t->n < sizeof(t->v) / sizeof(t->v[0]))
		t->v[t->n++] = b;
}

static bool is_free(const struct svg_taken *t, const struct svg_plot *p,
		    struct svg_box b)
{
	if (b.x0 < p->left || b.x1 > p->left + p->width || b.y0 < p->top ||
	    b.y1 > p->top + p->height)
		return false;
	for (size_t i = 0; i < t->n; i++)
		if (b.x0 < t->v[i].x1 && b.x1 > t->v[i].x0 &&
		    b.y0 < t->v[i].y1 && b.y1 > t->v[i].y0)
			return false;
	return true;
}

void svg_avoid(struct svg_taken *t, const struct svg_plot *p, struct svg_xy at)
{
	struct svg_xy v;

	if (!svg_is_there(at))
		return;
	v = svg_held(p, at);
	take(t, (struct svg_box){v.x - 7, v.y - 7, v.x + 7, v.y + 7, false});
}

/* Small boxes, so close that no text slips between them. */
static void avoid_stretch(struct svg_taken *t, const struct svg_plot *p,
			  struct svg_xy a, struct svg_xy b)
{
	double length = hypot(b.x - a.x, b.y - a.y);
	int n = (int)(length / 9) + 1;

	for (int i = 0; i < n; i++) {
		double x = a.x + (b.x - a.x) * i / n;
		double y = a.y + (b.y - a.y) * i / n;

		if (x >= p->left && x <= p->left + p->width && y >= p->top &&
		    y <= p->top + p->height)
			take(t, (struct svg_box){x - 3, y - 3, x + 3, y + 3,
						 false});
	}
}

void svg_avoid_line(struct svg_taken *t, const struct svg_plot *p,
		    const struct svg_xy *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (svg_is_there(v[i - 1]) && svg_is_there(v[i]))
			avoid_stretch(t, p, svg_pixel(p, v[i - 1]),
				      svg_pixel(p, v[i]));
}

/* Right, left, above, below, the corners, and between them; near by first. */
#define SIDES 16
static const double sides_x[SIDES] = {1,  -1,  0,  0,	.7, -.7, .7, -.7,
				      .4, -.4, .4, -.4, .9, -.9, .9, -.9};
static const double sides_y[SIDES] = {0,   0,	-1, 1,	-.7, -.7, .7, .7,
				      -.9, -.9, .9, .9, -.4, -.4, .4, .4};
static const double reaches[] = {10, 16,  24,  34,  46,	 60,  76,
				 94, 114, 136, 160, 190, 220, 250};

static double sign(double v)
{
	return (v > 0) - (v < 0);
}

/* The corner or side of the text that faces the point lies that far off. */
static struct svg_box box_at(struct svg_xy v, double width, size_t side,
			     double reach)
{
	double dx = sides_x[side], dy = sides_y[side];
	double x = v.x + dx * reach + sign(dx) * width / 2;
	double y = v.y + dy * reach + sign(dy) * LINE_HEIGHT / 2;

	return (struct svg_box){x - width / 2, y - LINE_HEIGHT / 2,
				x + width / 2, y + LINE_HEIGHT / 2, true};
}

/* Where a line from the point would meet the text. */
static struct svg_xy nearest(struct svg_xy v, const struct svg_box *b)
{
	return (struct svg_xy){held(v.x, b->x0, b->x1),
			       held(v.y, b->y0, b->y1)};
}

static bool is_inside(struct svg_xy v, const struct svg_box *b)
{
	return v.x > b->x0 && v.x < b->x1 && v.y > b->y0 && v.y < b->y1;
}

static bool leads_clear(const struct svg_taken *t, struct svg_xy from,
			struct svg_xy to)
{
	for (size_t i = 0; i < t->n; i++)
		for (int k = 1; k < 32 && t->v[i].text; k++) {
			struct svg_xy at = {from.x + (to.x - from.x) * k / 32,
					    from.y + (to.y - from.y) * k / 32};

			if (is_inside(at, &t->v[i]))
				return false;
		}
	return true;
}

static struct svg_box place(const struct svg_taken *t, const struct svg_plot *p,
			    struct svg_xy v, double width)
{
	size_t n = sizeof(reaches) / sizeof(reaches[0]) * SIDES;
	struct svg_box b;

	for (size_t i = 0; i < n; i++) {
		b = box_at(v, width, i % SIDES, reaches[i / SIDES]);
		if (is_free(t, p, b) && leads_clear(t, v, nearest(v, &b)))
			return b;
	}
	return box_at(v, width, 0, reaches[0]);
}

void svg_label(struct buf *out, const struct svg_plot *p, struct svg_taken *t,
	       struct svg_xy at, const char *class, const char *text)
{
	struct svg_xy v, end;
	struct svg_box b;

	if (!svg_is_there(at))
		return;
	v = svg_held(p, at);
	b = place(t, p, v, text_width(text));
	end = nearest(v, &b);
	if (hypot(end.x - v.x, end.y - v.y) > 18) {
		buf_addf(out,
			 "<path class=\"leader\" d=\"M%.1f %.1fL%.1f "
			 "%.1f\"/>\n",
			 v.x, v.y, end.x, end.y);
		avoid_stretch(t, p, v, end);
	}
	take(t, b);
	svg_text(out, (b.x0 + b.x1) / 2, b.y1 - 3.5, SVG_MIDDLE, class, text);
}

double svg_legend(struct buf *out, double x, double y, double right,
		  const struct svg_key *v, size_t n)
{
	double at = x, width;

	for (size_t i = 0; i < n; i++) {
		width = 32 + text_width(v[i].text);
		if (at > x && at + width > right) {
			at = x;
			y += LINE_HEIGHT + 3;
		}
		buf_addf(out, "<path class=\"%s\" d=\"M%.1f %.1fh26\"/>\n",
			 v[i].class, at, y - 4);
		svg_text(out, at + 32, y, SVG_START, "label", v[i].text);
		at += width + 16;
	}
	return y;
}
