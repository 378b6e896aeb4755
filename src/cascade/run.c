/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one request, as a table of steps.
 *
 * queue   waits for a place         -> ask, reply
 * ask     a call is out             -> relay, judge, decide, reply
 * relay   a live stream goes through -> reply
 * judge   a verifier is at work     -> judge, decide
 * decide  never waits               -> ask, reply
 * reply   the answer is on its way  -> survey, dead
 * survey  the shadow: the client is served, the others are asked -> dead
 * dead    everything is written down
 *
 * From every state but dead the client may go; the call is then aborted at
 * once and the run waits in reply until the way to the client is closed.
 */
#include "cascade/run_private.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/now.h"
#include "chat/chat_answer.h"
#include "net/http_server.h"

static void run_event(struct run *r, enum run_event ev);
static void run_enter(struct run *r, enum run_state to);
static enum next give_up(struct run *r);

/* Is the last tier's reply wanted for a pair? */
static bool makes_pair(const struct run *r)
{
	return run_is_terminal(r) && r->generation->conf->ledger.path &&
	       (run_is_shadow(r) || r->first_text.n > 0);
}

/* ---- towards backends ---------------------------------------------------- */

static void on_chunk(void *arg, const struct chat_chunk *c)
{
	struct run *r = arg;

	r->chunk = c;
	run_event(r, EV_CHUNK);
	r->chunk = NULL;
}

static void on_answer(void *arg, const struct answer *ans)
{
	(void)ans;
	run_event(arg, EV_ANSWER);
}

static void start_call(struct run *r)
{
	static const struct call_ops ops = { on_chunk, on_answer };
	bool verified = policy_verifies(&r->cascade->policy, r->tier);
	int64_t now = now_us();
	struct call_question q = {
		.arena = r->arena,
		.request = r->request,
		.request_id = r->request_id,
		.query = r->query,
		.keep_bytes = r->generation->conf->ledger.store_text ||
			      makes_pair(r),
		.live = r->request->stream && !verified,
		.want_tokens = verified,
		.until_us = policy_answer_until(&r->cascade->policy, r->tier,
						now, r->until_us),
		.max_depth = (int)r->generation->conf->limits.max_depth,
	};

	account_call_begins(&r->account);
	r->held = false;
	r->call = call_start(r->house->loop, r->house->client,
			     r->cascade->tiers[r->tier], &q, &ops, r);
	if (verified)
		chain_ahead(&r->chain,
			    &(struct chain_reply){
				    .tier = run_tier_number(r, r->tier),
				    .backend = r->cascade->tiers[r->tier],
				    .until_us = policy_verify_until(
					    q.until_us, r->until_us),
			    });
}

static void book_attempt(struct run *r, bool aborted)
{
	account_call_ends(&r->account, r->call, run_tier_number(r, r->tier),
			  aborted);
}

static void drop_call(struct run *r)
{
	call_free(r->call);
	r->call = NULL;
}

/* Money stops burning here. */
static void abort_work(struct run *r)
{
	chain_drop(&r->chain);
	if (r->call && r->account.answering) {
		book_attempt(r, true);
		drop_call(r);
	}
}

/* ---- verdicts ------------------------------------------------------------ */

static void on_verdict(void *arg)
{
	run_event(arg, EV_VERDICT);
}

static void on_deadline(void *arg)
{
	run_event(arg, EV_DEADLINE);
}

static void wait_until(struct run *r, int64_t at_us)
{
	deadline_set(&r->deadline, r->house->loop, at_us, on_deadline, r);
}

/* ---- steps --------------------------------------------------------------- */

static enum next fail(struct run *r, enum fault_kind kind, const char *text)
{
	fault_set(&r->fault, kind, "%s", text);
	run_enter(r, RUN_REPLY);
	return NEXT_MORE;
}

static enum next client_gone(struct run *r)
{
	abort_work(r);
	r->outcome = "client_gone";
	run_enter(r, RUN_REPLY);
	return NEXT_MORE;
}

/* The way to the client is closed already: there is nothing to wait for. */
static enum next client_lost(struct run *r)
{
	abort_work(r);
	r->outcome = "client_gone";
	deadline_clear(&r->deadline);
	run_enter(r, RUN_DEAD);
	return NEXT_MORE;
}

