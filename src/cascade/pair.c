/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares two answers.
 */
#include "cascade/pair.h"

#include "base/jscan.h"
#include "chat/chat_answer.h"

struct span pair_text_of(struct span json, struct arena *a)
{
	struct chat_reply r;
	struct chat_fault why;

	if (json.n == 0 ||
	    chat_reply_read(&r, json, JSCAN_DEPTH, false, a, &why) < 0 ||
	    r.error.n)
		return (struct span){ NULL, 0 };
	return chat_answer(&r.choices[0], a);
}

enum pair_agrees pair_compare(enum comparator c, struct span first,
			      struct span last)
{
	if (first.n == 0 || last.n == 0 || c == COMPARATOR_JUDGE)
		return PAIR_UNKNOWN;
	return comparator_same(c, first, last) == SAMENESS_SAME ?
		       PAIR_AGREES :
		       PAIR_DIFFERS;
}
