/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's configuration in the hands of a command: no secrets are read.
 */
#ifndef CTL_CONFIGURATION_H
#define CTL_CONFIGURATION_H

#include "conf/conf.h"
#include "ctl/args.h"

/* NULL: what is wrong has been said, and the exit status is ARGS_USAGE. */
struct conf *configuration_read(const char *path);

/* The cascade of that name; name NULL: the only one. NULL: there is none, or
 * more than one. */
const struct conf_cascade *configuration_find(const struct conf *c,
					      const char *name);
/* Says that there is no cascade of that name, or, name NULL, that one must be
 * named, and which there are. Returns ARGS_USAGE. */
int configuration_refuse(const struct conf *c, const struct args_command *cmd,
			 const char *name);

#endif
