/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting text for the deltas of a replay.
 */
#include "chat/slices.h"

#include <string.h>

#include "base/jscan.h"
#include "chat/chat_scan.h"

/* Entries behind the text (end of turn, ...) that are looked past at most. */
#define TRAILING 64

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

void slices_init(struct slices *t, const char *name, struct span value,
		 struct span whole, const struct chat_tokens *tokens)
{
	*t = (struct slices){
		.name = name,
		.raw = value,
		.is_string = value.n && value.p[0] == '"',
	};
	if (t->is_string)
		t->raw = (struct span){value.p + 1, value.n - 2};
	else if (!chat_is_given(value))
		t->raw = span_of("");
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
static struct cut find_cut(const struct slices *t, size_t slice)
{
	struct cut now = {0, 0}, last = {0, 0}, space = {0, 0};
	struct span rest = {t->raw.p + t->gone, t->raw.n - t->gone};
	size_t unit, n, token = t->next;
	char utf8[4];

	while (now.raw < rest.n) {
		unit = jtext_unit(
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

struct span slices_take(struct slices *t, size_t slice, size_t *upto)
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
