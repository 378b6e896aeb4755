/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills a report from recorded traffic.
 *
 * With an artifact its heads score the rows and its cuts are the operating
 * point. Without one, heads are fitted here and every row is scored by heads
 * that did not see it; the operating point is then the best cuts for the
 * promise asked for or, where none is, the threshold of raw scores that the
 * cascade decides by. The rows are those of eval and shadow traffic whose
 * outcome is known. Same input and seed, same view.
 */
#ifndef CTL_MEASURE_H
#define CTL_MEASURE_H

#include <stdint.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "ctl/report_view.h"
#include "ctl/samples.h"
#include "verify/artifact.h"

struct measure_from {
	const struct conf_cascade *cascade; /* of two tiers */
	const struct samples *samples;
	const struct artifact *artifact; /* NULL: none */
	double max_error, delta;	 /* NaN: none asked for; the artifact's
					  * go before */
	uint64_t seed;
};

/* The view borrows from `from` and from what lives in a. Rows that no head can
 * be fitted on are no fault: the view then says so. */
void measure(struct report_view *v, const struct measure_from *from,
	     struct arena *a);

#endif
