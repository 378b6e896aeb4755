/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects the backends of a cascade.
 */
#include "ctl/eval_whom.h"

static void add(struct eval_whom *out, const struct conf_backend *b)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->v[i] == b)
			return;
	out->v[out->n++] = b;
}

/* How many are named; out NULL: they are only counted. */
static size_t each_option(const struct conf_key *rows, const void *opts,
			  struct eval_whom *out)
{
	size_t n = 0;

	for (const struct conf_key *k = rows; k->name; k++) {
		const void *field = (const char *)opts + k->offset;

		if (k->type == CONF_SECTION)
			n += each_option(k->sub, opts, out);
		if (k->type != CONF_BACKEND ||
		    !*(const struct conf_backend *const *)field)
			continue;
		if (out)
			add(out, *(const struct conf_backend *const *)field);
		n++;
	}
	return n;
}

static size_t each_verifier(const struct conf_cascade *c, struct eval_whom *out)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_verify; i++)
		n += each_option(c->verify[i].verifier->keys, c->verify[i].opts,
				 out);
	return n;
}

struct eval_whom eval_whom_of(const struct conf_cascade *c, struct arena *a)
{
	size_t room = c->n_tiers + each_verifier(c, NULL) + 1;
	struct eval_whom out = {arena_get(a, room * sizeof(*out.v)), 0};

	for (size_t i = 0; i < c->n_tiers; i++)
		add(&out, c->tiers[i]);
	each_verifier(c, &out);
	if (c->compare_backend)
		add(&out, c->compare_backend);
	return out;
}
