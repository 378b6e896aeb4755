/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was gathered, written as one chat.completion.
 */
#include "chat/gather.h"

#include <inttypes.h>

static void write_member(struct buf *out, const char *name, struct span value)
{
	if (!value.n)
		return;
	buf_addf(out, ",\"%s\":", name);
	buf_add_span(out, value);
}

static void write_text(struct buf *out, const struct gather_text *t)
{
	const char *open = "", *close = "";

	if (t->kind == 0)
		open = "null";
	else if (t->kind == '"')
		open = close = "\"";
	else if (t->kind == '[')
		open = "[", close = "]";
	buf_adds(out, open);
	buf_add_span(out, buf_span(&t->inside));
	buf_adds(out, close);
}

/* A function without arguments has empty ones in replies. */
static void write_function(struct buf *out, const struct gather_call *call)
{
	buf_adds(out, "{\"arguments\":");
	if (call->arguments.kind)
		write_text(out, &call->arguments);
	else
		buf_adds(out, "\"\"");
	write_member(out, "name", call->name);
	buf_add_span(out, call->function_rest);
	buf_adds(out, "}");
}

static bool has_function(const struct gather_call *call)
{
	return call->arguments.kind || call->name.n || call->function_rest.n;
}

static void write_call(struct buf *out, const struct gather_call *call)
{
	buf_adds(out, "{\"type\":");
	if (call->type.n)
		buf_add_span(out, call->type);
	else
		buf_adds(out, "\"function\"");
	write_member(out, "id", call->id);
	buf_add_span(out, call->rest);
	if (has_function(call)) {
		buf_adds(out, ",\"function\":");
		write_function(out, call);
	}
	buf_adds(out, "}");
}

static void write_calls(struct buf *out, const struct gather_call *calls)
{
	buf_adds(out, ",\"tool_calls\":[");
	for (const struct gather_call *c = calls; c; c = c->next) {
		buf_adds(out, c == calls ? "" : ",");
		write_call(out, c);
	}
	buf_adds(out, "]");
}

static bool is_always_there(enum gather_part part)
{
	return part == GATHER_CONTENT || part == GATHER_REFUSAL;
}

static void write_message(struct buf *out, const struct gather_choice *c)
{
	buf_adds(out, "{\"role\":\"assistant\"");
	for (enum gather_part i = 0; i < GATHER_NPARTS; i++) {
		if (!is_always_there(i) && !c->parts[i].inside.n)
			continue;
		buf_addf(out, ",\"%s\":", gather_part_name(i));
		write_text(out, &c->parts[i]);
	}
	if (c->calls)
		write_calls(out, c->calls);
	if (c->function) {
		buf_adds(out, ",\"function_call\":");
		write_function(out, c->function);
	}
	buf_adds(out, "}");
}

static void write_logprobs(struct buf *out, const struct gather_choice *c)
{
	if (!c->logprobs[0].kind && !c->logprobs[1].kind) {
		buf_adds(out, "null");
		return;
	}
	buf_adds(out, "{\"content\":");
	write_text(out, &c->logprobs[0]);
	buf_adds(out, ",\"refusal\":");
	write_text(out, &c->logprobs[1]);
	buf_adds(out, "}");
}

static void write_choice(struct buf *out, const struct gather_choice *c)
{
	buf_addf(out, "{\"index\":%" PRId64 ",\"message\":", c->index);
	write_message(out, c);
	buf_adds(out, ",\"logprobs\":");
	write_logprobs(out, c);
	buf_adds(out, ",\"finish_reason\":");
	if (c->finish.n)
		buf_add_span(out, buf_span(&c->finish));
	else
		buf_adds(out, "null");
	buf_adds(out, "}");
}

int gather_write(const struct gather *g, struct buf *out)
{
	if (g->failed || !g->choices)
		return -1;
	buf_adds(out, "{\"object\":\"chat.completion\"");
	write_member(out, "id", g->id);
	write_member(out, "created", g->created);
	write_member(out, "model", g->model);
	buf_adds(out, ",\"choices\":[");
	for (const struct gather_choice *c = g->choices; c; c = c->next) {
		buf_adds(out, c == g->choices ? "" : ",");
		write_choice(out, c);
	}
	buf_adds(out, "]");
	write_member(out, "usage", buf_span(&g->usage));
	write_member(out, "service_tier", g->service_tier);
	write_member(out, "system_fingerprint", g->system_fingerprint);
	buf_adds(out, "}");
	return out->failed ? -1 : 0;
}
