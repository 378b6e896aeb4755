/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A string in pieces, as it came: cut between code points and escapes, never
 * inside a surrogate pair, or between the tokens that spell it. Pure.
 */
#ifndef CHAT_SLICES_H
#define CHAT_SLICES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "chat/chat.h"

/* A value going out piece by piece under one name. */
struct slices {
	const char *name; /* of the delta's member */
	struct span raw;  /* the string's inside; or a value as it is */
	bool is_string;
	bool done;
	size_t gone;			  /* raw bytes that went out */
	const struct chat_tokens *tokens; /* NULL: cut anywhere */
	bool in_one;  /* the tokens do not spell it: no cut at all */
	size_t next;  /* first entry that has not gone out */
	size_t place; /* in tokens->text of the next byte */
};

/* value is what goes out, whole the same unescaped. tokens may be NULL or have
 * nothing to tell. All is borrowed for as long as t is used. */
void slices_init(struct slices *t, const char *name, struct span value,
		 struct span whole, const struct chat_tokens *tokens);

/* The next piece, of `most` unescaped bytes at most or one code point or token
 * if that is longer. Entries [t->next, *upto) go with it; t->next is the
 * caller's to move. Not once t->done. */
struct span slices_take(struct slices *t, size_t most, size_t *upto);

#endif
