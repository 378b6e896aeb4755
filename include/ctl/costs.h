/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What recorded requests have cost, made fit for comparing policies.
 */
#ifndef CTL_COSTS_H
#define CTL_COSTS_H

#include "ctl/askers.h"
#include "ctl/samples.h"

/* A cost that is not known of a row is taken to be the mean of what is; what is
 * asked beside the cheap tier becomes part of each cheap answer's price. */
void costs_settle(struct samples *s, const struct askers *a);

/* Sets check_usd of each sample: of what is known, NaN where nothing is. */
void costs_add_checks(struct samples *s);

#endif
