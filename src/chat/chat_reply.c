/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading whole replies, log-probs included, in one pass.
 */
#include "chat/chat.h"

#include <math.h>

#include "base/jscan.h"
#include "chat/chat_scan.h"

struct reader {
	struct jscan s;
	struct arena *a;
	bool want_tokens;
	bool misshapen; /* JSON, but no list of choices with messages */
};

static size_t here(struct reader *r)
{
	return (size_t)(r->s.p - r->s.base);
}

/* ---- log-probs ----------------------------------------------------------- */

/* Tokens being read: lists that grow, and the text they spell. */
struct tokens {
	struct chat_tokens *out;
	size_t room, tops_room, text_room;
	char *text;
};

static void text_reserve(struct reader *r, struct tokens *t, size_t more)
{
	size_t n = t->out->text.n;
	char *p;

	if (more <= t->text_room - n)
		return;
	t->text_room = 2 * (n + more);
	p = arena_get(r->a, t->text_room);
	if (n)
		memcpy(p, t->text, n);
	t->text = p;
	t->out->text.p = p;
}

/* A number, or NaN for whatever else there is. */
static double read_logprob(struct reader *r)
{
	double v = NAN;
	char c = r->s.p < r->s.end ? *r->s.p : '\0';

	if (c == '-' || (c >= '0' && c <= '9'))
		jscan_number(&r->s, &v);
	else
		jscan_value(&r->s, NULL);
	return v;
}

/* Appends what [72,105] spells. False, and no text, when it is no list of
 * bytes. The list is valid JSON. */
static bool take_bytes(struct reader *r, struct tokens *t, struct span list)
{
	const char *p = list.p, *end = p + list.n;
	bool in_number = false;
	unsigned v = 0;
	size_t n = 0;

	if (*p != '[')
		return false;
	/* Each takes at least two bytes of the list. */
	text_reserve(r, t, list.n / 2);
	while (++p < end) {
		if (*p >= '0' && *p <= '9') {
			v = v * 10 + (unsigned)(*p - '0');
			if (v > UINT8_MAX)
				return false;
			in_number = true;
		} else if (*p == ',' || *p == ']') {
			if (in_number)
				t->text[t->out->text.n + n++] = (char)v;
			in_number = false;
			v = 0;
		} else if (!strchr(" \t\r\n", *p)) {
			return false;
		}
	}
	t->out->text.n += n;
	return true;
}

static bool read_bytes(struct reader *r, struct tokens *t, size_t text_at)
{
	struct span list;

	/* A list before this one, under the same key, does not count. */
	t->out->text.n = text_at;
	return jscan_value(&r->s, &list) == 0 && take_bytes(r, t, list);
}

static void read_token_text(struct reader *r, struct span *raw)
{
	*raw = (struct span){NULL, 0};
	if (jscan_at(&r->s, '"'))
		jscan_string(&r->s, raw);
	else
		jscan_value(&r->s, NULL);
}

static void read_alternative(struct reader *r, struct tokens *t)
{
	struct chat_tokens *out = t->out;
	struct chat_alternative *alt;
	struct span key;

	out->tops = chat_grow(out->tops, out->n_tops, &t->tops_room,
			      sizeof(*alt), r->a);
	alt = &out->tops[out->n_tops++];
	*alt = (struct chat_alternative){.logprob = NAN};
	jscan_enter(&r->s, '{');
	if (jscan_expect(&r->s, "token"))
		read_token_text(r, &alt->token);
	if (jscan_expect(&r->s, "logprob"))
		alt->logprob = read_logprob(r);
	while (jscan_member(&r->s, &key) > 0) {
		if (jscan_key_is(key, "logprob"))
			alt->logprob = read_logprob(r);
		else if (jscan_key_is(key, "token"))
			read_token_text(r, &alt->token);
		else
			jscan_value(&r->s, NULL);
	}
	if (isnan(alt->logprob))
		out->sound = false;
}

static void read_alternatives(struct reader *r, struct tokens *t,
			      struct chat_token *token)
{
	t->out->n_tops = token->top_at;
	token->top_list_at = (uint32_t)here(r);
	if (!jscan_at(&r->s, '[')) {
		jscan_value(&r->s, NULL);
	} else {
		jscan_enter(&r->s, '[');
		while (jscan_element(&r->s) > 0) {
			if (t->out->sound && jscan_at(&r->s, '{')) {
				read_alternative(r, t);
			} else {
				t->out->sound = false;
				jscan_value(&r->s, NULL);
			}
		}
	}
	token->n_top = (uint32_t)(t->out->n_tops - token->top_at);
	token->top_list_end = (uint32_t)here(r);
}

