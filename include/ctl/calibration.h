/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From recorded traffic to heads, cuts and a promise.
 *
 * split (default)	a quarter of the rows, and all rows of an enforcing
 *			cascade, fit heads and calibrators and fix which cuts
 *			are tested; the rest certifies. Both parts are drawn by
 *			the seed.
 * out of fold		every row does both, by heads that did not see it:
 *			better cuts, no proof. Estimated, never certified.
 *
 * The cuts are tested in their fixed order on the certifying rows, each by
 * the exact binomial tail, until one fails (stat/risk); the one of those that
 * passed with the most net saving there is taken. What is left for a report
 * (report_share) is read after that. Same input and seed, same result.
 */
#ifndef CTL_CALIBRATION_H
#define CTL_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ctl/cuts.h"
#include "ctl/economy.h"
#include "ctl/fit.h"
#include "ctl/samples.h"

struct calibration_options {
	double max_error, delta; /* (0, 1) */
	uint64_t seed;
	bool out_of_fold;
	double report_share; /* [0, 1) of eval and shadow rows; 0: none */
	bool no_check;	     /* as though no row had a check */
	bool no_words;
};

/* Quality of a probability on rows that did not fit it. */
struct calibration_quality {
	size_t n;
	double ece, ece_low, ece_high; /* 15 equal bins; limits by bootstrap,
					* each at delta */
	double auroc;		       /* of confidence for "right" */
	double regret_auroc;	       /* of regret for the loss */
};

struct calibration {
	struct heads heads;
	struct artifact_cuts cuts;
	bool labelled; /* else the loss is "not the same" */
	bool certified;
	size_t n_fit, n_certify, n_report;
	size_t n_unknown; /* rows whose outcome is not known: not used */
	size_t n_least;	  /* certifying rows needed when none loses */
	size_t n_tested;  /* policies in the sequence, and ... */
	size_t n_passed;  /* ... how many of them passed */
	size_t n_losses;  /* of the certifying rows, at the cuts */
	double risk, risk_upper;
	double accept, checked; /* shares of certifying rows */
	struct economy economy; /* on the certifying rows */
	/* What the best policy without any check saves at the same promise on
	 * the same rows; no part of the promise. NaN: there is no check. */
	double saving_unchecked;
	/* By stage; on the report rows, or out of fold where there are none. */
	struct calibration_quality quality[HEADS_NSTAGES];
	struct cuts_sum report; /* of the report rows, at the cuts; n 0: none */
};

/* ERR_USAGE: options out of range; ERR_PARSE: rows that cannot be fitted (too
 * few, no loss known). Too few rows to certify anything is no fault: the cuts
 * then take nothing. */
int calibration_run(struct calibration *c, const struct samples *s,
		    const struct calibration_options *o, struct err *err);
void calibration_release(struct calibration *c);

/* The parts, for those who draw rows themselves. */

/* Rows of samples with their regrets: what cuts and economy read. out has
 * room for rows.n. */
void calibration_rows(const struct samples *s, bool labelled,
		      struct fit_rows rows, const struct fit_scores *scores,
		      struct cuts_row *out);
/* How many of the policies pass on these rows, and the best of them in *best
 * (cuts_none() when 0). */
size_t calibration_test(const struct artifact_cuts *cuts, size_t n_cuts,
			const struct cuts_row *rows, size_t n, double alpha,
			double delta, struct artifact_cuts *best);

#endif
