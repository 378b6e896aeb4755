/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a configuration, gathered in any order and told by line.
 */
#ifndef CONF_CONF_FAULTS_H
#define CONF_CONF_FAULTS_H

#include <stddef.h>

#include "base/buf.h"

/* Where in the file: a key and what it is in. Lives on the stack of whoever
 * walks the tree; NULL is the top. */
struct conf_place {
	const struct conf_place *in;
	const char *key;
};

struct conf_faults;

struct conf_faults *conf_faults_new(void);
void conf_faults_free(struct conf_faults *f); /* NULL is fine */
size_t conf_faults_count(const struct conf_faults *f);

/* line 0: of the file as a whole. Control characters become '?'. */
void conf_faults_add(struct conf_faults *f, int line,
		     const struct conf_place *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Appends "name:line: dotted.key: text" lines, by line; those of one line in
 * the order they came. */
void conf_faults_write(struct conf_faults *f, const char *name,
		       struct buf *out);

#endif