static enum next aborted(struct run *r)
{
	abort_work(r);
	return fail(r, FAULT_OVERLOADED, "the server is shutting down");
}

static void leave_roster(struct run *r)
{
	if (r->placed)
		roster_leave(r->house->roster, &r->guest);
	r->placed = false;
}

static void on_place(void *arg)
{
	run_event(arg, EV_PLACE);
}

static enum next queue_enter(struct run *r)
{
	int64_t wait = r->generation->conf->limits.queue_wait_us;
	int64_t at = now_us() + wait;

	switch (roster_enter(r->house->roster, &r->guest, on_place, r)) {
	case ROSTER_IN:
		r->placed = true;
		account_begins(&r->account);
		run_enter(r, RUN_ASK);
		return NEXT_MORE;
	case ROSTER_QUEUED:
		r->placed = true;
		wait_until(r, at < r->until_us ? at : r->until_us);
		return NEXT_WAIT;
	case ROSTER_FULL:
		break;
	}
	return fail(r, FAULT_OVERLOADED,
		    "too many requests are under way; try again soon");
}

static enum next step_queue(struct run *r, enum run_event ev)
{
	switch (ev) {
	case EV_ENTER:
		return queue_enter(r);
	case EV_PLACE:
		deadline_clear(&r->deadline);
		account_begins(&r->account);
		run_enter(r, RUN_ASK);
		return NEXT_MORE;
	case EV_DEADLINE:
		leave_roster(r);
		return fail(r, FAULT_OVERLOADED,
			    "no place became free in time; try again soon");
	case EV_GONE:
		leave_roster(r);
		return client_gone(r);
	case EV_SENT:
		leave_roster(r);
		return client_lost(r);
	case EV_ABORT:
		leave_roster(r);
		return aborted(r);
	case EV_CHUNK:
	case EV_ANSWER:
	case EV_VERDICT:
	case EV_DRAINED:
	case EV_SURVEYED:
		break;
	}
	return NEXT_WAIT;
}

static enum next ask_enter(struct run *r)
{
	/* What verifying cost is bounded before it is asked. Should it say
	 * more afterwards, that must not cost the client an answer. */
	if (!policy_may_ask(&r->cascade->policy, (int64_t)r->account.n_answers,
			    r->account.cost_pusd - r->account.verify_pusd)) {
		r->decision.reason = REASON_BUDGET;
		fault_set(&r->fault, FAULT_BUDGET,
			  "the limits of this cascade (attempts, cost_usd) do "
			  "not allow another attempt");
		return give_up(r);
	}
	if (now_us() >= r->until_us) {
		r->decision.reason = REASON_DEADLINE;
		fault_set(&r->fault, FAULT_TIMEOUT,
			  "the time for this request is over");
		return give_up(r);
	}
	start_call(r);
	return NEXT_WAIT;
}

/* The tier answered and its reply is kept without a verdict. */
static enum next keep(struct run *r)
{
	if (r->decision.reason == REASON_NONE)
		r->decision.reason = REASON_DIRECT;
	r->answered = true;
	run_enter(r, RUN_REPLY);
	return NEXT_MORE;
}

static enum next ask_answer(struct run *r)
{
	const struct answer *a = call_answer(r->call);

	book_attempt(r, false);
	if (a->refused_before)
		log_line(LOG_WARN, "run=%s backend=%s status=%d msg=\"rejects "
			 "fields that were added to the question; asked again "
			 "without\"", r->request_id,
			 call_backend(r->call)->conf->name, a->refused_before);
	if (a->fault.kind == FAULT_NONE) {
		if (!policy_verifies(&r->cascade->policy, r->tier))
			return keep(r);
		run_enter(r, RUN_JUDGE);
		return NEXT_MORE;
	}
	log_line(LOG_DEBUG, "run=%s backend=%s tier=%d status=%d fault=%s",
		 r->request_id, call_backend(r->call)->conf->name,
		 run_tier_number(r, r->tier), a->status, a->why);
	r->fault = a->fault;
	r->decision = (struct decision){
		.step = POLICY_ESCALATE,
		.reason = policy_reason_of_fault(a->fault.kind,
						 a->out_of_time),
		.confidence = NAN,
	};
	drop_call(r);
	run_enter(r, RUN_DECIDE);
	return NEXT_MORE;
}

