/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text as a tree with line numbers.
 *
 * Only what a configuration needs: mappings, sequences, scalars. Anchors,
 * aliases, tags, duplicate keys, more than one document, more than 256 KiB and
 * nesting deeper than 32 are faults. Pure.
 */
#ifndef CONF_DOC_H
#define CONF_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

enum doc_kind { DOC_SCALAR, DOC_MAP, DOC_LIST };

struct doc_node {
	enum doc_kind kind;
	int line;	  /* from 1 */
	const char *key;  /* in a mapping, else NULL */
	int key_line;
	const char *text; /* scalar, NUL-terminated; holds no NUL */
	bool quoted;	  /* scalar: was in quotes, so "none" is a string */
	struct doc_node *child; /* first of a map or list */
	struct doc_node *next;
};

struct doc;

/* name is for messages. NULL and *err ("name:line: ..."). */
struct doc *doc_parse(struct span text, const char *name, struct err *err);
void doc_free(struct doc *d);
const struct doc_node *doc_root(const struct doc *d); /* a DOC_MAP */
const struct doc_node *doc_find(const struct doc_node *map, const char *key);

#endif
