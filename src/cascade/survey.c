/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tier after the other, its verifiers behind it, at the end the comparison.
 */
#include "cascade/survey.h"

#include <math.h>
#include <stdlib.h>

#include "base/now.h"
#include "cascade/chain.h"
#include "chat/price.h"
#include "evt/deadline.h"
#include "upstream/call.h"
#include "verify/verify_same.h"

struct survey {
	struct survey_start s;
	struct survey_result result;
	struct span *replies;
	struct chain chain;
	size_t tier; /* being asked or judged */
	struct call *call;
	bool is_out; /* call has not ended */
	struct deadline deadline; /* of verifying */
	struct verify_same *same;
};

static void ask_next(struct survey *v);

static const struct policy *policy_of(const struct survey *v)
{
	return &v->s.cascade->policy;
}

static void finish(struct survey *v)
{
	v->s.on_done(v->s.arg);
}

/* ---- the comparison ------------------------------------------------------ */

static void on_same(void *arg, enum sameness same, const char *why)
{
	struct survey *v = arg;

	(void)why; /* is in the books */
	/* Its silence may well come of what the answers are; a pair that is left
	 * out for it would make the others look better than all are. */
	v->result.agrees = same == SAMENESS_SAME ? PAIR_AGREES : PAIR_DIFFERS;
	finish(v);
}

/* About what asking the judge costs, beside the answers. */
#define JUDGE_BYTES  2048
#define JUDGE_ANSWER 128

static bool is_judge_affordable(const struct survey *v, struct span first,
				struct span last)
{
	const struct conf_backend *by = v->s.cascade->conf->compare_backend;
	const struct generation *g = v->s.generation;
	struct chat_usage u = { 0 };

	price_estimate(&u,
		       v->s.request->messages.n + first.n + last.n +
			       JUDGE_BYTES,
		       JUDGE_ANSWER);
	return policy_may_verify(
		policy_of(v),
		price_of(&g->backends[by - g->conf->backends]->price, &u),
		v->s.account->verify_pusd, v->s.account->cost_pusd);
}

static void ask_judge(struct survey *v, const struct chat_choice *first,
		      const struct chat_choice *last)
{
	const struct conf_backend *by = v->s.cascade->conf->compare_backend;
	const struct conf *conf = v->s.generation->conf;

	v->same = verify_same_start(&(struct verify_same_start){
		.loop = v->s.loop,
		.arena = v->s.arena,
		.world = &v->chain.world,
		.request = v->s.request,
		.backend = v->s.generation->backends[by - conf->backends],
		.first = pair_text(first),
		.second = pair_text(last),
		.until_us = v->s.until_us,
		.done = on_same,
		.arg = v,
	});
}

static void compare(struct survey *v)
{
	size_t terminal = policy_of(v)->n_tiers - 1;
	struct chat_choice first = pair_read(v->replies[0], v->s.arena);
	struct chat_choice last = pair_read(v->replies[terminal], v->s.arena);

	if (v->s.cascade->compare == COMPARATOR_JUDGE && pair_has(&first) &&
	    pair_has(&last) &&
	    is_judge_affordable(v, pair_text(&first), pair_text(&last))) {
		ask_judge(v, &first, &last);
		return;
	}
	v->result.agrees = pair_compare(v->s.cascade->compare, &first, &last,
					v->s.arena);
	finish(v);
}

/* ---- one tier ------------------------------------------------------------ */

/* What was found out about the first tier's reply: would it be kept? */
static void settle(struct survey *v, struct decision found)
{
	const struct policy *p = policy_of(v);

	if (!isnan(found.confidence))
		v->result.confidence = found.confidence;
	if (v->tier > 0 || (!p->has_target && isnan(p->threshold)))
		return;
	v->result.would = policy_judge(p, v->chain.verdicts);
	if (v->result.would.step == POLICY_VERIFY)
		v->result.would = found; /* there was no money left to ask */
}

static void end_tier(struct survey *v)
{
	deadline_clear(&v->deadline);
	call_free(v->call);
	v->call = NULL;
	v->tier++;
	ask_next(v);
}

static void judged(struct survey *v, struct decision d)
{
	if (d.step == POLICY_VERIFY)
		return;
	settle(v, d);
	end_tier(v);
}

static void on_verdict(void *arg)
{
	struct survey *v = arg;

	judged(v, chain_next(&v->chain));
}

static void on_deadline(void *arg)
{
	struct survey *v = arg;

	judged(v, chain_timeout(&v->chain));
}

static void judge(struct survey *v)
{
	struct chain_reply reply = {
		.tier = (int)v->tier + 1,
		.backend = v->s.cascade->tiers[v->tier],
		.reply = &call_answer(v->call)->reply,
		.bytes = call_reply_bytes(v->call),
		.until_us = policy_verify_until(now_us(), v->s.until_us),
	};

	deadline_set(&v->deadline, v->s.loop, reply.until_us, on_deadline, v);
	judged(v, chain_judge(&v->chain, &reply));
}

