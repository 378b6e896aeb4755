/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads entry by entry and ties them together by their names.
 */
#include "conf/conf_entries.h"

#include <math.h>

#include "base/map.h"
#include "base/mem.h"
#include "conf/conf_judging.h"
#include "conf/conf_keys.h"
#include "conf/conf_near.h"
#include "conf/conf_url.h"
#include "conf/conf_verify.h"

#define LETTERS_DIGITS                                                         \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* What names are made of, beside letters and digits. */
#define MODEL_MARKS  "._:/-"
#define MATCH_MARKS  " ._:/-@+*?"
#define CLIENT_MARKS "._-"
#define MODEL_MOST   128
#define CLIENT_MOST  64

static const char a_backend[] = "a backend";
static const char a_cascade[] = "a cascade";
static const char a_match[] = "a match";

/* Who has a model's name. */
struct owner {
	const char *what; /* one of the above */
	int line;
};

struct entries {
	const struct conf_reading *r;
	struct conf *conf;
	struct conf_faults *faults;
	struct map *owners; /* a model's name to its struct owner */
};

static size_t count(const struct doc_node *parent)
{
	size_t n = 0;

	for (const struct doc_node *c = parent->child; c; c = c->next)
		n++;
	return n;
}

int conf_entries_line(const struct doc_node *node, const char *text)
{
	const struct doc_node *item = NULL;

	while ((item = doc_item(node, item)))
		if (item->kind == DOC_SCALAR && strcmp(item->text, text) == 0)
			return item->line;
	return node ? node->line : 0;
}

/* ---- names --------------------------------------------------------------- */

static bool is_name(const char *s, const char *marks, size_t most)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (!strchr(LETTERS_DIGITS, s[n]) && !strchr(marks, s[n]))
			return false;
	return n >= 1 && n <= most;
}

/* The name for places. A bad one is not repeated: it may be a secret put where
 * its name belongs. */
static const char *check_name(struct entries *e, const struct doc_node *n,
			      const struct conf_place *in, const char *marks,
			      size_t most)
{
	if (is_name(n->key, marks, most))
		return n->key;
	conf_faults_add(e->faults, n->key_line, in,
			"a name must be 1 to %zu letters, digits and %s", most,
			marks);
	return "?";
}

/* One model name means one thing. */
static void claim(struct entries *e, const char *name, const char *what,
		  int line, const struct conf_place *at)
{
	struct owner *was = map_find(e->owners, span_of(name));
	struct owner *now;

	if (was && was->what == what && what != a_match)
		return; /* a repeated key: told already */
	if (was) {
		conf_faults_add(e->faults, line, at,
				"%.128s is %s already (line %d); give one of "
				"them another name",
				name, was->what, was->line);
		return;
	}
	now = arena_get(e->conf->arena, sizeof(*now));
	*now = (struct owner){what, line};
	map_put(e->owners, span_of(name), now);
}

static void offer_backends(const struct conf *c, struct conf_near *near)
{
	for (size_t i = 0; i < c->n_backends; i++)
		conf_near_offer(near, c->backends[i].name);
}

static void offer_cascades(const struct conf *c, struct conf_near *near)
{
	for (size_t i = 0; i < c->n_cascades; i++)
		conf_near_offer(near, c->cascades[i].name);
}

/* ---- entries ------------------------------------------------------------- */

/* The mapping at that key, NULL: there is none. */
static const struct doc_node *find_entries(struct entries *e, const char *key)
{
	const struct doc_node *node = doc_find(e->r->root, key);
	struct conf_place at = {NULL, key};

	if (!node || conf_rows_is_null(node))
		return NULL; /* the rows have told */
	if (node->kind == DOC_MAP && node->child)
		return node;
	conf_faults_add(e->faults, node->line, &at, "%s",
			node->kind == DOC_MAP ? "is empty; name at least one"
					      : "must be a mapping of names");
	return NULL;
}

/* The rows of one entry. False when it is no mapping. */
static bool read_entry(struct entries *e, const struct doc_node *n,
		       const struct conf_place *at, const struct conf_key *rows,
		       void *into)
{
	if (n->kind != DOC_MAP) {
		conf_faults_add(e->faults, n->line, at,
				"must be a mapping of keys");
		return false;
	}
	conf_rows_read(&e->r->rows, n, n->key_line, at, rows, into);
	return true;
}

