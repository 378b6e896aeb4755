/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a configuration to ask its backends.
 */
#include "ctl/eval_subject.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "conf/conf_read.h"
#include "ctl/eval_whom.h"
#include "ctl/configuration.h"
#include "verify/verifiers.h"

static void say_lines(const char *before, const struct buf *lines)
{
	const char *p = lines->p, *end = p + lines->n, *nl;

	for (; lines->n && p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		fprintf(stderr, "%s%.*s\n", before, (int)(nl - p), p);
	}
}

static struct conf *read_conf(const char *path)
{
	struct buf faults, warnings;
	struct conf *conf;

	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	conf = conf_read(path, verifier_confs(), &faults, &warnings);
	say_lines("", &faults);
	say_lines("warning: ", &warnings);
	buf_release(&faults);
	buf_release(&warnings);
	return conf;
}

/* ---- what must hold ------------------------------------------------------ */

static int check_prices(const struct args_command *c, const struct args *a,
			const struct eval_whom *asked)
{
	if (a->budget_pusd == INT64_MAX)
		return 0;
	for (size_t i = 0; i < asked->n; i++)
		if (!asked->v[i]->priced)
			return args_wrong(c,
					  "--budget wants to know what each "
					  "backend costs; %s has no `price` "
					  "(0 will do)",
					  asked->v[i]->name);
	return 0;
}

static int check_cascade(const struct args_command *c,
			 const struct conf_cascade *cascade)
{
	if (cascade->n_tiers < 2)
		return args_wrong(c,
				  "cascade %s has one tier; a pair of answers "
				  "takes two",
				  cascade->name);
	if (cascade->max_attempts < (int64_t)cascade->n_tiers)
		return args_wrong(c,
				  "cascade %s has `limits.attempts: %" PRId64
				  "`; its %zu tiers are all to be asked",
				  cascade->name, cascade->max_attempts,
				  cascade->n_tiers);
	return 0;
}

static size_t parallel_of(const struct args *a, const struct eval_whom *asked)
{
	int64_t n = a->parallel;

	for (size_t i = 0; i < asked->n; i++)
		if (asked->v[i]->max_inflight > 0 &&
		    asked->v[i]->max_inflight < n)
			n = asked->v[i]->max_inflight;
	return (size_t)n;
}

/* ---- life ---------------------------------------------------------------- */

static void drop_calibration(struct conf_cascade *c)
{
	if (!c->calibration)
		return;
	c->calibration = NULL;
	c->max_error = 0;
}

static bool asks_anybody(const struct conf_cascade *c)
{
	for (size_t i = 0; i < c->n_verify; i++)
		if (verifier_asks(verifier_find(c->verify[i].verifier->name),
				  c->verify[i].opts))
			return true;
	return false;
}

/* One that was fitted to no checks has the daemon ask none; here all are. */
static bool leaves_checks_out(const struct conf_cascade *c)
{
	struct artifact *a;
	struct err err = {0};
	bool leaves_out;

	if (!c->calibration || !asks_anybody(c))
		return false;
	a = artifact_load(c->calibration, &err);
	leaves_out = a && !a->heads.has_after;
	artifact_free(a);
	return leaves_out;
}

/* NULL: why is in faults. */
static struct generation *bring_to_life(struct conf **conf,
					struct conf_cascade *chosen,
					struct buf *faults)
{
	struct generation *g;

	for (size_t i = 0; i < (*conf)->n_cascades; i++)
		if (&(*conf)->cascades[i] != chosen ||
		    leaves_checks_out(chosen))
			drop_calibration(&(*conf)->cascades[i]);
	g = generation_new(conf, 1, faults);
	if (g || !chosen->calibration)
		return g;
	say_lines("warning: done without: ", faults);
	buf_clear(faults);
	drop_calibration(chosen);
	return generation_new(conf, 1, faults);
}

static int begin(struct eval_subject *s, struct conf **conf,
		 const struct conf_cascade *chosen)
{
	size_t index = (size_t)(chosen - (*conf)->cascades);
	struct buf faults;

	buf_init(&faults, 0);
	s->generation = bring_to_life(conf, &(*conf)->cascades[index], &faults);
	say_lines("", &faults);
	buf_release(&faults);
	if (!s->generation)
		return ARGS_USAGE;
	s->cascade = &s->generation->cascades[index];
	s->ledger = s->generation->conf->ledger.path;
	return 0;
}

static int choose(struct eval_subject *s, const struct args_command *c,
		  const struct args *a, struct conf **conf)
{
	const struct conf_cascade *chosen =
		configuration_find(*conf, a->cascade);
	struct arena *arena;
	struct eval_whom asked;
	int rc;

	if (!chosen)
		return configuration_refuse(*conf, c, a->cascade);
	if (!(*conf)->ledger.path)
		return args_wrong(c,
				  "%s: has no `ledger`, and that is where "
				  "the answers go",
				  (*conf)->path);
	arena = arena_new();
	asked = eval_whom_of(chosen, arena);
	s->parallel = parallel_of(a, &asked);
	rc = check_cascade(c, chosen);
	if (rc == 0)
		rc = check_prices(c, a, &asked);
	arena_free(arena);
	return rc == 0 ? begin(s, conf, chosen) : rc;
}

int eval_subject_open(struct eval_subject *s, const struct args_command *c,
		      const struct args *a)
{
	struct conf *conf = read_conf(a->conf);
	int rc;

	*s = (struct eval_subject){.generation = NULL};
	if (!conf)
		return ARGS_USAGE;
	rc = choose(s, c, a, &conf);
	conf_free(conf); /* NULL by now when it was taken */
	return rc;
}

void eval_subject_close(struct eval_subject *s)
{
	generation_unref(s->generation);
	*s = (struct eval_subject){.generation = NULL};
}
