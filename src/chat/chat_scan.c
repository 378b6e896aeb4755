/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members, text, usage and faults, for whoever reads chat bodies.
 */
#include "chat/chat_scan.h"

#include <stdio.h>

#define NAME(text)                                                             \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static const struct span names[CHAT_NNAMES] = {
	[CHAT_MODEL] = NAME("model"),
	[CHAT_MESSAGES] = NAME("messages"),
	[CHAT_STREAM] = NAME("stream"),
	[CHAT_STREAM_OPTIONS] = NAME("stream_options"),
	[CHAT_LOGPROBS] = NAME("logprobs"),
	[CHAT_TOP_LOGPROBS] = NAME("top_logprobs"),
	[CHAT_N] = NAME("n"),
	[CHAT_MAX_TOKENS] = NAME("max_tokens"),
	[CHAT_MAX_COMPLETION_TOKENS] = NAME("max_completion_tokens"),
	[CHAT_TOOLS] = NAME("tools"),
	[CHAT_RESPONSE_FORMAT] = NAME("response_format"),
	[CHAT_MODALITIES] = NAME("modalities"),
	[CHAT_AUDIO] = NAME("audio"),
	[CHAT_WEB_SEARCH_OPTIONS] = NAME("web_search_options"),
	[CHAT_STORE] = NAME("store"),
	[CHAT_MODERATION] = NAME("moderation"),
	[CHAT_ID] = NAME("id"),
	[CHAT_OBJECT] = NAME("object"),
	[CHAT_CREATED] = NAME("created"),
	[CHAT_CHOICES] = NAME("choices"),
	[CHAT_USAGE] = NAME("usage"),
	[CHAT_ERROR] = NAME("error"),
	[CHAT_SYSTEM_FINGERPRINT] = NAME("system_fingerprint"),
	[CHAT_SERVICE_TIER] = NAME("service_tier"),
};

enum chat_name chat_name_of(struct span key)
{
	enum chat_name i;

	for (i = 0; i < CHAT_NNAMES; i++) {
		if (span_eq(key, names[i]))
			return i;
	}
	if (key.n == 0 || !memchr(key.p, '\\', key.n))
		return CHAT_NNAMES;
	for (i = 0; i < CHAT_NNAMES; i++) {
		if (jscan_key_is(key, names[i].p))
			return i;
	}
	return CHAT_NNAMES;
}

void *chat_reserve(void *v, size_t n, size_t *room, size_t want, size_t size,
		   struct arena *a)
{
	void *more;

	if (want <= *room)
		return v;
	*room = want;
	more = arena_get(a, want * size);
	if (n)
		memcpy(more, v, n * size);
	return more;
}

void *chat_grow(void *v, size_t n, size_t *room, size_t size, struct arena *a)
{
	if (n < *room)
		return v;
	return chat_reserve(v, n, room, n < 4 ? 8 : 2 * n, size, a);
}

void chat_members_add(struct chat_members *m, enum chat_name name,
		      const struct jscan *s, struct span key, struct span value,
		      struct arena *a)
{
	struct chat_places *l = &m->places;

	if (name == CHAT_NNAMES)
		return;
	m->values[name] = value;
	l->v = chat_grow(l->v, l->n, &l->room, sizeof(*l->v), a);
	l->v[l->n++] = (struct chat_place){
		.name = name,
		.key_at = (size_t)(key.p - s->base) - 1,
		.key_n = key.n + 2,
		.value_at = (size_t)(value.p - s->base),
		.end = (size_t)(value.p - s->base) + value.n,
	};
}

bool chat_is(struct span value, enum jscan_type type)
{
	struct jscan s;

	jscan_init(&s, value, 1);
	return jscan_peek(&s) == type;
}

bool chat_is_given(struct span value)
{
	return value.n > 0 && value.p[0] != 'n';
}

size_t chat_unescape(struct span raw, char *to)
{
	/* It never grows: unescaped text is not longer than raw. */
	struct buf b = {.p = to, .room = raw.n, .cap = raw.n};

	if (raw.n)
		jtext_unescape(raw, &b);
	return b.n;
}

struct span chat_text(struct span value, struct arena *a)
{
	struct span raw;
	char *p;

	if (value.n < 2 || value.p[0] != '"')
		return (struct span){NULL, 0};
	raw = (struct span){value.p + 1, value.n - 2};
	if (!raw.n || !memchr(raw.p, '\\', raw.n))
		return raw;
	p = arena_get(a, raw.n);
	return (struct span){p, chat_unescape(raw, p)};
}

struct span chat_quoted(struct span text, struct arena *a)
{
	/* An escape is six bytes at most: \u001f. */
	size_t room = 6 * text.n + 2;
	struct buf b = {.p = arena_get(a, room + 1), .room = room, .cap = room};

	buf_adds(&b, "\"");
	jtext_escape(text, &b);
	buf_adds(&b, "\"");
	return buf_span(&b);
}

/* The count in value, if it is one. */
static void count(struct span value, int64_t *to)
{
	int64_t v;

	if (jscan_int64(value, &v) && v >= 0)
		*to = v;
}

struct span chat_member_of(struct span object, const char *name)
{
	struct span key, value, found = {NULL, 0};
	struct jscan s;

	jscan_init(&s, object, JSCAN_DEPTH);
	if (jscan_enter(&s, '{') < 0)
		return found;
	while (jscan_member(&s, &key) > 0 && jscan_value(&s, &value) == 0) {
		if (jscan_key_is(key, name))
			found = value;
	}
	return found;
}

void chat_usage_of(struct span value, struct chat_usage *u)
{
	struct jscan s;
	struct span key, v;
	int64_t total = -1;

	*u = (struct chat_usage){0};
	jscan_init(&s, value, JSCAN_DEPTH);
	if (jscan_enter(&s, '{') < 0)
		return;
	u->there = true;
	while (jscan_member(&s, &key) > 0) {
		if (jscan_value(&s, &v) < 0)
			break;
		if (jscan_key_is(key, "prompt_tokens_details"))
			count(chat_member_of(v, "cached_tokens"), &u->cached);
		else if (jscan_key_is(key, "completion_tokens"))
			count(v, &u->completion);
		else if (jscan_key_is(key, "prompt_tokens"))
			count(v, &u->prompt);
		else if (jscan_key_is(key, "total_tokens"))
			count(v, &total);
	}
	if (total < 0 &&
	    __builtin_add_overflow(u->prompt, u->completion, &total))
		total = INT64_MAX;
	u->total = total;
}

int chat_fault_json(struct chat_fault *why, const struct jscan *s)
{
	snprintf(why->text, sizeof(why->text),
		 "not a valid JSON object: at byte %zu, %s", s->fault_at,
		 s->why);
	why->param = why->code = NULL;
	return -1;
}

int chat_fault_set(struct chat_fault *why, const char *param, const char *code,
		   const char *text)
{
	snprintf(why->text, sizeof(why->text), "%s", text);
	why->param = param;
	why->code = code;
	return -1;
}
