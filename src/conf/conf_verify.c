/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads verifiers by tables that it is given, so conf knows none by name.
 */
#include "conf/conf_verify.h"

#include <stdlib.h>

#include "conf/conf_near.h"

struct list {
	const struct conf_rows *x;
	conf_verifiers known;
	struct conf_cascade *cascade;
	int *lines; /* where cascade->verify[i] stands */
	struct conf_place at;
};

/* One item of the list. */
struct item {
	const char *name;
	int line;
	const struct doc_node *opts; /* NULL: all defaults */
};

static void refuse_unknown(const struct list *l, const struct item *item)
{
	struct conf_near near = {.word = item->name};
	struct buf names;
	char hint[80];

	buf_init(&names, 320);
	for (conf_verifiers v = l->known; *v; v++) {
		conf_near_offer(&near, (*v)->name);
		buf_addf(&names, "%s%s", names.n ? ", " : "", (*v)->name);
	}
	conf_faults_add(l->x->faults, item->line, &l->at,
			"there is no verifier %.64s%s; known: %.*s", item->name,
			conf_near_hint(&near, hint, sizeof(hint)), (int)names.n,
			names.n ? names.p : "");
	buf_release(&names);
}

static const struct conf_verifier *find(const struct list *l,
					const struct item *item)
{
	for (conf_verifiers v = l->known; *v; v++)
		if (strcmp((*v)->name, item->name) == 0)
			return *v;
	refuse_unknown(l, item);
	return NULL;
}

static bool is_new(const struct list *l, const struct conf_verifier *v,
		   const struct item *item)
{
	struct conf_place at = {&l->at, item->name};

	for (size_t i = 0; i < l->cascade->n_verify; i++)
		if (l->cascade->verify[i].verifier == v) {
			conf_faults_add(l->x->faults, item->line, &at,
					"is here twice, first on line %d; "
					"keep one",
					l->lines[i]);
			return false;
		}
	return true;
}

/* Checks and prepares options whose rows are right. */
static int finish_options(const struct list *l, const struct conf_verifier *v,
			  void *opts, struct err *why)
{
	if (v->check && v->check(opts, why) < 0)
		return -1;
	return v->prepare ? v->prepare(opts, l->x->from.arena, why) : 0;
}

static const void *read_options(const struct list *l,
				const struct conf_verifier *v,
				const struct item *item)
{
	void *opts = arena_get(l->x->from.arena, v->opts_size);
	size_t before = conf_faults_count(l->x->faults);
	struct conf_place at = {&l->at, v->name};
	struct err why = {0};

	conf_rows_read(l->x, item->opts, item->line, &at, v->keys, opts);
	if (conf_faults_count(l->x->faults) == before &&
	    finish_options(l, v, opts, &why) < 0)
		conf_faults_add(l->x->faults, item->line, &at, "%s", why.text);
	return opts;
}

/* `NAME`, `NAME:` or `NAME: {...}`; false when it is none of them. */
static bool split(const struct doc_node *node, struct item *out)
{
	const struct doc_node *entry = node->child;

	if (node->kind == DOC_SCALAR) {
		*out = (struct item){node->text, node->line, NULL};
		return true;
	}
	if (node->kind != DOC_MAP || !entry || entry->next)
		return false;
	*out = (struct item){entry->key, entry->key_line, NULL};
	if (!conf_rows_is_null(entry))
		out->opts = entry;
	return !out->opts || entry->kind == DOC_MAP;
}

static void read_item(struct list *l, const struct doc_node *node)
{
	struct conf_cascade *c = l->cascade;
	const struct conf_verifier *v;
	struct item item;

	if (!split(node, &item)) {
		conf_faults_add(l->x->faults, node->line, &l->at,
				"each must be one verifier with its keys, like "
				"`- logprob: {span: all}`");
		return;
	}
	v = find(l, &item);
	if (!v || !is_new(l, v, &item))
		return;
	l->lines[c->n_verify] = item.line;
	c->verify[c->n_verify].verifier = v;
	c->verify[c->n_verify].opts = read_options(l, v, &item);
	c->n_verify++;
}

/* No verifier twice: so many are the most. */
static size_t count(conf_verifiers known)
{
	size_t n = 0;

	while (known[n])
		n++;
	return n;
}

void conf_verify_read(const struct conf_rows *x, conf_verifiers known,
		      const struct doc_node *node, const struct conf_place *in,
		      struct conf_cascade *c)
{
	struct list l = {x, known, c, NULL, {in, "verify"}};
	const struct doc_node *item = NULL;

	if (!node || conf_rows_is_null(node))
		return; /* the rows have told */
	if (node->kind == DOC_MAP) {
		conf_faults_add(x->faults, node->line, &l.at,
				"must be a list; put `- ` before each "
				"verifier");
		return;
	}
	c->verify = arena_get(x->from.arena, count(known) * sizeof(*c->verify));
	l.lines = mem_array(count(known), sizeof(*l.lines));
	while ((item = doc_item(node, item)))
		read_item(&l, item);
	free(l.lines);
}
