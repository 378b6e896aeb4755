/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads headers one by one.
 */
#include "conf/conf_headers.h"

#include <strings.h>

#include "conf/conf_secret.h"

#define NAME_MOST 128

struct reading {
	const struct conf_source *from;
	struct conf_faults *faults;
	const struct conf_place *at;
	struct conf_header *v;
	size_t n;
};

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcasecmp(name, *names) == 0)
			return true;
	return false;
}

/* What frugald says itself, and says right. */
static bool is_ours(const char *name)
{
	static const char *const names[] = {"host",
					    "content-length",
					    "content-type",
					    "transfer-encoding",
					    "connection",
					    "x-request-id",
					    NULL};

	return is_one_of(name, names);
}

static bool carries_secrets(const char *name)
{
	static const char *const names[] = {
		"authorization", "proxy-authorization",
		"api-key",	 "x-api-key",
		"cookie",	 NULL};

	return is_one_of(name, names);
}

static bool is_name(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz"
			     "0123456789!#$%&'*+-.^_`|~");

	return n >= 1 && n <= NAME_MOST && s[n] == '\0';
}

static const char *find(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcasecmp(r->v[i].name, name) == 0)
			return r->v[i].name;
	return NULL;
}

/* NULL: it may stand there. */
static const char *refusal(const struct reading *r, const struct doc_node *node)
{
	if (is_ours(node->key))
		return "is frugald's to send; leave it out";
	if (find(r, node->key))
		return "is here twice, for case does not count; keep one";
	if (node->kind != DOC_SCALAR)
		return "must be one value";
	return NULL;
}

static const char *plain_value(const char *text, struct arena *a,
			       struct err *why)
{
	struct span s = span_of(text);

	if (s.n == 0)
		err_set(why, ERR_CONF, "is empty; write something");
	else if (s.n > CONF_SECRET_MAX)
		err_set(why, ERR_CONF, "is longer than %d bytes",
			CONF_SECRET_MAX);
	else if (s.p[0] == ' ' || s.p[s.n - 1] == ' ')
		err_set(why, ERR_CONF,
			"begins or ends with a space; remove it");
	else
		for (size_t i = 0; i < s.n; i++)
			if (s.p[i] < ' ' || s.p[i] > '~') {
				err_set(why, ERR_CONF,
					"holds a control character or one that "
					"is not ASCII; remove it");
				break;
			}
	return err_is_set(why) ? NULL : arena_dup(a, s);
}

static int read_value(const struct reading *r, const char *text,
		      struct conf_header *h, struct err *why)
{
	const struct conf_source *from = r->from;
	unsigned how = CONF_SECRET_WORDS |
		       (from->is_private ? CONF_SECRET_LITERAL : 0);

	h->is_secret =
		carries_secrets(h->name) || conf_secret_is_reference(text);
	if (h->is_secret && from->no_secrets)
		return 0;
	h->value = h->is_secret ? conf_secret_get(text, how, from->arena, why)
				: plain_value(text, from->arena, why);
	return h->value ? 0 : -1;
}

static void read_one(struct reading *r, const struct doc_node *node)
{
	struct conf_place here = {r->at, node->key};
	struct conf_header h = {.value = NULL};
	struct err why = {0};
	const char *refused, *before = find(r, node->key);

	if (before && strcmp(before, node->key) == 0)
		return; /* a repeated key: told already */
	if (!is_name(node->key)) {
		conf_faults_add(r->faults, node->key_line, r->at,
				"a header's name must be 1 to %d letters, "
				"digits and marks like - and _",
				NAME_MOST);
		return;
	}
	refused = refusal(r, node);
	if (refused) {
		conf_faults_add(r->faults, node->key_line, &here, "%s",
				refused);
		return;
	}
	h.name = arena_dup(r->from->arena, span_of(node->key));
	if (read_value(r, node->text, &h, &why) < 0)
		conf_faults_add(r->faults, node->line, &here, "%s", why.text);
	r->v[r->n++] = h;
}

static size_t count(const struct doc_node *map)
{
	size_t n = 0;

	for (const struct doc_node *c = map->child; c; c = c->next)
		n++;
	return n;
}

void conf_headers_read(const struct conf_source *from,
		       struct conf_faults *faults, const struct doc_node *map,
		       const struct conf_place *at, struct conf_headers *out)
{
	struct reading r = {from, faults, at, NULL, 0};
	size_t n = count(map);

	if (map->kind != DOC_MAP) {
		conf_faults_add(faults, map->line, at,
				"must be a mapping of names, like {X-Team: "
				"support}");
		return;
	}
	if (n > CONF_HEADERS_MOST) {
		conf_faults_add(faults, map->line, at,
				"holds %zu; at most %d are taken", n,
				CONF_HEADERS_MOST);
		return;
	}
	r.v = arena_get(from->arena, n * sizeof(*r.v));
	for (const struct doc_node *c = map->child; c; c = c->next)
		read_one(&r, c);
	*out = (struct conf_headers){r.v, r.n};
}
