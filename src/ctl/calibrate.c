/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calibrates a cascade.
 */
#include "ctl/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/now.h"
#include "ctl/calibration.h"
#include "ctl/job.h"
#include "ctl/tell.h"
#include "verify/artifact.h"

#define DELTA 0.05

static const struct args_command command = {
	.name = "calibrate",
	.takes = "cnredsfpoj",
	.help = "usage: frugalctl calibrate -c CONF [--cascade NAME] "
		"[--records FILE...]\n"
		"           --max-error A --delta D -o ARTIFACT [OPTION...]\n"
		"Fits a cascade's confidence to recorded traffic and finds "
		"cuts that keep a\n"
		"promise: with probability 1 - D at most the share A of all "
		"requests get a\n"
		"cheap answer that loses. Writes them for `calibration:` in "
		"the configuration.\n"
		"  -c, --conf FILE      the daemon's configuration\n"
		"      --cascade NAME   of two tiers; may be left out when "
		"there is one\n"
		"      --records FILE...  recorded requests, JSON Lines "
		"(default: `ledger:`,\n"
		"                       requests with stored texts)\n"
		"      --max-error A    between 0 and 1 (default: the "
		"cascade's `target`)\n"
		"      --delta D        between 0 and 1 (likewise, or 0.05)\n"
		"  -o, --output FILE    the artifact, replaced at once\n"
		"      --seed N         draws which rows fit and which certify "
		"(1)\n"
		"      --fit split | out-of-fold   certified (split), or "
		"better "
		"cuts that are\n"
		"                       only estimated\n"
		"      --report-share S keep this share of rows for the report "
		"(0)\n"
		"      --json           one JSON object instead of lines\n"
		"  -h, --help           this text\n"
		"Exit: 0 written, whatever the verdict; 1 cannot; 2 usage or "
		"configuration.\n",
};

static int say(const struct err *err)
{
	fprintf(stderr, "frugalctl calibrate: %s\n", err->text);
	return err->kind == ERR_USAGE || err->kind == ERR_CONF ? ARGS_USAGE
							       : ARGS_CANNOT;
}

/* ---- the artifact -------------------------------------------------------- */

static const char *now_text(struct arena *a)
{
	time_t now = (time_t)(now_wall_us() / 1000000);
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	return arena_printf(a, "%s", text);
}

/* Where no price is known no saving is claimed. */
static double known(double v)
{
	return isfinite(v) ? v : 0;
}

/* Borrows from all; not to be freed. */
static struct artifact artifact_from(const struct subject *s,
				     const struct samples *samples,
				     const struct calibration_options *o,
				     const struct calibration *c,
				     struct arena *arena)
{
	return (struct artifact){
		.route = artifact_route_of(s->cascade, arena),
		.route_price = known(c->economy.route_price),
		.comparator = {c->misses.n_labelled, c->misses.n_missed,
			       c->misses.upper, c->error_counted},
		.heads = c->heads,
		.cuts = c->cuts,
		.max_error = o->max_error,
		.delta = o->delta,
		.certified = c->certified,
		.n_fit = c->n_fit,
		.n_certify = c->n_certify,
		.n_report = c->n_report,
		.n_losses = c->n_losses,
		.risk = c->risk,
		.risk_upper = c->risk_upper,
		.accept = c->accept,
		.checked = c->checked,
		.net_saving = known(c->economy.net_saving),
		.net_saving_low = known(c->economy.low),
		.net_saving_high = known(c->economy.high),
		.worth_it = c->economy.worth_it,
		.data_digest = samples->digest,
		.created = now_text(arena),
		.arena = arena,
	};
}

/* ---- the command --------------------------------------------------------- */

static int tell(const struct args *a, const struct subject *s,
		const struct sources *f, const struct calibration_options *o,
		const struct calibration *c)
{
	const struct tell t = {s->cascade, f->samples, o->max_error, o->delta};

	if (a->json)
		return tell_json(tell_calibration_json(&t, c));
	printf("cascade    %s: %s before %s\n", s->cascade->name,
	       s->cascade->tiers[0]->name, s->cascade->tiers[1]->name);
	sources_print(f, stdout);
	tell_calibration(&t, c, stdout);
	printf("written    %s\n", a->out);
	return fflush(stdout) == 0 ? 0 : -1;
}

static int write_and_tell(const struct args *a, const struct subject *s,
			  const struct sources *f,
			  const struct calibration_options *o,
			  const struct calibration *c)
{
	struct arena *arena = arena_new();
	struct artifact artifact = artifact_from(s, f->samples, o, c, arena);
	struct err err = {0};
	int status = ARGS_DONE;

	if (artifact_save(&artifact, a->out, &err) < 0)
		status = say(&err);
	else if (tell(a, s, f, o, c) < 0) {
		perror("frugalctl calibrate");
		status = ARGS_CANNOT;
	}
	arena_free(arena);
	return status;
}

/* As said, else as the target has it, else that key's default. */
static double delta_of(const struct args *a, const struct conf_cascade *c)
{
	if (!isnan(a->delta))
		return a->delta;
	return c->max_error > 0 ? c->delta : DELTA;
}

static int calibrate(const struct args *a, const struct subject *s,
		     const struct sources *f)
{
	const struct calibration_options o = {
		.max_error = isnan(a->max_error) ? s->cascade->max_error
						 : a->max_error,
		.delta = delta_of(a, s->cascade),
		.seed = a->seed,
		.out_of_fold = a->out_of_fold,
		.report_share = isnan(a->report_share) ? 0 : a->report_share,
		.judged = s->cascade->compare_backend != NULL,
	};
	struct calibration c;
	struct err err = {0};
	int status;

	if (calibration_run(&c, f->samples, &o, &err) < 0)
		return say(&err);
	status = write_and_tell(a, s, f, &o, &c);
	calibration_release(&c);
	return status;
}

static int check_promise(const struct args *a, const struct subject *s)
{
	if (s->cascade->max_error > 0 || !isnan(a->max_error))
		return 0;
	return args_wrong(&command,
			  "name the promise with --max-error and --delta, or "
			  "as the cascade's `target`");
}

static int check_args(const struct args *a)
{
	return a->out ? 0
		      : args_wrong(&command, "name the file to write with -o");
}

int ctl_calibrate(int argc, char **argv)
{
	static const struct job job = {
		.command = &command,
		.check = check_args,
		.check_subject = check_promise,
		.work = calibrate,
	};

	return job_run(&job, argc, argv);
}
