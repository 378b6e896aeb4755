/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a cascade that say how answers are judged, and what they need of
 * one another: verify, threshold, target, calibration.
 */
#ifndef CONF_CONF_JUDGING_H
#define CONF_CONF_JUDGING_H

#include "conf/conf.h"
#include "conf/conf_faults.h"
#include "conf/doc.h"

/* c was read from n, the mapping at that place. has_ledger: finished requests
 * are kept. */
void conf_judging_check(struct conf_faults *faults, const struct doc_node *n,
			const struct conf_place *at,
			const struct conf_cascade *c, bool has_ledger);

#endif
