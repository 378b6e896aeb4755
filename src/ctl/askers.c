/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picks them from the chain and names them.
 */
#include "ctl/askers.h"

#include <assert.h>
#include <string.h>

#include "verify/signal.h"
#include "verify/verifiers.h"

struct askers askers_of(const struct conf_cascade *c)
{
	struct askers a = {.n = 0};

	for (size_t i = 0; i < c->n_verify; i++) {
		const void *opts = c->verify[i].opts;
		const struct verifier *v =
			verifier_find(c->verify[i].verifier->name);

		if (!verifier_asks(v, opts))
			continue;
		assert(a.n < ASKERS_MOST);
		a.v[a.n++] = (struct asker){v, opts};
	}
	return a;
}

bool askers_say(const struct askers *a, const char *signal)
{
	struct span whose = signal_verifier(signal);

	for (size_t i = 0; i < a->n; i++)
		if (span_is(whose, a->v[i].verifier->conf.name))
			return true;
	return false;
}

bool asker_is_early(const struct asker *a)
{
	const struct verify_asks *asks = a->verifier->asks;

	return asks->is_early && asks->is_early(a->opts);
}

bool askers_are_early(const struct askers *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (!asker_is_early(&a->v[i]))
			return false;
	return a->n > 0;
}

const struct conf_backend *asker_backend(const struct asker *a,
					 const struct conf_cascade *c)
{
	const struct verify_asks *asks = a->verifier->asks;
	const struct conf_backend *b;

	if (!asks->backend)
		return NULL;
	b = asks->backend(a->opts);
	return b ? b : c->tiers[0];
}

/* "a", "a and b", "a, b and c". */
static const char *joined(const char *const *words, size_t n,
			  struct arena *arena)
{
	const char *text = n ? words[0] : "";

	for (size_t i = 1; i < n; i++)
		text = arena_printf(arena, "%s%s%s", text,
				    i + 1 < n ? ", " : " and ", words[i]);
	return text;
}

const char *askers_names(const struct askers *a, struct arena *arena)
{
	const char *words[ASKERS_MOST];

	for (size_t i = 0; i < a->n; i++)
		words[i] = a->v[i].verifier->conf.name;
	return joined(words, a->n, arena);
}

const char *askers_whom(const struct askers *a, const struct conf_cascade *c,
			struct arena *arena)
{
	const char *words[ASKERS_MOST];
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct conf_backend *b = asker_backend(&a->v[i], c);
		const char *word = b ? b->name : a->v[i].verifier->conf.name;
		size_t k = 0;

		while (k < n && strcmp(words[k], word) != 0)
			k++;
		if (k == n)
			words[n++] = word;
	}
	return joined(words, n, arena);
}
