/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reliability diagrams, and the strips of single signals.
 */
#include "ctl/figures.h"

#include <math.h>
#include <stdio.h>

#include "ctl/amount.h"
#include "ctl/svg.h"

#define PANEL_GAP    60.0
#define HISTOGRAM    54.0
#define STRIP_WIDTH  220.0
#define STRIP_HEIGHT 18.0

/* ---- reliability --------------------------------------------------------- */

/* Side by side, as wide as the page has room for. */
static double panel_size(const struct report_view *v)
{
	return v->n_reliability > 2 ? 164 : 260;
}

static void reliability_bins(struct buf *out, const struct svg_plot *plot,
			     const struct report_reliability *r)
{
	for (size_t i = 0; i < REPORT_BINS; i++) {
		const struct curve_bin *b = &r->bins[i];

		if (b->n == 0)
			continue;
		svg_whisker(out, plot,
			    (struct svg_xy){b->mean_p, r->shares[i].low},
			    (struct svg_xy){b->mean_p, r->shares[i].high},
			    "whisker point");
		svg_mark(out, plot, (struct svg_xy){b->mean_p, b->share_right},
			 SVG_DISC, "mark point");
	}
}

static void reliability_words(struct buf *out, const struct svg_plot *plot,
			      const struct report_reliability *r)
{
	char text[192];

	svg_text(out, plot->left - 40, plot->top - 50, SVG_START,
		 "label strong", r->name);
	snprintf(text, sizeof(text), "n = %s, ECE %s", amount_count(r->n).s,
		 amount_decimal(r->ece.at).s);
	svg_text(out, plot->left - 40, plot->top - 34, SVG_START, "label",
		 text);
}

static void histogram(struct buf *out, const struct svg_plot *above,
		      const struct report_reliability *r, const char *id)
{
	struct svg_plot plot = *above;
	size_t most = 1;

	for (size_t i = 0; i < REPORT_BINS; i++)
		if (r->bins[i].n > most)
			most = r->bins[i].n;
	plot.id = id;
	plot.top = above->top + above->height + 30;
	plot.height = HISTOGRAM;
	plot.x.title = "confidence";
	plot.y = (struct svg_axis){.from = 0,
				   .to = (double)most,
				   .step = (double)most,
				   .unit = SVG_COUNT,
				   .title = "rows"};
	svg_frame(out, &plot);
	for (size_t i = 0; i < REPORT_BINS; i++)
		svg_bar(out, &plot, (struct svg_xy){r->bins[i].from + 0.01, 0},
			(struct svg_xy){r->bins[i].to - 0.01,
					(double)r->bins[i].n},
			"bar rows");
}

static void panel(struct buf *out, const struct report_view *v, size_t k)
{
	static const char *const ids[REPORT_CONFIDENCES][2] = {
		{"bins-a", "rows-a"},
		{"bins-b", "rows-b"},
		{"bins-c", "rows-c"}};
	const struct report_reliability *r = &v->reliability[k];
	struct svg_xy diagonal[] = {{0, 0}, {1, 1}};
	double size = panel_size(v);
	struct svg_plot plot = {
		.id = ids[k][0],
		.left = 52 + (size + PANEL_GAP) * (double)k,
		.top = 66,
		.width = size,
		.height = size,
		.x = {.from = 0, .to = 1, .step = 0.2},
		.y = {.from = 0,
		      .to = 1,
		      .step = 0.2,
		      .unit = SVG_SHARE,
		      .title = v->labelled ? "share that was right"
					   : "share with the same answer"}};

	svg_frame(out, &plot);
	svg_line(out, &plot, diagonal, 2, "line lot");
	reliability_bins(out, &plot, r);
	reliability_words(out, &plot, r);
	histogram(out, &plot, r, ids[k][1]);
}

bool figure_reliability(struct buf *out, const struct report_view *v)
{
	if (v->n_reliability == 0)
		return false;
	svg_open(out, "reliability", 680, panel_size(v) + 200,
		 "Reliability diagram",
		 "Share that was right against the confidence that was said, "
		 "in bins with 95 % intervals; on the diagonal confidence is "
		 "true. Below, the rows of each bin.");
	for (size_t k = 0; k < v->n_reliability; k++)
		panel(out, v, k);
	svg_close(out);
	return true;
}

/* ---- signals ------------------------------------------------------------- */

static struct svg_plot strip(void)
{
	return (struct svg_plot){.id = "strip",
				 .left = 8,
				 .top = 0,
				 .width = STRIP_WIDTH - 16,
				 .height = STRIP_HEIGHT,
				 .x = {.from = 0.4, .to = 1, .step = 0.1},
				 .y = {.from = 0, .to = 1, .step = 1e9}};
}

static void strip_open(struct buf *out)
{
	buf_addf(out,
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" "
		 "aria-hidden=\"true\" class=\"strip\" viewBox=\"0 0 %.0f "
		 "%.0f\">",
		 STRIP_WIDTH, STRIP_HEIGHT);
}

void figure_signal(struct buf *out, const struct report_signal *s)
{
	struct svg_plot plot = strip();

	strip_open(out);
	for (int i = 0; i < svg_axis_ticks(&plot.x); i++)
		buf_addf(out, "<path class=\"grid\" d=\"M%.1f 0v%.0f\"/>",
			 svg_x(&plot, svg_axis_tick(&plot.x, i)), STRIP_HEIGHT);
	buf_addf(out, "<path class=\"chance\" d=\"M%.1f 0v%.0f\"/>",
		 svg_x(&plot, 0.5), STRIP_HEIGHT);
	svg_whisker(out, &plot, (struct svg_xy){s->auroc.low, 0.5},
		    (struct svg_xy){s->auroc.high, 0.5}, "whisker point");
	svg_mark(out, &plot, (struct svg_xy){s->auroc.at, 0.5},
		 s->of_check ? SVG_DIAMOND : SVG_DISC, "mark point");
	svg_close(out);
}

void figure_signal_axis(struct buf *out)
{
	struct svg_plot plot = strip();

	strip_open(out);
	for (int i = 0; i < svg_axis_ticks(&plot.x); i++) {
		double at = svg_axis_tick(&plot.x, i);

		svg_text(out, svg_x(&plot, at), 14, SVG_MIDDLE, "tick",
			 svg_axis_text(&plot.x, at).s);
	}
	svg_close(out);
}
