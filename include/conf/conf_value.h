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
};

/* Writes the value to *field; of STRINGS and ADDRESSES one item, to a
 * const char *. -1 and *why ("... ; the cure"), which does not hold the text
 * of a secret, a hash or a URL. */
int conf_value_set(const struct conf_key *k, const char *text,
		   const struct conf_source *from, void *field,
		   struct err *why);

/* The place of word in "off,on,auto", -1: it is not there. */
int conf_value_word(const char *words, const char *word);

#endif
