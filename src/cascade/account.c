/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one run did, written down as it happens.
 */
#include "cascade/account.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/now.h"
#include "chat/price.h"

void account_init(struct account *a, struct arena *arena, int64_t start_us,
		  bool keep_texts)
{
	*a = (struct account){ .arena = arena,
			       .keep_texts = keep_texts,
			       .start_us = start_us,
			       .begin_us = now_us(),
			       .overhead_us = -1 };
}

static void *grow(struct account *a, void *v, size_t n, size_t *room,
		  size_t size)
{
	void *bigger;

	if (n < *room)
		return v;
	*room = *room ? 2 * *room : 4;
	bigger = arena_get(a->arena, *room * size);
	if (n)
		memcpy(bigger, v, n * size);
	return bigger;
}

void account_begins(struct account *a)
{
	a->begin_us = now_us();
}

static void begin(struct account *a)
{
	if (a->n_out++ == 0)
		a->out_since_us = now_us();
}

static void stop_clock(struct account *a)
{
	assert(a->n_out > 0);
	if (--a->n_out == 0)
		a->upstream_us += now_us() - a->out_since_us;
}

static struct account_attempt *add(struct account *a, int tier,
				   const struct answer *said, bool aborted)
{
	struct account_attempt *t;

	a->attempts = grow(a, a->attempts, a->n_attempts, &a->room_attempts,
			   sizeof(*t));
	t = &a->attempts[a->n_attempts++];
	*t = (struct account_attempt){
		.tier = tier,
		.answer = *said,
		.aborted = aborted,
	};
	a->cost_pusd = price_add(a->cost_pusd, t->answer.cost_pusd);
	stop_clock(a);
	return t;
}

static struct account_attempt *end(struct account *a, struct call *c, int tier,
				   bool aborted)
{
	struct account_attempt *t = add(a, tier, call_answer(c), aborted);
	struct span text = call_reply_bytes(c);

	t->backend = call_backend(c);
	if (a->keep_texts && text.n)
		t->text = arena_dup(a->arena, text);
	return t;
}

/* What asked nobody that has tokens. */
static struct answer answer_of(const struct verify_call *c)
{
	return (struct answer){
		.fault.kind = c->fault ? FAULT_UPSTREAM : FAULT_NONE,
		.why = c->fault,
		.connected = c->connected,
		.status = c->status,
		.start_us = c->start_us,
		.total_us = c->total_us,
		.cost_pusd = c->cost_pusd,
	};
}

void account_call_begins(struct account *a)
{
	assert(!a->answering);
	a->answering = true;
	begin(a);
}

void account_call_ends(struct account *a, struct call *c, int tier,
		       bool aborted)
{
	struct account_attempt *t = end(a, c, tier, aborted);

	t->purpose = "answer";
	a->answering = false;
	a->n_answers++;
	a->last_answer = (size_t)(t - a->attempts);
	a->any_connected = a->any_connected || t->answer.connected;
}

void account_verify_begins(struct account *a)
{
	begin(a);
}

void account_verify_ends(struct account *a, const struct verify_call *c,
			 int tier, const char *about)
{
	struct account_attempt *t;
	struct answer said;

	if (!c) {
		stop_clock(a);
		return;
	}
	said = answer_of(c);
	t = c->call ? end(a, c->call, tier, c->aborted)
		    : add(a, tier, &said, c->aborted);
	t->purpose = "verify";
	t->verifier = c->verifier;
	t->mode = c->mode;
	t->about = about;
	a->verify_pusd = price_add(a->verify_pusd, t->answer.cost_pusd);
}

const struct verdict *account_judged(struct account *a, const struct verdict *v)
{
	struct account_verdict *j;

	a->verdicts = grow(a, a->verdicts, a->n_verdicts, &a->room_verdicts,
			   sizeof(*j));
	j = &a->verdicts[a->n_verdicts++];
	j->attempt = a->last_answer;
	j->verdict = *v;
	return &j->verdict;
}

