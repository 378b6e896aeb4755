/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks two lists of tool calls side by side.
 */
#include "verify/choice_same.h"

#include "base/jscan.h"
#include "chat/chat_scan.h"
#include "verify/json_same.h"

/* Two values that are there. */
static bool values_same(struct span a, struct span b)
{
	bool same;

	if (!a.n || !b.n)
		return false;
	return json_same(a, b, &same) == 0 ? same : span_eq(a, b);
}

/* JSON inside of a string, or as some write it, as it is. */
static struct span arguments_of(struct span function, struct arena *a)
{
	struct span value = chat_member_of(function, "arguments");
	struct span text = chat_text(value, a);

	return text.n ? text : value;
}

/* {"name": "f", "arguments": "{...}"} */
static bool functions_same(struct span f, struct span g, struct arena *a)
{
	return values_same(chat_member_of(f, "name"),
			   chat_member_of(g, "name")) &&
	       values_same(arguments_of(f, a), arguments_of(g, a));
}

/* Of calls of another kind ("custom") all that is in it counts. */
static bool call_same(struct span x, struct span y, struct arena *a)
{
	struct span f = chat_member_of(x, "function");
	struct span g = chat_member_of(y, "function");

	if (f.n || g.n)
		return functions_same(f, g, a);
	return values_same(chat_member_of(x, "custom"),
			   chat_member_of(y, "custom"));
}

static bool calls_same(struct span ours, struct span theirs, struct arena *a)
{
	struct jscan s, t;
	struct span x, y;
	int more;

	jscan_init(&s, ours, JSCAN_DEPTH);
	jscan_init(&t, theirs, JSCAN_DEPTH);
	jscan_enter(&s, '[');
	jscan_enter(&t, '[');
	while ((more = jscan_element(&s)) > 0 && jscan_element(&t) > 0)
		if (jscan_value(&s, &x) < 0 || jscan_value(&t, &y) < 0 ||
		    !call_same(x, y, a))
			return false;
	return more == 0 && jscan_element(&t) == 0;
}

static enum sameness same_if(bool same)
{
	return same ? SAMENESS_SAME : SAMENESS_DIFFERENT;
}

enum sameness choice_same(enum comparator c, const struct chat_choice *ours,
			  const struct chat_choice *theirs, struct arena *a)
{
	if (ours->tool_calls.n && theirs->tool_calls.n)
		return same_if(
			calls_same(ours->tool_calls, theirs->tool_calls, a));
	if (ours->function_call.n && theirs->function_call.n)
		return same_if(functions_same(ours->function_call,
					      theirs->function_call, a));
	if (ours->tool_calls.n || theirs->tool_calls.n ||
	    ours->function_call.n || theirs->function_call.n)
		return SAMENESS_DIFFERENT;
	return comparator_same(c, ours->content, theirs->content);
}
