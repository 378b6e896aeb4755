/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a tree from libyaml's events.
 *
 * libyaml takes quadratic time on deep nesting. It looks at most 1024
 * characters ahead of the event it gives, so giving up at the event that is
 * too deep bounds the cost; reading the text to its end first would not.
 */
#include "conf/doc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"

struct doc {
	struct arena *arena;
	struct doc_node *root;
};

static const char no_alias[] =
	"an alias (*) is not taken here; write the value out, or put a "
	"pattern in quotes";

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the present one */
	struct span text;
	struct arena *arena;
	int depth;			 /* open mappings and sequences */
	const char *keys[DOC_MAX_DEPTH]; /* the way here; NULL in a sequence */
	doc_fault_fn *fault;
	void *arg;
};

/* Always NULL, so that a reading function can end with it. */
__attribute__((format(printf, 3, 4))) static void *
refuse(struct reader *r, int line, const char *fmt, ...)
{
	char text[240];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->fault(r->arg, line, text);
	return NULL;
}

static int line_of(yaml_mark_t mark)
{
	return (int)mark.line + 1;
}

static int event_line(const struct reader *r)
{
	return line_of(r->event.start_mark);
}

/* Bytes that are no text have an offset only. */
static int line_of_offset(const struct reader *r, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset && i < r->text.n; i++)
		line += r->text.p[i] == '\n';
	return line;
}

static void refuse_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "out of memory";

	if (p->error == YAML_READER_ERROR)
		refuse(r, line_of_offset(r, p->problem_offset),
		       "%s; the file must be UTF-8 text", problem);
	else if (strstr(problem, "cannot start any token"))
		refuse(r, line_of(p->problem_mark),
		       "a tab, `%%`, `@` or a backquote where a value should "
		       "start; indent with spaces, put such text in quotes");
	else if (p->context && strstr(p->context, "an alias"))
		refuse(r, line_of(p->problem_mark), "%s", no_alias);
	else if (p->context)
		refuse(r, line_of(p->problem_mark), "%s %s (from line %d)",
		       problem, p->context, line_of(p->context_mark));
	else
		refuse(r, line_of(p->problem_mark), "%s", problem);
}

/* Steps to the next event. False when the text is broken. */
static bool advance(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return true;
	memset(&r->event, 0, sizeof(r->event));
	refuse_syntax(r);
	return false;
}

static struct doc_node *new_node(struct reader *r, enum doc_kind kind)
{
	struct doc_node *node = arena_get(r->arena, sizeof(*node));

	node->kind = kind;
	node->line = event_line(r);
	return node;
}

static void refuse_marks(struct reader *r, const yaml_char_t *anchor,
			 const yaml_char_t *tag)
{
	if (anchor)
		refuse(r, event_line(r),
		       "an anchor (&) is not taken here; write the value out");
	if (tag)
		refuse(r, event_line(r),
		       "a tag (!) is not taken here; write the plain value");
}

/* The present scalar's text, or NULL when it holds a NUL. */
static const char *scalar_text(struct reader *r)
{
	const char *text = (const char *)r->event.data.scalar.value;
	size_t n = r->event.data.scalar.length;

	if (memchr(text, '\0', n))
		return refuse(r, event_line(r), "a NUL character; remove it");
	return arena_dup(r->arena, (struct span){text, n});
}

static struct doc_node *read_scalar(struct reader *r)
{
	struct doc_node *node = new_node(r, DOC_SCALAR);

	refuse_marks(r, r->event.data.scalar.anchor, r->event.data.scalar.tag);
	node->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = scalar_text(r);
	return node->text ? node : NULL;
}

static struct doc_node *read_node(struct reader *r);

static struct doc_node *read_list(struct reader *r)
{
	struct doc_node *list = new_node(r, DOC_LIST);
	struct doc_node **end = &list->child;

	refuse_marks(r, r->event.data.sequence_start.anchor,
		     r->event.data.sequence_start.tag);
	r->keys[r->depth - 1] = NULL;
	for (;;) {
		if (!advance(r))
			return NULL;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return list;
		*end = read_node(r);
		if (!*end)
			return NULL;
		end = &(*end)->next;
	}
}

/* The present event is the key of an entry. */
static struct doc_node *read_entry(struct reader *r)
{
	int line = event_line(r);
	struct doc_node *node;
	const char *key;

	if (r->event.type != YAML_SCALAR_EVENT)
		return refuse(r, line, "a key must be one plain word");
	refuse_marks(r, r->event.data.scalar.anchor, r->event.data.scalar.tag);
	key = scalar_text(r);
	if (!key || !advance(r))
		return NULL;
	r->keys[r->depth - 1] = key;
	node = read_node(r);
	if (node) {
		node->key = key;
		node->key_line = line;
	}
	return node;
}

