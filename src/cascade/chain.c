/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifiers in their order, with their books.
 */
#include "cascade/chain.h"

#include <assert.h>

#include "base/now.h"

static void on_call_begins(void *arg)
{
	struct chain *k = arg;

	account_verify_begins(k->account);
}

static void on_call_ends(void *arg, struct call *c, bool aborted)
{
	struct chain *k = arg;

	account_verify_ends(k->account, c, k->tier, aborted);
}

void chain_init(struct chain *k, const struct chain_start *s)
{
	*k = (struct chain){
		.cascade = s->cascade,
		.account = s->account,
		.world = s->world,
		.on_verdict = s->on_verdict,
		.arg = s->arg,
	};
	k->world.call_begins = on_call_begins;
	k->world.call_ends = on_call_ends;
	k->world.arg = k;
	k->subject = (struct verify_case){
		.loop = s->loop,
		.arena = s->arena,
		.world = &k->world,
		.request = s->request,
		.compare = s->cascade->compare,
	};
	k->begun = arena_get(s->arena, s->cascade->policy.n_verify *
					       sizeof(*k->begun));
}

static const struct chain_link *link_at(const struct chain *k, size_t i)
{
	return &k->cascade->chain[i];
}

static bool is_affordable(const struct chain *k, size_t i)
{
	const struct chain_link *l = link_at(k, i);
	const struct verify_asks *asks = l->verifier->asks;

	return !asks || policy_may_verify(&k->cascade->policy,
					  asks->price(&k->subject, l->opts),
					  k->account->verify_pusd,
					  k->account->cost_pusd);
}

/* A verifier keeps the case, so each has its own. */
static struct verify_case *new_case(const struct chain *k)
{
	struct verify_case *c = arena_get(k->subject.arena, sizeof(*c));

	*c = k->subject;
	c->earlier = account_last(k->account, k->n);
	c->n_earlier = k->n;
	return c;
}

/* ---- verdicts ------------------------------------------------------------ */

static void let_go(struct chain *k)
{
	link_at(k, k->n)->verifier->free(k->at_work);
	k->at_work = NULL;
}

static void book(struct chain *k, const struct verdict *v)
{
	account_judged(k->account, v);
	k->n++;
}

static void on_verdict(void *arg, const struct verdict *v)
{
	struct chain *k = arg;

	let_go(k);
	book(k, v);
	k->on_verdict(k->arg);
}

static void start_link(struct chain *k)
{
	const struct chain_link *l = link_at(k, k->n);
	struct verify_case *c = new_case(k);

	k->since_us = now_us();
	k->spent_pusd = k->account->verify_pusd;
	k->at_work = k->begun[k->n];
	k->begun[k->n] = NULL;
	if (k->at_work)
		l->verifier->asks->reply(k->at_work, c);
	else
		k->at_work = l->verifier->start(c, l->opts, on_verdict, k);
}

struct decision chain_next(struct chain *k)
{
	struct decision d = policy_judge(&k->cascade->policy,
					 account_last(k->account, k->n), k->n);

	assert(!k->at_work);
	if (d.step != POLICY_VERIFY)
		return d;
	if (!k->begun[k->n] && !is_affordable(k, k->n)) {
		d.step = POLICY_ESCALATE;
		d.reason = REASON_BUDGET;
		return d;
	}
	start_link(k);
	return d;
}

struct decision chain_timeout(struct chain *k)
{
	let_go(k);
	book(k, &(struct verdict){
			.verifier = link_at(k, k->n)->verifier->conf.name,
			.kind = VERDICT_NONE,
			.lack = LACK_FAULT,
			.why = "timeout",
			.us = now_us() - k->since_us,
			.cost_pusd = k->account->verify_pusd - k->spent_pusd,
		});
	return chain_next(k);
}

/* ---- replies ------------------------------------------------------------- */

void chain_ahead(struct chain *k, int tier, int64_t until_us)
{
	k->tier = tier;
	k->n = 0;
	k->subject.reply = NULL;
	k->subject.until_us = until_us;
	for (size_t i = 0; i < k->cascade->policy.n_verify; i++) {
		const struct chain_link *l = link_at(k, i);
		const struct verify_asks *asks = l->verifier->asks;

		if (asks && asks->is_early(l->opts) && is_affordable(k, i))
			k->begun[i] = l->verifier->start(new_case(k), l->opts,
							 on_verdict, k);
	}
}

struct decision chain_judge(struct chain *k, int tier,
			    const struct chat_reply *reply, int64_t until_us)
{
	k->tier = tier;
	k->n = 0;
	k->subject.reply = reply;
	k->subject.until_us = until_us;
	return chain_next(k);
}

void chain_drop(struct chain *k)
{
	if (k->at_work)
		let_go(k);
	for (size_t i = 0; i < k->cascade->policy.n_verify; i++) {
		link_at(k, i)->verifier->free(k->begun[i]);
		k->begun[i] = NULL;
	}
}
