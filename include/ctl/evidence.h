/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How well a probability keeps its word, and what single signals tell: the
 * evidence in a report, with 95 % intervals. Pure.
 */
#ifndef CTL_EVIDENCE_H
#define CTL_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/report_view.h"

/* p[i] in [0, 1] claims y[i]; rows with NaN are left out. name is kept. */
void evidence_reliability(struct report_reliability *r, const char *name,
			  const double *p, const bool *y, size_t n,
			  uint64_t seed);

/* AUROC of values for y, in the direction in which it is at least 0.5, over
 * the rows that are not NaN, with the interval of Hanley and McNeil 1982. NaN
 * where there are no rows of both kinds. */
void evidence_signal(struct report_signal *s, const double *values,
		     const bool *y, size_t n);

/* Strongest first, those without an AUROC last, then by name. */
void evidence_sort(struct report_signal *v, size_t n);

#endif
