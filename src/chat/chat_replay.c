/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole replies replayed, and the chunks of a stream that stand alone.
 */
#include "chat/chat_replay.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/jscan.h"
#include "chat/chat_logprobs.h"
#include "chat/chat_scan.h"
#include "chat/slices.h"

/* ---- chunks by themselves ------------------------------------------------ */

int chat_role_emit(const struct chat_stamp *st, int64_t n, bool want_usage,
		   chat_emit_fn *emit, void *arg)
{
	struct chunk w;
	int rc = 0;

	chunk_init(&w, st, want_usage, emit, arg);
	for (int64_t i = 0; i < n && rc == 0; i++)
		rc = chunk_role(&w, i, true);
	chunk_release(&w);
	return rc;
}

int chat_empty_emit(const struct chat_stamp *st, bool want_usage,
		    chat_emit_fn *emit, void *arg)
{
	struct chunk w;
	int rc;

	chunk_init(&w, st, want_usage, emit, arg);
	rc = chunk_delta(&w, 0, "{}", NULL);
	chunk_release(&w);
	return rc;
}

int chat_usage_emit(const struct chat_stamp *st, const struct chat_usage *u,
		    chat_emit_fn *emit, void *arg)
{
	struct chunk w;
	int rc;

	chunk_init(&w, st, true, emit, arg);
	rc = chunk_counts(&w, u);
	chunk_release(&w);
	return rc;
}

/* ---- a choice ------------------------------------------------------------ */

enum { REASONING, CONTENT, REFUSAL, NTEXTS };

/* How far a choice has gone out. */
struct cursor {
	int64_t index;
	const struct chat_choice *choice;
	struct slices texts[NTEXTS];
	bool has_calls, function_sent;
	struct jscan calls;	 /* at the next call */
	int64_t n_calls;	 /* begun */
	struct slices arguments; /* of the last one begun */
};

struct replay {
	struct chunk w;
	const struct chat_reply *reply;
	const struct chat_stamp *stamp;
	size_t slice;
	struct arena *a;
};

static void cursor_init(struct cursor *c, const struct chat_choice *from,
			bool keep_logprobs)
{
	const struct chat_tokens *tokens = &from->tokens;
	const struct chat_tokens *refusal = &from->refusal_tokens;

	*c = (struct cursor){.index = from->index, .choice = from};
	slices_init(&c->texts[REASONING], from->reasoning_key.p,
		    from->reasoning_raw, from->content, NULL);
	slices_init(&c->texts[CONTENT], "content", from->content_raw,
		    from->content, keep_logprobs ? tokens : NULL);
	slices_init(&c->texts[REFUSAL], "refusal", from->refusal_raw,
		    from->refusal, keep_logprobs ? refusal : NULL);
	c->arguments.done = true;
	jscan_init(&c->calls, from->tool_calls, JSCAN_DEPTH);
	c->has_calls = jscan_enter(&c->calls, '[') == 0;
	c->function_sent = from->function_call.n == 0;
}

/* The entries as they came, completed and cut. */
static void add_entries(struct replay *p, const struct chat_tokens *t,
			size_t from, size_t to)
{
	struct buf *json = &p->w.json;

	for (size_t i = from; i < to; i++) {
		struct span entry = {p->reply->body.p + t->v[i].at,
				     t->v[i].end - t->v[i].at};
		struct splices e;

		buf_adds(json, i > from ? "," : "");
		splices_init(&e, entry, p->a);
		chat_entry_edit(&e, 0, entry.n, p->stamp->top_logprobs);
		splices_apply(&e, json);
	}
}

static void add_logprobs(struct replay *p, struct slices *t, size_t upto,
			 bool of_refusal)
{
	struct buf *json = &p->w.json;

	buf_adds(json, of_refusal ? ",\"logprobs\":{\"content\":null,"
				    "\"refusal\":["
				  : ",\"logprobs\":{\"content\":[");
	add_entries(p, t->tokens, t->next, upto);
	buf_adds(json, of_refusal ? "]}" : "],\"refusal\":null}");
	t->next = upto;
}

static int send_text(struct replay *p, struct cursor *c, int which)
{
	struct slices *t = &c->texts[which];
	struct buf *json = &p->w.json;
	size_t upto;
	struct span piece = slices_take(t, p->slice, &upto);
	const char *quote = t->is_string ? "\"" : "";

	chunk_begin(&p->w, c->index);
	buf_adds(json, "{");
	if (piece.n) {
		buf_addf(json, "\"%s\":%s", t->name, quote);
		buf_add_span(json, piece);
		buf_adds(json, quote);
	}
	buf_adds(json, "}");
	if (t->tokens)
		add_logprobs(p, t, upto, which == REFUSAL);
	return chunk_end(&p->w, t->tokens != NULL, NULL);
}

/* ---- tool calls ---------------------------------------------------------- */

/* Empties the arguments in the call's function and keeps them for later. */
static void hold_arguments(struct splices *e, struct span function,
			   struct slices *arguments)
{
	struct span key, value, none = {NULL, 0};
	struct jscan s;

	jscan_init(&s, function, JSCAN_DEPTH);
	if (jscan_enter(&s, '{') < 0)
		return;
	while (jscan_member(&s, &key) > 0 && jscan_value(&s, &value) == 0) {
		size_t at = (size_t)(value.p - e->body.p);

		if (!jscan_key_is(key, "arguments") || value.p[0] != '"')
			continue;
		splices_set(e, at, at + value.n, span_of("\"\""));
		slices_init(arguments, "arguments", value, none, NULL);
	}
}

