/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the cascade that a command works on.
 */
#include "ctl/subject.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/jtext.h"
#include "conf/conf_read.h"
#include "ctl/configuration.h"
#include "verify/verifiers.h"

static int say(const struct args_command *c, int status, const char *text)
{
	fprintf(stderr, "frugalctl %s: %s\n", c->name, text);
	return status;
}

static void say_lines(const struct buf *b)
{
	if (b->n)
		fwrite(b->p, 1, b->n, stderr);
}

static int read_conf(struct subject *s, const char *path)
{
	s->conf = configuration_read(path);
	return s->conf ? 0 : ARGS_USAGE;
}

static int choose(struct subject *s, const struct args_command *c,
		  const char *name)
{
	s->cascade = configuration_find(s->conf, name);
	if (!s->cascade)
		return configuration_refuse(s->conf, c, name);
	if (s->cascade->n_tiers != 2)
		return args_wrong(c,
				  "cascade %s has %zu tiers; this is for those "
				  "of two, longer ones take a `threshold`",
				  s->cascade->name, s->cascade->n_tiers);
	if (s->cascade->n_verify == 0)
		return args_wrong(c,
				  "cascade %s verifies nothing; add `verify` "
				  "to it, like [logprob]",
				  s->cascade->name);
	return 0;
}

/* ---- from an artifact ---------------------------------------------------- */

static void add_string(struct buf *b, const char *text)
{
	buf_adds(b, "\"");
	jtext_escape(span_of(text), b);
	buf_adds(b, "\"");
}

static void add_backend(struct buf *b, const char *name, const char *model)
{
	add_string(b, name);
	buf_adds(b, ": {base_url: \"http://127.0.0.1\", model: ");
	add_string(b, model);
	buf_adds(b, "}, ");
}

static bool is_tier(const struct artifact_route *r, const char *name)
{
	for (size_t i = 0; i < r->n_tiers; i++)
		if (strcmp(r->tiers[i].backend, name) == 0)
			return true;
	return false;
}

/* Backends that verifiers name, and the comparator: each once. */
static void add_others(struct buf *b, const struct artifact_route *r)
{
	json_t *list = json_loads(r->verify, 0, NULL), *item, *options;
	json_t *others = json_object();
	const char *name;
	size_t i;

	json_array_foreach(list, i, item)
	{
		json_object_foreach(item, name, options)
		{
			json_t *other = json_object_get(options, "backend");

			if (json_is_string(other))
				json_object_set(others,
						json_string_value(other),
						other);
		}
	}
	if (r->compare_backend)
		json_object_set_new(others, r->compare_backend, json_null());
	json_object_foreach(others, name, item)
	{
		if (!is_tier(r, name))
			add_backend(b, name, "any");
	}
	json_decref(others);
	json_decref(list);
}

static void add_compare(struct buf *b, const struct artifact_route *r)
{
	buf_addf(b, "compare: {by: %s", r->compare);
	if (r->compare_backend) {
		buf_adds(b, ", backend: ");
		add_string(b, r->compare_backend);
	}
	buf_adds(b, "}");
}

/* JSON is YAML, so the artifact's own text says what was configured. */
static void write_conf(struct buf *b, const struct artifact_route *r)
{
	buf_adds(b, "backends: {");
	for (size_t i = 0; i < r->n_tiers; i++)
		add_backend(b, r->tiers[i].backend, r->tiers[i].model);
	add_others(b, r);
	buf_adds(b, "}\ncascades: {");
	add_string(b, r->cascade);
	buf_adds(b, ": {threshold: 0.5, tiers: [");
	for (size_t i = 0; i < r->n_tiers; i++) {
		buf_adds(b, i ? ", " : "");
		add_string(b, r->tiers[i].backend);
	}
	buf_adds(b, "], ");
	add_compare(b, r);
	buf_addf(b, ", verify: %s}}\n", r->verify);
}

static int make_conf(struct subject *s, const char *path)
{
	struct buf text, faults, warnings;

	buf_init(&text, 0);
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	write_conf(&text, &s->artifact->route);
	s->conf = conf_read_text(buf_span(&text), path, verifier_confs(),
				 &faults, &warnings);
	s->made = true;
	say_lines(&faults);
	buf_release(&text);
	buf_release(&faults);
	buf_release(&warnings);
	return s->conf ? 0 : ARGS_USAGE;
}

/* ---- both ---------------------------------------------------------------- */

static int open_artifact(struct subject *s, const struct args_command *c,
			 const char *path)
{
	struct err err = {0};

	s->artifact = artifact_load(path, &err);
	if (!s->artifact)
		return say(c, ARGS_USAGE, err.text);
	return 0;
}

/* The daemon would refuse it: so would it be wrong to score by it. That it
 * needs what only records bring is no matter here. */
static int compare(const struct subject *s, const struct args_command *c,
		   const char *path)
{
	struct arena *arena = arena_new();
	struct artifact_route r = artifact_route_of(s->cascade, arena);
	struct err err = {0}, why = {0};
	int rc = 0;

	if (artifact_fits(s->artifact, &r, &err) < 0) {
		err_set(&why, err.kind, "%s: %s", path, err.text);
		rc = say(c, ARGS_USAGE, why.text);
	}
	arena_free(arena);
	return rc;
}

static int open_both(struct subject *s, const struct args_command *c,
		     const struct args *a)
{
	int rc = a->artifact ? open_artifact(s, c, a->artifact) : 0;

	if (rc == 0)
		rc = a->conf ? read_conf(s, a->conf)
			     : make_conf(s, a->artifact);
	if (rc == 0)
		rc = choose(s, c, a->conf ? a->cascade : NULL);
	if (rc == 0 && s->artifact && !s->made)
		rc = compare(s, c, a->artifact);
	return rc;
}

int subject_open(struct subject *s, const struct args_command *c,
		 const struct args *a)
{
	int rc;

	*s = (struct subject){.conf = NULL};
	if (!a->conf && !a->artifact)
		return args_wrong(c, "name a configuration with -c");
	rc = open_both(s, c, a);
	if (rc != 0)
		subject_close(s);
	return rc;
}

void subject_close(struct subject *s)
{
	conf_free(s->conf);
	artifact_free(s->artifact);
	*s = (struct subject){.conf = NULL};
}
