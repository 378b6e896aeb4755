/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `frugalctl calibrate` wrote: heads, cuts, the promise they keep, and
 * the cascade they were fitted for. One JSON file.
 */
#ifndef VERIFY_ARTIFACT_H
#define VERIFY_ARTIFACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "verify/heads.h"

#define ARTIFACT_VERSION 1

/* Compared with regret. Below 0 a cut takes nothing. */
struct artifact_cuts {
	double accept; /* regret before the check <= this: accept unchecked */
	double check;  /* else <= this: ask the check; equal to accept: the band
			* is empty, no check is ever asked */
	double after;  /* regret after the check <= this: accept */
};

/* The cascade of an artifact, or one to compare it with. */
struct artifact_route {
	const char *cascade; /* its name; says where from, is not compared */
	struct artifact_tier {
		const char *backend, *model;
		int top_logprobs;
	} * tiers;
	size_t n_tiers;
	const char *verify;	  /* canonical JSON of the list as configured */
	const char *compare;	  /* comparator's name */
	const char *compare_backend; /* who is asked; NULL: nobody */
	const char *check_digest; /* SHA-256 hex of the check's instruction;
				   * NULL: no check */
};

/* The error of a comparator that is a model (ctl/misses): of so many rows with
 * both labels it has called so many the same which were lost. */
struct artifact_comparator {
	size_t n_labelled, n_missed;
	double error_upper; /* limit of its share; 1 where none has labels */
	bool in_guarantee;  /* the promise bounds what is truly lost; else what
			     * it calls different, unless labels rule */
};

struct artifact {
	struct artifact_route route;
	/* Of one with route.compare_backend; else zero. */
	struct artifact_comparator comparator;
	double route_price; /* check price / price of an expensive answer */
	struct heads heads;
	struct artifact_cuts cuts;

	double max_error, delta; /* alpha and delta of the promise */
	bool certified;		 /* else estimated (out of fold) */
	size_t n_fit, n_certify, n_report;
	size_t n_losses;	 /* of the certifying rows, at the cuts */
	double risk, risk_upper; /* n_losses / n_certify; its upper limit */
	double accept, checked;	 /* shares of certifying rows */
	double net_saving, net_saving_low, net_saving_high;
	bool worth_it;		 /* advice: net_saving_low > 0 */
	const char *data_digest; /* SHA-256 hex of what was read */
	const char *created;	 /* ISO 8601, UTC */

	struct arena *arena; /* owns strings and tiers */
};

/* Everything in the file is checked: shapes, finite numbers, order of knots,
 * known calibrators. ERR_CONF names the member that is wrong. */
struct artifact *artifact_load(const char *path, struct err *err);
/* The file is replaced at once (written beside it, synced, renamed). */
int artifact_save(const struct artifact *a, const char *path, struct err *err);
/* 0, or -1 and ERR_CONF that names the first signal which only records bring:
 * with such a one nothing can be decided live. */
int artifact_is_ours(const struct artifact *a, struct err *err);
void artifact_free(struct artifact *a); /* NULL is fine */

/* A `verify` list as it is compared: compact, members in order of their names.
 * Lives in arena. */
struct json_t;
const char *artifact_verify_text(const struct json_t *verify,
				 struct arena *arena);

/* What a configured cascade is. Lives in arena; borrows c's strings. */
struct artifact_route artifact_route_of(const struct conf_cascade *c,
					struct arena *arena);
/* 0, or -1 and ERR_CONF that says what differs, both values named. */
int artifact_fits(const struct artifact *a, const struct artifact_route *r,
		  struct err *err);

#endif
