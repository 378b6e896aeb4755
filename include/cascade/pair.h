/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers of the first and the last tier to one request: what may be kept
 * of them, and do they say the same. Pure.
 */
#ifndef CASCADE_PAIR_H
#define CASCADE_PAIR_H

#include "base/mem.h"
#include "base/span.h"
#include "chat/chat.h"
#include "verify/comparator.h"

enum pair_agrees { PAIR_UNKNOWN = -1, PAIR_DIFFERS = 0, PAIR_AGREES = 1 };

/* What a reply's bytes answer (chat/chat_answer), in the arena; n 0 when they are
 * none. */
struct span pair_text_of(struct span json, struct arena *a);

/* UNKNOWN where one is not there, or only a judge could tell. What cannot be
 * compared does not agree. */
enum pair_agrees pair_compare(enum comparator c, struct span first,
			      struct span last);

#endif
