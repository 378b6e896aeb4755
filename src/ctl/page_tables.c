/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of policies, bins and signals.
 */
#include "ctl/page_tables.h"

#include <math.h>

#include "ctl/amount.h"
#include "ctl/figures.h"
#include "ctl/markup.h"

#define SIGNALS_MOST 40

static void cell(struct buf *out, struct amount a)
{
	buf_addf(out, "<td>%s</td>", a.s);
}

/* A value with its interval in small type below. */
static void cell_range(struct buf *out, struct amount a, struct amount range)
{
	buf_addf(out, "<td>%s <br/><small>%s</small></td>", a.s, range.s);
}

static void row_head(struct buf *out, const char *name)
{
	buf_adds(out, "<tr><th scope=\"row\">");
	markup_text(out, name);
	buf_adds(out, "</th>");
}

/* ---- policies ------------------------------------------------------------ */

static void policy_row(struct buf *out, const struct report_policy *p, bool us)
{
	buf_addf(out, "<tr%s><th scope=\"row\">", us ? " class=\"us\"" : "");
	markup_text(out, p->name);
	buf_adds(out, "</th>");
	cell(out, amount_share(p->accepted));
	cell(out, amount_share(p->checked));
	cell_range(out, amount_share(p->risk.at),
		   amount_share_range(p->risk.low, p->risk.high));
	cell(out, amount_share(p->right.at));
	cell(out, amount_usd(p->cheap_usd + p->expensive_usd));
	cell(out, amount_usd(p->check_usd));
	cell_range(out, amount_usd(p->cost.at),
		   amount_usd_range(p->cost.low, p->cost.high));
	buf_adds(out, "</tr>\n");
}

void page_policies(struct buf *out, const struct report_view *v)
{
	if (!report_has(v, REPORT_EXPENSIVE))
		return;
	buf_addf(out,
		 "<div class=\"wide\"><table id=\"policies\">\n"
		 "<caption>Shares are of requests, money is USD per 1,000 "
		 "requests, small figures are 95 %% intervals.</caption>\n"
		 "<thead><tr><th scope=\"col\">policy</th>"
		 "<th scope=\"col\">answered cheaply</th>"
		 "<th scope=\"col\">checked</th><th scope=\"col\">lost</th>"
		 "<th scope=\"col\">%s</th><th scope=\"col\">answering</th>"
		 "<th scope=\"col\">verifying</th>"
		 "<th scope=\"col\">in all</th></tr></thead>\n<tbody>\n",
		 v->labelled ? "right" : "not lost");
	for (size_t i = 0; i < REPORT_NWHICH; i++)
		if (report_has(v, i))
			policy_row(out, &v->policies[i], i == REPORT_OPERATING);
	buf_adds(out, "</tbody></table></div>\n");
}

/* ---- reliability --------------------------------------------------------- */

static void quality_row(struct buf *out, const struct report_reliability *r)
{
	row_head(out, r->name);
	cell(out, amount_count(r->n));
	cell_range(out, amount_decimal(r->ece.at),
		   amount_decimal_range(r->ece.low, r->ece.high));
	cell(out, amount_decimal(r->brier));
	cell(out, amount_decimal(r->auroc));
	cell(out, amount_decimal(r->aurc));
	cell(out, amount_decimal(r->eaurc));
	buf_adds(out, "</tr>\n");
}

void page_quality(struct buf *out, const struct report_view *v)
{
	if (v->n_reliability == 0)
		return;
	buf_adds(out,
		 "<div class=\"wide\"><table id=\"quality\">\n"
		 "<caption>Even a true confidence shows some ECE, the more "
		 "the fewer the rows. Its 95 % interval begins below that "
		 "share.</caption>\n"
		 "<thead><tr><th scope=\"col\">confidence</th>"
		 "<th scope=\"col\">rows</th><th scope=\"col\">ECE</th>"
		 "<th scope=\"col\">Brier score</th>"
		 "<th scope=\"col\">AUROC</th><th scope=\"col\">AURC</th>"
		 "<th scope=\"col\">above the best AURC</th></tr></thead>\n"
		 "<tbody>\n");
	for (size_t k = 0; k < v->n_reliability; k++)
		quality_row(out, &v->reliability[k]);
	buf_adds(out, "</tbody></table></div>\n");
}

