/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that a report shows, as plain values: whoever fills it knows where they
 * come from, whoever draws it needs nothing else.
 *
 * Shares are of requests and in [0, 1]; money is USD per 1,000 requests; NaN
 * is "not known". Strings are borrowed, any bytes; NULL where it is said.
 */
#ifndef CTL_REPORT_VIEW_H
#define CTL_REPORT_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "stat/curve.h"

/* A measured value and its interval, at 95 %. */
struct report_value {
	double at, low, high;
};

/* What stands behind the operating point. */
enum report_standing {
	REPORT_UNCALIBRATED, /* nothing: a raw score, or none */
	REPORT_ESTIMATED,    /* measured out of fold, without a proof */
	REPORT_CERTIFIED,    /* tested on rows that nothing was fitted on */
};

/* One way to answer all requests, and what came of it on the rows. */
struct report_policy {
	const char *name;
	double accepted;	   /* answered by the cheap backend */
	double checked;		   /* whose check was asked */
	struct report_value risk;  /* lost by it, among all requests */
	struct report_value right; /* answered well: right by the labels, or
				    * (without labels) not lost */
	struct report_value cost;  /* the sum of the three below */
	double cheap_usd, check_usd, expensive_usd;
};

/* The order in which they are drawn and listed. */
enum report_which {
	REPORT_EXPENSIVE, /* always */
	REPORT_CHEAP,	  /* always */
	REPORT_RANDOM,	  /* tiers drawn by lot, for the operating cost */
	REPORT_OWN,	  /* own signals only, at the same risk */
	REPORT_CHECK_ALL, /* the check on every row, at the same risk */
	REPORT_FITTED,	  /* fitted cuts at the same risk, where the operating
			   * point is uncalibrated */
	REPORT_OPERATING,
	REPORT_HINDSIGHT, /* knows what would be lost */
	REPORT_NWHICH,
};

/* Policies from taking nothing to taking everything. */
struct report_curve {
	const struct report_policy *v;
	size_t n; /* 0: there is none */
};

enum report_line {
	REPORT_LINE_OWN,
	REPORT_LINE_CHECK_ALL,
	REPORT_LINE_STAGED, /* the check in a band only */
	REPORT_NLINES,
};

#define REPORT_BINS	   15 /* equal widths */
#define REPORT_CONFIDENCES 3

/* How confidence and truth go together, of one stage. */
struct report_reliability {
	const char *name; /* "before the check" */
	size_t n;	  /* 0: nothing to show */
	struct curve_bin bins[REPORT_BINS];
	struct report_value shares[REPORT_BINS]; /* of each bin's right ones */
	struct report_value ece;
	double brier, auroc, aurc, eaurc;
};

/* How well one signal alone tells right from wrong. */
struct report_signal {
	const char *name;
	bool of_check;
	bool high_is_right;	   /* else a low value speaks for the reply */
	struct report_value auroc; /* in that direction, so at least 0.5 */
	size_t n;		   /* rows that have it */
	double missing;		   /* share of rows that have not */
};

struct report_view {
	const char *cascade, *cheap, *expensive; /* names of backends */
	const char *cheap_model, *expensive_model;
	/* Who is asked, "large", "large and small"; NULL: no check is
	 * configured. */
	const char *checker;
	/* What verifiers are called the check, "check and judge"; so many. */
	const char *checks;
	size_t n_kinds;
	const char *date;   /* of the artifact; NULL: there is none */
	const char *digest; /* of the records read; NULL: not known */
	const char *in_use; /* what the configuration decides by, in words */
	bool undecided;	    /* it has nothing to decide by */
	enum report_standing standing;
	bool has_artifact;
	bool own_rows; /* the artifact scores rows that it was fitted on */
	bool kept;     /* the rows are those that calibrating left for this */
	size_t n_kept; /* so many it left; 0: none */
	/* Who says whether two answers differ; NULL: no model does, or labels
	 * rule. Its error, on rows with both labels. */
	const char *comparator;
	size_t n_labelled, n_missed;
	double error_upper;
	bool error_counted; /* the promise bounds what is truly lost */
	bool labelled; /* lost: cheap wrong and expensive right. Else: the two
			* answers differ */

	size_t n;	  /* rows that everything is measured on */
	size_t n_unknown; /* set aside: no label, or only one answer */
	size_t n_enforce; /* set aside: chosen by a score */
	size_t n_barred;  /* of n: gated or without signals, always escalated */
	size_t n_checks;  /* of n: with a recorded check */

	double max_error, delta;    /* the promise asked for */
	size_t n_certify, n_losses; /* rows of the test, losses among them */
	double risk_upper;	    /* limit that fails with chance delta */
	struct report_value saving; /* of the price of always expensive; each
				     * limit fails with chance delta */
	bool worth_it;

	/* No price is known of these, so they count as free. */
	bool cheap_free, check_free;
	/* The check begins with every request: its price is part of the cheap
	 * answer's. */
	bool check_early;
	double check_usd; /* a check's price, per 1,000 of them */
	double route_price;

	struct report_policy policies[REPORT_NWHICH]; /* name NULL: not there */
	struct report_curve lines[REPORT_NLINES];
	struct report_reliability reliability[REPORT_CONFIDENCES];
	size_t n_reliability;
	const struct report_signal *signals; /* strongest first */
	size_t n_signals;
};

/* Is there a policy of this kind? */
static inline bool report_has(const struct report_view *v,
			      enum report_which which)
{
	return v->policies[which].name != NULL;
}

#endif
