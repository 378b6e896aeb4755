/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts recorded verdicts before the policy.
 */
#include "ctl/ruler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cascade/policy.h"
#include "ctl/askers.h"
#include "verify/signal.h"
#include "verify/verifiers.h"

#define LINKS_MOST (3 + ASKERS_MOST) /* reads, head, checks, head */
#define NOWHERE	   SIZE_MAX

struct ruler {
	const struct samples *samples;
	const struct heads *heads; /* NULL: raw scores */
	size_t *places; /* of the heads' features among the samples' values */
	struct askers askers;
	size_t first_check; /* the link of the first of them */
	size_t raw;	    /* place of the raw score of what only reads ... */
	bool is_log;	    /* ... which is e^x */
	enum policy_link links[LINKS_MOST];
	struct conf_range bands[LINKS_MOST];
	struct policy policy;
};

/* ---- building ------------------------------------------------------------ */

static size_t place_of(const struct samples *s, const char *name)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (strcmp(s->names[i], name) == 0)
			return i;
	return NOWHERE;
}

static void find_places(struct ruler *r)
{
	size_t n = r->heads->n[HEADS_AFTER];

	r->places = mem_array(n, sizeof(*r->places));
	for (size_t i = 0; i < n; i++)
		r->places[i] = place_of(r->samples, r->heads->features[i].name);
}

static void add_link(struct ruler *r, enum policy_link link)
{
	r->links[r->policy.n_verify++] = link;
}

/* checks: those that are asked are. */
static void add_links(struct ruler *r, bool checks)
{
	add_link(r, POLICY_READS);
	if (r->heads)
		add_link(r, POLICY_HEAD);
	r->first_check = r->policy.n_verify;
	for (size_t i = 0; checks && i < r->askers.n; i++) {
		const struct asker *a = &r->askers.v[i];

		r->bands[r->policy.n_verify] = a->verifier->asks->band(a->opts);
		add_link(r, POLICY_CHECKS);
	}
	if (r->heads && r->policy.n_verify > r->first_check)
		add_link(r, POLICY_HEAD_AFTER);
}

/* SIGNAL_N: it has no raw score. */
static enum signal_id raw_signal(const struct verifier *v, const void *opts)
{
	if (v->raw)
		return v->raw(opts);
	return v->asks && v->asks->n_score ? v->asks->score[0] : SIGNAL_N;
}

/* The last one that gives a score counts. */
static void find_raw(struct ruler *r, const struct conf_cascade *c)
{
	r->raw = NOWHERE;
	for (size_t i = 0; i < c->n_verify; i++) {
		const void *opts = c->verify[i].opts;
		const struct verifier *v =
			verifier_find(c->verify[i].verifier->name);
		enum signal_id id = raw_signal(v, opts);

		if (verifier_asks(v, opts) || id == SIGNAL_N)
			continue;
		r->raw = place_of(r->samples, signal_name(id));
		r->is_log = strcmp(signal_unit(id), "nat") == 0;
	}
}

static void set_cut(struct policy *p, const struct artifact *a,
		    double threshold)
{
	p->calibrated = a != NULL;
	p->has_target = a && isnan(threshold);
	p->threshold = threshold;
	if (p->has_target)
		p->cuts = a->cuts;
}

struct ruler *ruler_new(const struct samples *s, const struct conf_cascade *c,
			const struct artifact *a, double threshold)
{
	struct ruler *r = mem_new(sizeof(*r));

	r->samples = s;
	r->heads = a ? &a->heads : NULL;
	r->askers = askers_of(c);
	find_raw(r, c);
	r->policy = (struct policy){
		.n_tiers = 2, .links = r->links, .bands = r->bands};
	set_cut(&r->policy, a, threshold);
	if (a)
		find_places(r);
	add_links(r, !a || a->heads.has_after);
	return r;
}

void ruler_free(struct ruler *r)
{
	if (!r)
		return;
	free(r->places);
	free(r);
}

/* ---- verdicts ------------------------------------------------------------ */

static double value_at(const struct sample *s, size_t place)
{
	return place == NOWHERE ? NAN : s->values[place];
}

static struct verdict scored(double score)
{
	return (struct verdict){
		.kind = isnan(score) ? VERDICT_PASS : VERDICT_SCORE,
		.score = score,
	};
}

static struct verdict lacking(enum verdict_lack lack)
{
	return (struct verdict){.kind = VERDICT_NONE, .lack = lack};
}

static struct verdict read_reply(const struct ruler *r, const struct sample *s)
{
	double raw = value_at(s, r->raw);

	if (r->is_log)
		raw = exp(raw < 0 ? raw : 0 * raw);
	return scored(r->heads ? NAN : raw);
}

/* Was its verifier asked, if it asks? What was not is not known. */
static bool is_there(const struct ruler *r, const char *signal,
		     const struct verdict *const *given)
{
	struct span whose = signal_verifier(signal);

	for (size_t i = 0; i < r->askers.n; i++)
		if (span_is(whose, r->askers.v[i].verifier->conf.name))
			return given[r->first_check + i] != NULL;
	return true;
}

