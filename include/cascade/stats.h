/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is counted of finished runs, in the process's metric set.
 */
#ifndef CASCADE_STATS_H
#define CASCADE_STATS_H

#include <stdint.h>

#include "base/metric.h"
#include "store/ledger.h"

struct stats; /* one a loop: it remembers the series it has used */

struct stats *stats_new(struct metric_set *set);
void stats_free(struct stats *s);

/* Counts one finished request, its attempts and its verdicts. */
void stats_count(struct stats *s, const struct ledger_row *row);
void stats_escalated(struct stats *s, const char *cascade, const char *reason);
struct metric *stats_inflight(struct metric_set *set);
struct metric *stats_queued(struct metric_set *set);

#endif
