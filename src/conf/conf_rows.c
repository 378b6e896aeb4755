/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a mapping beside its table of keys, to any depth of sections.
 */
#include "conf/conf_rows.h"

#include <assert.h>

#include "conf/conf_headers.h"
#include "conf/conf_near.h"

/* Items of a list whose row has no bound: has() is quadratic. */
#define LIST_MOST 1024

/* A row and where its value goes. */
struct slot {
	const struct conf_rows *x;
	const struct conf_key *row;
	const struct conf_place *at;
	void *into; /* the struct the rows are about */
	void *field;
};

bool conf_rows_is_null(const struct doc_node *node)
{
	return node->kind == DOC_SCALAR && !node->quoted &&
	       conf_value_word(",~,null,Null,NULL", node->text) >= 0;
}

static void add_names(struct buf *out, const struct conf_key *rows)
{
	for (const struct conf_key *k = rows; k->name; k++)
		buf_addf(out, "%s%s", k == rows ? "" : ", ", k->name);
}

static void refuse_unknown(const struct conf_rows *x,
			   const struct doc_node *node,
			   const struct conf_place *at,
			   const struct conf_key *rows)
{
	struct conf_near near = {.word = node->key};
	char hint[80];
	struct buf names;

	for (const struct conf_key *k = rows; k->name; k++)
		conf_near_offer(&near, k->name);
	conf_near_hint(&near, hint, sizeof(hint));
	buf_init(&names, 320);
	if (!near.best)
		add_names(&names, rows);
	conf_faults_add(x->faults, node->key_line, at, "unknown key%s%s%.*s",
			hint, near.best ? "" : "; known here: ", (int)names.n,
			names.n ? names.p : "");
	buf_release(&names);
}

static void check_names(const struct conf_rows *x, const struct doc_node *map,
			const struct conf_place *at,
			const struct conf_key *rows)
{
	const struct conf_key *k;

	for (const struct doc_node *n = map->child; n; n = n->next) {
		struct conf_place here = {at, n->key};

		for (k = rows; k->name && strcmp(k->name, n->key) != 0; k++)
			;
		if (!k->name)
			refuse_unknown(x, n, &here, rows);
	}
}

static int set_value(const struct slot *s, const struct doc_node *node,
		     void *field)
{
	struct err why = {0};

	if (node->kind != DOC_SCALAR) {
		conf_faults_add(s->x->faults, node->line, s->at,
				"must be one value, not a %s",
				node->kind == DOC_MAP ? "mapping" : "list");
		return -1;
	}
	if (conf_value_set(s->row, node->text, &s->x->from, field, &why) < 0) {
		conf_faults_add(s->x->faults, node->line, s->at, "%s",
				why.text);
		return -1;
	}
	return 0;
}

/* ---- lists --------------------------------------------------------------- */

static bool has(const struct conf_strings *list, const char *item)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], item) == 0)
			return true;
	return false;
}

/* Refuses a list that is too short or too long. */
static int check_count(const struct slot *s, int line, size_t n)
{
	double most = s->row->max > 0 ? s->row->max : LIST_MOST;

	if ((double)n < s->row->min) {
		conf_faults_add(s->x->faults, line, s->at,
				"is empty; name at least %.0f", s->row->min);
		return -1;
	}
	if ((double)n > most) {
		conf_faults_add(s->x->faults, line, s->at,
				"holds %zu; at most %.0f are taken", n, most);
		return -1;
	}
	return 0;
}

static void read_item(const struct slot *s, const struct doc_node *item,
		      struct conf_strings *list)
{
	const char *v;

	if (set_value(s, item, &v) < 0)
		return;
	if (has(list, v))
		conf_faults_add(s->x->faults, item->line, s->at,
				"%.128s is in it twice; keep one", v);
	else
		list->v[list->n++] = v;
}

static void read_list(const struct slot *s, const struct doc_node *node)
{
	struct conf_strings list = {NULL, 0};
	const struct doc_node *item = NULL;
	size_t n = 0;

	if (node->kind == DOC_SCALAR && s->row->zero &&
	    strcmp(node->text, s->row->zero) == 0) {
		*(struct conf_strings *)s->field = list;
		return;
	}
	while ((item = doc_item(node, item)))
		n++;
	if (check_count(s, node->line, n) < 0)
		return;
	list.v = arena_get(s->x->from.arena, n * sizeof(*list.v));
	while ((item = doc_item(node, item)))
		read_item(s, item, &list);
	*(struct conf_strings *)s->field = list;
}