/* ---- backends ------------------------------------------------------------ */

static void read_backend(struct entries *e, const struct doc_node *n,
			 const struct conf_place *in)
{
	struct conf_backend *b = &e->conf->backends[e->conf->n_backends++];
	struct conf_place at = {in,
				check_name(e, n, in, MODEL_MARKS, MODEL_MOST)};

	b->name = arena_dup(e->conf->arena, span_of(n->key));
	claim(e, b->name, a_backend, n->key_line, &at);
	b->price_cached = -1;
	if (!read_entry(e, n, &at, conf_keys_backend(), b))
		return;
	b->priced = doc_find(n, "price") != NULL;
	if (b->price_cached < 0)
		b->price_cached = b->price_input;
	if (b->api_key && b->base_url && conf_url_is_exposed(b->base_url))
		conf_faults_add(e->r->warnings, n->key_line, &at,
				"its api_key crosses the network in the clear; "
				"use https");
}

static void read_backends(struct entries *e)
{
	const struct doc_node *all = find_entries(e, "backends");
	struct conf_place at = {NULL, "backends"};
	struct conf *c = e->conf;

	if (!all)
		return;
	c->backends = arena_get(c->arena, count(all) * sizeof(*c->backends));
	for (const struct doc_node *n = all->child; n; n = n->next)
		read_backend(e, n, &at);
}

/* ---- cascades ------------------------------------------------------------ */

static void check_match(struct entries *e, struct conf_cascade *c,
			const struct doc_node *node,
			const struct conf_place *in)
{
	struct conf_place at = {in, "match"};

	for (size_t i = 0; i < c->match.n; i++) {
		const char *name = c->match.v[i];
		int line = conf_entries_line(node, name);

		if (is_name(name, MATCH_MARKS, MODEL_MOST))
			claim(e, name, a_match, line, &at);
		else
			conf_faults_add(e->faults, line, &at,
					"a model's name must be 1 to %d "
					"letters, digits, spaces and %s",
					MODEL_MOST, MATCH_MARKS + 1);
	}
}

static void resolve_tiers(struct entries *e, struct conf_cascade *c,
			  const struct doc_node *node,
			  const struct conf_place *in)
{
	struct conf_place at = {in, "tiers"};

	c->tiers =
		arena_get(e->conf->arena, c->tier_names.n * sizeof(*c->tiers));
	for (size_t i = 0; i < c->tier_names.n; i++) {
		const char *name = c->tier_names.v[i];
		struct err why = {0};
		const struct conf_backend *b =
			conf_value_backend(e->conf, name, &why);

		if (b)
			c->tiers[c->n_tiers++] = b;
		else
			conf_faults_add(e->faults,
					conf_entries_line(node, name), &at,
					"%s", why.text);
	}
}

static int key_line(const struct doc_node *n, const char *key)
{
	const struct doc_node *found = doc_find(n, key);

	return found ? found->key_line : n->key_line;
}

static void warn_terminal(struct entries *e, const struct conf_cascade *c,
			  int line, const struct conf_place *at)
{
	if (c->tier_names.n == 1 && c->n_verify > 0)
		conf_faults_add(e->r->warnings, line, at,
				"its only tier is the last one and never "
				"verified; name a cheaper one before it");
}

static void read_cascade(struct entries *e, const struct doc_node *n,
			 const struct conf_place *in)
{
	struct conf_cascade *c = &e->conf->cascades[e->conf->n_cascades++];
	struct conf_place at = {in,
				check_name(e, n, in, MODEL_MARKS, MODEL_MOST)};

	c->name = arena_dup(e->conf->arena, span_of(n->key));
	claim(e, c->name, a_cascade, n->key_line, &at);
	c->threshold = NAN;
	c->deadline_us = e->conf->limits.deadline_us;
	c->max_cost_pusd = CONF_NO_LIMIT;
	c->max_verify_pusd = CONF_NO_LIMIT;
	if (!read_entry(e, n, &at, conf_keys_cascade(), c))
		return;
	c->calibration_line = key_line(n, "calibration");
	resolve_tiers(e, c, doc_find(n, "tiers"), &at);
	conf_verify_read(&e->r->rows, e->r->known, e->r->warnings,
			 doc_find(n, "verify"), &at, c);
	conf_judging_check(e->faults, n, &at, c, e->conf->ledger.path != NULL);
	warn_terminal(e, c, n->key_line, &at);
}

