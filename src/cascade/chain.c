/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifiers in their order, with their books.
 */
#include "cascade/chain.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/now.h"
#include "chat/price.h"

static void on_call_begins(void *arg)
{
	struct chain *k = arg;

	account_verify_begins(k->account);
}

static void on_call_ends(void *arg, const struct verify_call *c)
{
	struct chain *k = arg;
	const struct backend *about = k->subject.backend;

	account_verify_ends(k->account, c, k->tier,
			    about ? about->conf->name : NULL);
}

void chain_init(struct chain *k, const struct chain_start *s)
{
	size_t n = s->cascade->policy.n_verify;

	*k = (struct chain){
		.cascade = s->cascade,
		.account = s->account,
		.world = s->world,
		.surveys = s->surveys,
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
	k->begun = arena_get(s->arena, n * sizeof(*k->begun));
	k->verdicts = arena_get(s->arena, n * sizeof(*k->verdicts));
}

static const struct chain_link *link_at(const struct chain *k, size_t i)
{
	return &k->cascade->chain[i];
}

static bool is_affordable(const struct chain *k, size_t i)
{
	const struct chain_link *l = link_at(k, i);

	return !verifier_asks(l->verifier, l->opts) ||
	       policy_may_verify(&k->cascade->policy,
				 l->verifier->asks->price(&k->subject, l->opts),
				 k->account->verify_pusd,
				 k->account->cost_pusd);
}

/* The score that decides, where this link's is the last and raw. */
static double decides_at(const struct chain *k, size_t i)
{
	const struct policy *p = &k->cascade->policy;

	return k->surveys || p->calibrated || i + 1 < p->n_verify
		       ? (double)NAN
		       : p->threshold;
}

/* A verifier keeps the case, so each has its own. */
static struct verify_case *new_case(const struct chain *k, size_t i)
{
	struct verify_case *c = arena_get(k->subject.arena, sizeof(*c));

	*c = k->subject;
	c->earlier = account_last(k->account, k->n);
	c->n_earlier = k->n;
	c->state = link_at(k, i)->state;
	c->decides_at = decides_at(k, i);
	return c;
}

/* ---- verdicts ------------------------------------------------------------ */

static void free_at(const struct chain *k, size_t i, struct verification *v)
{
	verifier_free(link_at(k, i)->verifier, link_at(k, i)->opts, v);
}

static void let_go(struct chain *k)
{
	free_at(k, k->link, k->at_work);
	k->at_work = NULL;
}

static void book(struct chain *k, const struct verdict *v)
{
	k->verdicts[k->link] = account_judged(k->account, v);
	k->n++;
}

static void on_verdict(void *arg, const struct verdict *v)
{
	struct chain *k = arg;

	book(k, v);
	let_go(k);
	k->on_verdict(k->arg);
}

static struct verification *begin(struct chain *k, size_t i)
{
	const struct chain_link *l = link_at(k, i);

	return verifier_start(l->verifier, new_case(k, i), l->opts, on_verdict,
			      k);
}

static void start_link(struct chain *k, size_t i)
{
	k->since_us = now_us();
	k->n_before = k->account->n_attempts;
	k->link = i;
	k->at_work = k->begun[i];
	k->begun[i] = NULL;
	if (k->at_work)
		link_at(k, i)->verifier->asks->reply(k->at_work,
						     new_case(k, i));
	else
		k->at_work = begin(k, i);
}

struct decision chain_next(struct chain *k)
{
	const struct policy *p = &k->cascade->policy;
	struct decision d = k->surveys ? policy_survey(p, k->verdicts) :
					 policy_judge(p, k->verdicts);

	assert(!k->at_work);
	if (d.step != POLICY_VERIFY)
		return d;
	if (!k->begun[d.link] && !is_affordable(k, d.link)) {
		d.step = POLICY_ESCALATE;
		d.reason = REASON_BUDGET;
		return d;
	}
	start_link(k, d.link);
	return d;
}

/* What the calls of the link at work cost; others may have run beside it. */
static int64_t cost_of_link(const struct chain *k)
{
	const char *name = link_at(k, k->link)->verifier->conf.name;
	int64_t sum = 0;

	for (size_t i = k->n_before; i < k->account->n_attempts; i++) {
		const struct account_attempt *t = &k->account->attempts[i];

		if (t->verifier && strcmp(t->verifier, name) == 0)
			sum = price_add(sum, t->answer.cost_pusd);
	}
	return sum;
}

struct decision chain_timeout(struct chain *k)
{
	let_go(k);
	book(k, &(struct verdict){
			.verifier = link_at(k, k->link)->verifier->conf.name,
			.kind = VERDICT_NONE,
			.lack = LACK_FAULT,
			.why = "timeout",
			.us = now_us() - k->since_us,
			.cost_pusd = cost_of_link(k),
		});
	return chain_next(k);
}

/* ---- replies ------------------------------------------------------------- */

static void begin_reply(struct chain *k, const struct chain_reply *r)
{
	k->tier = r->tier;
	k->n = 0;
	memset(k->verdicts, 0,
	       k->cascade->policy.n_verify * sizeof(*k->verdicts));
	k->subject.backend = r->backend;
	k->subject.reply = r->reply;
	k->subject.reply_bytes = r->bytes;
	k->subject.until_us = r->until_us;
}

void chain_ahead(struct chain *k, const struct chain_reply *r)
{
	begin_reply(k, r);
	for (size_t i = 0; i < k->cascade->policy.n_verify; i++) {
		const struct chain_link *l = link_at(k, i);
		const struct verify_asks *asks = l->verifier->asks;

		if (asks && asks->is_early && asks->is_early(l->opts) &&
		    is_affordable(k, i))
			k->begun[i] = begin(k, i);
	}
}

struct decision chain_judge(struct chain *k, const struct chain_reply *r)
{
	begin_reply(k, r);
	/* More choices than were asked for would go out unseen. */
	if (r->reply->n_choices != (size_t)k->subject.request->n)
		return (struct decision){ .step = POLICY_ESCALATE,
					  .reason = REASON_BACKEND_ERROR,
					  .confidence = NAN };
	return chain_next(k);
}

void chain_drop(struct chain *k)
{
	if (k->at_work)
		let_go(k);
	for (size_t i = 0; i < k->cascade->policy.n_verify; i++) {
		free_at(k, i, k->begun[i]);
		k->begun[i] = NULL;
	}
}
