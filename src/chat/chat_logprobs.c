/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log-probs as the client may expect them.
 */
#include "chat/chat_logprobs.h"

#include "base/jscan.h"
#include "chat/chat_scan.h"

static size_t place_in(const struct splices *e, const char *p)
{
	return (size_t)(p - e->body.p);
}

/* The behind of the brace of the object at `at`. */
static void insert_missing(struct splices *e, size_t at, const char *name,
			   const char *value)
{
	struct fresh fresh = {0};

	fresh_word(e, &fresh, name, value);
	splices_insert(e, at, &fresh);
}

static void edit_alternative(struct splices *e, struct span alt)
{
	if (alt.p[0] == '{' && !chat_member_of(alt, "bytes").n)
		insert_missing(e, place_in(e, alt.p), "bytes", "null");
}

static void edit_alternatives(struct splices *e, struct span list, int64_t k)
{
	size_t kept = place_in(e, list.p) + 1, last = kept;
	struct span alt;
	struct jscan s;

	jscan_init(&s, list, JSCAN_DEPTH);
	if (jscan_enter(&s, '[') < 0) {
		splices_replace(e, kept - 1, kept - 1 + list.n, span_of("[]"));
		return;
	}
	for (int64_t i = 0; jscan_element(&s) > 0; i++) {
		if (jscan_value(&s, &alt) < 0)
			return;
		last = place_in(e, alt.p) + alt.n;
		if (k >= 0 && i >= k)
			continue;
		edit_alternative(e, alt);
		kept = last;
	}
	if (kept < last)
		splices_replace(e, kept, last, (struct span){NULL, 0});
}

void chat_entry_edit(struct splices *e, size_t at, size_t end, int64_t k)
{
	struct span key, value, bytes = {NULL, 0}, top = {NULL, 0};
	struct fresh fresh = {0};
	struct jscan s;

	jscan_init(&s, splices_at(e, at, end), JSCAN_DEPTH);
	if (jscan_enter(&s, '{') < 0)
		return;
	while (jscan_member(&s, &key) > 0 && jscan_value(&s, &value) == 0) {
		if (jscan_key_is(key, "top_logprobs"))
			top = value;
		else if (jscan_key_is(key, "bytes"))
			bytes = value;
	}
	if (top.n)
		edit_alternatives(e, top, k);
	else
		fresh_word(e, &fresh, "top_logprobs", "[]");
	if (!bytes.n)
		fresh_word(e, &fresh, "bytes", "null");
	splices_insert(e, at, &fresh);
}

static void edit_entries(struct splices *e, struct span list, int64_t k)
{
	struct span entry;
	struct jscan s;

	jscan_init(&s, list, JSCAN_DEPTH);
	if (jscan_enter(&s, '[') < 0)
		return;
	while (jscan_element(&s) > 0 && jscan_value(&s, &entry) == 0) {
		size_t at = place_in(e, entry.p);

		chat_entry_edit(e, at, at + entry.n, k);
	}
}

void chat_logprobs_edit(struct splices *e, size_t at, size_t end, int64_t k)
{
	struct span key, value, content = {NULL, 0}, refusal = {NULL, 0};
	struct fresh fresh = {0};
	struct jscan s;

	jscan_init(&s, splices_at(e, at, end), JSCAN_DEPTH);
	if (jscan_enter(&s, '{') < 0)
		return;
	while (jscan_member(&s, &key) > 0 && jscan_value(&s, &value) == 0) {
		if (jscan_key_is(key, "content"))
			content = value;
		else if (jscan_key_is(key, "refusal"))
			refusal = value;
	}
	if (!content.n)
		fresh_word(e, &fresh, "content", "null");
	if (!refusal.n)
		fresh_word(e, &fresh, "refusal", "null");
	splices_insert(e, at, &fresh);
	edit_entries(e, content, k);
	edit_entries(e, refusal, k);
}
