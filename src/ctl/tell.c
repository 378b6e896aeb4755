/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says what was found out.
 */
#include "ctl/tell.h"

#include <math.h>
#include <string.h>

#include "ctl/askers.h"

#define PERCENT(x) (100 * (x))

const char *tell_verdict(bool worth_it)
{
	return worth_it ? "worth it" : "bypass";
}

double tell_price(const struct samples *s)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (isfinite(s->v[i].expensive_usd)) {
			sum += s->v[i].expensive_usd;
			n++;
		}
	return n ? sum / (double)n : NAN;
}

static bool has_band(const struct calibration *c)
{
	return c->heads.has_after && c->cuts.check > c->cuts.accept;
}

const struct quality *tell_quality(const struct calibration *c)
{
	return &c->quality[has_band(c) ? HEADS_AFTER : HEADS_BEFORE];
}

/* ---- for people ---------------------------------------------------------- */

static void tell_promise(const struct tell *t, const struct calibration *c,
			 FILE *to)
{
	fprintf(to,
		"promise    with %g %% confidence at most %g %% of all "
		"requests "
		"get a cheap answer\n"
		"           that %s\n",
		PERCENT(1 - t->delta), PERCENT(t->max_error),
		c->labelled || c->error_counted
			? "is wrong where the expensive one is right"
			: "differs from the expensive one");
	if (c->n_certify == 0)
		fprintf(to,
			"           nothing is certified, no row may; "
			"fitted on %zu",
			c->n_fit);
	else
		fprintf(to, "           %s on %zu rows, fitted on %zu",
			c->certified ? "certified" : "estimated, out of fold,",
			c->n_certify, c->n_fit);
	if (c->n_unknown)
		fprintf(to, "; %zu rows without %s not used", c->n_unknown,
			c->labelled ? "both labels"
			: c->judged ? "a word on both answers"
				    : "both answers");
	fprintf(to,
		"\n           it takes %zu rows at least, even when none "
		"loses%s\n",
		c->n_least,
		c->n_certify < c->n_least
			? ": these are too few, so nothing is accepted"
			: "");
}

static void tell_cuts(const struct calibration *c, FILE *to)
{
	fputs("cuts       ", to);
	if (c->cuts.accept >= 0)
		fprintf(to, "accept at regret <= %.4g", c->cuts.accept);
	else
		fputs("accept nothing unchecked", to);
	if (has_band(c))
		fprintf(to, ", check up to %.4g, then accept at <= %.4g",
			c->cuts.check, c->cuts.after);
	fprintf(to,
		"\n           (%zu of the %zu cuts tested keep the promise)\n",
		c->n_passed, c->n_tested);
	fprintf(to,
		"accepted   %.1f %% of requests; %.1f %% are checked\n"
		"risk       %.2f %% (%zu rows), at most %.2f %%\n",
		PERCENT(c->accept), PERCENT(c->checked), PERCENT(c->risk),
		c->n_losses, PERCENT(c->risk_upper));
}

static void tell_saving(const struct tell *t, const struct calibration *c,
			FILE *to)
{
	const struct economy *e = &c->economy;
	double thousand = 1000 * tell_price(t->samples);

	if (!isfinite(e->net_saving)) {
		fprintf(to, "saving     not known: %s\n",
			c->n_certify == 0
				? "there is no row to tell it by"
				: "no row has a `cost_usd`, and no backend a "
				  "`price`");
		return;
	}
	fprintf(to, "saving     %.1f %% net, %.1f to %.1f %%",
		PERCENT(e->net_saving), PERCENT(e->low), PERCENT(e->high));
	fprintf(to,
		"\n           of %.4g USD per 1,000 requests %.4g (%.4g to "
		"%.4g)\n"
		"           cheap replies and checks cost %.1f %% before "
		"anything is saved\n",
		thousand, thousand * e->net_saving, thousand * e->low,
		thousand * e->high, PERCENT(e->break_even));
}

/* What the check costs, and whether it pays. */
static void tell_price_of_check(const struct calibration *c, FILE *to)
{
	if (!has_band(c))
		fputs("the band is empty, none is ever asked: ", to);
	if (isfinite(c->economy.route_price))
		fprintf(to, "a check costs %.1f %% of an expensive answer",
			PERCENT(c->economy.route_price));
	else
		fputs("what a check costs is not known", to);
	fputs("\n", to);
	if (isfinite(c->way[CUTS_UNCHECKED].net_saving))
		fprintf(to,
			"           without any %.1f %% would be saved, with "
			"one on every reply %.1f %%\n",
			PERCENT(c->way[CUTS_UNCHECKED].net_saving),
			PERCENT(c->way[CUTS_CHECK_ALL].net_saving));
}

