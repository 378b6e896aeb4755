/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a reply or a chunk is changed on its way to the client.
 */
#include "chat/chat_edit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/jscan.h"
#include "chat/chat_logprobs.h"
#include "chat/chat_scan.h"

/* ---- what replies and chunks have in common ------------------------------ */

const char *chat_finish_name(struct span finish, bool has_tools)
{
	static const struct {
		const char *theirs, *ours;
	} map[] = {
		{"stop", "stop"},
		{"length", "length"},
		{"tool_calls", "tool_calls"},
		{"content_filter", "content_filter"},
		{"function_call", "function_call"},
		{"max_tokens", "length"},
		{"length_limit", "length"},
		{"model_length", "length"},
		{"tool_use", "tool_calls"},
		{"safety", "content_filter"},
		{"refusal", "content_filter"},
	};

	if (finish.n == 0 && has_tools)
		return "tool_calls";
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (span_is(finish, map[i].theirs))
			return map[i].ours;
	}
	return "stop"; /* eos_token, end_turn, abort, error, "", ... */
}

int chat_usage_write(const struct chat_usage *u, struct buf *out)
{
	buf_addf(out,
		 "{\"prompt_tokens\":%" PRId64 ",\"completion_tokens\":%" PRId64
		 ",\"total_tokens\":%" PRId64,
		 u->prompt, u->completion, u->total);
	if (u->cached > 0)
		buf_addf(
			out,
			",\"prompt_tokens_details\":{\"cached_tokens\":%" PRId64
			"}",
			u->cached);
	return buf_adds(out, "}");
}

static struct span usage_text(const struct chat_usage *u, struct arena *a)
{
	char *p = arena_get(a, 256);
	struct buf b = {.p = p, .room = 255, .cap = 255};

	chat_usage_write(u, &b);
	return buf_span(&b);
}

/* What the top-level members become. */
struct stamping {
	const char *object;
	bool keep_created;
	bool drop_usage;
	struct span usage; /* n 0: as it is */
};

static void stamp_member(struct splices *e, const struct chat_place *p,
			 const struct chat_stamp *st, const struct stamping *to)
{
	struct span value = splices_at(e, p->value_at, p->end);
	struct span none = {NULL, 0};
	int64_t created;

	switch (p->name) {
	case CHAT_ID:
		value = chat_quoted(span_of(st->id), e->a);
		break;
	case CHAT_MODEL:
		value = chat_quoted(span_of(st->model), e->a);
		break;
	case CHAT_OBJECT:
		value = span_of(to->object);
		break;
	case CHAT_CREATED:
		if (!to->keep_created || !jscan_int64(value, &created) ||
		    created <= 0)
			value = span_of(
				arena_printf(e->a, "%" PRId64, st->created));
		break;
	case CHAT_USAGE:
		value = to->drop_usage ? none : to->usage.n ? to->usage : value;
		break;
	case CHAT_ERROR:
		value = chat_is_given(value) ? value : none;
		break;
	default:
		return;
	}
	if (value.n)
		splices_set(e, p->value_at, p->end, value);
	else
		splices_remove(e, p->key_at, p->end);
}

static void stamp(struct splices *e, const struct chat_places *places,
		  size_t brace_at, const struct chat_stamp *st,
		  const struct stamping *to)
{
	struct fresh fresh = {0};
	bool has[CHAT_NNAMES] = {false};

	for (size_t i = 0; i < places->n; i++) {
		has[places->v[i].name] = true;
		stamp_member(e, &places->v[i], st, to);
	}
	if (!has[CHAT_ID])
		fresh_add(e, &fresh, "id", chat_quoted(span_of(st->id), e->a));
	if (!has[CHAT_OBJECT])
		fresh_word(e, &fresh, "object", to->object);
	if (!has[CHAT_CREATED])
		fresh_word(e, &fresh, "created",
			   arena_printf(e->a, "%" PRId64, st->created));
	if (!has[CHAT_MODEL])
		fresh_add(e, &fresh, "model",
			  chat_quoted(span_of(st->model), e->a));
	if (!has[CHAT_USAGE] && to->usage.n)
		fresh_add(e, &fresh, "usage", to->usage);
	splices_insert(e, brace_at, &fresh);
}

/* ---- replies ------------------------------------------------------------- */

static void edit_choice(struct splices *e, const struct chat_choice *c,
			const struct chat_stamp *st)
{
	const char *finish = chat_finish_name(c->finish, c->tool_calls.n > 0);
	struct span quoted = chat_quoted(span_of(finish), e->a);
	struct fresh fresh = {0};

	if (!c->has_index)
		fresh_word(e, &fresh, "index",
			   arena_printf(e->a, "%" PRId64, c->index));
	if (!c->finish_at)
		fresh_add(e, &fresh, "finish_reason", quoted);
	if (!c->logprobs_at)
		fresh_word(e, &fresh, "logprobs", "null");
	splices_insert(e, c->at, &fresh);
	if (c->finish_at)
		splices_set(e, c->finish_at, c->finish_end, quoted);
	if (c->logprobs_at && st->keep_logprobs)
		chat_logprobs_edit(e, c->logprobs_at, c->logprobs_end,
				   st->top_logprobs);
	else if (c->logprobs_at)
		splices_set(e, c->logprobs_at, c->logprobs_end,
			    span_of("null"));
}

int chat_reply_write(const struct chat_reply *r, const struct chat_stamp *st,
		     struct arena *a, struct buf *out)
{
	struct stamping to = {
		.object = "\"chat.completion\"",
		.keep_created = true,
	};
	struct splices e;

