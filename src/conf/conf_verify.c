/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads verifiers by tables that it is given, so conf knows none by name; and
 * writes down what it has read.
 */
#include "conf/conf_verify.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/jtext.h"
#include "conf/conf_near.h"

struct list {
	const struct conf_rows *x;
	struct conf_faults *warnings;
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

static int try_options(const struct list *l, const struct conf_verifier *v,
		       void *opts, struct err *why)
{
	if (v->check && v->check(opts, why) < 0)
		return -1;
	return v->prepare ? v->prepare(opts, l->x->from.arena, why) : 0;
}

/* Checks and prepares options whose rows are right. */
static void finish_options(const struct list *l, const struct conf_verifier *v,
			   int line, const struct conf_place *at, void *opts)
{
	const char *unwise = NULL;
	struct err why = {0};

	if (try_options(l, v, opts, &why) < 0)
		conf_faults_add(l->x->faults, line, at, "%s", why.text);
	else if (v->warning)
		unwise = v->warning(opts);
	if (unwise)
		conf_faults_add(l->warnings, line, at, "%s", unwise);
}

static const void *read_options(const struct list *l,
				const struct conf_verifier *v,
				const struct item *item)
{
	void *opts = arena_get(l->x->from.arena, v->opts_size);
	size_t before = conf_faults_count(l->x->faults);
	struct conf_place at = {&l->at, v->name};

	conf_rows_read(l->x, item->opts, item->line, &at, v->keys, opts);
	if (conf_faults_count(l->x->faults) == before)
		finish_options(l, v, item->line, &at, opts);
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
		      struct conf_faults *warnings, const struct doc_node *node,
		      const struct conf_place *in, struct conf_cascade *c)
{
	struct list l = {x, warnings, known, c, NULL, {in, "verify"}};
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

/* ---- writing ------------------------------------------------------------- */

static void write_text(struct span text, struct buf *out)
{
	buf_adds(out, "\"");
	jtext_escape(text, out);
	buf_adds(out, "\"");
}

static void write_string(const char *text, struct buf *out)
{
	if (text)
		write_text(span_of(text), out);
	else
		buf_adds(out, "null");
}

static void write_strings(const struct conf_strings *s, struct buf *out)
{
	buf_adds(out, "[");
	for (size_t i = 0; i < s->n; i++) {
		buf_adds(out, i ? "," : "");
		write_string(s->v[i], out);
	}
	buf_adds(out, "]");
}

static void write_range(const struct conf_range *r, struct buf *out)
{
	if (r->said)
		buf_addf(out, "[%.15g,%.15g]", r->low, r->high);
	else
		buf_adds(out, "null");
}

static void write_backend(const struct conf_backend *b, struct buf *out)
{
	write_string(b ? b->name : NULL, out);
}

static void write_value(const struct conf_key *row, const void *field,
			struct buf *out)
{
	switch (row->type) {
	case CONF_STRING:
	case CONF_FILE:
	case CONF_URL:
		write_string(*(const char *const *)field, out);
		break;
	case CONF_BOOL:
		buf_adds(out, *(const bool *)field ? "true" : "false");
		break;
	case CONF_INT:
	case CONF_TIME:
	case CONF_USD:
	case CONF_PRICE:
		buf_addf(out, "%" PRId64, *(const int64_t *)field);
		break;
	case CONF_SIZE:
		buf_addf(out, "%zu", *(const size_t *)field);
		break;
	case CONF_NUMBER:
		buf_addf(out, "%.15g", *(const double *)field);
		break;
	case CONF_ENUM:
		write_text(conf_value_word_at(row->words, *(const int *)field),
			   out);
		break;
	case CONF_STRINGS:
	case CONF_ADDRESSES:
		write_strings(field, out);
		break;
	case CONF_RANGE:
		write_range(field, out);
		break;
	case CONF_BACKEND:
		write_backend(*(const struct conf_backend *const *)field, out);
		break;
	case CONF_SECRET:
	case CONF_HASH:
	case CONF_HEADERS:
	case CONF_SECTION:
	case CONF_ENTRIES:
	case CONF_VERIFIERS:
		break; /* not written */
	}
}

static bool is_written(const struct conf_key *row)
{
	return !row->tunes && row->type != CONF_SECRET &&
	       row->type != CONF_HASH && row->type != CONF_HEADERS;
}

static void write_rows(const struct conf_key *rows, const void *from,
		       struct buf *out)
{
	const char *comma = "";

	buf_adds(out, "{");
	for (const struct conf_key *row = rows; row->name; row++) {
		if (!is_written(row))
			continue;
		buf_addf(out, "%s\"%s\":", comma, row->name);
		comma = ",";
		if (row->type == CONF_SECTION)
			write_rows(row->sub, from, out);
		else
			write_value(row, (const char *)from + row->offset, out);
	}
	buf_adds(out, "}");
}

int conf_verify_write(const struct conf_cascade *c, struct buf *out)
{
	buf_adds(out, "[");
	for (size_t i = 0; i < c->n_verify; i++) {
		const struct conf_verifier *v = c->verify[i].verifier;

		buf_addf(out, "%s{\"%s\":", i ? "," : "", v->name);
		write_rows(v->keys, c->verify[i].opts, out);
		buf_adds(out, "}");
	}
	return buf_adds(out, "]");
}
