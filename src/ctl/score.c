/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scores records by an artifact.
 */
#include "ctl/score.h"

#include <math.h>
#include <stdio.h>

#include "ctl/job.h"
#include "ctl/ruler.h"
#include "ctl/tell.h"

static const struct args_command command = {
	.name = "score",
	.takes = "cnra",
	.help = "usage: frugalctl score --artifact FILE --records FILE...\n"
		"           [-c CONF --cascade NAME]\n"
		"Decides recorded requests by an artifact, as the daemon does, "
		"and prints for\n"
		"each record, in order, one JSON object: id, confidence, "
		"regret, decision\n"
		"(accept, escalate), reason, signals, verify_usd (what the "
		"checks cost, 0 when\n"
		"none was asked, null when it is not known).\n"
		"      --artifact FILE  what `frugalctl calibrate` wrote\n"
		"      --records FILE...  recorded requests, JSON Lines\n"
		"  -c, --conf FILE      take prices from here, and hold the "
		"artifact against it\n"
		"      --cascade NAME   the cascade there\n"
		"  -h, --help           this text\n"
		"Exit: 0 done, 1 cannot, 2 usage or configuration.\n",
};

static json_t *signals_json(const struct samples *s, const struct sample *row)
{
	json_t *o = json_object();

	for (size_t i = 0; i < s->n_names; i++)
		if (!isnan(row->values[i]))
			json_object_set_new(o, s->names[i],
					    tell_number(row->values[i]));
	return o;
}

static int print(const struct samples *s, const struct sample *row,
		 const struct ruling *g)
{
	bool kept = g->fate == CUTS_ACCEPT || g->fate == CUTS_CHECK_ACCEPT;

	return tell_json(json_pack(
		"{s:s, s:o, s:o, s:s, s:s, s:o, s:o}", "id", row->id,
		"confidence", tell_number(g->confidence), "regret",
		tell_number(g->regret), "decision",
		kept ? "accept" : "escalate", "reason", g->reason, "signals",
		signals_json(s, row), "verify_usd",
		tell_number(g->check_unpriced ? (double)NAN : g->check_usd)));
}

static int score(const struct args *a, const struct subject *s,
		 const struct sources *f)
{
	const struct samples *samples = f->samples;
	struct ruler *r = ruler_new(samples, s->cascade, s->artifact, NAN);
	int rc = 0;

	(void)a;
	for (size_t i = 0; i < samples->n && rc == 0; i++) {
		struct ruling g = ruler_rule(r, &samples->v[i]);

		rc = print(samples, &samples->v[i], &g);
	}
	ruler_free(r);
	if (rc == 0 && fflush(stdout) == 0)
		return ARGS_DONE;
	perror("frugalctl score");
	return ARGS_CANNOT;
}

static int check_args(const struct args *a)
{
	if (!a->artifact)
		return args_wrong(&command, "name one with --artifact");
	if (!a->n_records)
		return args_wrong(&command, "name files with --records");
	return 0;
}

int ctl_score(int argc, char **argv)
{
	static const struct job job = {
		.command = &command,
		.check = check_args,
		.work = score,
		.every = true,
	};

	return job_run(&job, argc, argv);
}
