/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page around the figures: verdict first, then money, then the evidence.
 */
#include "ctl/page.h"

#include <math.h>

#include "ctl/amount.h"
#include "ctl/figures.h"
#include "ctl/markup.h"
#include "ctl/page_tables.h"
#include "ctl/report_words.h"

typedef void say_fn(struct buf *out, const struct report_view *v);
typedef bool figure_fn(struct buf *out, const struct report_view *v);

/* A paragraph of what is said; none when nothing is. */
static void paragraph(struct buf *out, const struct report_view *v,
		      const char *class, say_fn *say)
{
	struct buf text;

	buf_init(&text, 0);
	say(&text, v);
	buf_add(&text, "", 1);
	if (text.n > 1) {
		buf_addf(out, "<p class=\"%s\">", class);
		markup_text(out, text.p);
		buf_adds(out, "</p>\n");
	}
	buf_release(&text);
}

static void figure(struct buf *out, const struct report_view *v,
		   figure_fn *draw, const char *caption)
{
	struct buf svg;

	buf_init(&svg, 0);
	if (draw(&svg, v)) {
		buf_adds(out, "<figure>\n");
		buf_add_span(out, buf_span(&svg));
		buf_addf(out, "<figcaption>%s</figcaption>\n</figure>\n",
			 caption);
	} else {
		buf_adds(out, "<p class=\"soft\">There are no rows to draw "
			      "this from.</p>\n");
	}
	buf_release(&svg);
}

static void named(struct buf *out, const char *name)
{
	buf_adds(out, "<bdi>");
	markup_name(out, name);
	buf_adds(out, "</bdi>");
}

/* ---- head ---------------------------------------------------------------- */

static void head(struct buf *out, const struct report_view *v)
{
	buf_adds(out,
		 "<!DOCTYPE html>\n"
		 "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n"
		 "<head>\n<meta charset=\"utf-8\"/>\n"
		 "<meta name=\"viewport\" "
		 "content=\"width=device-width, initial-scale=1\"/>\n"
		 "<meta http-equiv=\"Content-Security-Policy\" "
		 "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
		 "<title>Cascade ");
	markup_name(out, v->cascade);
	buf_adds(out, "</title>\n<style>\n");
	page_style(out);
	buf_adds(out, "</style>\n</head>\n<body>\n<main>\n");
}

static void title(struct buf *out, const struct report_view *v)
{
	buf_adds(out, "<header>\n<h1>Cascade ");
	named(out, v->cascade);
	buf_adds(out, "</h1>\n<p class=\"soft\">");
	named(out, v->cheap);
	buf_adds(out, " answers where it can be trusted, ");
	named(out, v->expensive);
	buf_adds(out, " where it cannot");
	if (v->checker) {
		buf_adds(out, "; checked by ");
		named(out, v->checker);
	}
	buf_adds(out, ".</p>\n");
}

static void badges(struct buf *out, const struct report_view *v)
{
	const char *verdict = report_verdict_name(v);

	buf_addf(out,
		 "<p class=\"badges\"><strong class=\"badge %s\">%s</strong>"
		 "<strong class=\"badge %s\">%s</strong></p>\n",
		 report_is_worth_it(v) ? "good" : "bad", verdict,
		 v->standing == REPORT_CERTIFIED ? "good" : "bad",
		 report_standing_name(v->standing));
}

static void tile(struct buf *out, const char *what, struct amount value,
		 struct amount range)
{
	buf_addf(out, "<div><dt>%s</dt><dd>%s</dd><dd>%s</dd></div>\n", what,
		 value.s, range.s);
}

static void tiles(struct buf *out, const struct report_view *v)
{
	const struct report_policy *p = &v->policies[REPORT_OPERATING];

	if (!p->name)
		return;
	buf_adds(out, "<dl class=\"tiles\">\n");
	tile(out, "net saving", amount_share(v->saving.at),
	     amount_share_range(v->saving.low, v->saving.high));
	tile(out, "answered cheaply", amount_share(p->accepted),
	     (struct amount){"of requests"});
	tile(out, "lost", amount_share(p->risk.at),
	     amount_share_range(p->risk.low, p->risk.high));
	tile(out, "checked", amount_share(p->checked),
	     (struct amount){"of requests"});
	buf_adds(out, "</dl>\n");
}

/* ---- sections ------------------------------------------------------------ */

static void section(struct buf *out, const char *id, const char *name)
{
	buf_addf(out, "<h2 id=\"%s\">%s</h2>\n", id, name);
}

static void money(struct buf *out, const struct report_view *v)
{
	section(out, "money", "What it costs");
	figure(out, v, figure_account,
	       "Verifying is an expense of its own, hatched. Each policy "
	       "answers the same rows.");
	page_policies(out, v);
	section(out, "check", "Is the check worth asking for?");
	paragraph(out, v, "", report_say_check);
}

static void evidence(struct buf *out, const struct report_view *v)
{
	section(out, "quality", "Cost and quality");
	figure(out, v, figure_cost,
	       "Up and to the left is better. A policy is worth its trouble "
	       "as far as it lies above the straight line: that one needs no "
	       "signals at all, only a coin. Whiskers are 95 % intervals.");
	section(out, "risk-coverage", "Risk and coverage");
	figure(out, v, figure_risk,
	       "Safest requests first. The band is the 95 % interval of each "
	       "single point. The lines go through the cuts that suit these "
	       "very rows best, so they flatter a little. The axis ends soon "
	       "above the operating point, not where everything is kept.");
	section(out, "calibration", "Is confidence true?");
	figure(out, v, figure_reliability,
	       "On the diagonal, replies that were called 80 % sure were "
	       "right 80 % of the time. Each bin has its 95 % interval "
	       "(Clopper and Pearson). ECE is the mean distance from the "
	       "diagonal, weighted by rows, over 15 bins.");
	page_quality(out, v);
	page_bins(out, v);
}

static void fact(struct buf *out, const char *what, const char *text)
{
	buf_addf(out, "<dt>%s</dt><dd>", what);
	markup_text(out, text);
	buf_adds(out, "</dd>\n");
}

static void facts(struct buf *out, const struct report_view *v)
{
	section(out, "rows", "What it was measured on");
	paragraph(out, v, "", report_say_rows);
	paragraph(out, v, "", report_say_loss);
	buf_adds(out, "<dl class=\"facts\">\n");
	fact(out, "cheap model", v->cheap_model);
	fact(out, "expensive model", v->expensive_model);
	if (v->date)
		fact(out, "calibrated", v->date);
	if (v->digest)
		fact(out, "records, SHA-256", v->digest);
	fact(out, "made by", "frugalctl " FRUGALD_VERSION);
	buf_adds(out, "</dl>\n");
}

void page_write(struct buf *out, const struct report_view *v)
{
	head(out, v);
	title(out, v);
	badges(out, v);
	paragraph(out, v, "verdict", report_say_verdict);
	paragraph(out, v, "", report_say_standing);
	paragraph(out, v, "warning", report_say_warning);
	tiles(out, v);
	buf_adds(out, "</header>\n");
	money(out, v);
	evidence(out, v);
	section(out, "signals", "What each signal tells alone");
	page_signals(out, v);
	facts(out, v);
	buf_adds(out, "</main>\n</body>\n</html>\n");
}
