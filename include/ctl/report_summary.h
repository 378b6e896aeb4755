/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report in a terminal: what counts, in plain lines.
 */
#ifndef CTL_REPORT_SUMMARY_H
#define CTL_REPORT_SUMMARY_H

#include <stdio.h>

#include "ctl/report_view.h"

void report_summary(const struct report_view *v, FILE *to);

#endif
