/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes words into buckets, and finds the user's words in a request.
 */
#include "verify/words.h"

#include <assert.h>
#include <math.h>

#include "base/jscan.h"

/* ---- buckets ------------------------------------------------------------- */

#define FNV_BASIS 2166136261u
#define FNV_PRIME 16777619u

static uint32_t fnv(uint32_t hash, char c)
{
	return (hash ^ (unsigned char)c) * FNV_PRIME;
}

/* Which buckets have a word: one bit each. */
struct seen {
	uint64_t *bits;
	size_t n_buckets;
	size_t n; /* bits that are set */
};

static void set_bit(struct seen *s, uint32_t hash)
{
	size_t bucket = (hash ^ hash >> 16) & (s->n_buckets - 1);
	uint64_t bit = UINT64_C(1) << bucket % 64;

	if (s->bits[bucket / 64] & bit)
		return;
	s->bits[bucket / 64] |= bit;
	s->n++;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 0x20) : c;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static void read_side(struct seen *s, struct span text, char name)
{
	uint32_t basis = fnv(fnv(FNV_BASIS, name), ' '), hash = basis;
	bool inside = false;

	for (size_t i = 0; i < text.n; i++) {
		if (is_word(text.p[i])) {
			hash = fnv(hash, lower(text.p[i]));
			inside = true;
		} else if (inside) {
			set_bit(s, hash);
			hash = basis;
			inside = false;
		}
	}
	if (inside)
		set_bit(s, hash);
}

void words_read(struct word_set *w, struct arena *a, struct span question,
		struct span reply, size_t n_buckets)
{
	size_t n = (n_buckets + 63) / 64;
	struct seen s = {arena_get(a, n * sizeof(uint64_t)), n_buckets, 0};

	assert(n_buckets > 0 && n_buckets <= WORDS_BUCKETS_MOST);
	assert((n_buckets & (n_buckets - 1)) == 0);
	read_side(&s, question, 'q');
	read_side(&s, reply, 'r');
	w->bucket = arena_get(a, s.n * sizeof(*w->bucket));
	w->value = s.n ? 1 / sqrt((double)s.n) : 0;
	w->n = 0;
	for (size_t i = 0; i < n; i++)
		for (uint64_t b = s.bits[i]; b; b &= b - 1)
			w->bucket[w->n++] =
				(uint16_t)(64 * i + (size_t)__builtin_ctzll(b));
}

/* ---- the question -------------------------------------------------------- */

/* Raw texts found so far. */
struct texts {
	struct arena *arena;
	struct span *v;
	size_t n, room;
	size_t bytes;
};

static void add(struct texts *t, struct span value)
{
	struct span *v;

	if (value.n < 2 || value.p[0] != '"')
		return;
	if (t->n == t->room) {
		t->room = 2 * t->n + 8;
		v = arena_get(t->arena, t->room * sizeof(*v));
		if (t->n)
			memcpy(v, t->v, t->n * sizeof(*v));
		t->v = v;
	}
	t->v[t->n++] = (struct span){value.p + 1, value.n - 2};
	t->bytes += value.n - 2;
}

/* The values of two members of the object that comes next; n 0: absent. What
 * is no object is passed. */
static void read_two(struct jscan *s, const char *one, struct span *first,
		     const char *other, struct span *second)
{
	struct span key, value;

	*first = *second = (struct span){NULL, 0};
	if (jscan_peek(s) != JSCAN_OBJECT) {
		jscan_value(s, NULL);
		return;
	}
	jscan_enter(s, '{');
	while (jscan_member(s, &key) > 0 && jscan_value(s, &value) == 0) {
		if (jscan_key_is(key, one))
			*first = value;
		else if (jscan_key_is(key, other))
			*second = value;
	}
}

static void add_parts(struct texts *t, struct span content)
{
	struct span text, type;
	struct jscan s;

	jscan_init(&s, content, JSCAN_DEPTH);
	if (jscan_peek(&s) != JSCAN_ARRAY || jscan_enter(&s, '[') < 0)
		return;
	while (jscan_element(&s) > 0) {
		read_two(&s, "text", &text, "type", &type);
		if (span_is(type, "\"text\""))
			add(t, text);
	}
}

static void add_messages(struct texts *t, struct span messages)
{
	struct span content, role;
	struct jscan s;

	jscan_init(&s, messages, JSCAN_DEPTH);
	if (jscan_peek(&s) != JSCAN_ARRAY || jscan_enter(&s, '[') < 0)
		return;
	while (jscan_element(&s) > 0) {
		read_two(&s, "content", &content, "role", &role);
		if (!span_is(role, "\"user\"") || content.n == 0)
			continue;
		if (content.p[0] == '"')
			add(t, content);
		else
			add_parts(t, content);
	}
}

struct span words_question(const struct chat_request *rq, struct arena *a)
{
	struct texts t = {.arena = a};
	struct buf out = {0};

	add_messages(&t, rq->messages);
	if (t.n == 0)
		return (struct span){NULL, 0};
	out.room = out.cap = t.bytes + t.n; /* unescaped is not longer */
	out.p = arena_get(a, out.room + 1);
	for (size_t i = 0; i < t.n; i++) {
		jtext_unescape(t.v[i], &out);
		buf_adds(&out, "\n");
	}
	assert(!out.failed);
	return buf_span(&out);
}
