/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One inquiry, after a look at what it would be about.
 */
#include "verify/verify_judge.h"

#include "chat/chat_judge.h"
#include "verify/inquiry.h"
#include "verify/suspect.h"
#include "verify/verify_judge_read.h"

#define ANSWER_BYTES 96 /* the nonce is most of it */

struct judge_opts {
	const struct conf_backend *backend;
	struct conf_range band;
	bool schema;
};

static const struct conf_key judge_keys[] = {
	{.name = "backend",
	 .type = CONF_BACKEND,
	 .offset = offsetof(struct judge_opts, backend),
	 .help = "who judges; better than the tier it judges"},
	VERIFY_BAND_KEY(struct judge_opts, band),
	{.name = "schema",
	 .type = CONF_BOOL,
	 .offset = offsetof(struct judge_opts, schema),
	 .fallback = "true",
	 .help = "binds the judge's answer to a JSON Schema; false for "
		 "backends that know no response_format"},
	{.name = NULL},
};

/* ---- the inquiry --------------------------------------------------------- */

static void put_fault(struct verdict *v, const char *why)
{
	v->kind = VERDICT_NONE;
	v->lack = LACK_FAULT;
	v->why = why;
}

static void put_grade(int grade, struct arena *a, struct verdict *v)
{
	struct signal *s = arena_get(a, sizeof(*s));

	v->kind = VERDICT_SCORE;
	v->score = (double)grade / VERIFY_JUDGE_TOP;
	*s = (struct signal){signal_name(SIGNAL_JUDGE_SCORE), v->score};
	v->signals = s;
	v->n_signals = 1;
}

static struct backend *whom(const struct verify_case *c, const void *opts)
{
	return inquiry_backend(c, ((const struct judge_opts *)opts)->backend);
}

static int write_question(const struct verify_case *c, const void *opts,
			  const char *nonce, struct buf *out, struct verdict *v)
{
	const struct chat_judge_form form = {
		nonce, ((const struct judge_opts *)opts)->schema};
	struct span reply = inquiry_proposal(c);
	enum suspicion s = suspect(reply);

	if (s == SUSPICION_NONE)
		return chat_judge_grade(c->request, reply, &form, out);
	if (s == SUSPICION_EMPTY)
		put_grade(0, c->arena, v);
	else
		put_fault(v, suspect_word(s));
	return -1;
}

static void read_answer(const struct verify_case *c, const void *opts,
			const char *nonce, const struct chat_reply *answer,
			struct verdict *v)
{
	int grade;
	const char *why = verify_judge_read_grade(answer, nonce, &grade);

	(void)opts;
	if (why)
		put_fault(v, why);
	else
		put_grade(grade, c->arena, v);
}

static struct verification *judge_start(const struct verify_case *c,
					const void *opts, verify_done_fn *done,
					void *arg)
{
	static const struct inquiry_ops ops = {
		.verifier = "judge",
		.whom = whom,
		.write = write_question,
		.read = read_answer,
	};

	return inquiry_start(&ops, c, opts, done, arg);
}

/* ---- the table ----------------------------------------------------------- */

static struct conf_range band(const void *opts)
{
	return ((const struct judge_opts *)opts)->band;
}

/* Its own words are more than other inquiries have. */
static int64_t price(const struct verify_case *c, const void *opts)
{
	return inquiry_price(whom(c, opts), c, CHAT_JUDGE_BYTES, ANSWER_BYTES);
}

static const struct conf_backend *backend(const void *opts)
{
	return ((const struct judge_opts *)opts)->backend;
}

const struct verifier *verify_judge(void)
{
	static const struct verify_asks asks = {
		.band = band,
		.price = price,
		.score = {SIGNAL_JUDGE_SCORE},
		.n_score = 1,
		.backend = backend,
	};
	static const struct verifier v = {
		.conf = {.name = "judge",
			 .keys = judge_keys,
			 .opts_size = sizeof(struct judge_opts)},
		.gives_score = true,
		.start = judge_start,
		.free = inquiry_free,
		.asks = &asks,
	};

	return &v;
}