	if (st->usage)
		to.usage = usage_text(st->usage, a);
	splices_init(&e, r->body, a);
	stamp(&e, &r->places, r->first_at - 1, st, &to);
	for (size_t i = 0; i < r->n_choices; i++)
		edit_choice(&e, &r->choices[i], st);
	return splices_apply(&e, out);
}

/* ---- chunks -------------------------------------------------------------- */

#define ROLE "\"role\":\"assistant\""

/* Choices beyond pass with whatever roles they have. */
static bool is_tracked(int64_t index)
{
	return index >= 0 && index < 64;
}

static bool role_is_due(struct chat_stream *state, int64_t index)
{
	uint64_t bit;

	if (!is_tracked(index))
		return false;
	bit = (uint64_t)1 << index;
	if (state->roles & bit)
		return false;
	state->roles |= bit;
	state->begun = true;
	return true;
}

/* The role member goes out once. Where the backend does not say it (or says
 * null), it is said for it. */
static void edit_role(struct splices *e, const struct chat_delta *d, bool due)
{
	struct fresh fresh = {0};

	if (!is_tracked(d->index))
		return;
	if (!d->role_key_at) {
		if (due) {
			fresh_word(e, &fresh, "role", "\"assistant\"");
			splices_insert(e, d->delta_at, &fresh);
		}
	} else if (!due) {
		splices_remove(e, d->role_key_at, d->role_end);
	} else if (!d->has_role) {
		splices_set(e, d->role_at, d->role_end,
			    span_of("\"assistant\""));
	}
}

static void edit_delta(struct splices *e, const struct chat_delta *d,
		       bool keep_logprobs, struct chat_stream *state)
{
	bool due = role_is_due(state, d->index);
	const char *delta = due ? "{" ROLE ",\"content\":\"\"}" : "{}";
	struct fresh fresh = {0};

	if (!d->has_index)
		fresh_word(e, &fresh, "index",
			   arena_printf(e->a, "%" PRId64, d->index));
	if (!d->finish_at)
		fresh_word(e, &fresh, "finish_reason", "null");
	else if (!d->finish.n)
		splices_set(e, d->finish_at, d->finish_end, span_of("null"));
	else
		splices_set(
			e, d->finish_at, d->finish_end,
			chat_quoted(span_of(chat_finish_name(d->finish, false)),
				    e->a));
	if (!d->delta_at)
		fresh_word(e, &fresh, "delta", delta);
	else if (e->body.p[d->delta_at] != '{')
		splices_set(e, d->delta_at, d->delta_end, span_of(delta));
	else
		edit_role(e, d, due);
	if (d->logprobs_at && keep_logprobs)
		chat_logprobs_edit(e, d->logprobs_at, d->logprobs_end, -1);
	splices_insert(e, d->at, &fresh);
}

/* The helpers of clients want choice 0 first: a choice that comes before the
 * lower ones have shown themselves brings their roles along. */
static void add_lower_roles(struct splices *e, const struct chat_chunk *c,
			    struct chat_stream *state)
{
	struct span text = {"", 0};
	int64_t most = 0;

	for (size_t i = 0; i < c->n_choices; i++) {
		int64_t index = c->choices[i].index;

		if (index > most && is_tracked(index))
			most = index;
	}
	for (int64_t i = 0; i < most; i++) {
		if (!role_is_due(state, i))
			continue;
		text = span_of(arena_printf(
			e->a,
			"%s{\"index\":%" PRId64 ",\"delta\":{" ROLE
			",\"content\":\"\"},\"finish_reason\":null},",
			text.p, i));
	}
	if (text.n)
		splices_replace(e, c->choices[0].at, c->choices[0].at, text);
}

static void note(struct chat_stream *state, const struct chat_chunk *c)
{
	if (c->usage.there)
		state->usage = c->usage;
	for (size_t i = 0; i < c->n_choices; i++) {
		const struct chat_delta *d = &c->choices[i];
		uint64_t bit =
			is_tracked(d->index) ? (uint64_t)1 << d->index : 0;

		state->seen |= bit;
		state->finished |= d->finish.n ? bit : 0;
		state->content_bytes += d->content_bytes;
	}
}

/* A chunk with choices always is; one without only for the usage it brings:
 * clients index choices[0]. */
static bool is_worth_sending(const struct chat_chunk *c, bool want_usage,
			     struct chat_stream *state)
{
	if (c->n_choices > 0)
		return true;
	if (!c->usage.there || !want_usage || state->usage_sent)
		return false;
	state->usage_sent = true;
	return true;
}

int chat_chunk_write(const struct chat_chunk *c, const struct chat_stamp *st,
		     bool want_usage, struct chat_stream *state,
		     struct arena *a, struct buf *out)
{
	struct stamping to = {
		.object = "\"chat.completion.chunk\"",
		.drop_usage = !want_usage,
	};
	struct splices e;

	note(state, c);
	if (!is_worth_sending(c, want_usage, state))
		return 0;
	if (want_usage && !(c->n_choices == 0 && c->usage.there))
		to.usage = span_of("null");
	splices_init(&e, c->body, a);
	stamp(&e, &c->places, c->first_at - 1, st, &to);
	for (size_t i = 0; i < c->n_choices; i++)
		edit_delta(&e, &c->choices[i], st->keep_logprobs, state);
	add_lower_roles(&e, c, state);
	return splices_apply(&e, out);
}