static void fail_tier(struct survey *v, const struct answer *a)
{
	if (v->tier == 0)
		v->result.would = (struct decision){
			.step = POLICY_ESCALATE,
			.reason = policy_reason_of_fault(a->fault.kind,
							 a->out_of_time),
			.confidence = NAN,
		};
	end_tier(v);
}

static void end_call(struct survey *v, bool aborted)
{
	v->is_out = false;
	account_call_ends(v->s.account, v->call, (int)v->tier + 1, aborted);
}

static void on_answer(void *arg, const struct answer *a)
{
	struct survey *v = arg;
	struct span bytes = call_reply_bytes(v->call);

	end_call(v, false);
	if (a->fault.kind != FAULT_NONE) {
		fail_tier(v, a);
		return;
	}
	v->replies[v->tier].p = arena_dup(v->s.arena, bytes);
	v->replies[v->tier].n = bytes.n;
	if (policy_verifies(policy_of(v), v->tier))
		judge(v);
	else
		end_tier(v);
}

static void ask(struct survey *v)
{
	static const struct call_ops ops = { .on_done = on_answer };
	const struct conf *conf = v->s.generation->conf;
	struct call_question q = {
		.arena = v->s.arena,
		.request = v->s.request,
		.request_id = v->s.request_id,
		.query = v->s.query,
		.keep_bytes = true,
		.spare = true,
		.want_tokens = policy_verifies(policy_of(v), v->tier),
		.until_us = v->s.until_us,
		.max_depth = (int)conf->limits.max_depth,
	};

	v->is_out = true;
	account_call_begins(v->s.account);
	v->call = call_start(v->s.loop, v->s.client,
			     v->s.cascade->tiers[v->tier], &q, &ops, v);
}

/* Has the tier still to be asked, and is there money and time for it? */
static bool is_wanted(const struct survey *v)
{
	const struct account *a = v->s.account;

	return v->replies[v->tier].n == 0 && now_us() < v->s.until_us &&
	       policy_may_ask(policy_of(v), (int64_t)a->n_answers,
			      a->cost_pusd - a->verify_pusd);
}

static void ask_next(struct survey *v)
{
	while (v->tier < policy_of(v)->n_tiers && !is_wanted(v))
		v->tier++;
	if (v->tier < policy_of(v)->n_tiers)
		ask(v);
	else
		compare(v);
}

/* ---- begin and end ------------------------------------------------------- */

static void begin(void *arg)
{
	ask_next(arg);
}

static void prepare_chain(struct survey *v)
{
	chain_init(&v->chain, &(struct chain_start){
		.cascade = v->s.cascade,
		.account = v->s.account,
		.world = {
			.client = v->s.client,
			.backends = v->s.generation->backends,
			.conf = v->s.generation->conf,
			.cascade = v->s.cascade->name,
			.request_id = v->s.request_id,
			.query = v->s.query,
			.spare = true,
		},
		.loop = v->s.loop,
		.arena = v->s.arena,
		.request = v->s.request,
		.surveys = true,
		.on_verdict = on_verdict,
		.arg = v,
	});
}

struct survey *survey_new(const struct survey_start *s)
{
	struct survey *v = mem_new(sizeof(*v));
	const struct policy *p = &s->cascade->policy;
	enum reason why;

	v->s = *s;
	v->replies = arena_get(s->arena, p->n_tiers * sizeof(*v->replies));
	v->replies[p->n_tiers - 1] = s->last_reply;
	v->result.replies = v->replies;
	v->result.agrees = PAIR_UNKNOWN;
	v->result.compared_by = pair_by(s->cascade->conf, s->arena);
	v->result.confidence = v->result.would.confidence = NAN;
	prepare_chain(v);
	/* What a cheap tier cannot honour it is not asked here either. */
	v->tier = policy_first_tier(p, s->request->n, s->request->beyond_cheap,
				    &why);
	if (v->tier > 0) {
		v->result.would.step = POLICY_ESCALATE;
		v->result.would.reason = why;
	}
	loop_defer(s->loop, begin, v);
	return v;
}

const struct survey_result *survey_result(const struct survey *v)
{
	return &v->result;
}

void survey_fill(const struct survey_result *r, struct ledger_row *row)
{
	const struct decision *d = &r->would;

	row->agrees = r->agrees;
	row->compared_by = arena_dup(row->arena, span_of(r->compared_by));
	row->confidence = r->confidence;
	if (d->reason == REASON_NONE)
		return;
	row->would = d->step == POLICY_ACCEPT ? "accept" : "escalate";
	row->would_reason = reason_text(d, row->arena);
}

void survey_abort(struct survey *v)
{
	loop_undefer(v->s.loop, begin, v);
	deadline_clear(&v->deadline);
	chain_drop(&v->chain);
	verify_same_free(v->same);
	v->same = NULL;
	if (v->is_out)
		end_call(v, true);
	call_free(v->call);
	v->call = NULL;
}

void survey_free(struct survey *v)
{
	if (!v)
		return;
	survey_abort(v);
	free(v);
}
