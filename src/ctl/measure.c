/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts what policies do to recorded rows, and fills the view.
 */
#include "ctl/measure.h"

#include <math.h>
#include <string.h>

#include "ctl/askers.h"
#include "ctl/certify.h"
#include "ctl/economy.h"
#include "ctl/evidence.h"
#include "ctl/measure_rows.h"
#include "ctl/misses.h"
#include "ctl/ruler.h"
#include "stat/binom.h"

#define DELTA	      0.05 /* where none is asked for */
#define POLICIES_MOST 400
#define POINTS_MOST   60

/* At work. */
struct work {
	const struct measure_from *from;
	struct report_view *v;
	struct measure_rows rows;
	struct misses_rest level; /* of the promise, where there is one */
	struct arena *arena;
};

/* ---- the evidence -------------------------------------------------------- */

static void fill_signals(const struct work *w)
{
	const struct samples *s = w->from->samples;
	const struct measure_rows *r = &w->rows;
	struct report_signal *out =
		arena_get(w->arena, (s->n_names + 1) * sizeof(*out));
	double *x = arena_get(w->arena, (r->at.n + 1) * sizeof(*x));
	bool *y = arena_get(w->arena, r->at.n + 1);

	for (size_t j = 0; j < s->n_names; j++) {
		size_t n = 0;

		for (size_t i = 0; i < r->at.n; i++)
			if (!r->tally.barred[i]) {
				x[n] = s->v[r->at.i[i]].values[j];
				y[n++] = r->tally.cheap_right[i];
			}
		out[j].name = s->names[j];
		out[j].of_check = j >= s->n_before;
		evidence_signal(&out[j], x, y, n);
	}
	evidence_sort(out, s->n_names);
	w->v->signals = out;
	w->v->n_signals = s->n_names;
}

static void add_reliability(const struct work *w, const char *name,
			    const double *p)
{
	struct report_reliability *to = &w->v->reliability[w->v->n_reliability];

	evidence_reliability(to, name, p, w->rows.tally.cheap_right,
			     w->rows.at.n, w->from->seed);
	w->v->n_reliability += to->n > 0;
}

static void fill_reliability(const struct work *w)
{
	const struct fit_scores *s = &w->rows.scores;

	if (!w->rows.scored)
		return;
	add_reliability(w, w->v->n_checks ? "Before the check" : "Confidence",
			s->confidence[HEADS_BEFORE]);
	add_reliability(w, "After the check", s->confidence[HEADS_AFTER]);
}

static bool is_unpriced(const struct work *w, const struct sample *row)
{
	for (size_t k = 0; k < w->from->samples->n_checks; k++)
		if (isnan(row->checks[k].usd))
			return true;
	return false;
}

static void fill_counts(const struct work *w)
{
	struct report_view *v = w->v;
	double check = 0, expensive = 0;

	v->n = w->rows.at.n;
	v->kept = w->rows.kept;
	v->own_rows = w->rows.own && !w->rows.kept;
	v->n_kept = w->from->artifact ? w->from->artifact->n_report : 0;
	v->n_unknown = w->rows.n_unknown;
	v->n_enforce = w->rows.n_enforce;
	for (size_t i = 0; i < v->n; i++) {
		const struct sample *row = measure_row(&w->rows, i);

		v->n_barred += row->barred != NULL;
		v->cheap_free = v->cheap_free || isnan(row->cheap_usd);
		if (!row->has_check)
			continue;
		v->n_checks++;
		v->check_free = v->check_free || is_unpriced(w, row);
		check += row->check_usd;
		expensive += row->expensive_usd;
	}
	v->check_usd = v->n_checks ? 1000 * check / (double)v->n_checks : NAN;
	v->route_price = expensive > 0 ? check / expensive : NAN;
}

/* ---- policies ------------------------------------------------------------ */

static struct report_policy *policy(const struct work *w, enum report_which k)
{
	return &w->v->policies[k];
}

static void fill_naive(const struct work *w)
{
	const struct tally *t = &w->rows.tally;
	const char *cheap = arena_printf(w->arena, "always %s", w->v->cheap);
	const char *expensive =
		arena_printf(w->arena, "always %s", w->v->expensive);

	*policy(w, REPORT_CHEAP) = tally_cheap(t, cheap);
	*policy(w, REPORT_EXPENSIVE) = tally_expensive(t, expensive);
	*policy(w, REPORT_HINDSIGHT) = tally_hindsight(t, "best in hindsight");
}

/* Cuts that were made from these very rows. */
struct made {
	struct artifact_cuts list[POLICIES_MOST], best;
	size_t n;
};

/* For the promise, or where there is none for no more than k losses. */
static void make_cuts(const struct work *w, enum cuts_use use, size_t k,
		      struct made *m)
{
	const struct tally *t = &w->rows.compared;
	struct certified c;

