/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named counters, gauges and histograms, written as Prometheus text.
 *
 * A family has a name, a help text and label names; a series is a family
 * with label values. Finding a series may take a lock and is done once, when
 * a generation is built or a new label value is first seen; adding to it is
 * one relaxed atomic and safe from every thread.
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_set; /* all families of a process (a test makes its own) */
struct metric;	   /* one series */

struct metric_family {
	const char *name; /* "frugald_requests_total" */
	const char *help;
	enum metric_type type;
	const char *labels;   /* "cascade,outcome"; "" or NULL for none */
	double scale;	      /* shown = stored * scale; 1, 1e-1 ... 1e-18 */
	const double *bounds; /* histogram: upper ones, ascending, as shown */
	size_t n_bounds;
};

struct metric_set *metric_set_new(void);
void metric_set_free(struct metric_set *s);

/* The series with these label values (as many as the family has labels, in
 * order; NULL-terminated list, NULL for none). Made on first use, zero; lives
 * as long as the set. f must outlive the set. */
struct metric *metric_get(struct metric_set *s, const struct metric_family *f,
			  const char *const *values);

void metric_add(struct metric *m, int64_t v);	  /* counter, gauge */
/* Gauge; or a counter that is kept elsewhere. */
void metric_set_to(struct metric *m, int64_t v);
void metric_observe(struct metric *m, int64_t v); /* histogram, stored units */
int64_t metric_value(const struct metric *m);	  /* histogram: the count */

/* Appends the text format 0.0.4, families in order of their first series,
 * label values escaped. 0, or -1 when out is full. */
int metric_write(struct metric_set *s, struct buf *out);

#endif
