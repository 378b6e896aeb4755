/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Risk against coverage, and quality against cost.
 */
#include "ctl/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ctl/amount.h"
#include "ctl/svg.h"
#include "ctl/svg_label.h"

#define WIDTH 680.0

static const char *const line_classes[REPORT_NLINES] = {
	[REPORT_LINE_OWN] = "line own",
	[REPORT_LINE_CHECK_ALL] = "line all",
	[REPORT_LINE_STAGED] = "line staged",
};

static const char *const line_names[REPORT_NLINES] = {
	[REPORT_LINE_OWN] = "own signals only",
	[REPORT_LINE_CHECK_ALL] = "check asked of all",
	[REPORT_LINE_STAGED] = "check asked in the band",
};

/* The title of an axis that says how many rows there are. */
static struct amount with_n(const char *what, const struct report_view *v)
{
	struct amount title;

	snprintf(title.s, sizeof(title.s), "%.38s (n\u00a0=\u00a0%.16s)", what,
		 amount_count(v->n).s);
	return title;
}

typedef struct svg_xy place_fn(const struct report_policy *p);

/* Labels that follow keep off the lines. */
static void draw_lines(struct buf *out, const struct svg_plot *plot,
		       const struct report_view *v, place_fn *place,
		       struct svg_taken *taken)
{
	for (size_t k = 0; k < REPORT_NLINES; k++) {
		size_t n = v->lines[k].n;
		struct svg_xy *xy = mem_array(n + 1, sizeof(*xy));

		for (size_t i = 0; i < n; i++)
			xy[i] = place(&v->lines[k].v[i]);
		svg_line(out, plot, xy, n, line_classes[k]);
		svg_avoid_line(taken, plot, xy, n);
		free(xy);
	}
}

static size_t line_keys(const struct report_view *v, struct svg_key *keys)
{
	size_t n = 0;

	for (size_t k = REPORT_NLINES; k-- > 0;)
		if (v->lines[k].n)
			keys[n++] = (struct svg_key){line_classes[k],
						     line_names[k]};
	return n;
}

/* ---- risk and coverage --------------------------------------------------- */

static struct svg_xy risk_place(const struct report_policy *p)
{
	return (struct svg_xy){p->accepted, p->risk.at};
}

static void risk_band(struct buf *out, const struct svg_plot *plot,
		      const struct report_curve *c)
{
	struct svg_xy *low = mem_array(c->n + 1, sizeof(*low));
	struct svg_xy *high = mem_array(c->n + 1, sizeof(*high));

	for (size_t i = 0; i < c->n; i++) {
		low[i] = (struct svg_xy){c->v[i].accepted, c->v[i].risk.low};
		high[i] = (struct svg_xy){c->v[i].accepted, c->v[i].risk.high};
	}
	svg_band(out, plot, low, high, c->n, "band");
	free(low);
	free(high);
}

/* The line that is in use: staged when there is a check. */
static const struct report_curve *main_line(const struct report_view *v)
{
	return &v->lines[v->lines[REPORT_LINE_STAGED].n ? REPORT_LINE_STAGED
							: REPORT_LINE_OWN];
}

/* The promise and what is twice and thrice as bad; the rest of the axis would
 * only make them small. */
static struct svg_axis risk_axis(const struct report_view *v)
{
	double most = v->policies[REPORT_CHEAP].risk.at;
	double seen = report_has(v, REPORT_OPERATING)
			      ? v->policies[REPORT_OPERATING].risk.high
			      : (double)NAN;
	double top = isfinite(v->max_error) ? 4 * v->max_error : 2 * seen;

	if (!(top >= seen))
		top = isfinite(seen) ? seen : most;
	return svg_axis_of(0, fmin(top, isfinite(most) ? most * 1.05 : 1), 4,
			   SVG_SHARE,
			   v->labelled ? "lost: cheap wrong, expensive right "
					 "(share of all requests)"
				       : "lost: the two answers differ "
					 "(share of all requests)");
}

