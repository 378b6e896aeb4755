/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the money goes: a bar a policy.
 */
#include "ctl/figures.h"

#include <math.h>

#include "ctl/amount.h"
#include "ctl/svg.h"
#include "ctl/svg_label.h"

#define WIDTH	   680.0
#define ROW_HEIGHT 34.0 /* of a policy */

static double dearest(const struct report_view *v)
{
	double most = 0;

	for (size_t i = 0; i < REPORT_NWHICH; i++)
		if (report_has(v, i) && isfinite(v->policies[i].cost.at))
			most = fmax(most, v->policies[i].cost.at);
	return most;
}

static void account_bar(struct buf *out, const struct svg_plot *plot,
			const struct report_policy *p, double row)
{
	const struct {
		double usd;
		const char *class;
	} parts[] = {{p->cheap_usd, "bar cheap"},
		     {p->check_usd, "bar check"},
		     {p->check_usd, "bar hatch"},
		     {p->expensive_usd, "bar expensive"}};
	double from = 0;

	for (size_t i = 0; i < 4; i++) {
		double to = from + parts[i].usd;

		if (parts[i].usd > 0)
			svg_bar(out, plot, (struct svg_xy){from, row + 0.18},
				(struct svg_xy){to, row + 0.82},
				parts[i].class);
		if (i != 1)
			from = to;
	}
}

static void account_row(struct buf *out, const struct svg_plot *plot,
			const struct report_view *v, size_t which, double row)
{
	const struct report_policy *p = &v->policies[which];
	bool strong = which == REPORT_OPERATING;
	double y = svg_y(plot, row + 0.5) + 4;

	svg_text(out, plot->left - 10, y, SVG_END,
		 strong ? "label strong" : "label", p->name);
	account_bar(out, plot, p, row);
	svg_text(out, svg_x(plot, p->cost.at) + 8, y, SVG_START,
		 strong ? "label strong" : "label", amount_usd(p->cost.at).s);
}

bool figure_account(struct buf *out, const struct report_view *v)
{
	static const struct svg_key keys[] = {
		{"swatch cheap", "cheap answers"},
		{"swatch check", "verifying"},
		{"swatch expensive", "expensive answers"}};
	struct svg_plot plot = {
		.id = "account", .left = 168, .top = 34, .width = 432};
	size_t rows[REPORT_NWHICH], n = 0;

	for (size_t i = 0; i < REPORT_NWHICH; i++)
		if (report_has(v, i) && isfinite(v->policies[i].cost.at))
			rows[n++] = i;
	if (n == 0)
		return false;
	plot.height = ROW_HEIGHT * (double)n;
	plot.x = svg_axis_of(0, dearest(v), 5, SVG_USD,
			     "USD per 1,000 requests");
	plot.y = (struct svg_axis){.from = 0, .to = (double)n, .step = 1e9};
	svg_open(out, "account", WIDTH, plot.height + 86, "Cost account",
		 "USD per 1,000 requests, split into cheap answers, verifying "
		 "and expensive answers, for each policy. The numbers are in "
		 "the table below.");
	buf_adds(out,
		 "<pattern id=\"hatch\" width=\"5\" height=\"5\" "
		 "patternUnits=\"userSpaceOnUse\">"
		 "<path class=\"hatch-line\" d=\"M0 5L5 0\"/></pattern>\n");
	svg_legend(out, plot.left, 16, WIDTH, keys, 3);
	svg_frame(out, &plot);
	for (size_t i = 0; i < n; i++)
		account_row(out, &plot, v, rows[i], (double)(n - 1 - i));
	svg_close(out);
	return true;
}
