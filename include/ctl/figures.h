/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a report, each one SVG element with a text alternative. Their
 * classes are those of the page's style sheet.
 *
 * What the view does not know is left out; a figure with nothing to show
 * appends nothing and returns false.
 */
#ifndef CTL_FIGURES_H
#define CTL_FIGURES_H

#include <stdbool.h>

#include "base/buf.h"
#include "ctl/report_view.h"

/* Confidence against truth, with the rows of each bin below. */
bool figure_reliability(struct buf *out, const struct report_view *v);
/* Loss against share answered by the cheap backend. */
bool figure_risk(struct buf *out, const struct report_view *v);
/* Quality against cost, with the ways one might go instead. */
bool figure_cost(struct buf *out, const struct report_view *v);
/* Where the money goes, a bar a policy. */
bool figure_account(struct buf *out, const struct report_view *v);
/* One signal's AUROC and interval, a strip for a cell of a table. */
void figure_signal(struct buf *out, const struct report_signal *s);
/* The axis of those strips. */
void figure_signal_axis(struct buf *out);

#endif