/* Exact names come first in a lookup, so they are claimed first: a clash is
 * told where the match stands. */
static void read_cascades(struct entries *e)
{
	const struct doc_node *all = find_entries(e, "cascades");
	struct conf_place in = {NULL, "cascades"};
	struct conf *c = e->conf;
	size_t i = 0;

	if (!all)
		return;
	c->cascades = arena_get(c->arena, count(all) * sizeof(*c->cascades));
	for (const struct doc_node *n = all->child; n; n = n->next)
		read_cascade(e, n, &in);
	for (const struct doc_node *n = all->child; n; n = n->next) {
		struct conf_place at = {&in, n->key};

		check_match(e, &c->cascades[i++], doc_find(n, "match"), &at);
	}
}

/* ---- client keys --------------------------------------------------------- */

static void check_models(struct entries *e, const struct conf_client_key *k,
			 const struct doc_node *node,
			 const struct conf_place *in)
{
	struct conf_place at = {in, "cascades"};
	char hint[160];

	for (size_t i = 0; i < k->cascades.n; i++) {
		const char *name = k->cascades.v[i];
		const struct owner *o = map_find(e->owners, span_of(name));
		struct conf_near near = {.word = name};

		if (o && o->what != a_match)
			continue;
		offer_cascades(e->conf, &near);
		offer_backends(e->conf, &near);
		conf_faults_add(e->faults, conf_entries_line(node, name), &at,
				"there is no cascade or backend %.128s%s", name,
				conf_near_hint(&near, hint, sizeof(hint)));
	}
}

/* Two names for one key would make its rows ambiguous. */
static void check_hash(struct entries *e, const struct doc_node *n,
		       const struct conf_place *in)
{
	static const struct digest unread;
	const struct conf_client_key *k = &e->conf->keys[e->conf->n_keys - 1];
	struct conf_place at = {in, "hash"};

	if (digest_equal(&k->hash, &unread))
		return;
	for (const struct conf_client_key *o = e->conf->keys; o < k; o++)
		if (digest_equal(&o->hash, &k->hash)) {
			conf_faults_add(e->faults, doc_find(n, "hash")->line,
					&at,
					"is the key of %s too; make another "
					"with `frugalctl key`",
					o->name);
			return;
		}
}

static void read_client(struct entries *e, const struct doc_node *n,
			const struct conf_place *in)
{
	struct conf_client_key *k = &e->conf->keys[e->conf->n_keys++];
	struct conf_place at = {
		in, check_name(e, n, in, CLIENT_MARKS, CLIENT_MOST)};

	k->name = arena_dup(e->conf->arena, span_of(n->key));
	if (!read_entry(e, n, &at, conf_keys_client(), k))
		return;
	check_hash(e, n, &at);
	check_models(e, k, doc_find(n, "cascades"), &at);
}

static void read_clients(struct entries *e)
{
	const struct doc_node *node = doc_find(e->r->root, "keys");
	struct conf_place at = {NULL, "keys"};
	const struct doc_node *all;
	struct conf *c = e->conf;

	if (node && node->kind == DOC_SCALAR && strcmp(node->text, "none") == 0)
		return;
	all = find_entries(e, "keys");
	if (!all)
		return;
	c->keys_asked = true;
	c->keys = arena_get(c->arena, count(all) * sizeof(*c->keys));
	for (const struct doc_node *n = all->child; n; n = n->next)
		read_client(e, n, &at);
}

/* Each names those before it. */
void conf_entries_read(const struct conf_reading *r)
{
	struct entries e = {r, r->conf, r->rows.faults, map_new()};

	read_backends(&e);
	read_cascades(&e);
	read_clients(&e);
	map_free(e.owners);
}
