/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks questions on one loop, by one survey each.
 */
#include "ctl/eval_run.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "base/now.h"
#include "cascade/survey.h"
#include "chat/price.h"
#include "ctl/eval_row.h"
#include "evt/deadline.h"
#include "evt/signals.h"
#include "net/http_client.h"

struct asking;

struct running {
	const struct eval_job *job;
	struct eval_tally *tally;
	struct err *err;
	struct loop *loop;
	struct http_client *client;
	struct signals *signals;
	struct deadline tick;
	int64_t start_us;
	size_t next;	      /* question */
	struct asking *asked; /* in flight */
	size_t n_asked;
	enum eval_end end; /* EVAL_END_ALL while it goes on */
	bool is_signalled; /* once */
	bool ignores_hup;  /* whoever started us wants it so (nohup) */
	size_t n_lost;	   /* asked, and in no row */
	int64_t lost_pusd;
};

/* One question in flight. It leaves when it is written down, or aborted. */
struct asking {
	struct running *run;
	struct asking *prev, *next;
	const struct eval_question *question;
	struct arena *arena;
	struct chat_request request;
	struct account account;
	struct survey *survey;
	int64_t wall_us;
	bool over; /* its survey is: end_question() is due */
};

static void ask_more(struct running *r);

/* ---- telling ------------------------------------------------------------- */

static struct eval_state state_of(const struct running *r)
{
	return (struct eval_state){
		.done = r->tally->done,
		.total = r->job->n,
		.failed = r->tally->failed,
		.spent_pusd = r->tally->spent_pusd,
		.elapsed_us = now_us() - r->start_us,
	};
}

static void on_tick(void *arg)
{
	struct running *r = arg;
	struct eval_state s = state_of(r);
	int64_t every = eval_progress_every_us(r->job->progress);

	eval_progress_show(r->job->progress, &s);
	deadline_set(&r->tick, r->loop, now_us() + every, on_tick, r);
}

static void begin_ticks(struct running *r)
{
	int64_t every = eval_progress_every_us(r->job->progress);

	if (every > 0)
		deadline_set(&r->tick, r->loop, now_us() + every, on_tick, r);
}

/* The first failure is told, the others are counted. */
static void tell_failure(const struct running *r, const struct asking *q)
{
	for (size_t i = 0; i < r->tally->n_tiers; i++) {
		const struct eval_tier *t = &r->tally->tiers[i];

		if (t->failures > 0)
			eval_progress_say(r->job->progress,
					  "%s: %s gave no answer: %s; further "
					  "failures are only counted",
					  q->question->request_id, t->backend,
					  t->why);
	}
}

/* ---- one question -------------------------------------------------------- */

static void join(struct running *r, struct asking *q)
{
	q->next = r->asked;
	if (q->next)
		q->next->prev = q;
	r->asked = q;
	r->n_asked++;
}

static void leave(struct asking *q)
{
	struct running *r = q->run;

	if (q->prev)
		q->prev->next = q->next;
	else
		r->asked = q->next;
	if (q->next)
		q->next->prev = q->prev;
	r->n_asked--;
	survey_free(q->survey);
	arena_free(q->arena);
	free(q);
}

/* Row and labels, or nothing. */
static int write_down(struct asking *q, struct ledger_row *row,
		      struct ledger_label **labels, size_t n_labels)
{
	struct ledger_item *items =
		arena_get(q->arena, (1 + n_labels) * sizeof(*items));
	size_t bad;

	items[0].row = row;
	for (size_t i = 0; i < n_labels; i++)
		items[i + 1].label = labels[i];
	return ledger_file_write_items(q->run->job->ledger, items, 1 + n_labels,
				       &bad, q->run->err);
}

static int record(struct asking *q)
{
	struct running *r = q->run;
	const struct eval_answered e = {
		.generation = r->job->generation,
		.cascade = r->job->cascade,
		.question = q->question,
		.wall_us = q->wall_us,
		.arena = q->arena,
		.account = &q->account,
		.result = survey_result(q->survey),
	};
	struct ledger_label **labels = arena_get(
		q->arena, e.cascade->policy.n_tiers * sizeof(*labels));
	size_t n_labels = eval_row_labels(&e, labels);
	struct ledger_row *row = eval_row(&e);
	int rc = write_down(q, row, labels, n_labels);

	if (rc == 0)
		eval_tally_add(r->tally, row, labels, n_labels);
	ledger_row_free(row);
	for (size_t i = 0; i < n_labels; i++)
		ledger_label_free(labels[i]);
	return rc;
}

static void lose(struct asking *q)
{
	struct running *r = q->run;

	survey_abort(q->survey);
	r->n_lost++;
	r->lost_pusd = price_add(r->lost_pusd, q->account.cost_pusd);
	leave(q);
}

