/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks put together; gather_write.c writes the whole.
 */
#include "chat/gather.h"

#include "base/jscan.h"
#include "chat/chat_scan.h"

const char *gather_part_name(enum gather_part part)
{
	static const char *const names[GATHER_NPARTS] = {
		[GATHER_CONTENT] = "content",
		[GATHER_REFUSAL] = "refusal",
		[GATHER_REASONING_CONTENT] = "reasoning_content",
		[GATHER_REASONING] = "reasoning",
	};

	return names[part];
}

void gather_init(struct gather *g, size_t cap)
{
	*g = (struct gather){.cap = cap, .arena = arena_new()};
	buf_init(&g->usage, 0);
}

static void release_call(struct gather_call *call)
{
	buf_release(&call->arguments.inside);
}

static void release_choice(struct gather_choice *c)
{
	for (size_t i = 0; i < GATHER_NPARTS; i++)
		buf_release(&c->parts[i].inside);
	for (struct gather_call *call = c->calls; call; call = call->next)
		release_call(call);
	if (c->function)
		release_call(c->function);
	buf_release(&c->logprobs[0].inside);
	buf_release(&c->logprobs[1].inside);
	buf_release(&c->finish);
}

void gather_release(struct gather *g)
{
	for (struct gather_choice *c = g->choices; c; c = c->next)
		release_choice(c);
	buf_release(&g->usage);
	arena_free(g->arena);
	*g = (struct gather){.failed = true};
}

/* ---- under the cap ------------------------------------------------------- */

static bool may_hold(struct gather *g, size_t n)
{
	if (g->failed || n > g->cap - g->held) {
		g->failed = true;
		return false;
	}
	g->held += n;
	return true;
}

static void *get(struct gather *g, size_t size)
{
	return may_hold(g, size) ? arena_get(g->arena, size) : NULL;
}

static void add(struct gather *g, struct buf *to, struct span piece)
{
	if (may_hold(g, piece.n) && buf_add_span(to, piece) < 0)
		g->failed = true;
}

/* The last one counts. */
static void replace(struct gather *g, struct buf *to, struct span value)
{
	g->held -= to->n;
	buf_clear(to);
	add(g, to, value);
}

/* The first one counts; what says nothing is none. */
static void note(struct gather *g, struct span *to, struct span value)
{
	if (to->n || !chat_is_given(value) || span_is(value, "\"\"") ||
	    span_is(value, "0"))
		return;
	if (may_hold(g, value.n))
		*to = (struct span){arena_dup(g->arena, value), value.n};
}

/* ---- texts --------------------------------------------------------------- */

static struct span inside_of(struct span value)
{
	if (value.p[0] != '"' && value.p[0] != '[')
		return value;
	return (struct span){value.p + 1, value.n - 2};
}

static bool is_blank(struct span list)
{
	struct jscan s;

	jscan_init(&s, list, JSCAN_DEPTH);
	return jscan_enter(&s, '[') == 0 && jscan_element(&s) == 0;
}

static void join(struct gather *g, struct gather_text *t, struct span value)
{
	bool empty;

	if (!chat_is_given(value))
		return;
	empty = span_is(value, "\"\"") || is_blank(value);
	if (t->inside.n == 0)
		t->kind = value.p[0];
	else if (!empty && t->kind != value.p[0])
		g->failed = true;
	if (empty || (t->inside.n && t->kind != '"' && t->kind != '['))
		return;
	if (t->inside.n && t->kind == '[')
		add(g, &t->inside, span_of(","));
	add(g, &t->inside, inside_of(value));
}

/* ---- tool calls ---------------------------------------------------------- */

static bool is_one_of(struct span key, const char *const *names)
{
	for (; *names; names++) {
		if (jscan_key_is(key, *names))
			return true;
	}
	return false;
}

/* The members that have none of those names, as `,"name":value`. */
static struct span rest_of(struct gather *g, struct span object,
			   const char *const *names)
{
	struct span key, value, rest = {NULL, 0};
	struct jscan s;
	struct buf b;

	buf_init(&b, object.n + 1);
	jscan_init(&s, object, JSCAN_DEPTH);
	jscan_enter(&s, '{');
	while (jscan_member(&s, &key) > 0 && jscan_value(&s, &value) == 0) {
		if (is_one_of(key, names))
			continue;
		buf_adds(&b, ",\"");
		buf_add_span(&b, key);
		buf_adds(&b, "\":");
		buf_add_span(&b, value);
	}
	note(g, &rest, buf_span(&b));
	buf_release(&b);
	return rest;
}

static void take_function(struct gather *g, struct gather_call *call,
			  struct span function, bool first)
{
	static const char *const known[] = {"name", "arguments", NULL};

	note(g, &call->name, chat_member_of(function, "name"));
	join(g, &call->arguments, chat_member_of(function, "arguments"));
	if (first)
		call->function_rest = rest_of(g, function, known);
}

/* Where a call goes that says no index: one that has a name is new, another
 * goes on with the last. */
