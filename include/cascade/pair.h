/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers of the first and the last tier to one request: what is kept of
 * them, and do they say the same. Pure.
 */
#ifndef CASCADE_PAIR_H
#define CASCADE_PAIR_H

#include "base/mem.h"
#include "base/span.h"
#include "chat/chat.h"
#include "conf/conf.h"
#include "verify/comparator.h"

enum pair_agrees { PAIR_UNKNOWN = -1, PAIR_DIFFERS = 0, PAIR_AGREES = 1 };

/* Of a choice what counts for a comparison: text and calls, copied into the
 * arena; all else is empty. */
struct chat_choice pair_keep(const struct chat_choice *c, struct arena *a);
/* The first choice of a reply's bytes, which it points into; an empty one when
 * they are none. */
struct chat_choice pair_read(struct span json, struct arena *a);
/* Is there anything to compare? */
bool pair_has(const struct chat_choice *c);
/* As it is shown to a judge: the text, or the calls as JSON. */
struct span pair_text(const struct chat_choice *c);

/* What says whether the answers of that cascade agree, as a word for the ledger:
 * "auto", "judge:MODEL". */
const char *pair_by(const struct conf_cascade *c, struct arena *a);

/* By verify/choice_same. UNKNOWN where one is not there, or only a judge could
 * tell. What cannot be compared does not agree. */
enum pair_agrees pair_compare(enum comparator by,
			      const struct chat_choice *first,
			      const struct chat_choice *last, struct arena *a);

#endif
