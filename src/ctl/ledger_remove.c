/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes what is old from the ledger.
 */
#include "ctl/ledger_job.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/record_edit.h"
#include "store/ledger_purge.h"

static const struct args_command command = {
	.name = "ledger purge",
	.takes = "cnlbx",
	.help = "usage: frugalctl ledger purge -c CONF --older AGE | --before "
		"T [OPTION...]\n"
		"Removes old requests for good: zeros are written over their "
		"bytes. The file\n"
		"keeps its size, and the room is used again. A label goes with "
		"the last request\n"
		"of its id; without --cascade, labels as old go too.\n"
		"  -c, --conf FILE      the daemon's configuration\n"
		"      --older AGE      like 90d, 12h\n"
		"      --before T       2026-11-23T22:14Z (UTC), or an age\n"
		"      --cascade NAME   only of that cascade\n"
		"      --texts          only prompts and replies: signals, "
		"costs and labels stay.\n"
		"                       Of imported records id, time, cascade, "
		"mode,\n"
		"                       decision, agrees, labels, signals stay "
		"and, of their\n"
		"                       attempts, all but response, answer and "
		"what is\n"
		"                       unknown here\n"
		"  -h, --help           this text\n"
		"Exit: 0 done, 1 cannot, 2 usage or configuration.\n",
};

static void say_done(const struct args *a, const struct ledger_purged *done)
{
	if (a->texts)
		printf("removed the texts of %" PRId64 " requests\n",
		       done->requests);
	else
		printf("removed %" PRId64 " requests, %" PRId64 " labels\n",
		       done->requests, done->labels);
}

static int run(const struct args *a, const struct conf *c, const char *path)
{
	const struct ledger_purge w = {
		.before_us = a->before_us,
		.cascade = a->cascade,
		.strip = a->texts ? record_edit_textless : NULL,
	};
	struct ledger_purged done;
	struct err err = {0};

	(void)c;
	if (ledger_purge(path, &w, &done, &err) < 0)
		return ledger_job_fault(&command, &err);
	say_done(a, &done);
	if (done.overwritten)
		return ARGS_DONE;
	err_set(&err, ERR_SYS,
		"%s: somebody reads it for long, and its log still holds old "
		"bytes; purge again later",
		path);
	return ledger_job_fault(&command, &err);
}

static int check(const struct args *a)
{
	return a->before_us
		       ? 0
		       : args_wrong(&command, "say --older AGE or --before T");
}

int ledger_remove(int argc, char **argv)
{
	static const struct ledger_job job = {
		.command = &command,
		.check = check,
		.work = run,
	};

	return ledger_job_run(&job, argc, argv);
}