static void risk_limits(struct buf *out, const struct svg_plot *plot,
			const struct report_view *v, struct svg_taken *taken)
{
	double base = v->policies[REPORT_CHEAP].risk.at;
	struct svg_xy lot[] = {{0, 0}, {1, base}};
	struct svg_xy best[] = {{0, 0}, {1 - base, 0}, {1, base}};
	struct svg_xy promise[] = {{0, v->max_error}, {1, v->max_error}};

	svg_line(out, plot, lot, 2, "line lot");
	svg_line(out, plot, best, 3, "line best");
	svg_line(out, plot, promise, 2, "line promise");
	svg_avoid_line(taken, plot, lot, 2);
	svg_avoid_line(taken, plot, best, 3);
	svg_avoid_line(taken, plot, promise, 2);
}

static void risk_point(struct buf *out, const struct svg_plot *plot,
		       const struct report_view *v, struct svg_taken *taken)
{
	const struct report_policy *p = &v->policies[REPORT_OPERATING];
	struct svg_xy at = risk_place(p);
	char text[192];

	if (!p->name)
		return;
	svg_whisker(out, plot, (struct svg_xy){at.x, p->risk.low},
		    (struct svg_xy){at.x, p->risk.high}, "whisker point");
	svg_mark(out, plot, at, SVG_DIAMOND, "mark point");
	svg_avoid(taken, plot, at);
	snprintf(text, sizeof(text), "%s kept, %s lost",
		 amount_share(p->accepted).s, amount_share(p->risk.at).s);
	svg_label(out, plot, taken, at, "label strong", text);
}

bool figure_risk(struct buf *out, const struct report_view *v)
{
	struct amount title = with_n("share answered by the cheap backend", v);
	struct svg_plot plot = {.id = "risk",
				.left = 62,
				.top = 84,
				.width = 600,
				.height = 270,
				.x = svg_axis_of(0, 1, 5, SVG_SHARE, title.s),
				.y = risk_axis(v)};
	struct svg_key keys[REPORT_NLINES + 3];
	struct svg_taken taken = {.n = 0};
	size_t n = line_keys(v, keys);

	if (n == 0)
		return false;
	keys[n++] = (struct svg_key){"line best", "best possible"};
	keys[n++] = (struct svg_key){"line lot", "kept by lot"};
	if (isfinite(v->max_error))
		keys[n++] = (struct svg_key){"line promise", "the promise"};
	svg_open(out, "risk", WIDTH, 405, "Risk and coverage",
		 "Share of all requests that lose, against the share that the "
		 "cheap backend answers. The band is the 95 % interval.");
	svg_legend(out, 22, 16, WIDTH, keys, n);
	svg_frame(out, &plot);
	risk_band(out, &plot, main_line(v));
	risk_limits(out, &plot, v, &taken);
	draw_lines(out, &plot, v, risk_place, &taken);
	risk_point(out, &plot, v, &taken);
	svg_close(out);
	return true;
}

/* ---- cost and quality ---------------------------------------------------- */

static struct svg_xy cost_place(const struct report_policy *p)
{
	return (struct svg_xy){p->cost.at, p->right.at};
}

static const struct {
	enum svg_shape shape;
	const char *class, *label;
} cost_marks[REPORT_NWHICH] = {
	[REPORT_EXPENSIVE] = {SVG_SQUARE, "mark naive", "always expensive"},
	[REPORT_CHEAP] = {SVG_SQUARE, "mark naive", "always cheap"},
	[REPORT_RANDOM] = {SVG_RING, "mark naive", "by lot, same cost"},
	[REPORT_OWN] = {SVG_TRIANGLE, "mark own", "own signals only"},
	[REPORT_CHECK_ALL] = {SVG_DISC, "mark all", "check asked of all"},
	[REPORT_FITTED] = {SVG_DIAMOND, "mark fitted", "fitted cuts"},
	[REPORT_OPERATING] = {SVG_DIAMOND, "mark point", "operating point"},
	[REPORT_HINDSIGHT] = {SVG_RING, "mark best", "best in hindsight"},
};

