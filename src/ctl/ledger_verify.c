/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says whether the ledger's file is sound.
 */
#include "ctl/ledger_job.h"

#include <stdio.h>

#include "store/ledger_check.h"

static const struct args_command command = {
	.name = "ledger verify",
	.takes = "c",
	.help = "usage: frugalctl ledger verify -c CONF\n"
		"Looks through the ledger's file, and writes nothing to it: "
		"are its pages whole,\n"
		"is it of this version, does every part belong to a request? "
		"Ids that come again\n"
		"and labels of no request are told, and are no fault.\n"
		"  -c, --conf FILE      the daemon's configuration\n"
		"  -h, --help           this text\n"
		"Exit: 0 sound, 1 not, or cannot be read, 2 usage or "
		"configuration.\n",
};

static void say(void *arg, bool is_fault, const char *text)
{
	size_t *faults = arg;

	*faults += is_fault;
	printf("%s%s\n", is_fault ? "fault: " : "", text);
}

static int run(const struct args *a, const struct conf *c, const char *path)
{
	struct err err = {0};
	size_t faults = 0;
	int rc;

	(void)a;
	(void)c;
	rc = ledger_check(path, say, &faults, &err);
	if (rc < 0)
		ledger_job_fault(&command, &err);
	else
		puts(faults ? "not sound" : "sound");
	return rc < 0 || faults ? ARGS_CANNOT : ARGS_DONE;
}

int ledger_verify(int argc, char **argv)
{
	static const struct ledger_job job = {
		.command = &command,
		.work = run,
	};

	return ledger_job_run(&job, argc, argv);
}
