/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration brought to life: its backends and its cascades. Shared by
 * all loops and by every run born under it, therefore counted; immutable but
 * for the atomics inside the backends.
 */
#ifndef CASCADE_GENERATION_H
#define CASCADE_GENERATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/metric.h"
#include "cascade/policy.h"
#include "conf/conf.h"
#include "upstream/backend.h"
#include "verify/artifact.h"
#include "verify/verifier.h"
#include "verify/verify_head.h"

struct chain_link {
	const struct verifier *verifier;
	const void *opts;
	void *state; /* what its open() made; NULL: nothing */
};

/* A cascade, or a backend asked by its own name (conf NULL, one tier). */
struct cascade {
	const struct conf_cascade *conf;
	const char *name;  /* "" for a backend named directly */
	const char *known; /* what the configuration calls either of them */
	struct backend **tiers;
	struct chain_link *chain; /* policy.n_verify of them */
	/* Of each, what it is, and its band; policy's. */
	enum policy_link *links;
	struct conf_range *bands;
	struct policy policy;
	enum comparator compare;
	struct artifact *artifact; /* NULL: uncalibrated */
	struct verify_head_opts heads[HEADS_NSTAGES];
	int64_t deadline_us;
};

struct generation {
	uint64_t number;
	struct conf *conf;
	struct backend **backends; /* in the order of conf->backends */
	struct cascade *cascades;  /* in the order of conf->cascades */
	struct cascade *direct;	   /* one for each backend, same order */
};

/* Takes *conf (it becomes NULL) on success. The first reference is yours.
 * NULL: faults has a line for each thing that cannot be, "file:line: ...". */
struct generation *generation_new(struct conf **conf, uint64_t number,
				  struct buf *faults);
struct generation *generation_ref(struct generation *g);
void generation_unref(struct generation *g); /* NULL is fine */

/* What the client's model name means here; NULL when nothing. */
const struct cascade *generation_find(const struct generation *g,
				      struct span model);

#endif
