/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands on the ledger have in common: read the command line and the
 * configuration, find the ledger's file, work.
 */
#ifndef CTL_LEDGER_JOB_H
#define CTL_LEDGER_JOB_H

#include "base/err.h"
#include "conf/conf.h"
#include "ctl/args.h"

struct ledger_job {
	const struct args_command *command; /* takes c */
	/* Of the command line alone; 0, or args_wrong(). May be NULL. */
	int (*check)(const struct args *a);
	/* path: of the ledger. Returns the exit status. */
	int (*work)(const struct args *a, const struct conf *c,
		    const char *path);
};

/* Returns the exit status. */
int ledger_job_run(const struct ledger_job *j, int argc, char **argv);

/* Says it on stderr; the exit status that it means. */
int ledger_job_fault(const struct args_command *c, const struct err *err);

/* The jobs. */
int ledger_export(int argc, char **argv);
int ledger_import(int argc, char **argv);
int ledger_remove(int argc, char **argv); /* purge */
int ledger_verify(int argc, char **argv);

#endif
