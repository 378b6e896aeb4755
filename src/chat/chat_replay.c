/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks written by us: replays of whole replies, roles, keep-alives, usage.
 */
#include "chat/chat_replay.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/jscan.h"
#include "chat/chat_logprobs.h"
#include "chat/chat_scan.h"

/* ---- one chunk ----------------------------------------------------------- */

/* Chunks differ only between head and tail. */
struct writer {
	struct buf head, json;
	bool want_usage;
	chat_emit_fn *emit;
	void *arg;
};

static void add_quoted(struct buf *out, const char *text)
{
	buf_adds(out, "\"");
	jscan_escape(span_of(text), out);
	buf_adds(out, "\"");
}

static void writer_init(struct writer *w, const struct chat_stamp *st,
			bool want_usage, chat_emit_fn *emit, void *arg)
{
	*w = (struct writer){
		.want_usage = want_usage, .emit = emit, .arg = arg};
	buf_init(&w->head, 0);
	buf_init(&w->json, 0);
	buf_adds(&w->head, "{\"id\":");
	add_quoted(&w->head, st->id);
	buf_addf(&w->head,
		 ",\"object\":\"chat.completion.chunk\",\"created\":%" PRId64
		 ",\"model\":",
		 st->created);
	add_quoted(&w->head, st->model);
	buf_adds(&w->head, ",\"choices\":[");
}

static void writer_release(struct writer *w)
{
	buf_release(&w->head);
	buf_release(&w->json);
}

static int send(struct writer *w)
{
	if (w->head.failed || w->json.failed)
		return -1;
	return w->emit(w->arg, buf_span(&w->json));
}

static void begin(struct writer *w)
{
	buf_clear(&w->json);
	buf_add_span(&w->json, buf_span(&w->head));
}

static void begin_choice(struct writer *w, int64_t index)
{
	begin(w);
	buf_addf(&w->json, "{\"index\":%" PRId64 ",\"delta\":", index);
}

/* After the delta; the log-probs, if any, stand behind it already. */
static int end_choice(struct writer *w, bool has_logprobs, const char *finish)
{
	if (!has_logprobs)
		buf_adds(&w->json, ",\"logprobs\":null");
	if (finish)
		buf_addf(&w->json, ",\"finish_reason\":\"%s\"}]", finish);
	else
		buf_adds(&w->json, ",\"finish_reason\":null}]");
	buf_adds(&w->json, w->want_usage ? ",\"usage\":null}" : "}");
	return send(w);
}

static int send_delta(struct writer *w, int64_t index, const char *delta,
		      const char *finish)
{
	begin_choice(w, index);
	buf_adds(&w->json, delta);
	return end_choice(w, false, finish);
}

static int send_role(struct writer *w, int64_t index, bool has_text)
{
	return send_delta(w, index,
			  has_text ? "{\"role\":\"assistant\",\"content\":\"\"}"
				   : "{\"role\":\"assistant\","
				     "\"content\":null}",
			  NULL);
}

static int send_usage(struct writer *w, struct span usage)
{
	begin(w);
	buf_adds(&w->json, "],\"usage\":");
	buf_add_span(&w->json, usage);
	buf_adds(&w->json, "}");
	return send(w);
}

static int send_counts(struct writer *w, const struct chat_usage *u)
{
	struct buf text;
	int rc = -1;

	buf_init(&text, 0);
	if (chat_usage_write(u, &text) == 0)
		rc = send_usage(w, buf_span(&text));
	buf_release(&text);
	return rc;
}

int chat_role_emit(const struct chat_stamp *st, int64_t n, bool want_usage,
		   chat_emit_fn *emit, void *arg)
{
	struct writer w;
	int rc = 0;

	writer_init(&w, st, want_usage, emit, arg);
	for (int64_t i = 0; i < n && rc == 0; i++)
		rc = send_role(&w, i, true);
	writer_release(&w);
	return rc;
}

int chat_empty_emit(const struct chat_stamp *st, bool want_usage,
		    chat_emit_fn *emit, void *arg)
{
	struct writer w;
	int rc;

	writer_init(&w, st, want_usage, emit, arg);
	rc = send_delta(&w, 0, "{}", NULL);
	writer_release(&w);
	return rc;
}