	m->n = use == CUTS_CHECK_ALL
		       ? tally_check_all(t, m->list, POLICIES_MOST)
		       : cuts_frontier(t->rows, t->n, use, m->list,
				       POLICIES_MOST);
	if (!isfinite(w->v->max_error)) {
		m->best = tally_within(t, m->list, m->n, k);
		return;
	}
	c = certify(m->list, m->n, t->rows, t->n, w->level.alpha,
		    w->level.delta);
	m->best = c.n_passed ? c.best : m->list[0];
}

static void draw_line(const struct work *w, enum report_line line,
		      const struct made *m)
{
	struct report_policy *points =
		arena_get(w->arena, POINTS_MOST * sizeof(*points));
	size_t n =
		tally_line(&w->rows.tally, m->list, m->n, POINTS_MOST, points);

	w->v->lines[line] = (struct report_curve){points, n};
}

/* k: losses of the operating point, where there is no promise. */
static void fill_others(const struct work *w, size_t k)
{
	const struct tally *t = &w->rows.tally;
	struct made m;

	make_cuts(w, CUTS_UNCHECKED, k, &m);
	*policy(w, REPORT_OWN) = tally_cuts(t, "own signals only", &m.best);
	draw_line(w, REPORT_LINE_OWN, &m);
	if (w->v->n_checks == 0)
		return;
	make_cuts(w, CUTS_CHECK_ALL, k, &m);
	*policy(w, REPORT_CHECK_ALL) =
		tally_cuts(t, "check asked of all", &m.best);
	draw_line(w, REPORT_LINE_CHECK_ALL, &m);
	make_cuts(w, CUTS_BAND, k, &m);
	draw_line(w, REPORT_LINE_STAGED, &m);
}

/* ---- the operating point ------------------------------------------------- */

static void operate(const struct work *w, const struct tally *t,
		    const struct artifact_cuts *c)
{
	struct economy e = economy_of(c, t->rows, t->n, w->v->delta);

	*policy(w, REPORT_OPERATING) = tally_cuts(t, "this cascade", c);
	w->v->saving = (struct report_value){e.net_saving, e.low, e.high};
	w->v->worth_it = e.worth_it;
}

static void operate_artifact(const struct work *w)
{
	const struct artifact *a = w->from->artifact;
	struct report_view *v = w->v;

	v->standing = a->certified ? REPORT_CERTIFIED : REPORT_ESTIMATED;
	v->n_certify = a->n_certify;
	v->n_losses = a->n_losses;
	v->risk_upper = a->risk_upper;
	operate(w, &w->rows.tally, &a->cuts);
}

static size_t losses_at(const struct tally *t, const struct artifact_cuts *c)
{
	struct cuts_sum sum = cuts_count(c, t->rows, t->n);

	return sum.n_losses;
}

/* Heads were fitted here: their best cuts for the promise. */
static void operate_estimate(const struct work *w)
{
	const struct tally *t = &w->rows.tally;
	struct report_view *v = w->v;
	struct made m;

	make_cuts(w, v->n_checks ? CUTS_BAND : CUTS_UNCHECKED, 0, &m);
	v->standing = REPORT_ESTIMATED;
	v->n_certify = t->n;
	v->n_losses = losses_at(t, &m.best);
	v->risk_upper = binom_upper(v->n_losses, v->n_certify, w->level.delta);
	if (w->level.is_counted)
		v->risk_upper = fmin(v->risk_upper + v->error_upper, 1);
	operate(w, t, &m.best);
}

/* The raw score against the threshold; returns the losses. */
static size_t operate_raw(const struct work *w)
{
	const struct measure_rows *r = &w->rows;
	struct ruler *ruler = ruler_new(w->from->samples, w->from->cascade,
					NULL, w->from->cascade->threshold);
	struct cuts_row *rows = arena_get(w->arena, r->at.n * sizeof(*rows));
	double *raw = arena_get(w->arena, r->at.n * sizeof(*raw));
	struct artifact_cuts cuts = ruler_cuts();
	struct tally t = r->tally;

	for (size_t i = 0; i < r->at.n; i++) {
		const struct sample *s = measure_row(r, i);
		struct ruling g = ruler_rule(ruler, s);

		rows[i] = ruler_row(&g, s, r->tally.rows[i].loss);
		raw[i] = s->barred ? NAN : g.confidence;
	}
	ruler_free(ruler);
	t.rows = rows;
	operate(w, &t, &cuts);
	add_reliability(w, "Raw score in use", raw);
	return losses_at(&t, &cuts);
}

static void fill_fitted(const struct work *w, size_t k)
{
	struct made m;

	make_cuts(w, w->v->n_checks ? CUTS_BAND : CUTS_UNCHECKED, k, &m);
	*policy(w, REPORT_FITTED) =
		tally_cuts(&w->rows.tally, "fitted cuts", &m.best);
}