static enum next step_ask(struct run *r, enum run_event ev)
{
	switch (ev) {
	case EV_ENTER:
		return ask_enter(r);
	case EV_CHUNK:
		if (r->decision.reason == REASON_NONE)
			r->decision.reason = REASON_DIRECT;
		r->answered = true;
		run_enter(r, RUN_RELAY);
		return NEXT_MORE;
	case EV_ANSWER:
		return ask_answer(r);
	case EV_GONE:
		return client_gone(r);
	case EV_SENT:
		return client_lost(r);
	case EV_ABORT:
		return aborted(r);
	case EV_PLACE:
	case EV_VERDICT:
	case EV_DRAINED:
	case EV_DEADLINE: /* the call has one of its own */
	case EV_SURVEYED:
		break;
	}
	return NEXT_WAIT;
}

static bool total_usage(const struct run *r, struct chat_usage *sum)
{
	if (r->generation->conf->reply.usage != CONF_USAGE_TOTAL)
		return false;
	account_usage(&r->account, sum);
	return true;
}

static enum next relay_chunk(struct run *r)
{
	size_t unsent;

	assert(r->chunk);
	/* The sum goes out at the end, in place of the backend's own. */
	if (r->generation->conf->reply.usage == CONF_USAGE_TOTAL)
		r->outlet.stream.usage_sent = true;
	if (outlet_chunk(&r->outlet, r->chunk, r->request->include_usage,
			 &unsent) < 0) {
		abort_work(r);
		return fail(r, FAULT_UPSTREAM,
			    "the backend's stream could not be passed on");
	}
	if (unsent >= HTTP_STREAM_HIGH && !r->held) {
		r->held = true;
		call_hold(r->call, true);
	}
	return NEXT_WAIT;
}

/* Upstream's last word; where it brought no usage and the client asked for
 * it, ours is given. */
static enum next relay_end(struct run *r)
{
	const struct answer *a = call_answer(r->call);
	struct chat_usage sum;

	book_attempt(r, false);
	if (a->fault.kind != FAULT_NONE) {
		r->fault = a->fault;
	} else if (!r->request->include_usage) {
		outlet_end(&r->outlet, NULL);
	} else if (total_usage(r, &sum)) {
		outlet_end(&r->outlet, &sum);
	} else {
		outlet_end(&r->outlet,
			   r->outlet.stream.usage_sent ? NULL : &a->usage);
	}
	run_enter(r, RUN_REPLY);
	return NEXT_MORE;
}

static enum next step_relay(struct run *r, enum run_event ev)
{
	switch (ev) {
	case EV_ENTER:
	case EV_CHUNK:
		return relay_chunk(r);
	case EV_DRAINED:
		r->held = false;
		call_hold(r->call, false);
		return NEXT_WAIT;
	case EV_ANSWER:
		return relay_end(r);
	case EV_GONE:
		return client_gone(r);
	case EV_SENT:
		return client_lost(r);
	case EV_ABORT:
		return aborted(r);
	case EV_PLACE:
	case EV_VERDICT:
	case EV_DEADLINE: /* the call has one of its own */
	case EV_SURVEYED:
		break;
	}
	return NEXT_WAIT;
}

static enum next judged(struct run *r, struct decision d)
{
	r->decision = d;
	if (!isnan(d.confidence))
		r->confidence = d.confidence;
	if (d.step == POLICY_VERIFY)
		return NEXT_WAIT;
	run_enter(r, RUN_DECIDE);
	return NEXT_MORE;
}

static enum next judge_enter(struct run *r)
{
	struct chain_reply reply = {
		.tier = run_tier_number(r, r->tier),
		.backend = r->cascade->tiers[r->tier],
		.reply = &call_answer(r->call)->reply,
		.bytes = call_reply_bytes(r->call),
		.until_us = policy_verify_until(now_us(), r->until_us),
	};

	wait_until(r, reply.until_us);
	return judged(r, chain_judge(&r->chain, &reply));
}

