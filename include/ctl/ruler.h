/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides recorded requests by the daemon's own policy, over what was
 * recorded. Pure.
 */
#ifndef CTL_RULER_H
#define CTL_RULER_H

#include "conf/conf.h"
#include "ctl/cuts.h"
#include "ctl/samples.h"
#include "verify/artifact.h"

struct ruling {
	enum cuts_fate fate;
	const char
		*reason;   /* as in the reply headers; static or the sample's */
	double confidence; /* in [0, 1]; 0 where nothing scored the reply */
	double regret;	   /* likewise; 1 there, and without an artifact */
	/* Of the checks that are asked, and of those begun early. */
	double check_usd;
	bool check_unpriced; /* of one of them it is not known, it counts 0 */
};

struct ruler;

/* With an artifact its heads score: its cuts decide, or, with a threshold, the
 * calibrated confidence does, in the configured bands. Without one (a is NULL)
 * the raw scores of the chain are compared with the threshold. NaN: no
 * threshold. Borrows all. */
struct ruler *ruler_new(const struct samples *s, const struct conf_cascade *c,
			const struct artifact *a, double threshold);
void ruler_free(struct ruler *r); /* NULL is fine */

/* A check that would have been asked and was not recorded is a fault of the
 * verifier: it escalates. */
struct ruling ruler_rule(const struct ruler *r, const struct sample *s);

/* The ruling as a row of which ruler_cuts() make the same decision: so rulings
 * are counted as any policy's are. Cheap replies whose cost is not known count
 * as free. */
struct cuts_row ruler_row(const struct ruling *g, const struct sample *s,
			  bool loss);
struct artifact_cuts ruler_cuts(void);

#endif
