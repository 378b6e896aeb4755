/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting and making replacements in a body.
 */
#include "chat/splice.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "chat/chat_scan.h"

static int by_place(const void *a, const void *b)
{
	const struct splice *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

int splice_apply(struct span body, struct splice *v, size_t n, struct buf *out)
{
	size_t at = 0;

	if (n > 1)
		qsort(v, n, sizeof(*v), by_place);
	for (size_t i = 0; i < n; i++) {
		assert(at <= v[i].at && v[i].at <= v[i].end &&
		       v[i].end <= body.n);
		buf_add(out, body.p + at, v[i].at - at);
		buf_add_span(out, v[i].with);
		at = v[i].end;
	}
	buf_add(out, body.p + at, body.n - at);
	return out->failed ? -1 : 0;
}

void splices_init(struct splices *e, struct span body, struct arena *a)
{
	*e = (struct splices){.body = body, .a = a};
}

void splices_replace(struct splices *e, size_t at, size_t end, struct span with)
{
	e->v = chat_grow(e->v, e->n, &e->room, sizeof(*e->v), e->a);
	e->v[e->n++] = (struct splice){at, end, with};
}

void splices_set(struct splices *e, size_t at, size_t end, struct span value)
{
	if (!span_eq(splices_at(e, at, end), value))
		splices_replace(e, at, end, value);
}

struct span splices_at(const struct splices *e, size_t at, size_t end)
{
	return (struct span){e->body.p + at, end - at};
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t next_byte(const struct splices *e, size_t at)
{
	while (is_space(e->body.p[at]))
		at++;
	return at;
}

static size_t behind_last_byte(const struct splices *e, size_t at)
{
	while (is_space(e->body.p[at - 1]))
		at--;
	return at;
}

static bool is_removal(const struct splice *s)
{
	return s->with.n == 0;
}

void splices_remove(struct splices *e, size_t key_at, size_t end)
{
	size_t next = next_byte(e, end), at = key_at, back;

	if (e->body.p[next] == ',') {
		splices_replace(e, at, next + 1, (struct span){NULL, 0});
		return;
	}
	/* The last member: the comma before it goes. If that went already, with
	 * the members right before, the one before those. */
	back = behind_last_byte(e, at);
	while (e->n > 0 && is_removal(&e->v[e->n - 1]) &&
	       e->v[e->n - 1].end == back) {
		at = e->v[--e->n].at;
		back = behind_last_byte(e, at);
	}
	if (e->body.p[back - 1] == ',')
		at = back - 1;
	else
		e->emptied_at = at;
	splices_replace(e, at, end, (struct span){NULL, 0});
}

void fresh_add(struct splices *e, struct fresh *f, const char *name,
	       struct span value)
{
	size_t room = f->text.n + strlen(name) + value.n + strlen(",\"\":");
	char *p = arena_get(e->a, room + 1);
	struct buf b = {.p = p, .room = room, .cap = room};

	buf_add_span(&b, f->text);
	buf_addf(&b, "%s\"%s\":", f->text.n ? "," : "", name);
	buf_add_span(&b, value);
	f->text = buf_span(&b);
}

void fresh_word(struct splices *e, struct fresh *f, const char *name,
		const char *value)
{
	fresh_add(e, f, name, span_of(value));
}

void splices_insert(struct splices *e, size_t brace_at,
		    const struct fresh *members)
{
	size_t at = brace_at + 1, first = next_byte(e, at);
	struct span text = members->text;
	char *p;

	if (text.n == 0)
		return;
	if (e->body.p[first] != '}' && first != e->emptied_at) {
		p = arena_get(e->a, text.n + 1);
		memcpy(p, text.p, text.n);
		p[text.n] = ',';
		text = (struct span){p, text.n + 1};
	}
	splices_replace(e, at, at, text);
}

int splices_apply(struct splices *e, struct buf *out)
{
	return splice_apply(e->body, e->v, e->n, out);
}
