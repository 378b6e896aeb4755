/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges recorded replies as a run would have done.
 */
#include "ctl/judge.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/jscan.h"
#include "cascade/pair.h"
#include "chat/chat.h"
#include "ctl/asked.h"
#include "verify/comparator.h"
#include "verify/signal.h"
#include "verify/verifiers.h"
#include "verify/words.h"

#define SIGNALS_MOST 512

/* One reply of the record. */
struct seen {
	const struct record_attempt *attempt; /* NULL: none */
	const struct conf_backend *backend;
	bool sound; /* it came, and what came can be read */
	bool whole; /* reply holds it */
	struct chat_reply reply;
};

struct judging {
	const struct conf_cascade *cascade;
	const struct record *rec;
	struct arena *arena;
	struct judged *out;
	struct chat_request request;
	struct seen cheap, expensive;
	struct askers askers;
	struct asked *asked;	  /* of each */
	struct verdict *verdicts; /* likewise, read anew; without kind and lack:
				   * it cannot be read */
};

/* ---- finding and reading ------------------------------------------------- */

static bool is_said(const char *word, const char *wanted)
{
	return word && strcmp(word, wanted) == 0;
}

static bool has_content(const struct record_attempt *t)
{
	return t->response.n || t->answer || t->signals;
}

/* The first that came well, else the last. */
static void consider(struct seen *s, const struct record_attempt *t)
{
	if (!s->attempt || !asked_came_well(s->attempt))
		s->attempt = t;
}

static void find_answer(struct judging *j, struct seen *s,
			const struct conf_backend *b)
{
	s->backend = b;
	for (const struct record_attempt *t = j->rec->attempts; t; t = t->next) {
		if (!is_said(t->backend, b->name) ||
		    (t->purpose && !is_said(t->purpose, "answer")))
			continue;
		if (t->model && strcmp(t->model, b->model) != 0)
			j->out->other_model = true;
		consider(s, t);
	}
}

static void read_reply(struct judging *j, struct seen *s)
{
	const struct record_attempt *t = s->attempt;

	if (!t || !asked_came_well(t))
		return;
	s->sound = has_content(t);
	if (!t->response.n)
		return;
	s->whole = asked_reply_read(t, j->arena, &s->reply);
	s->sound = s->whole;
}

/* A request that cannot be read is as good as none. */
static void read_request(struct judging *j)
{
	struct chat_fault why;

	if (!j->rec->request.n ||
	    chat_request_read(&j->request, j->rec->request, JSCAN_DEPTH,
			      j->arena, &why) < 0)
		j->request = (struct chat_request){.n = 1};
	j->out->messages = j->request.messages;
	if (j->request.messages.n)
		j->out->question = words_question(&j->request, j->arena);
}

/* ---- signals ------------------------------------------------------------- */

static void put_signal(struct judging *j, const char *name, double value)
{
	struct judged *o = j->out;
	size_t i = 0;

	while (i < o->n_signals && strcmp(o->signals[i].name, name) != 0)
		i++;
	if (i == SIGNALS_MOST)
		return;
	o->signals[i] = (struct signal){name, value};
	if (i == o->n_signals)
		o->n_signals++;
}

static bool has_signal(const struct judging *j)
{
	const struct judged *o = j->out;

	for (size_t i = 0; i < o->n_signals; i++)
		if (!askers_say(&j->askers, o->signals[i].name) &&
		    isfinite(o->signals[i].value))
			return true;
	return false;
}

/* Of the signal's verifier; NULL: it is not configured. */
static const struct conf_verify *source_of(const struct judging *j,
					   const char *name)
{
	const struct conf_cascade *c = j->cascade;
	struct span whose = signal_verifier(name);

	for (size_t i = 0; i < c->n_verify; i++)
		if (span_is(whose, c->verify[i].verifier->name))
			return &c->verify[i];
	return NULL;
}

/* Judges the reply on the spot. */
static bool judges_anew(const struct judging *j, const struct verifier *v)
{
	return j->cheap.whole && v->judge && !v->open;
}

/* Has read what it was told once more. */
static bool has_read(const struct judging *j, size_t i)
{
	return j->verdicts[i].kind != VERDICT_NONE ||
	       j->verdicts[i].lack != LACK_NONE;
}

static bool is_made_anew(const struct judging *j, const struct conf_verify *v)
{
	for (size_t i = 0; i < j->askers.n; i++)
		if (j->askers.v[i].opts == v->opts)
			return has_read(j, i);
	return judges_anew(j, verifier_find(v->verifier->name));
}

/* Our own that are made anew are not taken, nor are those of verifiers that
 * nobody wants. */
static void take_said(struct judging *j, const struct record_signal *s)
{
	for (; s; s = s->next) {
		const char *ours = signal_find(span_of(s->name));
		const struct conf_verify *v = ours ? source_of(j, ours) : NULL;

		if (!ours || (v && !is_made_anew(j, v)))
			put_signal(j, ours ? ours : s->name, s->value);
	}
}

