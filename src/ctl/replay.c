/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays recorded traffic under another rule.
 */
#include "ctl/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ctl/calibration.h"
#include "ctl/job.h"
#include "ctl/ruler.h"
#include "ctl/tell.h"
#include "stat/binom.h"

#define DELTA 0.05 /* where none is asked for */

static const struct args_command command = {
	.name = "replay",
	.takes = "cnratedsfj",
	.help = "usage: frugalctl replay -c CONF [--cascade NAME] "
		"[--records FILE...]\n"
		"           --threshold T | --artifact FILE | --max-error A "
		"--delta D\n"
		"Says what a rule would have done to recorded traffic: "
		"accepted, checked, lost,\n"
		"saved, each with limits.\n"
		"      --threshold T    of the raw score; with --artifact of "
		"its confidence\n"
		"      --artifact FILE  by its cuts\n"
		"      --max-error A    by the best cuts for this promise, "
		"found and certified on\n"
		"      --delta D        these rows (0.05; with the others: of "
		"each limit)\n"
		"      --seed N, --fit split | out-of-fold   as of calibrate\n"
		"  -c, --conf FILE      the daemon's configuration\n"
		"      --cascade NAME   of two tiers; may be left out when "
		"there is one\n"
		"      --records FILE...  recorded requests, JSON Lines "
		"(default: `ledger:`)\n"
		"      --json           one JSON object instead of lines\n"
		"  -h, --help           this text\n"
		"Exit: 0 done, 1 cannot, 2 usage or configuration.\n",
};

/* ---- counting ------------------------------------------------------------ */

struct outcome {
	struct cuts_sum all;   /* rows */
	struct cuts_sum known; /* those of which the loss is known */
	struct economy economy;
	double delta;
	bool labelled;
};

static size_t fill_rows(const struct samples *s, const struct ruler *r,
			bool labelled, struct cuts_row *known,
			struct cuts_row *all)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct sample *row = &s->v[i];
		struct ruling g = ruler_rule(r, row);
		enum known loss = sample_loss(row, labelled);

		all[i] = ruler_row(&g, row, loss == KNOWN_TRUE);
		if (loss != KNOWN_NOT)
			known[n++] = all[i];
	}
	return n;
}

static struct outcome count(const struct samples *s, const struct ruler *r,
			    double delta)
{
	struct cuts_row *all = mem_array(s->n, sizeof(*all));
	struct cuts_row *known = mem_array(s->n, sizeof(*known));
	struct artifact_cuts cuts = ruler_cuts();
	struct outcome o = {
		.delta = delta,
		.labelled = samples_labelled(s),
	};
	size_t n = fill_rows(s, r, o.labelled, known, all);

	o.all = cuts_count(&cuts, all, s->n);
	o.known = cuts_count(&cuts, known, n);
	o.economy = economy_of(&cuts, all, s->n, delta);
	free(all);
	free(known);
	return o;
}

/* ---- saying -------------------------------------------------------------- */

static double share(size_t k, size_t n)
{
	return n ? (double)k / (double)n : 0;
}

static void tell_share(const char *what, size_t k, size_t n, double delta,
		       const char *of)
{
	printf("%-10s %.1f %%, %.1f to %.1f %%: %zu of %zu %s\n", what,
	       100 * share(k, n), 100 * binom_lower(k, n, delta),
	       100 * binom_upper(k, n, delta), k, n, of);
}

static void tell_outcome(const struct outcome *o, const struct samples *s)
{
	double thousand = 1000 * tell_price(s);
	const struct economy *e = &o->economy;

	tell_share("accepted", o->all.n_accepted, o->all.n, o->delta, "rows");
	tell_share("checked", o->all.n_checked, o->all.n, o->delta, "rows");
	tell_share("lost", o->known.n_losses, o->known.n, o->delta,
		   o->labelled ? "rows: kept and wrong, the expensive one right"
			       : "rows: kept, and the expensive one differs");
	if (isfinite(e->net_saving))
		printf("saved      %.1f %% net, %.1f to %.1f %%; of %.4g USD "
		       "per 1,000 requests %.4g (%.4g to %.4g)\n",
		       100 * e->net_saving, 100 * e->low, 100 * e->high,
		       thousand, thousand * e->net_saving, thousand * e->low,
		       thousand * e->high);
	else
		puts("saved      not known: no row has a `cost_usd`, and no "
		     "backend a `price`");
	printf("limits     each is missed with probability %g at most\n",
	       o->delta);
}