/* Both ranges hold every policy and its interval. */
static void cost_axes(const struct report_view *v, struct svg_plot *plot,
		      const char *title)
{
	double low = 1, high = 0, dear = 0;

	for (size_t i = 0; i < REPORT_NWHICH; i++) {
		const struct report_policy *p = &v->policies[i];

		if (!p->name || !isfinite(p->right.at) || !isfinite(p->cost.at))
			continue;
		low = fmin(low, fmin(p->right.at, p->right.low));
		high = fmax(high, fmax(p->right.at, p->right.high));
		dear = fmax(dear, fmax(p->cost.at, p->cost.high));
	}
	plot->x = svg_axis_of(0, dear, 6, SVG_USD, title);
	plot->y = svg_axis_of(fmin(low, high), fmin(high, 1), 6, SVG_SHARE,
			      v->labelled
				      ? "right answers (share of all requests)"
				      : "not lost (share of all requests)");
}

static void cost_whiskers(struct buf *out, const struct svg_plot *plot,
			  const struct report_policy *p, const char *class,
			  struct svg_taken *taken)
{
	struct svg_xy up[] = {{p->cost.at, p->right.low},
			      {p->cost.at, p->right.high}};
	struct svg_xy along[] = {{p->cost.low, p->right.at},
				 {p->cost.high, p->right.at}};

	svg_whisker(out, plot, up[0], up[1], class);
	svg_whisker(out, plot, along[0], along[1], class);
	svg_avoid_line(taken, plot, up, 2);
	svg_avoid_line(taken, plot, along, 2);
}

/* The operating point lies on top, and has the first choice of a place. */
static void cost_points(struct buf *out, const struct svg_plot *plot,
			const struct report_view *v, struct svg_taken *taken)
{
	static const enum report_which order[REPORT_NWHICH] = {
		REPORT_OPERATING, REPORT_EXPENSIVE, REPORT_CHEAP,
		REPORT_HINDSIGHT, REPORT_FITTED,    REPORT_OWN,
		REPORT_CHECK_ALL, REPORT_RANDOM};

	for (size_t i = REPORT_NWHICH; i-- > 0;)
		if (report_has(v, order[i])) {
			const struct report_policy *p = &v->policies[order[i]];

			cost_whiskers(out, plot, p,
				      i == 0 ? "whisker point" : "whisker",
				      taken);
			svg_mark(out, plot, cost_place(p),
				 cost_marks[order[i]].shape,
				 cost_marks[order[i]].class);
			svg_avoid(taken, plot, cost_place(p));
		}
	for (size_t i = 0; i < REPORT_NWHICH; i++)
		if (report_has(v, order[i]))
			svg_label(out, plot, taken,
				  cost_place(&v->policies[order[i]]),
				  i == 0 ? "label strong" : "label",
				  cost_marks[order[i]].label);
}

bool figure_cost(struct buf *out, const struct report_view *v)
{
	struct amount title = with_n("USD per 1,000 requests", v);
	struct svg_plot plot = {.id = "cost",
				.left = 62,
				.top = 56,
				.width = 600,
				.height = 330};
	struct svg_xy lot[] = {cost_place(&v->policies[REPORT_CHEAP]),
			       cost_place(&v->policies[REPORT_EXPENSIVE])};
	struct svg_key keys[REPORT_NLINES + 1];
	struct svg_taken taken = {.n = 0};
	size_t n = line_keys(v, keys);

	if (!report_has(v, REPORT_CHEAP) || !report_has(v, REPORT_EXPENSIVE) ||
	    !isfinite(lot[0].x + lot[0].y + lot[1].x + lot[1].y))
		return false;
	keys[n++] = (struct svg_key){"line lot", "by lot"};
	cost_axes(v, &plot, title.s);
	svg_open(out, "cost", WIDTH, 437, "Cost and quality",
		 "Share answered well against cost, for the operating point "
		 "and the ways one might go instead. Whiskers are 95 % "
		 "intervals.");
	svg_legend(out, 22, 16, WIDTH, keys, n);
	svg_frame(out, &plot);
	svg_line(out, &plot, lot, 2, "line lot");
	svg_avoid_line(&taken, &plot, lot, 2);
	draw_lines(out, &plot, v, cost_place, &taken);
	cost_points(out, &plot, v, &taken);
	svg_close(out);
	return true;
}
