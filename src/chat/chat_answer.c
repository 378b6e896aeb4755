/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text, or the tool calls without what is the reply's own.
 */
#include "chat/chat_answer.h"

#include "base/jscan.h"
#include "chat/chat_scan.h"

static bool is_json(struct span text)
{
	struct jscan s;

	jscan_init(&s, text, JSCAN_DEPTH);
	return jscan_value(&s, NULL) == 0 && jscan_end(&s) == 0;
}

static void add_call(struct span call, struct arena *a, struct buf *out)
{
	struct span function = chat_member_of(call, "function");
	struct span name = chat_member_of(function, "name");
	struct span said = chat_member_of(function, "arguments");
	struct span plain = chat_text(said, a);

	if (function.n == 0) { /* a kind that is not known here */
		buf_add_span(out, call);
		return;
	}
	buf_adds(out, "{\"name\":");
	buf_add_span(out, name.n ? name : span_of("null"));
	buf_adds(out, ",\"arguments\":");
	if (plain.p && is_json(plain))
		buf_add_span(out, plain);
	else
		buf_add_span(out, said.n ? said : span_of("null"));
	buf_adds(out, "}");
}

static struct span calls_of(struct span list, struct arena *a)
{
	const char *comma = "";
	struct span call;
	struct jscan s;
	struct buf text;
	struct span out;

	buf_init(&text, 0);
	jscan_init(&s, list, JSCAN_DEPTH);
	jscan_enter(&s, '[');
	buf_adds(&text, "[");
	while (jscan_element(&s) > 0 && jscan_value(&s, &call) == 0) {
		buf_adds(&text, comma);
		add_call(call, a, &text);
		comma = ",";
	}
	buf_adds(&text, "]");
	out = (struct span){ arena_dup(a, buf_span(&text)), text.n };
	buf_release(&text);
	return out;
}

struct span chat_answer(const struct chat_choice *c, struct arena *a)
{
	return c->tool_calls.n ? calls_of(c->tool_calls, a) : c->content;
}