static enum next step_judge(struct run *r, enum run_event ev)
{
	switch (ev) {
	case EV_ENTER:
		return judge_enter(r);
	case EV_VERDICT:
		return judged(r, chain_next(&r->chain));
	case EV_DEADLINE:
		return judged(r, chain_timeout(&r->chain));
	case EV_GONE:
		return client_gone(r);
	case EV_SENT:
		return client_lost(r);
	case EV_ABORT:
		return aborted(r);
	case EV_PLACE:
	case EV_CHUNK:
	case EV_ANSWER:
	case EV_DRAINED:
	case EV_SURVEYED:
		break;
	}
	return NEXT_WAIT;
}

/* A judged reply is passed over; the best of them may still be wanted. */
static void put_aside(struct run *r)
{
	double c = r->decision.confidence;
	bool wanted = r->call && r->cascade->conf &&
		      r->cascade->conf->on_terminal_failure ==
			      CONF_FAIL_BEST_REJECTED &&
		      r->decision.reason == REASON_LOW_CONFIDENCE;

	if (wanted && (!r->spare.call || c > r->spare.confidence)) {
		call_free(r->spare.call);
		r->spare = (struct spare){ r->call, r->tier, c };
		r->call = NULL;
	}
	drop_call(r);
}

/* It may become one of a pair. */
static void keep_first(struct run *r)
{
	struct span text = { NULL, 0 };

	if (r->tier == 0 && r->call && r->generation->conf->ledger.path)
		text = chat_answer(&call_answer(r->call)->reply.choices[0],
				   r->arena);
	if (text.n)
		r->first_text = (struct span){ arena_dup(r->arena, text),
					       text.n };
}

static enum next escalate(struct run *r)
{
	keep_first(r);
	put_aside(r);
	recorder_escalated(r->house->recorder, r->cascade->name,
			   run_reason(r));
	r->passed_over = true;
	r->tier = policy_next_tier(&r->cascade->policy, r->tier,
				   (int64_t)r->account.n_answers);
	r->fault = (struct fault){ 0 };
	run_enter(r, RUN_ASK);
	return NEXT_MORE;
}

/* The last tier failed. */
static enum next give_up(struct run *r)
{
	if (r->spare.call && !r->outlet.ended) {
		r->call = r->spare.call;
		r->tier = r->spare.tier;
		r->spare.call = NULL;
		r->passed_over = r->tier > 0;
		r->answered = true;
		r->fault = (struct fault){ 0 };
	} else {
		r->fault = policy_final_fault(&r->fault, r->account.any_connected);
	}
	run_enter(r, RUN_REPLY);
	return NEXT_MORE;
}

static enum next step_decide(struct run *r, enum run_event ev)
{
	assert(ev == EV_ENTER);
	deadline_clear(&r->deadline);
	chain_drop(&r->chain); /* what was begun ahead and is not needed */
	if (r->decision.step == POLICY_ACCEPT)
		return keep(r);
	return run_is_terminal(r) ? give_up(r) : escalate(r);
}

static void send_reply(struct run *r)
{
	const struct answer *a = call_answer(r->call);
	struct chat_usage sum;

	if (total_usage(r, &sum))
		r->outlet.stamp.usage = &sum;
	else if (a->usage_estimated && r->request->include_usage)
		r->outlet.stamp.usage = &a->usage;
	if (outlet_reply(&r->outlet, &a->reply) == 0)
		return;
	fault_set(&r->fault, FAULT_UPSTREAM,
		  "the backend's reply could not be passed on");
	r->answered = false;
	outlet_fault(&r->outlet, &r->fault);
}

static void keep_last(struct run *r)
{
	struct span bytes = call_reply_bytes(r->call);

	r->last_reply = (struct span){ arena_dup(r->arena, bytes), bytes.n };
}

static void reply_enter(struct run *r)
{
	deadline_clear(&r->deadline);
	if (r->outcome) /* the client is gone */
		outlet_cut(&r->outlet);
	else if (r->fault.kind != FAULT_NONE)
		outlet_fault(&r->outlet, &r->fault);
	else if (!r->outlet.ended)
		send_reply(r);
	if (r->fault.kind == FAULT_NONE && !r->outcome && makes_pair(r))
		keep_last(r);
	drop_call(r);
}