static int64_t place_of(const struct gather_choice *c, bool has_name)
{
	const struct gather_call *last = c->calls;

	if (!last)
		return 0;
	while (last->next)
		last = last->next;
	return last->index + (has_name && last->index < INT64_MAX);
}

/* NULL when there is no room for one more. */
static struct gather_call *call_at(struct gather *g, struct gather_choice *c,
				   int64_t index, bool *first)
{
	struct gather_call **at = &c->calls, *call;

	while (*at && (*at)->index < index)
		at = &(*at)->next;
	call = *at;
	*first = !call || call->index != index;
	if (!*first)
		return call;
	g->failed = g->failed || c->n_calls == GATHER_CALLS;
	call = get(g, sizeof(*call));
	if (!call)
		return NULL;
	*call = (struct gather_call){.next = *at, .index = index};
	*at = call;
	c->n_calls++;
	return call;
}

static void take_call(struct gather *g, struct gather_choice *c,
		      struct span from)
{
	static const char *const known[] = {"index", "id", "type", "function",
					    NULL};
	struct span function = chat_member_of(from, "function");
	struct gather_call *call;
	int64_t index;
	bool first;

	if (!jscan_int64(chat_member_of(from, "index"), &index))
		index = place_of(c, chat_member_of(function, "name").n > 0);
	call = call_at(g, c, index, &first);
	if (!call)
		return;
	note(g, &call->id, chat_member_of(from, "id"));
	note(g, &call->type, chat_member_of(from, "type"));
	take_function(g, call, function, first);
	if (first)
		call->rest = rest_of(g, from, known);
}

static void take_calls(struct gather *g, struct gather_choice *c,
		       struct span list)
{
	struct span call;
	struct jscan s;

	jscan_init(&s, list, JSCAN_DEPTH);
	if (jscan_enter(&s, '[') < 0)
		return;
	while (jscan_element(&s) > 0 && jscan_value(&s, &call) == 0) {
		if (call.p[0] == '{')
			take_call(g, c, call);
	}
}

static void take_function_call(struct gather *g, struct gather_choice *c,
			       struct span function)
{
	bool first = !c->function;

	if (!chat_is(function, JSCAN_OBJECT))
		return;
	if (first)
		c->function = get(g, sizeof(*c->function));
	if (c->function)
		take_function(g, c->function, function, first);
}

/* ---- chunks -------------------------------------------------------------- */

static struct gather_choice *choice_at(struct gather *g, int64_t index)
{
	struct gather_choice **at = &g->choices, *c;

	while (*at && (*at)->index < index)
		at = &(*at)->next;
	c = *at;
	if (c && c->index == index)
		return c;
	g->failed = g->failed || g->n_choices == GATHER_CHOICES;
	c = get(g, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct gather_choice){.next = *at, .index = index};
	*at = c;
	g->n_choices++;
	return c;
}

static void take_delta(struct gather *g, struct gather_choice *c,
		       struct span delta)
{
	for (enum gather_part i = 0; i < GATHER_NPARTS; i++)
		join(g, &c->parts[i],
		     chat_member_of(delta, gather_part_name(i)));
	take_calls(g, c, chat_member_of(delta, "tool_calls"));
	take_function_call(g, c, chat_member_of(delta, "function_call"));
}

static struct span part_of(const struct chat_chunk *c, size_t at, size_t end)
{
	return (struct span){c->body.p + at, end - at};
}

static void take_choice(struct gather *g, const struct chat_chunk *chunk,
			const struct chat_delta *d)
{
	struct gather_choice *c = choice_at(g, d->index);
	struct span logprobs = part_of(chunk, d->logprobs_at, d->logprobs_end);

	if (!c)
		return;
	take_delta(g, c, part_of(chunk, d->delta_at, d->delta_end));
	join(g, &c->logprobs[0], chat_member_of(logprobs, "content"));
	join(g, &c->logprobs[1], chat_member_of(logprobs, "refusal"));
	if (d->finish.n)
		replace(g, &c->finish,
			part_of(chunk, d->finish_at, d->finish_end));
}

static void take_member(struct gather *g, const struct chat_chunk *c,
			const struct chat_place *p)
{
	struct span value = part_of(c, p->value_at, p->end);

	if (p->name == CHAT_ID)
		note(g, &g->id, value);
	else if (p->name == CHAT_CREATED)
		note(g, &g->created, value);
	else if (p->name == CHAT_MODEL)
		note(g, &g->model, value);
	else if (p->name == CHAT_SERVICE_TIER)
		note(g, &g->service_tier, value);
	else if (p->name == CHAT_SYSTEM_FINGERPRINT)
		note(g, &g->system_fingerprint, value);
	else if (p->name == CHAT_USAGE && chat_is(value, JSCAN_OBJECT))
		replace(g, &g->usage, value);
}

void gather_chunk(struct gather *g, const struct chat_chunk *c)
{
	for (size_t i = 0; i < c->places.n && !g->failed; i++)
		take_member(g, c, &c->places.v[i]);
	for (size_t i = 0; i < c->n_choices && !g->failed; i++)
		take_choice(g, c, &c->choices[i]);
}