static void read_range(const struct slot *s, const struct doc_node *node)
{
	const struct doc_node *low = NULL, *high = NULL;
	struct conf_range r = {.said = true};

	if (node->kind == DOC_LIST) {
		low = node->child;
		high = low ? low->next : NULL;
	}
	if (!high || high->next)
		conf_faults_add(s->x->faults, node->line, s->at,
				"must be two numbers, like [0.3, 0.9]");
	else if (set_value(s, low, &r.low) < 0 ||
		 set_value(s, high, &r.high) < 0)
		return;
	else if (r.low > r.high)
		conf_faults_add(s->x->faults, node->line, s->at,
				"begins above its end; turn them round");
	else
		*(struct conf_range *)s->field = r;
}

/* ---- rows ---------------------------------------------------------------- */

static bool is_list(const struct conf_key *row)
{
	return row->type == CONF_STRINGS || row->type == CONF_ADDRESSES;
}

static bool is_read_apart(const struct conf_key *row)
{
	return row->type == CONF_ENTRIES || row->type == CONF_VERIFIERS;
}

static void read_section(const struct slot *s, const struct doc_node *node)
{
	const struct conf_key *row = s->row;
	struct doc_node only, lone = {.kind = DOC_MAP, .child = &only};

	if (node->kind == DOC_SCALAR && row->lone) {
		only = *node;
		only.key = row->lone;
		only.next = NULL;
		lone.line = node->line;
		node = &lone;
	}
	if (node->kind == DOC_MAP)
		conf_rows_read(s->x, node, node->line, s->at, row->sub,
			       s->into);
	else
		conf_faults_add(s->x->faults, node->line, s->at,
				"must be a mapping of keys, like %s: VALUE",
				row->sub->name);
}

static void read_said(const struct slot *s, const struct doc_node *node)
{
	if (conf_rows_is_null(node))
		conf_faults_add(s->x->faults, node->key_line, s->at,
				"has no value; give it one or leave it out");
	else if (s->row->type == CONF_SECTION)
		read_section(s, node);
	else if (is_list(s->row))
		read_list(s, node);
	else if (s->row->type == CONF_RANGE)
		read_range(s, node);
	else if (s->row->type == CONF_HEADERS)
		conf_headers_read(&s->x->from, s->x->faults, node, s->at,
				  s->field);
	else if (!is_read_apart(s->row))
		set_value(s, node, s->field);
}

/* Fallbacks are constants of the program, so they cannot be wrong. */
static void read_fallback(const struct slot *s)
{
	const struct conf_key *row = s->row;
	struct conf_strings *list = s->field;
	struct err why = {0};
	int rc = 0;

	if (!is_list(row))
		rc = conf_value_set(row, row->fallback, &s->x->from, s->field,
				    &why);
	else if (!row->zero || strcmp(row->fallback, row->zero) != 0) {
		list->v = arena_get(s->x->from.arena, sizeof(*list->v));
		list->n = 1;
		rc = conf_value_set(row, row->fallback, &s->x->from, list->v,
				    &why);
	}
	assert(rc == 0);
}

static void read_unsaid(const struct slot *s, int line)
{
	const struct conf_key *row = s->row;

	if (row->fallback)
		read_fallback(s);
	else if (row->optional)
		return;
	else if (row->type == CONF_SECTION)
		conf_rows_read(s->x, NULL, line, s->at, row->sub, s->into);
	else
		conf_faults_add(s->x->faults, line, s->at,
				"is missing; it has no default");
}

void conf_rows_read(const struct conf_rows *x, const struct doc_node *map,
		    int line, const struct conf_place *at,
		    const struct conf_key *rows, void *into)
{
	if (map)
		check_names(x, map, at, rows);
	for (const struct conf_key *row = rows; row->name; row++) {
		const struct doc_node *node = doc_find(map, row->name);
		struct conf_place here = {at, row->name};
		struct slot s = {x, row, &here, into,
				 (char *)into + row->offset};

		if (node)
			read_said(&s, node);
		else
			read_unsaid(&s, line);
	}
}
