/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a finished request is written down: counters, one log line, a row of
 * the ledger. One recorder a loop; it remembers the series it has used.
 */
#ifndef CASCADE_RECORDER_H
#define CASCADE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metric.h"
#include "store/ledger.h"

struct recorder;

/* ledger may be NULL: no rows are kept. */
struct recorder *recorder_new(struct metric_set *set, struct ledger *ledger,
			      size_t lane);
void recorder_free(struct recorder *r);

/* Counts, logs, and queues the row; takes it, *row becomes NULL. */
void recorder_put(struct recorder *r, struct ledger_row **row);

/* A request that was refused before any run: counted and logged, no row. */
void recorder_refused(struct recorder *r, const char *request_id,
		      const char *outcome, int status, const char *why);

/* Are rows and labels kept? */
bool recorder_keeps(const struct recorder *r);
/* Of a recorder that keeps: counts, logs, and queues the label that came with
 * the request of that id; takes it, *label becomes NULL. False: there is no
 * room, and it is gone. */
bool recorder_label(struct recorder *r, const char *request_id,
		    struct ledger_label **label);
/* What was to become a label and is none. */
void recorder_label_refused(struct recorder *r, const char *request_id,
			    const char *outcome, int status, const char *why);

/* One tier was passed over. reason as it stands in the headers. */
void recorder_escalated(struct recorder *r, const char *cascade,
			const char *reason);

#endif
