/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration brought to life, and counted while anyone lives under it.
 */
#include "cascade/generation.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"

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
	c->chain[c->policy.n_verify] = (struct chain_link){ v, opts };
	c->links[c->policy.n_verify++] = kind;
}

/* Those that ask somebody, or those that do not, as the file has them. */
static void add_links(struct cascade *c, bool asking)
{
	const struct conf_cascade *conf = c->conf;

	for (size_t i = 0; i < conf->n_verify; i++) {
		const struct verifier *v =
			verifier_find(conf->verify[i].verifier->name);

		if (!v->asks == asking)
			continue;
		add_link(c, asking ? POLICY_CHECKS : POLICY_READS, v,
			 conf->verify[i].opts);
	}
}

static void take_band(struct policy *p, const struct cascade *c)
{
	for (size_t i = 0; i < p->n_verify; i++) {
		const struct chain_link *l = &c->chain[i];
		struct conf_range band;

		if (p->links[i] != POLICY_CHECKS)
			continue;
		band = l->verifier->asks->band(l->opts);
		p->has_band = band.said;
		p->band_low = band.low;
		p->band_high = band.high;
	}
}

/* What asks somebody comes behind all that costs nothing. */
static void build_chain(struct cascade *c)
{
	size_t room = c->conf->n_verify;

	c->chain = mem_array(room, sizeof(*c->chain));
	c->links = mem_array(room, sizeof(*c->links));
	c->policy.links = c->links;
	add_links(c, false);
	add_links(c, true);
	take_band(&c->policy, c);
}

static bool is_scored(const struct cascade *c)
{
	for (size_t i = 0; i < c->policy.n_verify; i++)
		if (c->chain[i].verifier->gives_score)
			return true;
	return false;
}

static int cascade_init(struct generation *g, struct cascade *c,
			const struct conf_cascade *conf, struct err *err)
{
	c->conf = conf;
	c->name = c->known = conf->name;
	c->deadline_us = conf->deadline_us;
	c->policy = (struct policy){
		.n_tiers = conf->n_tiers,
		.threshold = conf->threshold,
		.max_attempts = conf->max_attempts,
		.max_cost_pusd = conf->max_cost_pusd,
		.max_verify_pusd = conf->max_verify_pusd,
	};
	c->tiers = mem_array(conf->n_tiers, sizeof(struct backend *));
	for (size_t i = 0; i < conf->n_tiers; i++)
		c->tiers[i] = backend_at(g, conf->tiers[i]);
	build_chain(c);
	if (conf->n_verify && !is_scored(c))
		return err_set(err, ERR_CONF,
			       "%s: cascades.%s.verify: no verifier here gives "
			       "a score for `threshold`; add `- logprob`",
			       g->conf->path, conf->name);
	return 0;
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

static int build(struct generation *g, struct err *err)
{
	struct conf *conf = g->conf;

	g->backends = mem_array(conf->n_backends, sizeof(struct backend *));
	g->direct = mem_array(conf->n_backends, sizeof(struct cascade));
	g->cascades = mem_array(conf->n_cascades, sizeof(struct cascade));
	for (size_t i = 0; i < conf->n_backends; i++) {
		g->backends[i] = backend_new(&conf->backends[i],
					     conf->limits.max_reply, err);
		if (!g->backends[i])
			return -1;
		direct_init(g, &g->direct[i], g->backends[i]);
	}
	for (size_t i = 0; i < conf->n_cascades; i++)
		if (cascade_init(g, &g->cascades[i], &conf->cascades[i], err) <
		    0)
			return -1;
	return 0;
}

static void tear_down(struct counted *c)
{
	struct generation *g = &c->g;

	for (size_t i = 0; i < g->conf->n_cascades; i++) {
		free(g->cascades[i].tiers);
		free(g->cascades[i].chain);
		free(g->cascades[i].links);
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
				  struct err *err)
{
	struct counted *c = mem_new(sizeof(*c));

	c->g.number = number;
	c->g.conf = *conf;
	atomic_init(&c->refs, 1);
	if (build(&c->g, err) < 0) {
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
