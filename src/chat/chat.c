/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading requests, and chunks of a stream.
 */
#include "chat/chat.h"

#include "base/jscan.h"
#include "chat/chat_scan.h"

/* ---- requests ------------------------------------------------------------ */

static bool is_bool_or_null(struct span v)
{
	return !chat_is_given(v) || chat_is(v, JSCAN_TRUE) ||
	       chat_is(v, JSCAN_FALSE);
}

static bool is_text_only(struct span modalities)
{
	struct jscan s;
	struct span value;

	jscan_init(&s, modalities, JSCAN_DEPTH);
	if (jscan_enter(&s, '[') < 0)
		return false;
	while (jscan_element(&s) > 0 && jscan_value(&s, &value) == 0) {
		if (!span_is(value, "\"text\""))
			return false;
	}
	return true;
}

static bool is_beyond_cheap(const struct span *v)
{
	return chat_is_given(v[CHAT_AUDIO]) ||
	       chat_is_given(v[CHAT_WEB_SEARCH_OPTIONS]) ||
	       chat_is_given(v[CHAT_MODERATION]) ||
	       chat_is(v[CHAT_STORE], JSCAN_TRUE) ||
	       (chat_is_given(v[CHAT_MODALITIES]) &&
		!is_text_only(v[CHAT_MODALITIES]));
}

/* The model first: whether its name is known matters more to the client than
 * what else is wrong. */
static int check(struct chat_request *rq, const struct span *v, struct arena *a,
		 struct chat_fault *why)
{
	static const char missing[] = "missing_required_parameter";

	if (!chat_is_given(v[CHAT_MODEL]))
		return chat_fault_set(why, "model", missing,
				      "you must provide a model");
	rq->model = chat_text(v[CHAT_MODEL], a);
	if (rq->model.n == 0)
		return chat_fault_set(why, "model", NULL,
				      "model must be a string, not empty");
	if (!chat_is_given(v[CHAT_MESSAGES]))
		return chat_fault_set(why, "messages", missing,
				      "you must provide messages");
	if (!chat_is(v[CHAT_MESSAGES], JSCAN_ARRAY))
		return chat_fault_set(why, "messages", NULL,
				      "messages must be an array");
	if (!is_bool_or_null(v[CHAT_STREAM]))
		return chat_fault_set(why, "stream", NULL,
				      "stream must be a boolean");
	if (!is_bool_or_null(v[CHAT_LOGPROBS]))
		return chat_fault_set(why, "logprobs", NULL,
				      "logprobs must be a boolean");
	if (chat_is_given(v[CHAT_N]) &&
	    (!jscan_int64(v[CHAT_N], &rq->n) || rq->n < 1))
		return chat_fault_set(why, "n", NULL,
				      "n must be an integer from 1");
	return 0;
}

static int read_members(struct chat_members *m, struct jscan *s,
			struct span body, int max_depth, struct arena *a)
{
	struct span key, value;

	jscan_init(s, body, max_depth);
	jscan_enter(s, '{');
	while (jscan_member(s, &key) > 0 && jscan_value(s, &value) == 0)
		chat_members_add(m, chat_name_of(key), s, key, value, a);
	return jscan_end(s);
}

/* Just behind the opening brace. */
static size_t first_of(struct span body)
{
	const char *brace = memchr(body.p, '{', body.n);

	return (size_t)(brace - body.p) + 1;
}

int chat_request_read(struct chat_request *rq, struct span body, int max_depth,
		      struct arena *a, struct chat_fault *why)
{
	struct chat_members m = {0};
	struct span *v = m.values;
	struct jscan s;

	*rq = (struct chat_request){.body = body, .n = 1};
	if (read_members(&m, &s, body, max_depth, a) < 0)
		return chat_fault_json(why, &s);
	if (check(rq, v, a, why) < 0)
		return -1;
	rq->first_at = first_of(body);
	rq->places = m.places;
	rq->messages = v[CHAT_MESSAGES];
	if (chat_is_given(v[CHAT_TOOLS]))
		rq->tools = v[CHAT_TOOLS];
	if (chat_is_given(v[CHAT_RESPONSE_FORMAT]))
		rq->response_format = v[CHAT_RESPONSE_FORMAT];
	rq->stream = chat_is(v[CHAT_STREAM], JSCAN_TRUE);
	rq->include_usage =
		chat_is(chat_member_of(v[CHAT_STREAM_OPTIONS], "include_usage"),
			JSCAN_TRUE);
	rq->logprobs = chat_is(v[CHAT_LOGPROBS], JSCAN_TRUE);
	jscan_int64(v[CHAT_TOP_LOGPROBS], &rq->top_logprobs);
	rq->beyond_cheap = is_beyond_cheap(v);
	return 0;
}

