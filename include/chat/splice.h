/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replacing pieces of a body: every byte that is not replaced goes out as it
 * came in. Pure.
 */
#ifndef CHAT_SPLICE_H
#define CHAT_SPLICE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/span.h"

/* One replacement: bytes [at, end) become `with`. */
struct splice {
	size_t at, end;
	struct span with;
};

/* Replacements must not overlap; they are sorted here. 0, or -1 when out is
 * full. */
int splice_apply(struct span body, struct splice *v, size_t n, struct buf *out);

/* Replacements being collected for a body that is valid JSON, in the arena.
 * What they put in must outlive them. */
struct splices {
	struct span body;
	struct arena *a;
	struct splice *v;
	size_t n, room;
	size_t emptied_at; /* first key of the last object to lose all members;
			    * 0: none has */
};

void splices_init(struct splices *e, struct span body, struct arena *a);
void splices_replace(struct splices *e, size_t at, size_t end,
		     struct span with);

/* The same, unless the value is that already. */
void splices_set(struct splices *e, size_t at, size_t end, struct span value);
/* The body's bytes there. */
struct span splices_at(const struct splices *e, size_t at, size_t end);

/* Removes the member from its key's quote to its value's end, and one comma
 * with it. The removed members of one object come in their order. */
void splices_remove(struct splices *e, size_t key_at, size_t end);

/* New members of one object, with commas between. Zeroed at the start. */
struct fresh {
	struct span text;
};

void fresh_add(struct splices *e, struct fresh *f, const char *name,
	       struct span value);
void fresh_word(struct splices *e, struct fresh *f, const char *name,
		const char *value);

/* Puts the new members in front of those of the object whose brace is at
 * brace_at. Once an object, and straight after removals from it. */
void splices_insert(struct splices *e, size_t brace_at,
		    const struct fresh *members);

int splices_apply(struct splices *e, struct buf *out);

#endif
