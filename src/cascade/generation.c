/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration brought to life, and counted while anyone lives under it.
 */
#include "cascade/generation.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "verify/verifiers.h"

/* The counter is apart so that the header shows only what is immutable. Every
 * loop and every run holds a reference: a run ends under the configuration it
 * was born with. */
struct counted {
	struct generation g;
	_Atomic size_t refs;
};

static struct backend *backend_at(struct generation *g,
				  const struct conf_backend *conf)
{
	return g->backends[conf - g->conf->backends];
}

static void add_link(struct cascade *c, enum policy_link kind,
		     const struct verifier *v, const void *opts)
{
	size_t i = c->policy.n_verify++;

	c->chain[i] = (struct chain_link){ v, opts, NULL };
	c->links[i] = kind;
	if (kind == POLICY_CHECKS)
		c->bands[i] = v->asks->band(opts);
}

/* Those that ask somebody, or those that do not, as the file has them. */
static void add_links(struct cascade *c, bool asking)
{
	const struct conf_cascade *conf = c->conf;

	for (size_t i = 0; i < conf->n_verify; i++) {
		const void *opts = conf->verify[i].opts;
		const struct verifier *v =
			verifier_find(conf->verify[i].verifier->name);

		if (verifier_asks(v, opts) == asking)
			add_link(c, asking ? POLICY_CHECKS : POLICY_READS, v,
				 opts);
	}
}

static void add_head(struct cascade *c, enum policy_link kind,
		     enum heads_stage stage)
{
	c->heads[stage] = (struct verify_head_opts){ &c->artifact->heads,
						     stage };
	add_link(c, kind, verify_head(), &c->heads[stage]);
}

/* What asks somebody comes behind all that costs nothing. A head stands before
 * and behind it; one that was not fitted to checks has no use for any, but in the
 * shadow they are asked for what a later one may be fitted to. */
static void build_chain(struct cascade *c)
{
	size_t room = c->conf->n_verify + HEADS_NSTAGES;
	size_t n_before;

	c->chain = mem_array(room, sizeof(*c->chain));
	c->links = mem_array(room, sizeof(*c->links));
	c->bands = mem_array(room, sizeof(*c->bands));
	c->policy.links = c->links;
	c->policy.bands = c->bands;
	add_links(c, false);
	if (c->artifact)
		add_head(c, POLICY_HEAD, HEADS_BEFORE);
	if (c->artifact && !c->artifact->heads.has_after &&
	    c->conf->mode != CONF_MODE_SHADOW)
		return;
	n_before = c->policy.n_verify;
	add_links(c, true);
	if (c->artifact && c->artifact->heads.has_after &&
	    c->policy.n_verify > n_before)
		add_head(c, POLICY_HEAD_AFTER, HEADS_AFTER);
}

/* What verifiers need beside their options. Faults of all of them. */
static int open_chain(const struct generation *g, struct cascade *c,
		      struct buf *faults)
{
	int rc = 0;

	for (size_t i = 0; i < c->policy.n_verify; i++) {
		struct chain_link *l = &c->chain[i];
		struct err err = { 0 };

		if (!l->verifier->open ||
		    l->verifier->open(l->opts, g->conf, &l->state, &err) == 0)
			continue;
		buf_addf(faults, "%s: cascades.%s.verify.%s: %s\n",
			 g->conf->path, c->name, l->verifier->conf.name,
			 err.text);
		rc = -1;
	}
	return rc;
}

static void close_chain(struct cascade *c)
{
	for (size_t i = 0; i < c->policy.n_verify; i++)
		if (c->chain[i].state)
			c->chain[i].verifier->close(c->chain[i].state);
}

static bool is_scored(const struct cascade *c)
{
	for (size_t i = 0; i < c->policy.n_verify; i++)
		if (c->chain[i].verifier->gives_score)
			return true;
	return false;
}

/* ---- artifacts ----------------------------------------------------------- */

static int refuse(const struct generation *g, const struct conf_cascade *c,
		  struct buf *faults, const char *why)
{
	buf_addf(faults, "%s:%d: cascades.%s.calibration: %s\n",
		 g->conf->path, c->calibration_line, c->name, why);
	return -1;
}

/* Is it for this cascade, and for what is wanted of it? */
static int check_artifact(const struct artifact *a,
			  const struct conf_cascade *c, struct err *err)
{
	struct artifact_route route = artifact_route_of(c, a->arena);

	if (artifact_is_ours(a, err) < 0 || artifact_fits(a, &route, err) < 0)
		return -1;
	if (c->max_error > 0 &&
	    (c->max_error != a->max_error || c->delta != a->delta))
		return err_set(err, ERR_CONF,
			       "keeps max_error %g with delta %g, the target "
			       "is %g with %g; calibrate for that",
			       a->max_error, a->delta, c->max_error, c->delta);
	return 0;
}

static int take_artifact(const struct generation *g, struct cascade *c,
			 struct buf *faults)
{
	const struct conf_cascade *conf = c->conf;
	struct err err = { 0 };
	char *text;

	if (!conf->calibration)
		return 0;
	c->artifact = artifact_load(conf->calibration, &err);
	if (!c->artifact)
		return refuse(g, conf, faults, err.text);
	if (check_artifact(c->artifact, conf, &err) == 0)
		return 0;
	text = mem_printf("%s %s", conf->calibration, err.text);
	refuse(g, conf, faults, text);
	free(text);
	return -1;
}