/* ---- chunks of a stream -------------------------------------------------- */

/* Length of the arguments in [{"function":{"arguments":"..."}}, ...]. */
static size_t arguments_length(struct span calls)
{
	struct jscan s;
	struct span call, text;
	size_t n = 0;

	jscan_init(&s, calls, JSCAN_DEPTH);
	if (jscan_enter(&s, '[') < 0)
		return 0;
	while (jscan_element(&s) > 0 && jscan_value(&s, &call) == 0) {
		text = chat_member_of(chat_member_of(call, "function"),
				      "arguments");
		n += text.n > 2 ? text.n - 2 : 0;
	}
	return n;
}

static bool carries_nothing(struct span value)
{
	return !chat_is_given(value) || span_is(value, "\"\"") ||
	       span_is(value, "[]");
}

static void read_delta(struct jscan *s, struct chat_delta *d)
{
	struct span key, v;

	jscan_enter(s, '{');
	while (jscan_member(s, &key) > 0 && jscan_value(s, &v) == 0) {
		if (jscan_key_is(key, "role")) {
			d->has_role = v.p[0] == '"';
			d->role_key_at = (size_t)(key.p - s->base) - 1;
			d->role_at = (size_t)(v.p - s->base);
			d->role_end = d->role_at + v.n;
			continue;
		}
		if (carries_nothing(v))
			continue;
		d->delta_empty = false;
		if (jscan_key_is(key, "tool_calls"))
			d->content_bytes += arguments_length(v);
		else if (v.p[0] == '"')
			d->content_bytes += v.n - 2;
	}
}

static void read_delta_choice(struct jscan *s, struct chat_delta *d,
			      struct arena *a)
{
	struct span key, v;
	size_t at;

	jscan_enter(s, '{');
	while (jscan_member(s, &key) > 0) {
		bool is_object = jscan_at(s, '{');

		at = (size_t)(s->p - s->base);
		if (jscan_key_is(key, "finish_reason")) {
			jscan_value(s, &v);
			if (s->why)
				return;
			d->finish = chat_text(v, a);
			d->finish_at = at;
			d->finish_end = at + v.n;
		} else if (jscan_key_is(key, "delta")) {
			if (is_object)
				read_delta(s, d);
			else
				jscan_value(s, NULL);
			d->delta_at = at;
			d->delta_end = (size_t)(s->p - s->base);
		} else if (jscan_key_is(key, "index")) {
			if (jscan_value(s, &v) == 0)
				d->has_index = jscan_int64(v, &d->index);
		} else if (is_object && jscan_key_is(key, "logprobs")) {
			jscan_value(s, NULL);
			d->logprobs_at = at;
			d->logprobs_end = (size_t)(s->p - s->base);
		} else {
			jscan_value(s, NULL);
		}
	}
}

static void read_delta_choices(struct jscan *s, struct chat_chunk *c,
			       struct arena *a)
{
	size_t room = 0;

	c->choices = NULL;
	c->n_choices = 0;
	jscan_enter(s, '[');
	while (jscan_element(s) > 0) {
		struct chat_delta *d;

		if (!jscan_at(s, '{')) {
			jscan_value(s, NULL);
			continue;
		}
		c->choices = chat_grow(c->choices, c->n_choices, &room,
				       sizeof(*d), a);
		d = &c->choices[c->n_choices];
		*d = (struct chat_delta){.index = (int64_t)c->n_choices++,
					 .delta_empty = true,
					 .at = (size_t)(s->p - s->base)};
		read_delta_choice(s, d, a);
		d->end = (size_t)(s->p - s->base);
	}
}

int chat_chunk_read(struct chat_chunk *c, struct span data, int max_depth,
		    struct arena *a, struct chat_fault *why)
{
	struct chat_members m = {0};
	struct span key, value;
	struct jscan s;

	*c = (struct chat_chunk){.body = data};
	jscan_init(&s, data, max_depth);
	jscan_enter(&s, '{');
	while (jscan_member(&s, &key) > 0) {
		enum chat_name name = chat_name_of(key);
		bool is_array = jscan_at(&s, '[');

		value.p = s.p;
		if (name == CHAT_CHOICES && is_array)
			read_delta_choices(&s, c, a);
		else
			jscan_value(&s, NULL);
		value.n = (size_t)(s.p - value.p);
		chat_members_add(&m, name, &s, key, value, a);
	}
	if (jscan_end(&s) < 0)
		return chat_fault_json(why, &s);
	c->first_at = first_of(data);
	c->places = m.places;
	chat_usage_of(m.values[CHAT_USAGE], &c->usage);
	if (chat_is_given(m.values[CHAT_ERROR]))
		c->error = m.values[CHAT_ERROR];
	return 0;
}
