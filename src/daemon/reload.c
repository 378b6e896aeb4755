/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new generation is prepared beside the old one.
 */
#include "daemon/reload.h"

#include <string.h>

#include "conf/conf_read.h"
#include "verify/verifiers.h"

struct generation *reload_prepare(const char *path, uint64_t number,
				  struct buf *faults, struct buf *warnings)
{
	struct conf *conf = conf_read(path, verifier_confs(), faults, warnings);
	struct generation *g;

	if (!conf)
		return NULL;
	g = generation_new(&conf, number, faults);
	conf_free(conf); /* NULL by now when it was taken */
	return g;
}

static bool same_strings(const struct conf_strings *a,
			 const struct conf_strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static bool same_path(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

void reload_each_restart(const struct conf *old, const struct conf *new_conf,
			 reload_fn *fn, void *arg)
{
	if (!same_strings(&old->listen, &new_conf->listen))
		fn(arg, "listen");
	if (!same_strings(&old->admin, &new_conf->admin))
		fn(arg, "admin");
	if (old->workers != new_conf->workers)
		fn(arg, "workers");
	if (!same_path(old->ledger.path, new_conf->ledger.path) ||
	    old->ledger.keep_us != new_conf->ledger.keep_us)
		fn(arg, "ledger");
}

void reload_each_line(struct buf *text, reload_line_fn *fn, void *arg)
{
	char *p, *nl;

	if (buf_add(text, "", 1) < 0)
		return;
	for (p = text->p; *p; p = nl + 1) {
		nl = strchr(p, '\n');
		if (!nl) {
			fn(arg, p);
			return;
		}
		*nl = '\0';
		fn(arg, p);
	}
}