/* Nothing in flight is waited for. What is over ends by itself. */
static void lose_all(struct running *r)
{
	struct asking *next;

	for (struct asking *q = r->asked; q; q = next) {
		next = q->next;
		if (!q->over)
			lose(q);
	}
}

static void end_question(void *arg)
{
	struct asking *q = arg;
	struct running *r = q->run;
	size_t failed = r->tally->failed;

	if (r->end == EVAL_END_FAULT) {
		lose(q);
	} else if (record(q) < 0) {
		r->end = EVAL_END_FAULT;
		lose(q);
		lose_all(r);
	} else {
		if (failed == 0 && r->tally->failed > 0)
			tell_failure(r, q);
		leave(q);
	}
	ask_more(r);
}

static void on_surveyed(void *arg)
{
	struct asking *q = arg;

	q->over = true;
	loop_defer(q->run->loop, end_question, q);
}

static void ask(struct running *r, const struct eval_question *question)
{
	const struct conf *conf = r->job->generation->conf;
	struct asking *q = mem_new(sizeof(*q));
	struct chat_fault why;
	int rc;

	q->run = r;
	q->question = question;
	q->arena = arena_new();
	q->wall_us = now_wall_us();
	rc = chat_request_read(&q->request, question->line->body,
			       (int)conf->limits.max_depth, q->arena, &why);
	assert(rc == 0); /* the lines were checked */
	account_init(&q->account, q->arena, now_us(), conf->ledger.store_text);
	join(r, q);
	q->survey = survey_new(&(struct survey_start){
		.loop = r->loop,
		.client = r->client,
		.generation = r->job->generation,
		.cascade = r->job->cascade,
		.request = &q->request,
		.arena = q->arena,
		.request_id = question->request_id,
		.account = &q->account,
		.until_us = now_us() + r->job->cascade->deadline_us,
		.on_done = on_surveyed,
		.arg = q,
	});
}

/* ---- all of them --------------------------------------------------------- */

static bool goes_on(struct running *r)
{
	const struct eval_job *j = r->job;

	if (r->end != EVAL_END_ALL)
		return false;
	if (eval_tally_dead(r->tally))
		r->end = EVAL_END_DEAD;
	else if (r->next < j->n && r->n_asked == 0 &&
		 !eval_tally_affords(r->tally, 0, j->budget_pusd))
		r->end = EVAL_END_BUDGET;
	return r->end == EVAL_END_ALL;
}

static void ask_more(struct running *r)
{
	const struct eval_job *j = r->job;

	while (goes_on(r) && r->next < j->n && r->n_asked < j->parallel &&
	       eval_tally_affords(r->tally, r->n_asked, j->budget_pusd))
		ask(r, &j->questions[r->next++]);
	if (r->n_asked == 0)
		loop_stop(r->loop);
}

static void on_signal(void *arg, int signo)
{
	struct running *r = arg;

	if (signo == SIGUSR1 || (signo == SIGHUP && r->ignores_hup))
		return;
	if (r->is_signalled) {
		lose_all(r);
	} else if (r->end != EVAL_END_FAULT) {
		r->end = EVAL_END_SIGNAL;
		eval_progress_say(r->job->progress,
				  "no further questions; %zu in flight are "
				  "waited for (once more: aborted)",
				  r->n_asked);
	}
	r->is_signalled = true;
	if (r->n_asked == 0)
		loop_stop(r->loop);
}

static bool is_ignored(int signo)
{
	struct sigaction now;

	return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static int open_all(struct running *r)
{
	r->loop = loop_new(r->err);
	if (!r->loop)
		return -1;
	r->client = http_client_new(r->loop, r->err);
	if (!r->client)
		return -1;
	r->signals = signals_new(r->loop, on_signal, r, r->err);
	return r->signals ? 0 : -1;
}

static void close_all(struct running *r)
{
	deadline_clear(&r->tick);
	signals_free(r->signals);
	http_client_free(r->client);
	loop_free(r->loop);
}

static void tell_end(struct running *r)
{
	struct eval_state s = state_of(r);
	char usd[32];

	eval_progress_end(r->job->progress, &s);
	price_text(r->lost_pusd, usd);
	if (r->n_lost > 0)
		eval_progress_say(r->job->progress,
				  "%zu that were in flight are in no row; they "
				  "had cost %s USD",
				  r->n_lost, usd);
}

enum eval_end eval_run(const struct eval_job *j, struct eval_tally *t,
		       struct err *err)
{
	struct running r = {
		.job = j,
		.tally = t,
		.err = err,
		.start_us = now_us(),
		.ignores_hup = is_ignored(SIGHUP),
	};

	if (open_all(&r) < 0) {
		r.end = EVAL_END_FAULT;
	} else {
		begin_ticks(&r);
		ask_more(&r);
		if (r.n_asked > 0)
			loop_run(r.loop);
		tell_end(&r);
	}
	close_all(&r);
	return r.end;
}
