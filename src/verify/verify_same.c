/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An inquiry about the first answer, whose options are the second one: its
 * score is 1 when they are the same, 0 when not.
 */
#include "verify/verify_same.h"

#include <ctype.h>

#include "chat/chat_judge.h"
#include "verify/inquiry.h"
#include "verify/suspect.h"
#include "verify/verify_judge_read.h"

struct verify_same {
	struct verify_same_start s;
	struct chat_choice choice;
	struct chat_reply reply; /* the first answer */
	struct verify_case subject;
	struct verification *inquiry;
};

static struct span trimmed(struct span s)
{
	while (s.n && isspace((unsigned char)*s.p))
		s = (struct span){s.p + 1, s.n - 1};
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

static void say(struct verdict *v, bool same)
{
	v->kind = VERDICT_SCORE;
	v->score = same;
}

static void say_unknown(struct verdict *v, const char *why)
{
	v->kind = VERDICT_NONE;
	v->lack = LACK_FAULT;
	v->why = why;
}

/* ---- the inquiry --------------------------------------------------------- */

static struct backend *whom(const struct verify_case *c, const void *opts)
{
	(void)c;
	return ((const struct verify_same *)opts)->s.backend;
}

/* What is wrong with one of them; NULL: nothing. */
static const char *why_not(struct span first, struct span second)
{
	const char *why = suspect_word(suspect(first));

	return why ? why : suspect_word(suspect(second));
}

static int write_question(const struct verify_case *c, const void *opts,
			  const char *nonce, struct buf *out, struct verdict *v)
{
	const struct verify_same_start *s =
		&((const struct verify_same *)opts)->s;
	struct span first = trimmed(s->first), second = trimmed(s->second);
	const char *why = why_not(first, second);

	if (first.n > 0 && span_eq(first, second))
		say(v, true);
	else if (why)
		say_unknown(v, why);
	else
		return chat_judge_same(c->request, first, second,
				       &(struct chat_judge_form){nonce, true},
				       out);
	return -1;
}

static void read_answer(const struct verify_case *c, const void *opts,
			const char *nonce, const struct chat_reply *answer,
			struct verdict *v)
{
	bool same;
	const char *why = verify_judge_read_same(answer, nonce, &same);

	(void)c;
	(void)opts;
	if (why)
		say_unknown(v, why);
	else
		say(v, same);
}

static void on_verdict(void *arg, const struct verdict *v)
{
	struct verify_same *m = arg;
	enum sameness same = SAMENESS_UNKNOWN;

	if (v->kind == VERDICT_SCORE)
		same = v->score > 0 ? SAMENESS_SAME : SAMENESS_DIFFERENT;
	m->s.done(m->s.arg, same, v->why);
}

/* ---- its life ------------------------------------------------------------ */

struct verify_same *verify_same_start(const struct verify_same_start *s)
{
	static const struct inquiry_ops ops = {
		.verifier = "compare",
		.whom = whom,
		.write = write_question,
		.read = read_answer,
	};
	struct verify_same *m = arena_get(s->arena, sizeof(*m));

	m->s = *s;
	m->choice.content = s->first;
	m->reply.choices = &m->choice;
	m->reply.n_choices = 1;
	m->subject = (struct verify_case){
		.loop = s->loop,
		.arena = s->arena,
		.world = s->world,
		.request = s->request,
		.reply = &m->reply,
		.compare = COMPARATOR_JUDGE,
		.until_us = s->until_us,
	};
	m->inquiry = inquiry_start(&ops, &m->subject, m, on_verdict, m);
	return m;
}

void verify_same_free(struct verify_same *v)
{
	if (v)
		inquiry_free(v->inquiry);
}
