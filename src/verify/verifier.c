/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What those verifiers share that need not wait.
 */
#include "verify/verifier.h"

#include "base/now.h"

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
