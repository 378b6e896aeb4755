/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One scalar to a typed value, as its row says.
 */
#ifndef CONF_CONF_VALUE_H
#define CONF_CONF_VALUE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"

/* What a value may need beside its row. */
struct conf_source {
	struct arena *arena; /* for strings */
	bool is_private;     /* only its owner reads the file: it may hold
				secrets */
	bool no_secrets;     /* leaves them NULL, unread */
	const struct conf *conf; /* its path; its backends can be named, once
				    read */
};

/* Writes the value to *field; of STRINGS and ADDRESSES one item, to a
 * const char *; of RANGE one bound, to a double. -1 and *why ("... ; the cure"), which does not hold the text
 * of a secret, a hash or a URL. */
int conf_value_set(const struct conf_key *k, const char *text,
		   const struct conf_source *from, void *field,
		   struct err *why);

/* The place of word in "off,on,auto", -1: it is not there. */
int conf_value_word(const char *words, const char *word);
/* The word at that place, which is there. */
struct span conf_value_word_at(const char *words, int place);

/* The backend of that name; NULL, and *why offers the nearest. */
const struct conf_backend *conf_value_backend(const struct conf *c,
					      const char *name,
					      struct err *why);

#endif
