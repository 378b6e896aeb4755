/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a configuration and finds cascades in it.
 */
#include "ctl/configuration.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "conf/conf_read.h"
#include "verify/verifiers.h"

struct conf *configuration_read(const char *path)
{
	struct buf faults, warnings;
	struct conf *c;

	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	c = conf_read_offline(path, verifier_confs(), &faults, &warnings);
	if (faults.n)
		fwrite(faults.p, 1, faults.n, stderr);
	buf_release(&faults);
	buf_release(&warnings);
	return c;
}

const struct conf_cascade *configuration_find(const struct conf *c,
					      const char *name)
{
	if (!name)
		return c->n_cascades == 1 ? &c->cascades[0] : NULL;
	for (size_t i = 0; i < c->n_cascades; i++)
		if (strcmp(c->cascades[i].name, name) == 0)
			return &c->cascades[i];
	return NULL;
}

int configuration_refuse(const struct conf *c, const struct args_command *cmd,
			 const char *name)
{
	struct buf names;
	int status;

	buf_init(&names, 400);
	for (size_t i = 0; i < c->n_cascades; i++)
		buf_addf(&names, "%s%s", i ? ", " : "", c->cascades[i].name);
	status =
		name ? args_wrong(cmd, "there is no cascade %s; there is: %.*s",
				  name, (int)names.n, names.n ? names.p : "")
		     : args_wrong(cmd, "name one with --cascade: %.*s",
				  (int)names.n, names.n ? names.p : "");
	buf_release(&names);
	return status;
}