/* The present entry as a dotted path. */
static void add_place(const struct reader *r, struct buf *out)
{
	for (int i = 0; i < r->depth; i++)
		if (r->keys[i])
			buf_addf(out, "%s%.64s", out->n ? "." : "", r->keys[i]);
}

/* An entry that was repeated stays in the tree: its value may have faults of
 * its own. */
static void refuse_repeated(struct reader *r, struct map *seen,
			    struct doc_node *entry)
{
	struct doc_node *first = map_find(seen, span_of(entry->key));
	struct buf at;

	if (!first) {
		map_put(seen, span_of(entry->key), entry);
		return;
	}
	buf_init(&at, 160);
	add_place(r, &at);
	refuse(r, entry->key_line,
	       "%.*s: is here twice, first on line %d; keep one", (int)at.n,
	       at.p, first->key_line);
	buf_release(&at);
}

static struct doc_node *read_entries(struct reader *r, struct doc_node *map,
				     struct map *seen)
{
	struct doc_node **end = &map->child;

	for (;;) {
		if (!advance(r))
			return NULL;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return map;
		*end = read_entry(r);
		if (!*end)
			return NULL;
		refuse_repeated(r, seen, *end);
		end = &(*end)->next;
	}
}

static struct doc_node *read_map(struct reader *r)
{
	struct doc_node *node = new_node(r, DOC_MAP);
	struct map *seen = map_new();

	refuse_marks(r, r->event.data.mapping_start.anchor,
		     r->event.data.mapping_start.tag);
	node = read_entries(r, node, seen);
	map_free(seen);
	return node;
}

/* Leaves the present event at the node's last one. */
static struct doc_node *read_node(struct reader *r)
{
	struct doc_node *node = NULL;

	if (r->event.type == YAML_SCALAR_EVENT)
		return read_scalar(r);
	if (r->event.type == YAML_ALIAS_EVENT)
		return refuse(r, event_line(r), "%s", no_alias);
	if (r->depth == DOC_MAX_DEPTH)
		return refuse(r, event_line(r), "nested deeper than %d",
			      DOC_MAX_DEPTH);
	r->depth++;
	if (r->event.type == YAML_SEQUENCE_START_EVENT)
		node = read_list(r);
	else if (r->event.type == YAML_MAPPING_START_EVENT)
		node = read_map(r);
	else
		assert(!"an event that starts no node");
	r->depth--;
	return node;
}

/* Stream start, document start, one mapping, document end, stream end. */
static struct doc_node *read_document(struct reader *r)
{
	struct doc_node *root;

	if (!advance(r) || !advance(r))
		return NULL;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return refuse(r, 1,
			      "the file says nothing; it needs at least "
			      "`backends`");
	if (!advance(r))
		return NULL;
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return refuse(r, event_line(r),
			      "the file must be a mapping of keys, like "
			      "`listen: 127.0.0.1:8080`");
	root = read_node(r);
	if (!root || !advance(r) || !advance(r))
		return NULL;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return refuse(r, event_line(r),
			      "a second document (---) starts here; keep one");
	return root;
}

static struct doc_node *read_text(struct reader *r)
{
	struct doc_node *root;

	if (r->text.n > DOC_MAX_BYTES)
		return refuse(r, 1, "longer than %u KiB", DOC_MAX_BYTES / 1024);
	if (!yaml_parser_initialize(&r->parser))
		return refuse(r, 1, "out of memory");
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&r->parser, (const yaml_char_t *)(r->text.n ? r->text.p : ""),
		r->text.n);
	root = read_document(r);
	yaml_event_delete(&r->event);
	yaml_parser_delete(&r->parser);
	return root;
}

struct doc *doc_parse(struct span text, doc_fault_fn *fault, void *arg)
{
	struct reader r = {.text = text, .fault = fault, .arg = arg};
	struct doc *d;

	r.arena = arena_new();
	d = arena_get(r.arena, sizeof(*d));
	d->arena = r.arena;
	d->root = read_text(&r);
	if (d->root)
		return d;
	doc_free(d);
	return NULL;
}

void doc_free(struct doc *d)
{
	if (d)
		arena_free(d->arena);
}

const struct doc_node *doc_root(const struct doc *d)
{
	return d->root;
}

const struct doc_node *doc_find(const struct doc_node *map, const char *key)
{
	const struct doc_node *n =
		map && map->kind == DOC_MAP ? map->child : NULL;

	while (n && strcmp(n->key, key) != 0)
		n = n->next;
	return n;
}

const struct doc_node *doc_item(const struct doc_node *node,
				const struct doc_node *prev)
{
	if (!node)
		return NULL;
	if (node->kind != DOC_LIST)
		return prev ? NULL : node;
	return prev ? prev->next : node->child;
}
