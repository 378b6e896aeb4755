/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures, draws, and sums up.
 */
#include "ctl/report.h"

#include <math.h>
#include <stdio.h>

#include "ctl/job.h"
#include "ctl/measure.h"
#include "ctl/page.h"
#include "ctl/report_summary.h"

static const struct args_command command = {
	.name = "report",
	.takes = "cnraedso",
	.help = "usage: frugalctl report -c CONF [--cascade NAME] "
		"[--records FILE...]\n"
		"           [--artifact FILE | --max-error A --delta D] "
		"-o FILE.html\n"
		"Shows what a cascade is worth: cost, loss, calibration, "
		"signals. One HTML file\n"
		"without scripts, and without a word of prompts and replies; "
		"and a summary here.\n"
		"  -c, --conf FILE      the daemon's configuration\n"
		"      --cascade NAME   of two tiers; may be left out when "
		"there is one\n"
		"      --records FILE...  recorded requests, JSON Lines "
		"(default: `ledger:`)\n"
		"      --artifact FILE  what `calibrate` wrote (default: the "
		"cascade's\n"
		"                       `calibration`). Give rows that it has "
		"not seen\n"
		"      --max-error A    without an artifact: the promise to "
		"estimate cuts for\n"
		"      --delta D        (0.05)\n"
		"      --seed N         of folds and resamples, and of the "
		"rows "
		"that\n"
		"                       `calibrate --report-share` left (1)\n"
		"  -o, --output FILE    the page to write\n"
		"  -h, --help           this text\n"
		"Exit: 0 written, whatever the verdict; 1 cannot; 2 usage or "
		"configuration.\n",
};

/* ---- the file ------------------------------------------------------------ */

static int cannot(const char *path)
{
	fprintf(stderr, "frugalctl report: %s: ", path);
	perror(NULL);
	return ARGS_CANNOT;
}

static int write_page(const struct report_view *v, const char *path)
{
	struct buf b;
	FILE *f = fopen(path, "wb");
	bool good;

	if (!f)
		return cannot(path);
	buf_init(&b, 0);
	page_write(&b, v);
	good = !b.failed && fwrite(b.p, 1, b.n, f) == b.n;
	buf_release(&b);
	good = fclose(f) == 0 && good;
	return good ? ARGS_DONE : cannot(path);
}

/* ---- the command --------------------------------------------------------- */

static int report(const struct args *a, const struct subject *s,
		  const struct sources *f)
{
	const struct measure_from from = {
		.cascade = s->cascade,
		.samples = f->samples,
		.artifact = s->artifact,
		.max_error = a->max_error,
		.delta = a->delta,
		.seed = a->seed,
	};
	struct arena *arena = arena_new();
	struct report_view v;
	int status;

	measure(&v, &from, arena);
	status = write_page(&v, a->out);
	if (status == ARGS_DONE) {
		sources_print(f, stdout);
		report_summary(&v, stdout);
		printf("written    %s\n", a->out);
		if (fflush(stdout) != 0)
			status = cannot("stdout");
	}
	arena_free(arena);
	return status;
}

static int check_args(const struct args *a)
{
	if (!a->out)
		return args_wrong(&command, "name the file to write with -o");
	if (a->artifact && !isnan(a->max_error))
		return args_wrong(&command, "an artifact has its own promise; "
					    "leave out --max-error or "
					    "--artifact");
	return 0;
}

int ctl_report(int argc, char **argv)
{
	static const struct job job = {
		.command = &command,
		.check = check_args,
		.work = report,
		.own_artifact = true,
	};

	return job_run(&job, argc, argv);
}