int chat_usage_emit(const struct chat_stamp *st, const struct chat_usage *u,
		    chat_emit_fn *emit, void *arg)
{
	struct writer w;
	int rc;

	writer_init(&w, st, true, emit, arg);
	rc = send_counts(&w, u);
	writer_release(&w);
	return rc;
}

/* ---- text in slices ------------------------------------------------------ */

/* Entries behind the text (end of turn, ...) that are looked past at most. */
#define TRAILING 64

/* A value going out piece by piece under one name. */
struct text {
	const char *name; /* of the delta's member */
	struct span raw;  /* the string's inside; or a value as it is */
	bool is_string;
	bool done;
	size_t gone;			  /* raw bytes that went out */
	const struct chat_tokens *tokens; /* NULL: cut anywhere */
	bool in_one;  /* the tokens do not spell it: no cut at all */
	size_t next;  /* first entry that has not gone out */
	size_t place; /* in tokens->text of the next byte */
};

static size_t token_end(const struct chat_tokens *t, size_t i)
{
	return t->v[i].text_at + t->v[i].text_n;
}

static bool is_boundary(const struct chat_tokens *t, size_t place, size_t from)
{
	while (from < t->n && token_end(t, from) < place)
		from++;
	return from < t->n && token_end(t, from) == place;
}

/* Where the tokens begin to spell whole, begin and end between tokens. The
 * last such place: reasoning may quote the answer. */
static bool find_place(const struct chat_tokens *t, struct span whole,
		       size_t *place)
{
	size_t tries = 0;

	for (size_t i = t->n; i-- > 0 && tries < TRAILING;) {
		size_t at = t->v[i].text_at;

		if (t->text.n - at < whole.n)
			continue;
		tries++;
		if (memcmp(t->text.p + at, whole.p, whole.n) == 0 &&
		    is_boundary(t, at + whole.n, i)) {
			*place = at;
			return true;
		}
	}
	return false;
}

static void text_init(struct text *t, const char *name, struct span value,
		      struct span whole, const struct chat_tokens *tokens)
{
	*t = (struct text){
		.name = name,
		.raw = value,
		.is_string = value.n && value.p[0] == '"',
	};
	if (t->is_string)
		t->raw = (struct span){value.p + 1, value.n - 2};
	else if (!chat_is_given(value))
		t->raw.n = 0;
	if (tokens && tokens->n && tokens->sound) {
		t->tokens = tokens;
		t->in_one = !t->is_string || t->raw.n == 0 ||
			    !find_place(tokens, whole, &t->place);
	}
	t->done = t->raw.n == 0 && !t->tokens;
}

/* A cut behind some units of the rest. */
struct cut {
	size_t raw, bytes;
};

/* The longest piece that may go, at least one unit or token. */
static struct cut find_cut(const struct text *t, size_t slice)
{
	struct cut now = {0, 0}, last = {0, 0}, space = {0, 0};
	struct span rest = {t->raw.p + t->gone, t->raw.n - t->gone};
	size_t unit, n, token = t->next;
	char utf8[4];

	while (now.raw < rest.n) {
		unit = jscan_unit(
			(struct span){rest.p + now.raw, rest.n - now.raw}, utf8,
			&n);
		if (now.bytes + n > slice && last.raw > 0)
			return space.raw ? space : last;
		now.raw += unit;
		now.bytes += n;
		if (!t->tokens) {
			last = now;
			if (utf8[0] == ' ' || utf8[0] == '\n')
				space = now;
			continue;
		}
		while (token_end(t->tokens, token) < t->place + now.bytes)
			token++;
		if (token_end(t->tokens, token) == t->place + now.bytes)
			last = now;
	}
	return now;
}

/* The next piece of t; *upto is behind the entries that go with it. */
static struct span take(struct text *t, size_t slice, size_t *upto)
{
	struct span piece = {t->raw.p + t->gone, t->raw.n - t->gone};
	struct cut c = {piece.n, 0};

	if (t->is_string && !t->in_one)
		c = find_cut(t, slice);
	piece.n = c.raw;
	t->gone += c.raw;
	t->place += c.bytes;
	t->done = t->gone == t->raw.n;
	*upto = 0;
	if (t->tokens) {
		*upto = t->next;
		while (*upto < t->tokens->n &&
		       (t->done || token_end(t->tokens, *upto) <= t->place))
			++*upto;
	}
	return piece;
}