static void bin_rows(struct buf *out, const struct report_reliability *r)
{
	for (size_t i = 0; i < REPORT_BINS; i++) {
		const struct curve_bin *b = &r->bins[i];

		if (b->n == 0)
			continue;
		row_head(out, r->name);
		cell(out, amount_decimal_range(b->from, b->to));
		cell(out, amount_count(b->n));
		cell(out, amount_decimal(b->mean_p));
		cell(out, amount_decimal(b->share_right));
		cell(out,
		     amount_decimal_range(r->shares[i].low, r->shares[i].high));
		buf_adds(out, "</tr>\n");
	}
}

void page_bins(struct buf *out, const struct report_view *v)
{
	if (v->n_reliability == 0)
		return;
	buf_adds(out,
		 "<details><summary>The bins in numbers</summary>\n"
		 "<div class=\"wide\"><table id=\"bins\">\n"
		 "<thead><tr><th scope=\"col\">stage</th>"
		 "<th scope=\"col\">confidence</th><th scope=\"col\">rows</th>"
		 "<th scope=\"col\">mean confidence</th>"
		 "<th scope=\"col\">share right</th>"
		 "<th scope=\"col\">95 % interval</th></tr></thead>\n"
		 "<tbody>\n");
	for (size_t k = 0; k < v->n_reliability; k++)
		bin_rows(out, &v->reliability[k]);
	buf_adds(out, "</tbody></table></div></details>\n");
}

/* ---- signals ------------------------------------------------------------- */

static void signal_row(struct buf *out, const struct report_signal *s)
{
	buf_adds(out, "<tr><th scope=\"row\"><code><bdi>");
	markup_name(out, s->name);
	buf_adds(out, "</bdi></code></th><td class=\"plot\">");
	figure_signal(out, s);
	buf_adds(out, "</td>");
	cell(out, amount_decimal(s->auroc.at));
	cell(out, amount_decimal_range(s->auroc.low, s->auroc.high));
	buf_addf(out, "<td>%s</td>",
		 !isfinite(s->auroc.at) ? "\u2013"
		 : s->high_is_right	? "high"
					: "low");
	cell(out, amount_count(s->n));
	cell(out, amount_share(s->missing));
	buf_adds(out, "</tr>\n");
}

static void signals_head(struct buf *out, const struct report_view *v)
{
	buf_addf(out,
		 "<p>How well one signal, by itself and with no fitting, "
		 "tells %s. 0.5 is chance, 1 never errs.</p>\n"
		 "<div class=\"wide\"><table id=\"signals\">\n"
		 "<caption>Discs come with the reply, diamonds only with the "
		 "check. The direction is read off the same rows, so a signal "
		 "without any worth still shows a little more than 0.5.",
		 v->labelled ? "right cheap replies from wrong ones"
			     : "replies that the expensive backend would have "
			       "given as well from others");
	if (v->n_signals > SIGNALS_MOST)
		buf_addf(out, " The %d strongest of %s.", SIGNALS_MOST,
			 amount_count(v->n_signals).s);
	buf_adds(out, "</caption>\n<thead><tr><th scope=\"col\">signal</th>"
		      "<th scope=\"col\" class=\"plot\">");
	figure_signal_axis(out);
	buf_adds(out, "</th><th scope=\"col\">AUROC</th>"
		      "<th scope=\"col\">95 % interval</th>"
		      "<th scope=\"col\">speaks for the reply when</th>"
		      "<th scope=\"col\">rows</th>"
		      "<th scope=\"col\">missing</th></tr></thead>\n<tbody>\n");
}

void page_signals(struct buf *out, const struct report_view *v)
{
	if (v->n_signals == 0) {
		buf_adds(out, "<p class=\"soft\">No row has a signal.</p>\n");
		return;
	}
	signals_head(out, v);
	for (size_t i = 0; i < v->n_signals && i < SIGNALS_MOST; i++)
		signal_row(out, &v->signals[i]);
	buf_adds(out, "</tbody></table></div>\n");
}
