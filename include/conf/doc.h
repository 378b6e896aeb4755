/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text as a tree with line numbers.
 *
 * Only what a configuration needs: mappings, sequences, scalars. Anchors,
 * aliases, tags, repeated keys, more than one document, more than 256 KiB and
 * nesting deeper than 32 are faults. Pure.
 */
#ifndef CONF_DOC_H
#define CONF_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

#define DOC_MAX_BYTES (256u * 1024u)
#define DOC_MAX_DEPTH 32

enum doc_kind { DOC_SCALAR, DOC_MAP, DOC_LIST };

struct doc_node {
	enum doc_kind kind;
	int line;	  /* from 1 */
	const char *key;  /* in a mapping, else NULL */
	int key_line;	  /* 0 when there is no key */
	const char *text; /* scalar, NUL-terminated; holds no NUL */
	bool quoted;	  /* scalar: was in quotes, so "none" is a string */
	struct doc_node *child; /* first of a map or list */
	struct doc_node *next;
};

struct doc;

/* One fault of the text: what is wrong, and the cure. */
typedef void doc_fault_fn(void *arg, int line, const char *text);

/* Calls fault() for every one. NULL when the text could not be read to its
 * end. A tree may come with faults: it is then good for finding more of them,
 * and for nothing else. */
struct doc *doc_parse(struct span text, doc_fault_fn *fault, void *arg);
void doc_free(struct doc *d); /* overwrites what it held; NULL is fine */
const struct doc_node *doc_root(const struct doc *d); /* a DOC_MAP */

/* The first entry of that key, or NULL. What is no map, or NULL, has none. */
const struct doc_node *doc_find(const struct doc_node *map, const char *key);

/* Walks what may be one value or a list of them: gives the first when prev is
 * NULL, else the one behind prev, NULL at the end. node may be NULL. */
const struct doc_node *doc_item(const struct doc_node *node,
				const struct doc_node *prev);

#endif