static void read_token(struct reader *r, struct tokens *t)
{
	struct chat_tokens *out = t->out;
	struct chat_token token = {
		.logprob = NAN,
		.at = (uint32_t)here(r),
		.text_at = (uint32_t)out->text.n,
		.top_at = (uint32_t)out->n_tops,
	};
	struct span key, raw = {NULL, 0};
	bool has_bytes = false;

	jscan_enter(&r->s, '{');
	while (jscan_member(&r->s, &key) > 0) {
		if (jscan_key_is(key, "top_logprobs"))
			read_alternatives(r, t, &token);
		else if (jscan_key_is(key, "logprob"))
			token.logprob = read_logprob(r);
		else if (jscan_key_is(key, "token"))
			read_token_text(r, &raw);
		else if (jscan_key_is(key, "bytes"))
			has_bytes = read_bytes(r, t, token.text_at);
		else
			jscan_value(&r->s, NULL);
	}
	token.end = (uint32_t)here(r);
	if (isnan(token.logprob))
		out->sound = false;
	if (!has_bytes && raw.n) {
		text_reserve(r, t, raw.n);
		out->text.n += chat_unescape(raw, t->text + token.text_at);
	}
	token.text_n = (uint32_t)(out->text.n - token.text_at);
	out->v = chat_grow(out->v, out->n, &t->room, sizeof(token), r->a);
	out->v[out->n++] = token;
}

/* The list is likely to go on as it began: room for all of it at once costs
 * half the memory of growing, and is not copied. */
static void expect_more(struct reader *r, struct tokens *t)
{
	struct chat_tokens *out = t->out;
	size_t each = out->v[0].end - out->v[0].at + 1;
	size_t n = (size_t)(r->s.end - r->s.p) / each;

	n += n / 8 + 2;
	out->v = chat_reserve(out->v, out->n, &t->room, n, sizeof(*out->v),
			      r->a);
	out->tops = chat_reserve(out->tops, out->n_tops, &t->tops_room,
				 n * out->v[0].n_top, sizeof(*out->tops), r->a);
}

/* A list of entries; anything else has no tokens. */
static void read_tokens(struct reader *r, struct chat_tokens *out)
{
	struct tokens t = {.out = out};

	*out = (struct chat_tokens){.sound = true};
	if (!jscan_at(&r->s, '[')) {
		jscan_value(&r->s, NULL);
		return;
	}
	jscan_enter(&r->s, '[');
	while (jscan_element(&r->s) > 0) {
		if (out->sound && jscan_at(&r->s, '{')) {
			read_token(r, &t);
			if (out->n == 1)
				expect_more(r, &t);
		} else {
			out->sound = false;
			jscan_value(&r->s, NULL);
		}
	}
}

static void read_logprobs(struct reader *r, struct chat_choice *c)
{
	struct span key;

	c->tokens = c->refusal_tokens = (struct chat_tokens){.sound = true};
	if (!jscan_at(&r->s, '{') || !r->want_tokens) {
		jscan_value(&r->s, NULL);
		return;
	}
	jscan_enter(&r->s, '{');
	while (jscan_member(&r->s, &key) > 0) {
		if (jscan_key_is(key, "content"))
			read_tokens(r, &c->tokens);
		else if (jscan_key_is(key, "refusal"))
			read_tokens(r, &c->refusal_tokens);
		else
			jscan_value(&r->s, NULL);
	}
}

/* ---- choices ------------------------------------------------------------- */

static struct span if_filled(struct span value)
{
	bool empty = !chat_is_given(value) || span_is(value, "[]");

	return empty ? (struct span){NULL, 0} : value;
}

static void read_message_member(struct chat_choice *c, struct span key,
				struct span v, struct arena *a)
{
	if (jscan_key_is(key, "content")) {
		c->content = chat_text(v, a);
		c->content_raw = v;
	} else if (jscan_key_is(key, "refusal")) {
		c->refusal = chat_text(v, a);
		c->refusal_raw = v;
	} else if (jscan_key_is(key, "tool_calls")) {
		c->tool_calls = if_filled(v);
	} else if (jscan_key_is(key, "function_call")) {
		c->function_call = if_filled(v);
	} else if (!chat_is_given(v)) {
		return;
	} else if (jscan_key_is(key, "reasoning_content")) {
		c->reasoning_raw = v;
		c->reasoning_key = span_of("reasoning_content");
	} else if (jscan_key_is(key, "reasoning")) {
		c->reasoning_raw = v;
		c->reasoning_key = span_of("reasoning");
	}
}

static void read_message(struct reader *r, struct chat_choice *c)
{
	struct span key, v, none = {NULL, 0};

	c->content = c->content_raw = c->refusal = c->refusal_raw = none;
	c->reasoning_raw = c->reasoning_key = none;
	c->tool_calls = c->function_call = none;
	c->message_at = here(r);
	jscan_enter(&r->s, '{');
	while (jscan_member(&r->s, &key) > 0 && jscan_value(&r->s, &v) == 0)
		read_message_member(c, key, v, r->a);
	c->message_end = here(r);
}