/* ---- cascades ------------------------------------------------------------ */

static struct policy policy_of(const struct cascade *c)
{
	const struct conf_cascade *conf = c->conf;
	struct policy p = {
		.n_tiers = conf->n_tiers,
		.calibrated = c->artifact != NULL,
		.has_target = conf->max_error > 0,
		.threshold = conf->threshold,
		.max_attempts = conf->max_attempts,
		.max_cost_pusd = conf->max_cost_pusd,
		.max_verify_pusd = conf->max_verify_pusd,
	};

	if (c->artifact)
		p.cuts = c->artifact->cuts;
	return p;
}

static int cascade_init(struct generation *g, struct cascade *c,
			const struct conf_cascade *conf, struct buf *faults)
{
	c->conf = conf;
	c->name = c->known = conf->name;
	c->deadline_us = conf->deadline_us;
	c->compare = (enum comparator)conf->compare;
	c->tiers = mem_array(conf->n_tiers, sizeof(struct backend *));
	for (size_t i = 0; i < conf->n_tiers; i++)
		c->tiers[i] = backend_at(g, conf->tiers[i]);
	if (take_artifact(g, c, faults) < 0)
		return -1;
	c->policy = policy_of(c);
	build_chain(c);
	if (open_chain(g, c, faults) < 0)
		return -1;
	if (!conf->n_verify || isnan(conf->threshold) ||
	    is_scored(c))
		return 0;
	buf_addf(faults,
		 "%s: cascades.%s.verify: no verifier here gives a score for "
		 "`threshold`; add `- logprob`\n",
		 g->conf->path, conf->name);
	return -1;
}

static void direct_init(struct generation *g, struct cascade *c,
			struct backend *b)
{
	c->name = "";
	c->known = b->conf->name;
	c->deadline_us = g->conf->limits.deadline_us;
	c->tiers = mem_array(1, sizeof(struct backend *));
	c->tiers[0] = b;
	c->policy = (struct policy){ .n_tiers = 1,
				     .max_attempts = INT64_MAX,
				     .max_cost_pusd = INT64_MAX,
				     .max_verify_pusd = INT64_MAX };
}

static int build_backends(struct generation *g, struct buf *faults)
{
	struct conf *conf = g->conf;
	struct err err = { 0 };

	g->backends = mem_array(conf->n_backends, sizeof(struct backend *));
	g->direct = mem_array(conf->n_backends, sizeof(struct cascade));
	for (size_t i = 0; i < conf->n_backends; i++) {
		g->backends[i] = backend_new(&conf->backends[i],
					     conf->limits.max_reply, &err);
		if (!g->backends[i]) {
			buf_addf(faults, "%s\n", err.text);
			return -1;
		}
		direct_init(g, &g->direct[i], g->backends[i]);
	}
	return 0;
}

static int build(struct generation *g, struct buf *faults)
{
	struct conf *conf = g->conf;
	int rc = 0;

	g->cascades = mem_array(conf->n_cascades, sizeof(struct cascade));
	if (build_backends(g, faults) < 0)
		return -1;
	for (size_t i = 0; i < conf->n_cascades; i++)
		if (cascade_init(g, &g->cascades[i], &conf->cascades[i],
				 faults) < 0)
			rc = -1;
	return rc;
}

static void tear_down(struct counted *c)
{
	struct generation *g = &c->g;

	for (size_t i = 0; i < g->conf->n_cascades; i++) {
		free(g->cascades[i].tiers);
		close_chain(&g->cascades[i]);
		free(g->cascades[i].chain);
		free(g->cascades[i].links);
		free(g->cascades[i].bands);
		artifact_free(g->cascades[i].artifact);
	}
	for (size_t i = 0; i < g->conf->n_backends; i++) {
		free(g->direct[i].tiers);
		backend_free(g->backends[i]);
	}
	free(g->cascades);
	free(g->direct);
	free(g->backends);
}

struct generation *generation_new(struct conf **conf, uint64_t number,
				  struct buf *faults)
{
	struct counted *c = mem_new(sizeof(*c));

	c->g.number = number;
	c->g.conf = *conf;
	atomic_init(&c->refs, 1);
	if (build(&c->g, faults) < 0) {
		tear_down(c);
		free(c);
		return NULL;
	}
	*conf = NULL;
	return &c->g;
}

struct generation *generation_ref(struct generation *g)
{
	atomic_fetch_add_explicit(&((struct counted *)g)->refs, 1,
				  memory_order_relaxed);
	return g;
}

void generation_unref(struct generation *g)
{
	struct counted *c = (struct counted *)g;

	if (!g || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	tear_down(c);
	conf_free(g->conf);
	free(c);
}

const struct cascade *generation_find(const struct generation *g,
				      struct span model)
{
	struct conf_target t = conf_lookup(g->conf, model);

	switch (t.kind) {
	case CONF_TARGET_CASCADE:
		return &g->cascades[t.cascade - g->conf->cascades];
	case CONF_TARGET_BACKEND:
		return &g->direct[t.backend - g->conf->backends];
	case CONF_TARGET_NONE:
		break;
	}
	return NULL;
}
