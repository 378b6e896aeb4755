/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was found out, said: as lines for people, as JSON for programs.
 */
#ifndef CTL_TELL_H
#define CTL_TELL_H

#include <stdio.h>

#include <jansson.h>

#include "conf/conf.h"
#include "ctl/calibration.h"

/* What the figures are of. */
struct tell {
	const struct conf_cascade *cascade;
	const struct samples *samples;
	double max_error, delta;
};

/* Promise, cuts, shares, risk, saving, check, verdict: a line or two each. */
void tell_calibration(const struct tell *t, const struct calibration *c,
		      FILE *to);
/* The same as one object; yours. */
json_t *tell_calibration_json(const struct tell *t,
			      const struct calibration *c);

/* The quality that counts: of the stage whose scores decide last. */
const struct quality *tell_quality(const struct calibration *c);
/* "worth it", "bypass". */
const char *tell_verdict(bool worth_it);

/* USD that the expensive backend takes for a request, on average over the
 * rows where it is known; NaN: of none. */
double tell_price(const struct samples *s);

/* NaN and infinities become null. */
json_t *tell_number(double v);
/* One line on stdout; takes o. -1: it could not be written. */
int tell_json(json_t *o);

#endif
