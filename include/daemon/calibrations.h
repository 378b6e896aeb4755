/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cascades decide by calibrated confidence and which by raw scores, said
 * wherever an operator may look: -t, the log, the metrics.
 */
#ifndef DAEMON_CALIBRATIONS_H
#define DAEMON_CALIBRATIONS_H

#include "base/metric.h"
#include "cascade/generation.h"

/* A line for each cascade that verifies. */
void calibrations_log(const struct generation *g);
void calibrations_print(const struct generation *g); /* to stderr */

/* frugald_calibrated{cascade}: 1 or 0, none for those that verify nothing. */
void calibrations_count(const struct generation *g, struct metric_set *set);

#endif
