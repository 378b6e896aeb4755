/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What those verifiers share that need not wait.
 */
#include "verify/verifier.h"

#include "base/now.h"

/* Of one that judged on the spot. */
struct verified {
	struct loop *loop;
	struct verdict verdict;
	verify_done_fn *done;
	void *arg;
};

bool verifier_asks(const struct verifier *v, const void *opts)
{
	return v->asks && (!v->asks->is_asked || v->asks->is_asked(opts));
}

static void report(void *arg)
{
	struct verified *v = arg;

	v->done(v->arg, &v->verdict);
}

static bool is_on_the_spot(const struct verifier *v, const void *opts)
{
	return v->judge && !verifier_asks(v, opts);
}

struct verification *verifier_start(const struct verifier *v,
				    const struct verify_case *c,
				    const void *opts, verify_done_fn *done,
				    void *arg)
{
	int64_t start = now_us();
	struct verified *it;

	if (!is_on_the_spot(v, opts))
		return v->start(c, opts, done, arg);
	it = arena_get(c->arena, sizeof(*it));
	it->loop = c->loop;
	it->done = done;
	it->arg = arg;
	it->verdict.verifier = v->conf.name;
	v->judge(c, opts, &it->verdict);
	it->verdict.us = now_us() - start;
	loop_defer(c->loop, report, it);
	return (struct verification *)it;
}

void verifier_free(const struct verifier *v, const void *opts,
		   struct verification *at_work)
{
	struct verified *it = (struct verified *)at_work;

	if (!is_on_the_spot(v, opts))
		v->free(at_work);
	else if (it)
		loop_undefer(it->loop, report, it);
}