const struct verdict *account_last(const struct account *a, size_t n)
{
	struct verdict *v = arena_get(a->arena, n * sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = a->verdicts[a->n_verdicts - n + i].verdict;
	return v;
}

int account_attempts(const struct account *a)
{
	return (int)a->n_answers + a->answering;
}

int64_t account_overhead_us(struct account *a)
{
	int64_t now = now_us();
	int64_t out = a->n_out ? now - a->out_since_us : 0;

	if (a->overhead_us < 0)
		a->overhead_us = now - a->begin_us - a->upstream_us - out;
	return a->overhead_us;
}

void account_usage(const struct account *a, struct chat_usage *sum)
{
	*sum = (struct chat_usage){ .there = true };
	for (size_t i = 0; i < a->n_attempts; i++) {
		const struct chat_usage *u = &a->attempts[i].answer.usage;

		sum->prompt = price_add(sum->prompt, u->prompt);
		sum->completion = price_add(sum->completion, u->completion);
		sum->cached = price_add(sum->cached, u->cached);
	}
	sum->total = price_add(sum->prompt, sum->completion);
}

/* ---- the row ------------------------------------------------------------- */

static const char *fault_of(const struct account_attempt *t)
{
	if (t->aborted)
		return "aborted";
	return t->answer.fault.kind == FAULT_NONE ? NULL : t->answer.why;
}

static void fill_attempt(const struct account *a, struct ledger_row *row,
			 struct ledger_attempt *l,
			 const struct account_attempt *t)
{
	const struct answer *ans = &t->answer;

	*l = (struct ledger_attempt){
		.purpose = t->purpose,
		.verifier = t->verifier,
		.mode = t->mode,
		.about = t->about ?
				 arena_dup(row->arena, span_of(t->about)) :
				 NULL,
		.tier = t->tier,
		.status = ans->status,
		.refused_before = ans->refused_before,
		.fault = fault_of(t),
		.start_us = ans->start_us - a->start_us,
		.first_byte_us = ans->first_byte_us,
		.total_us = ans->total_us,
		.prompt_tokens = ans->usage.prompt,
		.completion_tokens = ans->usage.completion,
		.cached_tokens = ans->usage.cached,
		.usage_estimated = ans->usage_estimated,
		.cost_pusd = ans->cost_pusd,
		.response_text =
			t->text ? arena_dup(row->arena, span_of(t->text)) :
				  NULL,
	};
	if (!t->backend)
		return;
	l->backend = arena_dup(row->arena, span_of(t->backend->conf->name));
	l->model = arena_dup(row->arena, span_of(t->backend->conf->model));
}

#define SIGNAL_BYTES 32 /* that one takes, about */

static const char *signals_text(struct arena *a, const struct verdict *v)
{
	struct buf b;
	const char *text;

	buf_init(&b, 0);
	buf_reserve(&b, 2 + v->n_signals * SIGNAL_BYTES);
	verdict_signals_write(v, &b);
	text = arena_dup(a, buf_span(&b));
	buf_release(&b);
	return text;
}

static void fill_verdict(struct ledger_row *row, struct ledger_verdict *l,
			 const struct account_verdict *j)
{
	const struct verdict *v = &j->verdict;

	*l = (struct ledger_verdict){
		.attempt_seq = (int)j->attempt,
		.verifier = v->verifier,
		.kind = verdict_kind_name(v->kind),
		.score = v->kind == VERDICT_SCORE ? v->score : NAN,
		.why = v->why,
		.us = v->us,
		.cost_pusd = v->cost_pusd,
		.signals = signals_text(row->arena, v),
	};
}

struct ledger_row *account_row(struct account *a)
{
	struct ledger_row *row = ledger_row_new(a->n_attempts, a->n_verdicts);

	row->total_us = now_us() - a->start_us;
	row->upstream_us = a->upstream_us;
	row->overhead_us = account_overhead_us(a);
	row->cost_pusd = a->cost_pusd;
	for (size_t i = 0; i < a->n_attempts; i++)
		fill_attempt(a, row, &row->attempts[i], &a->attempts[i]);
	for (size_t i = 0; i < a->n_verdicts; i++)
		fill_verdict(row, &row->verdicts[i], &a->verdicts[i]);
	return row;
}
