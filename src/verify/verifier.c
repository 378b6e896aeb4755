/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of verifiers, and what those share that need not wait.
 */
#include "verify/verifier.h"

#include <assert.h>
#include <string.h>

#include "base/now.h"
#include "verify/verify_logprob.h"
#include "verify/verify_rules.h"

/* A new verifier gets its line here, and nothing else changes. */
static const struct verifier *(*const list[])(void) = {
	verify_rules,
	verify_logprob,
};

#define N_LIST (sizeof(list) / sizeof(list[0]))

const struct verifier *verifier_find(const char *name)
{
	for (size_t i = 0; i < N_LIST; i++)
		if (!strcmp(list[i]()->conf.name, name))
			return list[i]();
	assert(!"a verifier that conf knows stands in the list");
	return NULL;
}

const struct conf_verifier *const *verifier_confs(void)
{
	static const struct conf_verifier *confs[N_LIST + 1];

	for (size_t i = 0; i < N_LIST; i++)
		confs[i] = &list[i]()->conf;
	return confs;
}

struct verification {
	struct loop *loop;
	struct verdict verdict;
	verify_done_fn *done;
	void *arg;
};

static void report(void *arg)
{
	struct verification *v = arg;

	v->done(v->arg, &v->verdict);
}

struct verification *verification_at_once(const struct verify_case *c,
					  const void *opts, const char *name,
					  verify_judge_fn *judge,
					  verify_done_fn *done, void *arg)
{
	struct verification *v = arena_get(c->arena, sizeof(*v));
	int64_t start = now_us();

	v->loop = c->loop;
	v->done = done;
	v->arg = arg;
	v->verdict.verifier = name;
	judge(c, opts, &v->verdict);
	v->verdict.us = now_us() - start;
	loop_defer(c->loop, report, v);
	return v;
}

void verification_at_once_free(struct verification *v)
{
	if (v)
		loop_undefer(v->loop, report, v);
}