/* What the word stands for, unless that is plain. */
static void name_checks(const struct askers *a, FILE *to)
{
	struct arena *arena = arena_new();
	const char *names = askers_names(a, arena);

	if (strcmp(names, "check") != 0)
		fprintf(to, "here it is %s%s\n           ", names,
			a->n > 1 ? ", taken together" : "");
	arena_free(arena);
}

static void tell_check(const struct tell *t, const struct calibration *c,
		       FILE *to)
{
	const struct askers askers = askers_of(t->cascade);

	if (askers.n == 0)
		return;
	fputs("check      ", to);
	name_checks(&askers, to);
	if (!c->heads.has_after)
		fputs("no row has one, so none is ever asked\n", to);
	else if (askers_are_early(&askers))
		fputs("asked early: it is paid for with every reply\n", to);
	else
		tell_price_of_check(c, to);
}

static void tell_scores(const struct calibration *c, FILE *to)
{
	const struct quality *q = tell_quality(c);

	if (q->n == 0)
		return;
	fprintf(to,
		"scores     AUROC %.3f of confidence, %.3f of regret; "
		"calibration error %.3f\n"
		"           (%.3f to %.3f), on %zu %s rows\n",
		q->auroc, q->regret_auroc, q->ece, q->ece_low, q->ece_high,
		q->n, c->n_report ? "report" : "held-out");
}

static void tell_advice(const struct economy *e, FILE *to)
{
	const char *why = "";

	if (!isfinite(e->net_saving))
		why = ": what it saves is not known";
	else if (!e->worth_it)
		why = ": it may well save nothing; ask the expensive backend "
		      "directly";
	fprintf(to, "verdict    %s%s\n", tell_verdict(e->worth_it), why);
}

/* Whose word a loss is, and how far it is trusted. */
static void tell_comparator(const struct tell *t, const struct calibration *c,
			    FILE *to)
{
	const struct misses *m = &c->misses;

	if (!c->judged)
		return;
	fprintf(to,
		"comparator whether answers differ is the word of %s;\n"
		"           ",
		t->cascade->compare_backend->name);
	if (m->n_labelled == 0)
		fputs("no row has both labels to hold it against, so", to);
	else
		fprintf(to,
			"on %zu rows with both labels it hid %zu losses, at "
			"most %.2f %%:\n          ",
			m->n_labelled, m->n_missed, PERCENT(m->upper));
	fprintf(to, " its error is %sin the promise\n",
		c->error_counted ? "" : "NOT ");
}

void tell_calibration(const struct tell *t, const struct calibration *c,
		      FILE *to)
{
	tell_promise(t, c, to);
	tell_comparator(t, c, to);
	tell_cuts(c, to);
	tell_saving(t, c, to);
	tell_check(t, c, to);
	tell_scores(c, to);
	tell_advice(&c->economy, to);
}

/* ---- for programs -------------------------------------------------------- */

json_t *tell_number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *count_json(size_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *cuts_json(const struct artifact_cuts *c)
{
	return json_pack("{s:o, s:o, s:o}", "accept", tell_number(c->accept),
			 "check", tell_number(c->check), "after",
			 tell_number(c->after));
}

static json_t *comparator_json(const struct tell *t,
			       const struct calibration *c)
{
	const struct misses *m = &c->misses;

	if (!c->judged)
		return json_null();
	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:b}", "by", "judge",
			 "backend", t->cascade->compare_backend->name,
			 "labelled", (json_int_t)m->n_labelled, "missed",
			 (json_int_t)m->n_missed, "error_upper",
			 tell_number(m->upper), "in_guarantee",
			 c->error_counted);
}

json_t *tell_calibration_json(const struct tell *t, const struct calibration *c)
{
	const struct quality *q = tell_quality(c);
	const struct economy *e = &c->economy;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o,"
		" s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:s}",
		"n_fit", count_json(c->n_fit), "n_certify",
		count_json(c->n_certify), "n_report", count_json(c->n_report),
		"cuts", cuts_json(&c->cuts), "accept", tell_number(c->accept),
		"risk", tell_number(c->risk), "risk_upper",
		tell_number(c->risk_upper), "certified", c->certified,
		"checked", tell_number(c->checked), "net_saving",
		tell_number(e->net_saving), "net_saving_low",
		tell_number(e->low), "net_saving_high", tell_number(e->high),
		"ece", tell_number(q->ece), "ece_low", tell_number(q->ece_low),
		"ece_high", tell_number(q->ece_high), "auroc",
		tell_number(q->auroc), "regret_auroc",
		tell_number(q->regret_auroc), "route_price",
		tell_number(e->route_price), "labelled", c->labelled,
		"comparator", comparator_json(t, c), "verdict",
		tell_verdict(e->worth_it));
}

int tell_json(json_t *o)
{
	int rc = json_dumpf(o, stdout, JSON_REAL_PRECISION(12) | JSON_COMPACT);

	json_decref(o);
	return rc < 0 || puts("") < 0 ? -1 : 0;
}