/* Is everybody else to be asked as well, now that the client is served? */
static bool is_surveyed(struct run *r)
{
	return run_is_shadow(r) && !r->outcome && r->last_reply.n > 0 &&
	       roster_linger(r->house->roster, &r->guest);
}

static enum next step_reply(struct run *r, enum run_event ev)
{
	switch (ev) {
	case EV_ENTER:
		reply_enter(r);
		return NEXT_WAIT;
	case EV_SENT:
		run_enter(r, is_surveyed(r) ? RUN_SURVEY : RUN_DEAD);
		return NEXT_MORE;
	case EV_GONE:
	case EV_ABORT:
		if (!r->outcome)
			r->outcome = ev == EV_GONE ? "client_gone" : "refused";
		outlet_cut(&r->outlet);
		return NEXT_WAIT;
	case EV_PLACE:
	case EV_CHUNK:
	case EV_ANSWER:
	case EV_VERDICT:
	case EV_DRAINED:
	case EV_DEADLINE:
	case EV_SURVEYED:
		break;
	}
	return NEXT_WAIT;
}

/* ---- the shadow ---------------------------------------------------------- */

static void on_surveyed(void *arg)
{
	run_event(arg, EV_SURVEYED);
}

/* The client's bytes go with it; what goes on without it keeps its own. */
static const struct chat_request *dup_request(const struct chat_request *rq,
					      int max_depth, struct arena *a)
{
	struct chat_request *copy = arena_get(a, sizeof(*copy));
	struct span body = { arena_dup(a, rq->body), rq->body.n };
	struct chat_fault why;
	int rc = chat_request_read(copy, body, max_depth, a, &why);

	assert(rc == 0); /* it was read before */
	return copy;
}

static void survey_enter(struct run *r)
{
	r->served_us = now_us();
	r->served_upstream_us = r->account.upstream_us;
	r->request = dup_request(r->request,
				 (int)r->generation->conf->limits.max_depth,
				 r->arena);
	r->survey = survey_new(&(struct survey_start){
		.loop = r->house->loop,
		.client = r->house->client,
		.generation = r->generation,
		.cascade = r->cascade,
		.request = r->request,
		.arena = r->arena,
		.request_id = r->request_id,
		.query = r->query,
		.account = &r->account,
		.until_us = r->served_us + r->cascade->deadline_us,
		.last_reply = r->last_reply,
		.on_done = on_surveyed,
		.arg = r,
	});
}

static enum next step_survey(struct run *r, enum run_event ev)
{
	switch (ev) {
	case EV_ENTER:
		survey_enter(r);
		return NEXT_WAIT;
	case EV_ABORT:
		survey_abort(r->survey);
		run_enter(r, RUN_DEAD);
		return NEXT_MORE;
	case EV_SURVEYED:
		run_enter(r, RUN_DEAD);
		return NEXT_MORE;
	case EV_PLACE:
	case EV_CHUNK:
	case EV_ANSWER:
	case EV_VERDICT:
	case EV_DRAINED:
	case EV_SENT:
	case EV_GONE:
	case EV_DEADLINE: /* it has one of its own */
		break;
	}
	return NEXT_WAIT;
}

/* ---- the end ------------------------------------------------------------- */

static enum next step_dead(struct run *r, enum run_event ev)
{
	struct ledger_row *row;

	if (ev != EV_ENTER)
		return NEXT_WAIT; /* too late for anything */
	leave_roster(r);
	row = run_row(r);
	recorder_put(r->house->recorder, &row);
	return NEXT_DONE;
}

/* ---- the driver ---------------------------------------------------------- */

static const struct {
	const char *name;
	enum next (*fn)(struct run *r, enum run_event ev);
} steps[RUN_NSTATES] = {
	[RUN_QUEUE] = { "queue", step_queue },
	[RUN_ASK] = { "ask", step_ask },
	[RUN_RELAY] = { "relay", step_relay },
	[RUN_JUDGE] = { "judge", step_judge },
	[RUN_DECIDE] = { "decide", step_decide },
	[RUN_REPLY] = { "reply", step_reply },
	[RUN_SURVEY] = { "survey", step_survey },
	[RUN_DEAD] = { "dead", step_dead },
};