/* ---- a choice ------------------------------------------------------------ */

enum { REASONING, CONTENT, REFUSAL, NTEXTS };

/* How far a choice has gone out. */
struct cursor {
	int64_t index;
	const struct chat_choice *choice;
	struct text texts[NTEXTS];
	bool has_calls, function_sent;
	struct jscan calls;    /* at the next call */
	int64_t n_calls;       /* begun */
	struct text arguments; /* of the last one begun */
};

struct replay {
	struct writer w;
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
	text_init(&c->texts[REASONING], from->reasoning_key.p,
		  from->reasoning_raw, from->content, NULL);
	text_init(&c->texts[CONTENT], "content", from->content_raw,
		  from->content, keep_logprobs ? tokens : NULL);
	text_init(&c->texts[REFUSAL], "refusal", from->refusal_raw,
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

static void add_logprobs(struct replay *p, struct text *t, size_t upto,
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
	struct text *t = &c->texts[which];
	struct buf *json = &p->w.json;
	size_t upto;
	struct span piece = take(t, p->slice, &upto);
	const char *quote = t->is_string ? "\"" : "";

	begin_choice(&p->w, c->index);
	buf_adds(json, "{");
	if (piece.n) {
		buf_addf(json, "\"%s\":%s", t->name, quote);
		buf_add_span(json, piece);
		buf_adds(json, quote);
	}
	buf_adds(json, "}");
	if (t->tokens)
		add_logprobs(p, t, upto, which == REFUSAL);
	return end_choice(&p->w, t->tokens != NULL, NULL);
}

/* ---- tool calls ---------------------------------------------------------- */

/* Empties the arguments in the call's function and keeps them for later. */
static void hold_arguments(struct splices *e, struct span function,
			   struct text *arguments)
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
		text_init(arguments, "arguments", value, none, NULL);
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
	begin_choice(&p->w, c->index);
	buf_adds(&p->w.json, "{\"tool_calls\":[");
	add_call(p, c, call);
	buf_adds(&p->w.json, "]}");
	c->n_calls++;
	return end_choice(&p->w, false, NULL);
}

static int send_arguments(struct replay *p, struct cursor *c)
{
	size_t none;
	struct span piece = take(&c->arguments, p->slice, &none);

	begin_choice(&p->w, c->index);
	buf_addf(&p->w.json,
		 "{\"tool_calls\":[{\"index\":%" PRId64
		 ",\"function\":{\"arguments\":\"",
		 c->n_calls - 1);
	buf_add_span(&p->w.json, piece);
	buf_adds(&p->w.json, "\"}}]}");
	return end_choice(&p->w, false, NULL);
}

static int send_function(struct replay *p, struct cursor *c)
{
	c->function_sent = true;
	begin_choice(&p->w, c->index);
	buf_adds(&p->w.json, "{\"function_call\":");
	buf_add_span(&p->w.json, c->choice->function_call);
	buf_adds(&p->w.json, "}");
	return end_choice(&p->w, false, NULL);
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

static int send_roles(struct replay *p, const struct cursor *v, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct chat_choice *c = v[i].choice;
		bool calls = c->tool_calls.n || c->function_call.n;

		rc = send_role(&p->w, v[i].index, !calls || c->content.n);
	}
	return rc;
}

/* A delta of each choice in turn, until none has any left. */
static int send_deltas(struct replay *p, struct cursor *v, size_t n)
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

		rc = send_delta(
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
		return send_counts(&p->w, p->stamp->usage);
	if (!r->usage.there)
		return 0;
	return send_usage(&p->w, (struct span){r->body.p + r->usage_at,
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
	writer_init(&p.w, st, want_usage, emit, arg);
	if (!role_sent)
		rc = send_roles(&p, v, n);
	if (rc == 0)
		rc = send_deltas(&p, v, n);
	if (rc == 0)
		rc = send_finishes(&p, v, n);
	if (rc == 0)
		rc = send_last(&p);
	writer_release(&p.w);
	return rc;
}
