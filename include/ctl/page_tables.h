/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a report, for those who want the numbers of the figures. Each
 * appends nothing when it has no rows.
 */
#ifndef CTL_PAGE_TABLES_H
#define CTL_PAGE_TABLES_H

#include "base/buf.h"
#include "ctl/report_view.h"

void page_policies(struct buf *out, const struct report_view *v);
/* ECE, Brier, AUROC, AURC by stage. */
void page_quality(struct buf *out, const struct report_view *v);
/* The bins of the reliability diagrams, folded. */
void page_bins(struct buf *out, const struct report_view *v);
/* The strongest 40 signals, with their strips. */
void page_signals(struct buf *out, const struct report_view *v);

#endif