static void put_signals(struct judging *j, const struct verdict *v)
{
	for (size_t i = 0; i < v->n_signals; i++)
		put_signal(j, v->signals[i].name, v->signals[i].value);
}

static enum comparator comparator_of(const struct conf_cascade *c)
{
	return (enum comparator)c->compare;
}

/* ---- those that only read ------------------------------------------------ */

static void judge_reply(struct judging *j, const struct verifier *v,
			const void *opts)
{
	const struct verify_case c = {
		.arena = j->arena,
		.request = &j->request,
		.reply = &j->cheap.reply,
		.reply_bytes = j->cheap.attempt->response,
		.compare = comparator_of(j->cascade),
		.until_us = INT64_MAX,
		.decides_at = NAN,
	};
	struct verdict said = {.verifier = v->conf.name};

	v->judge(&c, opts, &said);
	put_signals(j, &said);
	if (said.kind == VERDICT_REJECT)
		j->out->barred = arena_printf(j->arena, "gate:%s", said.why);
	else if (said.kind == VERDICT_NONE)
		j->out->barred = said.lack == LACK_SIGNAL ? "no_signal"
							  : "verifier_error";
}

static void run_chain(struct judging *j)
{
	const struct conf_cascade *c = j->cascade;

	for (size_t i = 0; i < c->n_verify && !j->out->barred; i++) {
		const void *opts = c->verify[i].opts;
		const struct verifier *v =
			verifier_find(c->verify[i].verifier->name);

		if (!verifier_asks(v, opts) && judges_anew(j, v))
			judge_reply(j, v, opts);
	}
}

/* Without the reply its signals must be there, if the chain wants any. */
static void look_at_signals(struct judging *j)
{
	const struct conf_cascade *c = j->cascade;

	for (size_t i = 0; i < c->n_verify && !has_signal(j); i++) {
		const struct verifier *v =
			verifier_find(c->verify[i].verifier->name);

		if (v->gives_score && !verifier_asks(v, c->verify[i].opts))
			j->out->barred = "no_signal";
	}
}

static void judge_cheap(struct judging *j)
{
	const struct record_attempt *t = j->cheap.attempt;

	take_said(j, j->rec->signals);
	if (t)
		take_said(j, t->signals);
	j->out->answered = t || has_signal(j);
	if (t && !j->cheap.sound && !j->rec->signals)
		j->out->barred = "backend_error";
	else if (j->cheap.whole && j->cheap.reply.n_choices != 1)
		j->out->barred = "backend_error";
	else if (j->request.n > 1 || j->request.beyond_cheap)
		j->out->barred = "unsupported";
	else if (j->cheap.whole)
		run_chain(j);
	else if (t && t->barred)
		j->out->barred = t->barred;
	else
		look_at_signals(j);
	if (j->cheap.whole)
		j->out->reply = j->cheap.reply.choices[0].content;
}

/* ---- comparing ----------------------------------------------------------- */

/* A choice that holds nothing but the answer, where that is all there is. */
static struct chat_choice choice_of(const struct seen *s)
{
	if (s->whole)
		return s->reply.choices[0];
	return (struct chat_choice){.content = span_of(s->attempt->answer)};
}

static enum known compare(const struct judging *j)
{
	struct chat_choice cheap, expensive;

	if (!j->cheap.sound || !j->expensive.sound)
		return KNOWN_NOT;
	cheap = choice_of(&j->cheap);
	expensive = choice_of(&j->expensive);
	/* A model's word is as it was recorded, or there is none. */
	switch (pair_compare(comparator_of(j->cascade), &cheap, &expensive,
			     j->arena)) {
	case PAIR_AGREES:
		return KNOWN_TRUE;
	case PAIR_DIFFERS:
		return KNOWN_FALSE;
	case PAIR_UNKNOWN:
		break;
	}
	return KNOWN_NOT;
}

/* ---- those that ask ------------------------------------------------------ */

/* What is said of the reply: all of it, or the answer alone. */
static bool has_text(const struct judging *j)
{
	return j->cheap.sound && (j->cheap.whole || j->cheap.attempt->answer);
}

static void read_again(struct judging *j, size_t i)
{
	const struct asker *asker = &j->askers.v[i];
	const struct asked *asked = &j->asked[i];
	struct chat_choice ours = choice_of(&j->cheap);
	const struct chat_reply alone = {.choices = &ours, .n_choices = 1};
	const struct verify_case c = {
		.arena = j->arena,
		.request = &j->request,
		.reply = j->cheap.whole ? &j->cheap.reply : &alone,
		.reply_bytes = j->cheap.attempt->response,
		.compare = comparator_of(j->cascade),
		.until_us = INT64_MAX,
		.decides_at = NAN,
	};

	asker->verifier->asks->read(&c, asker->opts, asked->replies,
				    asked->n_replies, &j->verdicts[i]);
}

static void read_all_again(struct judging *j)
{
	size_t n = j->askers.n;

	j->verdicts = arena_get(j->arena, n * sizeof(*j->verdicts));
	for (size_t i = 0; i < n; i++)
		if (j->askers.v[i].verifier->asks->read &&
		    j->asked[i].n_replies && has_text(j))
			read_again(j, i);
}