static void run_enter(struct run *r, enum run_state to)
{
	if (log_level_get() >= LOG_DEBUG)
		log_line(LOG_DEBUG, "run=%s tier=%d %s -> %s", r->request_id,
			 run_tier_number(r, r->tier), steps[r->state].name,
			 steps[to].name);
	r->state = to;
}

static void run_free(void *arg)
{
	struct run *r = arg;
	void (*on_end)(void *) = r->on_end;
	void *end_arg = r->end_arg;

	survey_free(r->survey);
	assert(!r->chain.at_work);
	assert(r->account.n_out == 0); /* each call is booked, once */
	deadline_clear(&r->deadline);
	call_free(r->call);
	call_free(r->spare.call);
	outlet_release(&r->outlet);
	generation_unref(r->generation);
	free(r);
	on_end(end_arg);
}

static void run_event(struct run *r, enum run_event ev)
{
	enum next n = NEXT_MORE;

	assert(!r->in_step); /* results come on a later turn */
	r->in_step = true;
	for (; n == NEXT_MORE; ev = EV_ENTER)
		n = steps[r->state].fn(r, ev);
	r->in_step = false;
	if (n == NEXT_DONE)
		loop_defer(r->house->loop, run_free, r);
}

static int64_t deadline_of(const struct run_start *s)
{
	int64_t own = s->cascade->deadline_us;

	if (s->wish_us > 0 && s->wish_us < own)
		own = s->wish_us;
	return s->start_us + own;
}

static void stamp_init(struct run *r, struct chat_stamp *st)
{
	char id[33];

	digest_random_hex(id, 16);
	st->id = arena_printf(r->arena, "chatcmpl-%s", id);
	st->model = arena_dup(r->arena, r->request->model);
	st->created = r->wall_us / 1000000;
	st->keep_logprobs = r->request->logprobs;
	st->top_logprobs = r->request->top_logprobs;
}

static void prepare_chain(struct run *r)
{
	chain_init(&r->chain, &(struct chain_start){
		.cascade = r->cascade,
		.account = &r->account,
		.world = {
			.client = r->house->client,
			.backends = r->generation->backends,
			.conf = r->generation->conf,
			.cascade = r->cascade->name,
			.request_id = r->request_id,
			.query = r->query,
		},
		.loop = r->house->loop,
		.arena = r->arena,
		.request = r->request,
		.on_verdict = on_verdict,
		.arg = r,
	});
}

static void begin(void *arg)
{
	struct run *r = arg;

	if (r->state != RUN_QUEUE) /* the client left at once */
		return;
	outlet_wait(&r->outlet);
	run_event(r, EV_ENTER);
}

struct run *run_new(const struct run_house *h, const struct run_start *s)
{
	struct run *r = mem_new(sizeof(*r));
	struct chat_stamp stamp = { 0 };

	r->house = h;
	r->generation = generation_ref(s->generation);
	r->cascade = s->cascade;
	r->request = s->request;
	r->arena = s->arena;
	r->request_id = s->request_id;
	r->query = s->query;
	r->key_name = s->key_name;
	r->wall_us = now_wall_us();
	r->until_us = deadline_of(s);
	r->on_end = s->on_end;
	r->end_arg = s->end_arg;
	r->confidence = NAN;
	account_init(&r->account, s->arena, s->start_us,
		     r->generation->conf->ledger.store_text);
	prepare_chain(r);
	r->tier = policy_first_tier(&s->cascade->policy, s->request->n,
				    s->request->beyond_cheap,
				    &r->decision.reason);
	if (run_is_shadow(r)) {
		r->tier = s->cascade->policy.n_tiers - 1;
		r->decision.reason = REASON_SHADOW;
	}
	r->passed_over = r->tier > 0;
	stamp_init(r, &stamp);
	outlet_init(&r->outlet, h->loop, &r->generation->conf->reply,
		    r->request, r->arena, &stamp, s->sink, s->sink_arg, run_fill_meta, r);
	loop_defer(h->loop, begin, r);
	return r;
}

void run_client_gone(struct run *r)
{
	run_event(r, EV_GONE);
}

void run_client_drained(struct run *r)
{
	run_event(r, EV_DRAINED);
}

void run_client_sent(struct run *r)
{
	run_event(r, EV_SENT);
}

void run_abort(struct run *r)
{
	run_event(r, EV_ABORT);
}
