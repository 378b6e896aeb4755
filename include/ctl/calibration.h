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
 * (report_share) is read after that. The head of confidence, which carries no
 * promise, is fitted on all rows but the report's. Same input and seed, same
 * result.
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
#include "ctl/misses.h"
#include "ctl/quality.h"
#include "ctl/samples.h"

struct calibration_options {
	double max_error, delta; /* (0, 1) */
	uint64_t seed;
	bool out_of_fold;
	double report_share; /* [0, 1) of eval and shadow rows; 0: none */
	bool no_check;	     /* as though no row had a check */
	bool no_words;
	bool judged; /* whether a pair is the same is a model's word */
};

struct calibration {
	struct heads heads;
	struct artifact_cuts cuts;
	bool labelled;	/* else the loss is "not the same" */
	bool certified; /* not out of fold, and on some rows */
	/* n_fit: of the regret head. Out of fold n_certify is the same rows. */
	size_t n_fit, n_certify, n_report;
	size_t n_unknown; /* rows whose outcome is not known: not used */
	size_t n_least;	  /* certifying rows needed when none loses */
	size_t n_tested;  /* policies in the sequence, and ... */
	size_t n_passed;  /* ... how many of them passed */
	size_t n_losses;  /* of the certifying rows, at the cuts */
	double risk, risk_upper;
	/* Where the loss is "not the same" and that is a model's word: its
	 * error, and whether the promise and risk_upper hold for what is truly
	 * lost, or (there are too few labels) for its word alone. */
	bool judged;
	struct misses misses;
	bool error_counted;
	double accept, checked; /* shares of certifying rows */
	/* On the certifying rows. Unknown where a row's expensive answer has no
	 * price (NaN); the most accepted then counts as the best. Cheap replies
	 * and checks without a price count as free. */
	struct economy economy;
	/* The best policy of each way to use the check that passes the same
	 * test alone, and what it saves on the same rows: says whether the
	 * check pays. Without a check in the traffic only CUTS_UNCHECKED is
	 * set, the others take nothing. */
	struct {
		struct artifact_cuts cuts;
		double net_saving; /* NaN: not known */
	} way[CUTS_NUSES];
	/* What "as few losses as promised were seen" would have taken: breaks
	 * its word about every second time. For comparison alone. */
	struct artifact_cuts naive;
	/* By stage; on the report rows, or out of fold where there are none.
	 * n 0: no such stage. */
	struct quality quality[HEADS_NSTAGES];
	struct cuts_sum report; /* of the report rows, at the cuts; n 0: none */
};

/* ERR_USAGE: options out of range; ERR_PARSE: rows that cannot be fitted. Too
 * few rows to certify anything is no fault: the cuts then take nothing. */
int calibration_run(struct calibration *c, const struct samples *s,
		    const struct calibration_options *o, struct err *err);
void calibration_release(struct calibration *c);

/* The same in two steps, for several promises by one fit (of each alone). */
struct calibration_fit;

/* Borrows s until it is freed. o->max_error is not read. */
struct calibration_fit *calibration_fit_new(const struct samples *s,
					    const struct calibration_options *o,
					    struct err *err);
void calibration_fit_free(struct calibration_fit *f);
/* c->heads is borrowed from f: do not release it. */
void calibration_promise(const struct calibration_fit *f, double max_error,
			 struct calibration *c);

/* Rows of samples, by position, with their regrets: what cuts and economy
 * read. Outcomes must be known; out has room for rows.n. */
void calibration_rows(const struct samples *s, bool labelled,
		      struct fit_rows rows, const struct fit_scores *scores,
		      struct cuts_row *out);
#endif
