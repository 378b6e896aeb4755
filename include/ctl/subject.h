/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command works on: a cascade of two tiers, from a configuration or
 * from the artifact that was fitted for it.
 */
#ifndef CTL_SUBJECT_H
#define CTL_SUBJECT_H

#include "conf/conf.h"
#include "ctl/args.h"
#include "verify/artifact.h"

struct subject {
	struct conf *conf;
	const struct conf_cascade *cascade; /* has verifiers */
	struct artifact *artifact;	    /* NULL: none was named */
	/* The configuration was made from the artifact: it knows no prices. */
	bool made;
};

/* Reads what a names: --artifact, and --conf with --cascade (of a
 * configuration with one cascade its name may be left out). Where no
 * configuration is named the artifact stands in for it. 0, or an exit status,
 * and what is wrong has been said. */
int subject_open(struct subject *s, const struct args_command *c,
		 const struct args *a);
void subject_close(struct subject *s);

#endif