static void fill_policies(const struct work *w)
{
	size_t k = 0;

	fill_naive(w);
	if (w->from->artifact)
		operate_artifact(w);
	else if (isfinite(w->v->max_error) && w->rows.scored)
		operate_estimate(w);
	else if (!w->v->undecided)
		k = operate_raw(w);
	if (w->rows.scored)
		fill_others(w, k);
	if (!report_has(w->v, REPORT_OPERATING))
		return;
	if (w->rows.scored && w->v->standing == REPORT_UNCALIBRATED)
		fill_fitted(w, k);
	*policy(w, REPORT_RANDOM) = tally_lot(
		policy(w, REPORT_CHEAP), policy(w, REPORT_EXPENSIVE),
		"by lot, same cost", policy(w, REPORT_OPERATING)->cost.at);
}

/* ---- the view ------------------------------------------------------------ */

/* By what the configuration decides, where it is not these cuts. */
static const char *rule_in_use(const struct conf_cascade *c, struct arena *a)
{
	if (c->max_error > 0)
		return "";
	if (isnan(c->threshold))
		return "The configuration has neither `threshold` nor `target` "
		       "to decide by. ";
	if (c->calibration)
		return arena_printf(a,
				    "The configuration compares calibrated "
				    "confidence with the threshold %g, not "
				    "these cuts. ",
				    c->threshold);
	return arena_printf(a,
			    "The configuration compares the raw score, "
			    "uncalibrated, with the threshold %g. ",
			    c->threshold);
}

/* Of a cascade in the shadow also who answers. NULL: there is nothing to say.
 */
static const char *in_use(const struct measure_from *from, struct arena *a)
{
	const struct conf_cascade *c = from->cascade;
	const char *rule = rule_in_use(c, a);
	size_t n = strlen(rule);

	if (c->mode == CONF_MODE_SHADOW)
		return arena_printf(a, "%sIt runs in the shadow: %s answers.",
				    rule, c->tiers[1]->name);
	return n ? arena_dup(a, (struct span){rule, n - 1}) : NULL;
}

static void fill_check(const struct work *w, const struct askers *askers)
{
	struct report_view *v = w->v;

	v->check_early = askers_are_early(askers);
	if (askers->n == 0)
		return;
	v->checker = askers_whom(askers, w->from->cascade, w->arena);
	v->checks = askers_names(askers, w->arena);
	v->n_kinds = askers->n;
}

static void fill_names(const struct work *w)
{
	const struct conf_cascade *c = w->from->cascade;
	const struct askers askers = askers_of(c);
	struct report_view *v = w->v;

	v->cascade = c->name;
	v->cheap = c->tiers[0]->name;
	v->expensive = c->tiers[1]->name;
	v->cheap_model = c->tiers[0]->model;
	v->expensive_model = c->tiers[1]->model;
	fill_check(w, &askers);
	v->digest = w->from->samples->digest;
	v->in_use = in_use(w->from, w->arena);
	v->undecided = !(c->max_error > 0) && isnan(c->threshold);
}

static void fill_promise(const struct work *w)
{
	const struct artifact *a = w->from->artifact;
	struct report_view *v = w->v;
	double delta = w->from->delta;

	v->max_error = a ? a->max_error : w->from->max_error;
	v->delta = a ? a->delta : isfinite(delta) ? delta : DELTA;
	v->risk_upper = NAN;
	v->saving = (struct report_value){NAN, NAN, NAN};
	v->has_artifact = a != NULL;
	v->date = a ? a->created : NULL;
}

/* Its error, as it was when the artifact was made or is on these rows. */
static struct misses misses_of(const struct measure_from *from, double delta)
{
	const struct artifact *a = from->artifact;

	if (a)
		return (struct misses){a->comparator.n_labelled,
				       a->comparator.n_missed,
				       a->comparator.error_upper};
	return misses_count(from->samples, delta);
}

static void fill_comparator(struct work *w)
{
	const struct conf_backend *judge = w->from->cascade->compare_backend;
	struct report_view *v = w->v;
	struct misses m = misses_of(w->from, v->delta);

	w->level = (struct misses_rest){v->max_error, v->delta, false};
	if (!judge || v->labelled)
		return;
	v->comparator = judge->name;
	v->n_labelled = m.n_labelled;
	v->n_missed = m.n_missed;
	v->error_upper = m.upper;
	w->level = misses_rest(&m, v->max_error, v->delta);
	v->error_counted = w->from->artifact
				   ? w->from->artifact->comparator.in_guarantee
				   : w->level.is_counted;
}

void measure(struct report_view *v, const struct measure_from *from,
	     struct arena *a)
{
	struct work w = {.from = from, .v = v, .arena = a};

	*v = (struct report_view){.n = 0};
	measure_rows_init(&w.rows, from, a);
	v->labelled = w.rows.labelled;
	fill_names(&w);
	fill_promise(&w);
	fill_comparator(&w);
	fill_counts(&w);
	fill_signals(&w);
	if (v->n > 0)
		fill_policies(&w);
	fill_reliability(&w);
	measure_rows_release(&w.rows);
}
