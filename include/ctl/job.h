/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands over recorded traffic have in common: read the command line,
 * open the cascade, read the samples, work, close.
 */
#ifndef CTL_JOB_H
#define CTL_JOB_H

#include "ctl/args.h"
#include "ctl/sources.h"
#include "ctl/subject.h"

struct job {
	const struct args_command *command;
	/* Of the command line alone; 0, or args_wrong(). May be NULL. */
	int (*check)(const struct args *a);
	/* The same with the cascade at hand. May be NULL. */
	int (*check_subject)(const struct args *a, const struct subject *s);
	/* Returns the exit status. */
	int (*work)(const struct args *a, const struct subject *s,
		    const struct sources *f);
	bool every; /* as in sources_read() */
	/* Where neither an artifact nor a promise is named, the cascade's own
	 * `calibration` stands in. */
	bool own_artifact;
};

/* Returns the exit status. */
int job_run(const struct job *j, int argc, char **argv);

#endif
