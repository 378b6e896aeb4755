/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of three cuts on regret: what each does to recorded traffic, and
 * which ones are worth testing. Pure.
 *
 * A policy accepts at regret <= accept; else, at regret <= check, it asks the
 * check and accepts at regret after it <= after; else it escalates. A row that
 * has no score where one is needed escalates.
 */
#ifndef CTL_CUTS_H
#define CTL_CUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "verify/artifact.h"

/* One request. */
struct cuts_row {
	double regret[HEADS_NSTAGES]; /* NaN: no score, escalates */
	double cheap_usd, check_usd, expensive_usd;
	bool loss; /* keeping the cheap reply would lose */
	/* The check was never asked about it. Live it would be, and might say
	 * anything: a policy that asks it may lose the row. */
	bool check_absent;
};

enum cuts_fate {
	CUTS_ACCEPT,	   /* unchecked */
	CUTS_CHECK_ACCEPT, /* checked, then accepted */
	CUTS_CHECK_ESCALATE,
	CUTS_ESCALATE,
};

/* Over n rows. */
struct cuts_sum {
	size_t n, n_accepted, n_checked, n_losses;
	double spent_usd;     /* with the policy */
	double avoided_usd;   /* expensive answers not asked for */
	double expensive_usd; /* asking the expensive backend alone */
};

/* Takes nothing, asks nothing. */
struct artifact_cuts cuts_none(void);
enum cuts_fate cuts_apply(const struct artifact_cuts *c,
			  const struct cuts_row *row);
/* What the row costs at that fate. */
double cuts_spent(enum cuts_fate fate, const struct cuts_row *row);
struct cuts_sum cuts_count(const struct artifact_cuts *c,
			   const struct cuts_row *rows, size_t n);
/* 1 - spent / expensive; 0 where nothing was spent. */
double cuts_saving(const struct cuts_sum *sum);

/* How a policy may use the check. */
enum cuts_use {
	CUTS_BAND,	/* where it pays */
	CUTS_UNCHECKED, /* never */
	CUTS_CHECK_ALL, /* on every row that is not barred */
	CUTS_NUSES,
};

/* The policies of a grid over the quantiles of the rows' regrets that save
 * more than each safer one, safest first, cuts_none() at the head. A row's
 * risk is taken as the mean of its regret and its loss: few rows' losses alone
 * are noise, regrets alone a model. At most `most` (>= 2) are written, evenly
 * thinned; returns how many. */
size_t cuts_frontier(const struct cuts_row *rows, size_t n, enum cuts_use use,
		     struct artifact_cuts *out, size_t most);

/* The most that may be accepted at a risk of alpha over these rows when each
 * reply is accepted by its regret at that stage and the losses are known:
 * the best single cut in hindsight, as a share of rows. */
double cuts_hindsight(const struct cuts_row *rows, size_t n,
		      enum heads_stage stage, double alpha);

#endif