static struct verdict ask_head(const struct ruler *r, const struct sample *s,
			       enum heads_stage stage,
			       const struct verdict *const *given)
{
	size_t n = r->heads->n[stage];
	double *values = mem_array(n, sizeof(*values));
	struct heads_score score;
	struct verdict v;

	for (size_t i = 0; i < n; i++)
		values[i] = is_there(r, r->heads->features[i].name, given)
				    ? value_at(s, r->places[i])
				    : (double)NAN;
	if (heads_lack(r->heads, stage, values)) {
		free(values);
		return lacking(LACK_SIGNAL);
	}
	score = heads_apply(r->heads, stage, values,
			    r->samples->n_words == r->heads->n_words ? &s->words
								     : NULL);
	free(values);
	v = scored(score.confidence);
	v.regret = score.regret;
	return v;
}

static struct verdict ask(const struct ruler *r, const struct sample *s,
			  size_t check)
{
	const struct verify_asks *asks = r->askers.v[check].verifier->asks;
	double score = NAN;

	switch (s->checks[check].said) {
	case SAID_ABSENT:
	case SAID_FAULT:
		return lacking(LACK_FAULT);
	case SAID_NOTHING:
		return lacking(LACK_SIGNAL);
	case SAID_SOMETHING:
		break;
	}
	for (size_t i = asks->n_score; i-- > 0;) {
		double value = value_at(
			s, place_of(r->samples, signal_name(asks->score[i])));

		score = isnan(value) ? score : value;
	}
	return scored(score);
}

static struct verdict verdict_of(const struct ruler *r, const struct sample *s,
				 size_t i, const struct verdict *const *given)
{
	switch (r->links[i]) {
	case POLICY_READS:
		return read_reply(r, s);
	case POLICY_HEAD:
		return ask_head(r, s, HEADS_BEFORE, given);
	case POLICY_HEAD_AFTER:
		return ask_head(r, s, HEADS_AFTER, given);
	case POLICY_CHECKS:
		return ask(r, s, i - r->first_check);
	}
	return lacking(LACK_FAULT);
}

/* ---- ruling -------------------------------------------------------------- */

static void charge(struct ruling *g, const struct sample_check *check)
{
	if (isnan(check->usd))
		g->check_unpriced = true;
	else
		g->check_usd += check->usd;
}

/* Begun before anything is known of the reply, even of one that is barred. */
static void charge_early(const struct ruler *r, const struct sample *s,
			 struct ruling *g)
{
	for (size_t i = 0; i < r->askers.n; i++)
		if (asker_is_early(&r->askers.v[i]))
			charge(g, &s->checks[i]);
}

static void note(const struct ruler *r, const struct sample *s, size_t link,
		 const struct verdict *v, struct ruling *g)
{
	size_t check = link - r->first_check;

	switch (r->links[link]) {
	case POLICY_READS:
		break;
	case POLICY_HEAD:
	case POLICY_HEAD_AFTER:
		g->regret = v->regret;
		break;
	case POLICY_CHECKS:
		g->fate = CUTS_CHECK_ESCALATE;
		if (!asker_is_early(&r->askers.v[check]))
			charge(g, &s->checks[check]);
		break;
	}
}

static enum cuts_fate kept(enum cuts_fate escalated)
{
	return escalated == CUTS_ESCALATE ? CUTS_ACCEPT : CUTS_CHECK_ACCEPT;
}

struct ruling ruler_rule(const struct ruler *r, const struct sample *s)
{
	struct ruling g = {CUTS_ESCALATE, s->barred, 0, 1, 0, false};
	const struct verdict *given[LINKS_MOST] = {NULL};
	struct verdict v[LINKS_MOST];
	struct decision d;

	charge_early(r, s, &g);
	if (s->barred)
		return g;
	while ((d = policy_judge(&r->policy, given)).step == POLICY_VERIFY) {
		v[d.link] = verdict_of(r, s, d.link, given);
		given[d.link] = &v[d.link];
		note(r, s, d.link, &v[d.link], &g);
	}
	if (d.step == POLICY_ACCEPT)
		g.fate = kept(g.fate);
	g.reason = reason_name(d.reason);
	g.confidence = isnan(d.confidence) ? 0 : d.confidence;
	return g;
}

struct artifact_cuts ruler_cuts(void)
{
	return (struct artifact_cuts){0.25, 0.75, 0.25};
}

struct cuts_row ruler_row(const struct ruling *g, const struct sample *s,
			  bool loss)
{
	struct cuts_row row = {
		.regret = {NAN, NAN},
		.cheap_usd = isnan(s->cheap_usd) ? 0 : s->cheap_usd,
		.check_usd = g->check_usd,
		.expensive_usd = s->expensive_usd,
		.loss = loss,
	};

	if (g->fate == CUTS_ACCEPT)
		row.regret[HEADS_BEFORE] = 0;
	if (g->fate == CUTS_CHECK_ACCEPT || g->fate == CUTS_CHECK_ESCALATE) {
		row.regret[HEADS_BEFORE] = 0.5;
		row.regret[HEADS_AFTER] = g->fate == CUTS_CHECK_ACCEPT ? 0 : 1;
	}
	return row;
}