/* The call's first delta: all it says but the arguments, and its index. */
static void add_call(struct replay *p, struct cursor *c, struct span call)
{
	struct span key, value;
	struct fresh fresh = {0};
	bool has_type = false;
	struct splices e;
	struct jscan s;

	splices_init(&e, call, p->a);
	jscan_init(&s, call, JSCAN_DEPTH);
	jscan_enter(&s, '{');
	while (jscan_member(&s, &key) > 0 && jscan_value(&s, &value) == 0) {
		if (jscan_key_is(key, "function"))
			hold_arguments(&e, value, &c->arguments);
		else if (jscan_key_is(key, "index"))
			splices_remove(&e, (size_t)(key.p - call.p) - 1,
				       (size_t)(value.p + value.n - call.p));
		else if (jscan_key_is(key, "type"))
			has_type = true;
	}
	fresh_word(&e, &fresh, "index",
		   arena_printf(p->a, "%" PRId64, c->n_calls));
	if (!has_type)
		fresh_word(&e, &fresh, "type", "\"function\"");
	splices_insert(&e, 0, &fresh);
	splices_apply(&e, &p->w.json);
}

static int send_call(struct replay *p, struct cursor *c, struct span call)
{
	chunk_begin(&p->w, c->index);
	buf_adds(&p->w.json, "{\"tool_calls\":[");
	add_call(p, c, call);
	buf_adds(&p->w.json, "]}");
	c->n_calls++;
	return chunk_end(&p->w, false, NULL);
}

static int send_arguments(struct replay *p, struct cursor *c)
{
	size_t none;
	struct span piece = slices_take(&c->arguments, p->slice, &none);

	chunk_begin(&p->w, c->index);
	buf_addf(&p->w.json,
		 "{\"tool_calls\":[{\"index\":%" PRId64
		 ",\"function\":{\"arguments\":\"",
		 c->n_calls - 1);
	buf_add_span(&p->w.json, piece);
	buf_adds(&p->w.json, "\"}}]}");
	return chunk_end(&p->w, false, NULL);
}

static int send_function(struct replay *p, struct cursor *c)
{
	c->function_sent = true;
	chunk_begin(&p->w, c->index);
	buf_adds(&p->w.json, "{\"function_call\":");
	buf_add_span(&p->w.json, c->choice->function_call);
	buf_adds(&p->w.json, "}");
	return chunk_end(&p->w, false, NULL);
}

/* The next call that is an object. */
static bool next_call(struct cursor *c, struct span *call)
{
	while (c->has_calls && jscan_element(&c->calls) > 0 &&
	       jscan_value(&c->calls, call) == 0) {
		if (call->p[0] == '{')
			return true;
	}
	c->has_calls = false;
	return false;
}

/* ---- the whole ----------------------------------------------------------- */

/* One delta of the choice; *left is false, and nothing sent, when there is no
 * more. */
static int step(struct replay *p, struct cursor *c, bool *left)
{
	struct span call;

	*left = true;
	for (int i = 0; i < NTEXTS; i++) {
		if (!c->texts[i].done)
			return send_text(p, c, i);
	}
	if (!c->arguments.done)
		return send_arguments(p, c);
	if (next_call(c, &call))
		return send_call(p, c, call);
	if (!c->function_sent)
		return send_function(p, c);
	*left = false;
	return 0;
}

static int by_index(const void *a, const void *b)
{
	const struct cursor *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static int chunk_roles(struct replay *p, const struct cursor *v, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct chat_choice *c = v[i].choice;
		bool calls = c->tool_calls.n || c->function_call.n;

		rc = chunk_role(&p->w, v[i].index, !calls || c->content.n);
	}
	return rc;
}

/* A delta of each choice in turn, until none has any left. */
static int chunk_deltas(struct replay *p, struct cursor *v, size_t n)
{
	bool any, left;
	int rc = 0;

	do {
		any = false;
		for (size_t i = 0; i < n && rc == 0; i++) {
			rc = step(p, &v[i], &left);
			any |= left;
		}
	} while (any && rc == 0);
	return rc;
}

static int send_finishes(struct replay *p, const struct cursor *v, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct chat_choice *c = v[i].choice;

		rc = chunk_delta(
			&p->w, v[i].index, "{}",
			chat_finish_name(c->finish, c->tool_calls.n > 0));
	}
	return rc;
}

static int send_last(struct replay *p)
{
	const struct chat_reply *r = p->reply;

	if (!p->w.want_usage)
		return 0;
	if (p->stamp->usage)
		return chunk_counts(&p->w, p->stamp->usage);
	if (!r->usage.there)
		return 0;
	return chunk_usage(&p->w, (struct span){r->body.p + r->usage_at,
						r->usage_end - r->usage_at});
}

int chat_reply_emit(const struct chat_reply *r, const struct chat_stamp *st,
		    bool want_usage, bool role_sent, size_t slice,
		    struct arena *a, chat_emit_fn *emit, void *arg)
{
	struct replay p = {.reply = r, .stamp = st, .slice = slice, .a = a};
	size_t n = r->n_choices;
	struct cursor *v = arena_get(a, n * sizeof(*v));
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		cursor_init(&v[i], &r->choices[i], st->keep_logprobs);
	if (n > 1)
		qsort(v, n, sizeof(*v), by_index);
	chunk_init(&p.w, st, want_usage, emit, arg);
	if (!role_sent)
		rc = chunk_roles(&p, v, n);
	if (rc == 0)
		rc = chunk_deltas(&p, v, n);
	if (rc == 0)
		rc = send_finishes(&p, v, n);
	if (rc == 0)
		rc = send_last(&p);
	chunk_release(&p.w);
	return rc;
}
