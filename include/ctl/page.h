/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as one HTML file: well-formed XML, no script, nothing loaded, fit
 * for a screen, a dark room and paper.
 */
#ifndef CTL_PAGE_H
#define CTL_PAGE_H

#include "base/buf.h"
#include "ctl/report_view.h"

/* Appends the whole page. The same view gives the same bytes. */
void page_write(struct buf *out, const struct report_view *v);

/* Appends the style sheet: colours by variable, so that light, dark and print
 * differ in those alone. Lines differ in dash and marks in shape as well. */
void page_style(struct buf *out);

#endif