static json_t *share_json(size_t k, size_t n, double delta)
{
	return json_pack("{s:I, s:I, s:f, s:f, s:f}", "count", (json_int_t)k,
			 "of", (json_int_t)n, "share", share(k, n), "low",
			 binom_lower(k, n, delta), "high",
			 binom_upper(k, n, delta));
}

static json_t *outcome_json(const struct outcome *o)
{
	const struct economy *e = &o->economy;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:f}",
		"accepted", share_json(o->all.n_accepted, o->all.n, o->delta),
		"checked", share_json(o->all.n_checked, o->all.n, o->delta),
		"lost", share_json(o->known.n_losses, o->known.n, o->delta),
		"net_saving", tell_number(e->net_saving), "net_saving_low",
		tell_number(e->low), "net_saving_high", tell_number(e->high),
		"spent_usd", tell_number(o->all.spent_usd), "expensive_usd",
		tell_number(o->all.expensive_usd), "labelled", o->labelled,
		"delta", o->delta);
}

static void tell_rule(const struct args *a, const struct subject *s)
{
	printf("cascade    %s: %s before %s\n", s->cascade->name,
	       s->cascade->tiers[0]->name, s->cascade->tiers[1]->name);
	if (!isnan(a->threshold))
		printf("rule       %s from %g is kept\n",
		       s->artifact ? "a calibrated confidence"
				   : "a raw score (uncalibrated)",
		       a->threshold);
	else if (s->artifact)
		printf("rule       the cuts of %s\n", a->artifact);
}

static double delta_of(const struct args *a)
{
	return isnan(a->delta) ? DELTA : a->delta;
}

/* ---- the command --------------------------------------------------------- */

static int by_rule(const struct args *a, const struct subject *s,
		   const struct sources *f)
{
	double delta = delta_of(a);
	struct ruler *r =
		ruler_new(f->samples, s->cascade, s->artifact, a->threshold);
	struct outcome o = count(f->samples, r, delta);

	ruler_free(r);
	if (a->json)
		return tell_json(outcome_json(&o));
	tell_rule(a, s);
	sources_print(f, stdout);
	tell_outcome(&o, f->samples);
	return 0;
}

static int by_target(const struct args *a, const struct subject *s,
		     const struct sources *f, struct err *err)
{
	const struct calibration_options o = {
		.max_error = a->max_error,
		.delta = delta_of(a),
		.seed = a->seed,
		.out_of_fold = a->out_of_fold,
		.judged = s->cascade->compare_backend != NULL,
	};
	const struct tell t = {s->cascade, f->samples, a->max_error, o.delta};
	struct calibration c;
	int rc = 0;

	if (calibration_run(&c, f->samples, &o, err) < 0)
		return -1;
	if (a->json) {
		rc = tell_json(tell_calibration_json(&t, &c));
	} else {
		tell_rule(a, s);
		sources_print(f, stdout);
		tell_calibration(&t, &c, stdout);
	}
	calibration_release(&c);
	return rc;
}

static int replay(const struct args *a, const struct subject *s,
		  const struct sources *f)
{
	struct err err = {0};
	int rc = isnan(a->max_error) ? by_rule(a, s, f)
				     : by_target(a, s, f, &err);

	if (err_is_set(&err)) {
		fprintf(stderr, "frugalctl replay: %s\n", err.text);
		return ARGS_CANNOT;
	}
	if (rc == 0 && fflush(stdout) == 0)
		return ARGS_DONE;
	perror("frugalctl replay");
	return ARGS_CANNOT;
}

static int check_rule(const struct args *a)
{
	bool target = !isnan(a->max_error);

	if (target && (a->artifact || !isnan(a->threshold)))
		return args_wrong(&command,
				  "--max-error finds cuts of its own; leave "
				  "out --threshold and --artifact");
	if (!target && !a->artifact && isnan(a->threshold))
		return args_wrong(&command,
				  "name a rule: --threshold, --artifact, or "
				  "--max-error and --delta");
	return 0;
}

int ctl_replay(int argc, char **argv)
{
	static const struct job job = {
		.command = &command,
		.check = check_rule,
		.work = replay,
	};

	return job_run(&job, argc, argv);
}
