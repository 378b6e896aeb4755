/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reading requests, replies and chunks has in common: members by name,
 * text, usage, faults. For chat/ only. Pure.
 */
#ifndef CHAT_CHAT_SCAN_H
#define CHAT_CHAT_SCAN_H

#include <stddef.h>

#include "base/jscan.h"
#include "chat/chat.h"

/* The members of one object: where the named ones stand, and the value that
 * counts of each, the last one (n 0: absent). */
struct chat_members {
	struct chat_places places;
	struct span values[CHAT_NNAMES];
};

/* CHAT_NNAMES for a name that is none of ours. */
enum chat_name chat_name_of(struct span key);

/* Notes a member that was just passed; name may be CHAT_NNAMES. */
void chat_members_add(struct chat_members *m, enum chat_name name,
		      const struct jscan *s, struct span key, struct span value,
		      struct arena *a);

/* Is there a value that is not null? */
bool chat_is_given(struct span value);
/* Is it of that type? False when it is absent. */
bool chat_is(struct span value, enum jscan_type type);

/* Unescapes raw to `to`, which has room for raw.n bytes; gives the length. */
size_t chat_unescape(struct span raw, char *to);
/* A value's text: the body's own bytes when nothing is escaped, else a copy.
 * p is NULL when the value is no string. */
struct span chat_text(struct span value, struct arena *a);

/* text as a JSON string, quotes and all, in the arena. */
struct span chat_quoted(struct span text, struct arena *a);

/* The member's value; n 0 when the object has none or is none. */
struct span chat_member_of(struct span object, const char *name);

/* {"prompt_tokens":...}; there is false when it is no object. What is missing
 * or no count is 0; a missing total is the sum. */
void chat_usage_of(struct span value, struct chat_usage *u);

/* v with room for one more than n items: itself or a larger copy. */
void *chat_grow(void *v, size_t n, size_t *room, size_t size, struct arena *a);
/* The same with room for `want` items in all. */
void *chat_reserve(void *v, size_t n, size_t *room, size_t want, size_t size,
		   struct arena *a);

/* Both return -1. */
int chat_fault_json(struct chat_fault *why, const struct jscan *s);
int chat_fault_set(struct chat_fault *why, const char *param, const char *code,
		   const char *text);

#endif
