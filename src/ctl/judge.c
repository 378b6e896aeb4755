/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges recorded replies as a run would have done.
 */
#include "ctl/judge.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/jscan.h"
#include "chat/chat.h"
#include "chat/price.h"
#include "verify/comparator.h"
#include "verify/signal.h"
#include "verify/verify_check_read.h"
#include "verify/verify_logprob.h"
#include "verify/verify_rules.h"
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
	struct seen cheap, check, expensive;
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

static bool came_well(const struct record_attempt *t)
{
	return t->status >= 200 && t->status < 300;
}

/* The first that came well, else the last. */
static void consider(struct seen *s, const struct record_attempt *t)
{
	if (!s->attempt || !came_well(s->attempt))
		s->attempt = t;
}

static void find_answer(struct judging *j, struct seen *s,
			const struct conf_backend *b)
{
	s->backend = b;
	for (const struct record_attempt *t = j->rec->attempts; t; t = t->next)
		if (is_said(t->backend, b->name) &&
		    (!t->purpose || is_said(t->purpose, "answer")))
			consider(s, t);
}

static void read_reply(struct judging *j, struct seen *s)
{
	const struct record_attempt *t = s->attempt;
	struct chat_fault why;

	if (!t || !came_well(t))
		return;
	s->sound = has_content(t);
	if (!t->response.n)
		return;
	s->whole = chat_reply_read(&s->reply, t->response, JSCAN_DEPTH, true,
				   j->arena, &why) == 0 &&
		   !s->reply.error.n;
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

bool judge_is_of_check(const char *name)
{
	return strncmp(name, "check.", 6) == 0;
}

static bool has_signal(const struct judging *j, bool of_check)
{
	for (size_t i = 0; i < j->out->n_signals; i++)
		if (judge_is_of_check(j->out->signals[i].name) == of_check &&
		    isfinite(j->out->signals[i].value))
			return true;
	return false;
}

/* Whose signals they are: the word before the point, and the answer's are
 * logprob's. */
static bool is_configured(const struct conf_cascade *c, const char *name)
{
	size_t n = strcspn(name, ".");
	struct span whose = {name, n};

	if (span_is(whose, "answer"))
		whose = span_of("logprob");
	for (size_t i = 0; i < c->n_verify; i++)
		if (span_is(whose, c->verify[i].verifier->name))
			return true;
	return false;
}

/* anew: a reply is there, from which our own are computed. */
static void take_said(struct judging *j, const struct record_signal *s,
		      bool anew)
{
	for (; s; s = s->next) {
		const char *ours = signal_find(span_of(s->name));

		if (!ours || (!anew && is_configured(j->cascade, ours)))
			put_signal(j, ours ? ours : s->name, s->value);
	}
}

/* ---- the chain ----------------------------------------------------------- */

static void judge_locally(struct judging *j, const struct conf_verify *v,
			  verify_judge_fn *judge)
{
	const struct verify_case c = {
		.arena = j->arena,
		.request = &j->request,
		.reply = &j->cheap.reply,
		.until_us = INT64_MAX,
	};
	struct verdict said = {.verifier = v->verifier->name};

	judge(&c, v->opts, &said);
	for (size_t i = 0; i < said.n_signals; i++)
		put_signal(j, said.signals[i].name, said.signals[i].value);
	if (said.kind == VERDICT_REJECT)
		j->out->barred = arena_printf(j->arena, "gate:%s", said.why);
	else if (said.kind == VERDICT_NONE)
		j->out->barred = said.lack == LACK_SIGNAL ? "no_signal"
							  : "verifier_error";
}

/* What judges on the spot; the check is not among them. */
static verify_judge_fn *local_judge(const struct conf_verify *v)
{
	if (strcmp(v->verifier->name, "rules") == 0)
		return verify_rules_judge;
	if (strcmp(v->verifier->name, "logprob") == 0)
		return verify_logprob_judge;
	return NULL;
}

static void run_chain(struct judging *j)
{
	const struct conf_cascade *c = j->cascade;

	for (size_t i = 0; i < c->n_verify && !j->out->barred; i++) {
		verify_judge_fn *judge = local_judge(&c->verify[i]);

		if (judge)
			judge_locally(j, &c->verify[i], judge);
	}
}

/* Without the reply its signals must be there, if the chain wants any. */
static void look_at_signals(struct judging *j)
{
	if (is_configured(j->cascade, "logprob") && !has_signal(j, false))
		j->out->barred = "no_signal";
}

static void judge_cheap(struct judging *j)
{
	const struct record_attempt *t = j->cheap.attempt;

	take_said(j, j->rec->signals, j->cheap.whole);
	if (t)
		take_said(j, t->signals, j->cheap.whole);
	j->out->answered = t || has_signal(j, false);
	if (t && !j->cheap.sound && !j->rec->signals)
		j->out->barred = "backend_error";
	else if (j->request.n > 1 || j->request.beyond_cheap)
		j->out->barred = "unsupported";
	else if (j->cheap.whole)
		run_chain(j);
	else
		look_at_signals(j);
	if (j->cheap.whole)
		j->out->reply = j->cheap.reply.choices[0].content;
}

/* ---- comparing ----------------------------------------------------------- */

static enum comparator comparator_of(const struct conf_cascade *c)
{
	return (enum comparator)c->compare;
}

/* A choice that holds nothing but the answer, where that is all there is. */
static struct chat_choice choice_of(const struct seen *s)
{
	if (s->whole)
		return s->reply.choices[0];
	return (struct chat_choice){.content = span_of(s->attempt->answer)};
}

static struct span text_of(const struct seen *s)
{
	struct chat_choice c = {.content = {NULL, 0}};

	if (s->sound)
		c = choice_of(s);
	return c.tool_calls.n ? c.tool_calls : c.content;
}

static enum known compare(const struct judging *j)
{
	struct span cheap = text_of(&j->cheap);
	struct span expensive = text_of(&j->expensive);

	if (!cheap.p || !expensive.p)
		return KNOWN_NOT;
	/* What cannot be compared is no agreement. */
	return comparator_same(comparator_of(j->cascade), cheap, expensive) ==
			       SAMENESS_SAME
		       ? KNOWN_TRUE
		       : KNOWN_FALSE;
}

/* ---- the check ----------------------------------------------------------- */

/* An option of the chain's verifier, by the name of its key. */
static const void *option(const struct conf_cascade *c, const char *verifier,
			  const char *key)
{
	for (size_t i = 0; i < c->n_verify; i++) {
		const struct conf_verify *v = &c->verify[i];

		if (strcmp(v->verifier->name, verifier) != 0)
			continue;
		for (const struct conf_key *k = v->verifier->keys; k->name; k++)
			if (strcmp(k->name, key) == 0)
				return (const char *)v->opts + k->offset;
	}
	return NULL;
}

const void *judge_check_option(const struct conf_cascade *c, const char *key)
{
	return option(c, "check", key);
}

bool judge_check_is_early(const struct conf_cascade *c)
{
	const int *start = judge_check_option(c, "start");

	return start && *start != 0;
}

const char *judge_raw_signal(const struct conf_cascade *c)
{
	const int *span = option(c, "logprob", "span");

	return signal_name(span && *span ? SIGNAL_ANSWER_MIN
					 : SIGNAL_LOGPROB_MIN);
}

const struct conf_backend *judge_check_backend(const struct conf_cascade *c)
{
	const struct conf_backend *const *b = judge_check_option(c, "backend");

	return b ? *b : NULL;
}

static enum chat_check_mode check_mode(const struct conf_cascade *c)
{
	const int *mode = judge_check_option(c, "mode");

	return mode ? (enum chat_check_mode) * mode : CHAT_CHECK_BLIND;
}

static bool is_check(const struct judging *j, const struct record_attempt *t)
{
	const char *wanted = check_mode(j->cascade) == CHAT_CHECK_BLIND
				     ? "blind"
				     : "verdict";

	return is_said(t->backend, j->check.backend->name) &&
	       is_said(t->purpose, "verify") && is_said(t->verifier, "check") &&
	       (!t->mode || strcmp(t->mode, wanted) == 0) &&
	       (!t->about || is_said(t->about, j->cheap.backend->name));
}

static void find_check(struct judging *j)
{
	j->check.backend = judge_check_backend(j->cascade);
	if (!j->check.backend)
		return;
	for (const struct record_attempt *t = j->rec->attempts; t; t = t->next)
		if (is_check(j, t))
			consider(&j->check, t);
}

static void read_check(struct judging *j)
{
	const struct chat_choice ours = choice_of(&j->cheap);
	struct verdict v = {.kind = VERDICT_NONE};

	verify_check_read(&(struct verify_check_asked){
				  check_mode(j->cascade),
				  comparator_of(j->cascade),
				  SIGNAL_CHECK_AGREE,
			  },
			  &ours, &j->check.reply, j->arena, &v);
	for (size_t i = 0; i < v.n_signals; i++)
		put_signal(j, v.signals[i].name, v.signals[i].value);
	j->out->has_check = v.kind == VERDICT_SCORE;
	j->out->check_unknown = v.lack == LACK_SIGNAL;
}

/* Read anew where both replies are there, else as the record has it. */
static void judge_check(struct judging *j)
{
	const struct record_attempt *t = j->check.attempt;
	bool anew = j->check.whole && j->cheap.sound &&
		    (j->cheap.whole || j->cheap.attempt->answer);

	if (j->out->barred || !j->check.backend)
		return;
	if (t && came_well(t))
		take_said(j, t->signals, anew);
	if (anew)
		read_check(j);
	else
		j->out->has_check = has_signal(j, true);
	j->out->check_absent = !t && !j->out->has_check;
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
	const struct conf_backend *b = s->backend;

	if (!s->attempt || !isnan(s->attempt->cost_usd))
		return s->attempt ? s->attempt->cost_usd : NAN;
	if (!b->priced || !s->whole || !s->reply.usage.there)
		return NAN;
	return (double)price_of(&(struct price){b->price_input, b->price_output,
						b->price_cached},
				&s->reply.usage) *
	       1e-12;
}

void judge_record(const struct conf_cascade *c, const struct record *rec,
		  struct arena *a, struct judged *out)
{
	struct judging j = {.cascade = c, .rec = rec, .arena = a, .out = out};

	assert(c->n_tiers == 2);
	*out = (struct judged){
		.signals = arena_get(a, SIGNALS_MOST * sizeof(*out->signals)),
	};
	find_answer(&j, &j.cheap, c->tiers[0]);
	find_answer(&j, &j.expensive, c->tiers[1]);
	find_check(&j);
	read_request(&j);
	read_reply(&j, &j.cheap);
	read_reply(&j, &j.check);
	read_reply(&j, &j.expensive);
	judge_cheap(&j);
	judge_check(&j);
	out->cheap_right = label_of(&j, c->tiers[0]->name);
	out->expensive_right = label_of(&j, c->tiers[1]->name);
	out->same = rec->agrees != KNOWN_NOT ? rec->agrees : compare(&j);
	out->cheap_usd = cost_of(&j.cheap);
	out->check_usd = cost_of(&j.check);
	out->expensive_usd = cost_of(&j.expensive);
}
