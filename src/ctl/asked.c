/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds a verifier's attempts in a record.
 */
#include "ctl/asked.h"

#include <math.h>
#include <string.h>

#include "base/jscan.h"
#include "chat/price.h"

/* What is looked for. NULL: any will do. */
struct wanted {
	const char *verifier, *backend, *mode, *about;
};

static bool is_said(const char *word, const char *wanted)
{
	return word && strcmp(word, wanted) == 0;
}

static bool is_not_another(const char *word, const char *wanted)
{
	return !word || !wanted || strcmp(word, wanted) == 0;
}

static bool is_wanted(const struct wanted *w, const struct record_attempt *t)
{
	return is_said(t->purpose, "verify") &&
	       is_said(t->verifier, w->verifier) &&
	       (!w->backend || is_said(t->backend, w->backend)) &&
	       is_not_another(t->mode, w->mode) &&
	       is_not_another(t->about, w->about);
}

static void find(struct asked *out, const struct wanted *w,
		 const struct record *rec, struct arena *a)
{
	const struct record_attempt *t;
	size_t n = 0;

	for (t = rec->attempts; t; t = t->next)
		n += is_wanted(w, t);
	out->attempts = arena_get(a, n * sizeof(*out->attempts));
	for (t = rec->attempts; t; t = t->next)
		if (is_wanted(w, t))
			out->attempts[out->n_attempts++] = t;
}

bool asked_came_well(const struct record_attempt *t)
{
	return t->status >= 200 && t->status < 300;
}

bool asked_reply_read(const struct record_attempt *t, struct arena *a,
		      struct chat_reply *out)
{
	struct chat_fault why;

	return t->response.n &&
	       chat_reply_read(out, t->response, JSCAN_DEPTH, true, a, &why) ==
		       0 &&
	       !out->error.n;
}

double asked_usd(const struct record_attempt *t, const struct conf_backend *b,
		 const struct chat_reply *reply)
{
	if (!isnan(t->cost_usd))
		return t->cost_usd;
	if (!b->priced || !reply || !reply->usage.there)
		return NAN;
	return (double)price_of(&(struct price){b->price_input, b->price_output,
						b->price_cached},
				&reply->usage) *
	       1e-12;
}

/* Of an attempt that asked no backend: as configured, where it is not said. */
static double usd_of(const struct record_attempt *t, const struct asker *asker,
		     const struct conf_backend *b,
		     const struct chat_reply *reply)
{
	const struct verify_case c = {.until_us = INT64_MAX};

	if (b || !isnan(t->cost_usd))
		return asked_usd(t, b, reply);
	return (double)asker->verifier->asks->price(&c, asker->opts) * 1e-12;
}

/* Replies of those that came well, and the money of all. */
static void read_all(struct asked *out, const struct asker *asker,
		     const struct conf_backend *b, struct arena *a)
{
	bool all_read = true;

	out->replies = arena_get(a, out->n_attempts * sizeof(*out->replies));
	out->usd = out->n_attempts ? 0 : (double)NAN;
	for (size_t i = 0; i < out->n_attempts; i++) {
		const struct record_attempt *t = out->attempts[i];
		struct chat_reply *reply = arena_get(a, sizeof(*reply));
		bool came = asked_came_well(t);
		bool is_read = came && asked_reply_read(t, a, reply);

		all_read = all_read && came == is_read;
		out->usd += usd_of(t, asker, b, is_read ? reply : NULL);
		if (is_read)
			out->replies[out->n_replies++] = reply;
	}
	if (!all_read)
		out->n_replies = 0;
}

struct asked asked_find(const struct asker *asker, const struct conf_cascade *c,
			const struct record *rec, struct arena *a)
{
	const struct verify_asks *asks = asker->verifier->asks;
	const struct conf_backend *b = asker_backend(asker, c);
	const struct wanted w = {
		.verifier = asker->verifier->conf.name,
		.backend = b ? b->name : NULL,
		.mode = asks->mode ? asks->mode(asker->opts) : NULL,
		.about = c->tiers[0]->name,
	};
	struct asked out = {.usd = NAN};

	find(&out, &w, rec, a);
	read_all(&out, asker, b, a);
	return out;
}
