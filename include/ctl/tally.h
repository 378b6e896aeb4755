/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ways of answering did to recorded requests, as a report shows it:
 * shares, losses and money with 95 % intervals. Pure.
 *
 * Intervals of shares are exact (Clopper and Pearson), those of costs are
 * mean +- 1.96 standard errors.
 */
#ifndef CTL_TALLY_H
#define CTL_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/cuts.h"
#include "ctl/report_view.h"

struct tally {
	const struct cuts_row *rows;
	/* By the labels; without them the cheap reply is right where it is no
	 * loss, and the expensive one always. */
	const bool *cheap_right, *expensive_right;
	const bool *barred; /* always escalated */
	size_t n;	    /* > 0 */
};

struct report_policy tally_cheap(const struct tally *t, const char *name);
struct report_policy tally_expensive(const struct tally *t, const char *name);
struct report_policy tally_cuts(const struct tally *t, const char *name,
				const struct artifact_cuts *c);
/* Keeps what is neither lost nor barred. */
struct report_policy tally_hindsight(const struct tally *t, const char *name);
/* The cheap backend for a share of requests drawn by lot, the expensive one
 * for the others, so that it costs as much as `cost` (or as near to it as can
 * be). Expected values, no intervals. */
struct report_policy tally_lot(const struct report_policy *cheap,
			       const struct report_policy *expensive,
			       const char *name, double cost);

/* Policies that ask the check on every row that has a regret, whether it pays
 * or not, from accepting none on, at quantiles of the regret after it. At most
 * `most` (>= 2); returns how many. */
size_t tally_check_all(const struct tally *t, struct artifact_cuts *out,
		       size_t most);

/* Of the policies that lose k rows at most, the one that saves the most; the
 * first where none is, cuts_none() when there are no policies. */
struct artifact_cuts tally_within(const struct tally *t,
				  const struct artifact_cuts *cuts,
				  size_t n_cuts, size_t k);
/* At most `most` points of a line through these policies, sorted by the share
 * they accept; out has room for them. Returns how many. */
size_t tally_line(const struct tally *t, const struct artifact_cuts *cuts,
		  size_t n_cuts, size_t most, struct report_policy *out);

#endif
