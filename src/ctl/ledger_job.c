/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of the commands on the ledger.
 */
#include "ctl/ledger_job.h"

#include <stdio.h>

#include "ctl/configuration.h"

int ledger_job_fault(const struct args_command *c, const struct err *err)
{
	fprintf(stderr, "frugalctl %s: %s\n", c->name, err->text);
	return err->kind == ERR_CONF ? ARGS_USAGE : ARGS_CANNOT;
}

static int with_conf(const struct ledger_job *j, const struct args *a,
		     const struct conf *c)
{
	struct err err = {0};

	if (c->ledger.path)
		return j->work(a, c, c->ledger.path);
	err_set(&err, ERR_CONF, "%s: has no `ledger`", c->path);
	return ledger_job_fault(j->command, &err);
}

static int with_args(const struct ledger_job *j, const struct args *a)
{
	struct conf *c;
	int status = j->check ? j->check(a) : 0;

	if (status != 0)
		return status;
	if (!a->conf)
		return args_wrong(j->command, "name a configuration with -c");
	c = configuration_read(a->conf);
	if (!c)
		return ARGS_USAGE;
	status = with_conf(j, a, c);
	conf_free(c);
	return status;
}

int ledger_job_run(const struct ledger_job *j, int argc, char **argv)
{
	struct args a;
	int status;

	if (!args_read(j->command, argc, argv, &a, &status))
		return status;
	status = with_args(j, &a);
	args_release(&a);
	return status;
}
