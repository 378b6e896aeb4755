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
#include "ctl/judge.h"
#include "verify/signal.h"

#define LINKS_MOST 4 /* reads, head, check, head */
#define NOWHERE	   SIZE_MAX

struct ruler {
	const struct samples *samples;
	const struct heads *heads; /* NULL: raw scores */
	size_t *places; /* of the heads' features among the samples' values */
	size_t raw, check_p, check_agree; /* of raw scores there */
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

/* band: of the check; NULL: there is none. */
static void add_links(struct ruler *r, const struct conf_range *band)
{
	add_link(r, POLICY_READS);
	if (r->heads)
		add_link(r, POLICY_HEAD);
	if (!band)
		return;
	r->bands[r->policy.n_verify] = *band;
	add_link(r, POLICY_CHECKS);
	if (r->heads)
		add_link(r, POLICY_HEAD_AFTER);
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
	r->raw = place_of(s, judge_raw_signal(c));
	r->check_p = place_of(s, signal_name(SIGNAL_CHECK_P));
	r->check_agree = place_of(s, signal_name(SIGNAL_CHECK_AGREE));
	r->policy = (struct policy){.n_tiers = 2, .links = r->links,
				    .bands = r->bands};
	set_cut(&r->policy, a, threshold);
	if (a)
		find_places(r);
	add_links(r, !a || a->heads.has_after ? judge_check_option(c, "band")
					      : NULL);
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

static struct verdict read_reply(const struct ruler *r, const struct sample *s)
{
	double min = value_at(s, r->raw);

	return scored(r->heads ? NAN : exp(min < 0 ? min : 0 * min));
}

static struct verdict ask_head(const struct ruler *r, const struct sample *s,
			       enum heads_stage stage)
{
	size_t n = r->heads->n[stage];
	double *values = mem_array(n, sizeof(*values));
	struct heads_score score;
	struct verdict v;

	for (size_t i = 0; i < n; i++)
		values[i] = value_at(s, r->places[i]);
	if (heads_lack(r->heads, stage, values)) {
		free(values);
		return (struct verdict){.kind = VERDICT_NONE,
					.lack = LACK_SIGNAL};
	}
	score = heads_apply(r->heads, stage, values,
			    r->samples->n_words == r->heads->n_words ? &s->words
								     : NULL);
	free(values);
	v = scored(score.confidence);
	v.regret = score.regret;
	return v;
}

static struct verdict ask_check(const struct ruler *r, const struct sample *s)
{
	double p = value_at(s, r->check_p);

	if (!s->has_check)
		return (struct verdict){
			.kind = VERDICT_NONE,
			.lack = s->check_unknown ? LACK_SIGNAL : LACK_FAULT,
		};
	return scored(isnan(p) ? value_at(s, r->check_agree) : p);
}

static struct verdict verdict_of(const struct ruler *r, const struct sample *s,
				 size_t i)
{
	switch (r->links[i]) {
	case POLICY_READS:
		return read_reply(r, s);
	case POLICY_HEAD:
		return ask_head(r, s, HEADS_BEFORE);
	case POLICY_HEAD_AFTER:
		return ask_head(r, s, HEADS_AFTER);
	case POLICY_CHECKS:
		return ask_check(r, s);
	}
	return (struct verdict){.kind = VERDICT_NONE, .lack = LACK_FAULT};
}

/* ---- ruling -------------------------------------------------------------- */

static enum cuts_fate fate_of(bool accepted, bool checked)
{
	if (checked)
		return accepted ? CUTS_CHECK_ACCEPT : CUTS_CHECK_ESCALATE;
	return accepted ? CUTS_ACCEPT : CUTS_ESCALATE;
}

struct ruling ruler_rule(const struct ruler *r, const struct sample *s)
{
	struct ruling g = {CUTS_ESCALATE, s->barred, 0, 1};
	const struct verdict *given[LINKS_MOST] = {NULL};
	struct verdict v[LINKS_MOST];
	struct decision d;
	bool checked = false;

	if (s->barred)
		return g;
	while ((d = policy_judge(&r->policy, given)).step == POLICY_VERIFY) {
		v[d.link] = verdict_of(r, s, d.link);
		given[d.link] = &v[d.link];
		checked = checked || r->links[d.link] == POLICY_CHECKS;
		if (r->links[d.link] == POLICY_HEAD ||
		    r->links[d.link] == POLICY_HEAD_AFTER)
			g.regret = v[d.link].regret;
	}
	g.fate = fate_of(d.step == POLICY_ACCEPT, checked);
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
		.check_usd = isnan(s->check_usd) ? 0 : s->check_usd,
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
