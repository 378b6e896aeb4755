/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps and compares two answers.
 */
#include "cascade/pair.h"

#include "base/jscan.h"
#include "verify/choice_same.h"

static struct span dup(struct span s, struct arena *a)
{
	return (struct span){ s.p ? arena_dup(a, s) : NULL, s.n };
}

struct chat_choice pair_keep(const struct chat_choice *c, struct arena *a)
{
	return (struct chat_choice){
		.content = dup(c->content, a),
		.tool_calls = dup(c->tool_calls, a),
		.function_call = dup(c->function_call, a),
	};
}

struct chat_choice pair_read(struct span json, struct arena *a)
{
	struct chat_reply r;
	struct chat_fault why;

	if (json.n == 0 ||
	    chat_reply_read(&r, json, JSCAN_DEPTH, false, a, &why) < 0 ||
	    r.error.n)
		return (struct chat_choice){ .index = 0 };
	return r.choices[0];
}

bool pair_has(const struct chat_choice *c)
{
	return c->content.p || c->tool_calls.n || c->function_call.n;
}

struct span pair_text(const struct chat_choice *c)
{
	if (c->tool_calls.n)
		return c->tool_calls;
	return c->function_call.n ? c->function_call : c->content;
}

const char *pair_by(const struct conf_cascade *c, struct arena *a)
{
	if (c->compare_backend)
		return arena_printf(a, "judge:%s", c->compare_backend->model);
	return comparator_name((enum comparator)c->compare);
}

enum pair_agrees pair_compare(enum comparator by,
			      const struct chat_choice *first,
			      const struct chat_choice *last, struct arena *a)
{
	if (!pair_has(first) || !pair_has(last) || by == COMPARATOR_JUDGE)
		return PAIR_UNKNOWN;
	return choice_same(by, first, last, a) == SAMENESS_SAME ?
		       PAIR_AGREES :
		       PAIR_DIFFERS;
}