static void read_finish(struct reader *r, struct chat_choice *c)
{
	struct span v;

	if (jscan_value(&r->s, &v) < 0)
		return;
	c->finish = chat_text(v, r->a);
	c->finish_at = (size_t)(v.p - r->s.base);
	c->finish_end = c->finish_at + v.n;
}

static void read_choice_member(struct reader *r, struct chat_choice *c,
			       struct span key)
{
	struct span v;

	if (jscan_key_is(key, "finish_reason")) {
		read_finish(r, c);
	} else if (jscan_key_is(key, "logprobs")) {
		c->logprobs_at = here(r);
		read_logprobs(r, c);
		c->logprobs_end = here(r);
	} else if (jscan_key_is(key, "message") && jscan_at(&r->s, '{')) {
		read_message(r, c);
	} else if (jscan_value(&r->s, &v) == 0 && jscan_key_is(key, "index")) {
		c->has_index = jscan_int64(v, &c->index);
	}
}

static void read_choice(struct reader *r, struct chat_choice *c, size_t i)
{
	struct span key;

	*c = (struct chat_choice){.at = here(r), .index = (int64_t)i};
	jscan_enter(&r->s, '{');
	while (jscan_member(&r->s, &key) > 0)
		read_choice_member(r, c, key);
	c->end = here(r);
	if (c->message_end == 0)
		r->misshapen = true;
}

static void read_choices(struct reader *r, struct chat_reply *reply)
{
	size_t room = 0, n = 0;

	r->misshapen = false;
	reply->choices = NULL;
	jscan_enter(&r->s, '[');
	while (jscan_element(&r->s) > 0) {
		if (!jscan_at(&r->s, '{')) {
			r->misshapen = true;
			jscan_value(&r->s, NULL);
			continue;
		}
		reply->choices = chat_grow(reply->choices, n, &room,
					   sizeof(*reply->choices), r->a);
		read_choice(r, &reply->choices[n], n);
		n++;
	}
	reply->n_choices = n;
}

/* ---- the whole ----------------------------------------------------------- */

static void read_body(struct reader *r, struct chat_reply *reply,
		      struct chat_members *m)
{
	struct span key, value;

	jscan_enter(&r->s, '{');
	reply->first_at = here(r);
	while (jscan_member(&r->s, &key) > 0) {
		enum chat_name name = chat_name_of(key);
		bool is_array = jscan_at(&r->s, '[');

		value.p = r->s.p;
		if (name == CHAT_CHOICES && is_array)
			read_choices(r, reply);
		else
			jscan_value(&r->s, NULL);
		value.n = (size_t)(r->s.p - value.p);
		chat_members_add(m, name, &r->s, key, value, r->a);
	}
	jscan_end(&r->s);
}

static void take_members(struct chat_reply *reply, struct chat_members *m,
			 struct arena *a)
{
	struct span *v = m->values;
	struct span usage = v[CHAT_USAGE];

	reply->places = m->places;
	reply->id = chat_text(v[CHAT_ID], a);
	reply->object = chat_text(v[CHAT_OBJECT], a);
	reply->model = chat_text(v[CHAT_MODEL], a);
	jscan_int64(v[CHAT_CREATED], &reply->created);
	reply->system_fingerprint = v[CHAT_SYSTEM_FINGERPRINT];
	reply->service_tier = v[CHAT_SERVICE_TIER];
	if (chat_is_given(v[CHAT_ERROR]))
		reply->error = v[CHAT_ERROR];
	if (usage.n) {
		chat_usage_of(usage, &reply->usage);
		reply->usage_at = (size_t)(usage.p - reply->body.p);
		reply->usage_end = reply->usage_at + usage.n;
	}
}

int chat_reply_read(struct chat_reply *reply, struct span body, int max_depth,
		    bool want_tokens, struct arena *a, struct chat_fault *why)
{
	struct reader r = {.a = a, .want_tokens = want_tokens};
	struct chat_members m = {0};

	*reply = (struct chat_reply){.body = body};
	if (body.n > UINT32_MAX)
		return chat_fault_set(why, NULL, NULL, "reply too large");
	jscan_init(&r.s, body, max_depth);
	read_body(&r, reply, &m);
	if (r.s.why)
		return chat_fault_json(why, &r.s);
	take_members(reply, &m, a);
	if (reply->error.n == 0 && (reply->n_choices == 0 || r.misshapen))
		return chat_fault_set(why, "choices", NULL,
				      "no list of choices with messages");
	return 0;
}