static enum sample_said said_by(const struct verdict *v)
{
	if (v->kind == VERDICT_SCORE || v->kind == VERDICT_PASS)
		return SAID_SOMETHING;
	return v->lack == LACK_SIGNAL ? SAID_NOTHING : SAID_FAULT;
}

/* Was the signal recorded, be it as missing? */
static bool is_recorded(const struct judging *j, const char *name,
			bool *is_missing)
{
	for (size_t i = 0; i < j->out->n_signals; i++)
		if (strcmp(j->out->signals[i].name, name) == 0) {
			*is_missing = isnan(j->out->signals[i].value);
			return true;
		}
	return false;
}

/* By the signals that its score is told by. */
static enum sample_said as_recorded(const struct judging *j, size_t i)
{
	const struct verify_asks *asks = j->askers.v[i].verifier->asks;
	enum sample_said said =
		j->asked[i].n_attempts ? SAID_FAULT : SAID_ABSENT;
	bool is_missing;

	for (size_t k = 0; k < asks->n_score; k++) {
		if (!is_recorded(j, signal_name(asks->score[k]), &is_missing))
			continue;
		if (!is_missing)
			return SAID_SOMETHING;
		said = SAID_NOTHING;
	}
	return said;
}

/* Read anew where all replies are there, else as the record has it. */
static enum sample_said hear(struct judging *j, size_t i)
{
	const struct asked *asked = &j->asked[i];

	/* The first that came well is the one that counts. */
	for (size_t k = asked->n_attempts; k-- > 0;)
		if (asked_came_well(asked->attempts[k]))
			take_said(j, asked->attempts[k]->signals);
	if (!has_read(j, i))
		return as_recorded(j, i);
	put_signals(j, &j->verdicts[i]);
	return said_by(&j->verdicts[i]);
}

/* The first that gave nothing to go by ends the chain. */
static void sum_up(struct judged *o)
{
	size_t i = 0;

	while (i < o->n_checks && o->checks[i].said == SAID_SOMETHING)
		i++;
	o->has_check = o->n_checks > 0 && i == o->n_checks;
	if (i == o->n_checks)
		return;
	o->check_unknown = o->checks[i].said == SAID_NOTHING;
	o->check_absent = o->checks[i].said == SAID_ABSENT;
}

static void judge_checks(struct judging *j)
{
	struct judged *o = j->out;

	o->n_checks = j->askers.n;
	o->checks = arena_get(j->arena, o->n_checks * sizeof(*o->checks));
	for (size_t i = 0; i < o->n_checks; i++) {
		o->checks[i].usd = j->asked[i].usd;
		if (!o->barred)
			o->checks[i].said = hear(j, i);
	}
	if (!o->barred)
		sum_up(o);
}

/* ---- what is known ------------------------------------------------------- */

static enum known label_of(const struct judging *j, const char *backend)
{
	enum known right = KNOWN_NOT;

	for (const struct record_label *l = j->rec->labels; l; l = l->next)
		if (strcmp(l->backend, backend) == 0)
			right = l->right;
	return right;
}

static double cost_of(const struct seen *s)
{
	if (!s->attempt)
		return NAN;
	return asked_usd(s->attempt, s->backend, s->whole ? &s->reply : NULL);
}

static void find_all(struct judging *j)
{
	const struct conf_cascade *c = j->cascade;

	find_answer(j, &j->cheap, c->tiers[0]);
	find_answer(j, &j->expensive, c->tiers[1]);
	j->askers = askers_of(c);
	j->asked = arena_get(j->arena, j->askers.n * sizeof(*j->asked));
	for (size_t i = 0; i < j->askers.n; i++)
		j->asked[i] = asked_find(&j->askers.v[i], c, j->rec, j->arena);
}

/* Does the record say whether the two agree, by what is configured now? */
static bool is_compared(const struct judging *j)
{
	const struct record *r = j->rec;

	return r->agrees != KNOWN_NOT &&
	       (!r->compared_by ||
		strcmp(r->compared_by, pair_by(j->cascade, j->arena)) == 0);
}

void judge_record(const struct conf_cascade *c, const struct record *rec,
		  struct arena *a, struct judged *out)
{
	struct judging j = {.cascade = c, .rec = rec, .arena = a, .out = out};

	assert(c->n_tiers == 2);
	*out = (struct judged){
		.signals = arena_get(a, SIGNALS_MOST * sizeof(*out->signals)),
	};
	find_all(&j);
	read_request(&j);
	read_reply(&j, &j.cheap);
	read_reply(&j, &j.expensive);
	read_all_again(&j);
	judge_cheap(&j);
	judge_checks(&j);
	out->cheap_right = label_of(&j, c->tiers[0]->name);
	out->expensive_right = label_of(&j, c->tiers[1]->name);
	out->same = is_compared(&j) ? rec->agrees : compare(&j);
	out->cheap_usd = cost_of(&j.cheap);
	out->expensive_usd = cost_of(&j.expensive);
}
