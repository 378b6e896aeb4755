/* SPDX-License-Identifier: Apache-2.0 */
/*
 * So many inquiries under one verification, and their votes.
 */
#include "verify/verify_samples.h"

#include "base/now.h"
#include "chat/chat_sample.h"
#include "chat/price.h"
#include "upstream/backend.h"
#include "verify/ballot.h"
#include "verify/choice_same.h"
#include "verify/inquiry.h"

struct samples_opts {
	int64_t k;
	double temperature;
	struct conf_range band;
};

static const struct conf_key keys[] = {
	{.name = "k",
	 .type = CONF_INT,
	 .offset = offsetof(struct samples_opts, k),
	 .fallback = "4",
	 .min = 1,
	 .max = 20,
	 .help = "how many more replies are asked for"},
	{.name = "temperature",
	 .type = CONF_NUMBER,
	 .offset = offsetof(struct samples_opts, temperature),
	 .fallback = "0.7",
	 .min = 0.1,
	 .max = 2,
	 .help = "at which they are drawn, whatever the client asks for"},
	VERIFY_BAND_KEY(struct samples_opts, band),
	{.name = NULL},
};

/* What stands behind a struct verification here. */
struct samples {
	const struct verify_case *c;
	verify_done_fn *done;
	void *arg;
	int64_t start_us;
	int64_t cost_pusd; /* of those that were let go */
	struct ballot ballot;
	struct verification **calls; /* ballot.size; NULL: let go */
};

/* ---- one sample ---------------------------------------------------------- */

static struct backend *whom(const struct verify_case *c, const void *opts)
{
	(void)opts;
	return c->backend;
}

/* A reply in which there is nothing no sample can agree with. */
static int write_sample(const struct verify_case *c, const void *opts,
			const char *nonce, struct buf *out, struct verdict *v)
{
	const struct chat_choice *ours = &c->reply->choices[0];
	const struct samples_opts *o = opts;

	(void)nonce;
	if (!ours->content.n && !ours->tool_calls.n && !ours->function_call.n) {
		v->lack = LACK_SIGNAL;
		v->why = "unknown";
		return -1;
	}
	return chat_sample_write(c->request, o->temperature, c->arena, out);
}

static bool agrees(const struct verify_case *c, const struct chat_reply *sample)
{
	return choice_same(c->compare, &c->reply->choices[0],
			   &sample->choices[0], c->arena) == SAMENESS_SAME;
}

static void read_sample(const struct verify_case *c, const void *opts,
			const char *nonce, const struct chat_reply *answer,
			struct verdict *v)
{
	(void)opts;
	(void)nonce;
	v->kind = VERDICT_SCORE;
	v->score = agrees(c, answer);
}

/* ---- all of them --------------------------------------------------------- */

static void put_share(double share, struct arena *a, struct verdict *v)
{
	struct signal *s = arena_get(a, sizeof(*s));

	*s = (struct signal){signal_name(SIGNAL_SAMPLES_AGREE), share};
	v->kind = VERDICT_SCORE;
	v->score = share;
	v->signals = s;
	v->n_signals = 1;
}

static void let_go(struct samples *s)
{
	for (size_t i = 0; i < s->ballot.size; i++) {
		if (!s->calls[i])
			continue;
		s->cost_pusd =
			price_add(s->cost_pusd, inquiry_cost(s->calls[i]));
		inquiry_free(s->calls[i]);
		s->calls[i] = NULL;
	}
}

static void conclude(struct samples *s, struct verdict v)
{
	let_go(s);
	v.us = now_us() - s->start_us;
	v.cost_pusd = s->cost_pusd;
	s->done(s->arg, &v);
}

static void on_sample(void *arg, const struct verdict *said)
{
	struct samples *s = arg;
	struct verdict v = {.verifier = "samples"};
	double share;

	if (said->kind != VERDICT_SCORE) {
		v.lack = said->lack;
		v.why = said->why;
		conclude(s, v);
		return;
	}
	s->ballot.counted++;
	s->ballot.ayes += said->score > 0;
	if (!ballot_decides(&s->ballot, s->c->decides_at, &share))
		return;
	put_share(share, s->c->arena, &v);
	conclude(s, v);
}

static struct verification *samples_start(const struct verify_case *c,
					  const void *opts,
					  verify_done_fn *done, void *arg)
{
	static const struct inquiry_ops ops = {
		.verifier = "samples",
		.whom = whom,
		.write = write_sample,
		.read = read_sample,
	};
	size_t k = (size_t)((const struct samples_opts *)opts)->k;
	struct samples *s = arena_get(c->arena, sizeof(*s));

	s->c = c;
	s->done = done;
	s->arg = arg;
	s->start_us = now_us();
	s->ballot.size = k;
	s->calls = arena_get(c->arena, k * sizeof(*s->calls));
	for (size_t i = 0; i < k; i++)
		s->calls[i] = inquiry_start(&ops, c, opts, on_sample, s);
	return (struct verification *)s;
}

static void samples_free(struct verification *v)
{
	if (v)
		let_go((struct samples *)v);
}

/* ---- the table ----------------------------------------------------------- */

static struct conf_range band(const void *opts)
{
	return ((const struct samples_opts *)opts)->band;
}

/* As much as the reply took, for each. */
static int64_t price(const struct verify_case *c, const void *opts)
{
	const struct chat_request *rq = c->request;
	struct chat_usage u = {0};
	int64_t each, all;

	if (c->reply && c->reply->usage.there)
		u = c->reply->usage;
	else
		price_estimate(&u, rq->messages.n + rq->tools.n,
			       inquiry_proposal(c).n);
	each = price_of(&c->backend->price, &u);
	if (__builtin_mul_overflow(each, ((const struct samples_opts *)opts)->k,
				   &all))
		return INT64_MAX;
	return all;
}

static const struct conf_backend *backend(const void *opts)
{
	(void)opts;
	return NULL;
}

/* Fewer than k say nothing: some may have been let go for what they were. */
static void read_again(const struct verify_case *c, const void *opts,
		       const struct chat_reply *const *replies, size_t n,
		       struct verdict *v)
{
	size_t k = (size_t)((const struct samples_opts *)opts)->k, ayes = 0;

	if (n < k)
		return;
	for (size_t i = 0; i < k; i++)
		ayes += agrees(c, replies[i]);
	put_share((double)ayes / (double)k, c->arena, v);
}

const struct verifier *verify_samples(void)
{
	static const struct verify_asks asks = {
		.band = band,
		.price = price,
		.score = {SIGNAL_SAMPLES_AGREE},
		.n_score = 1,
		.backend = backend,
		.read = read_again,
	};
	static const struct verifier v = {
		.conf = {.name = "samples",
			 .keys = keys,
			 .opts_size = sizeof(struct samples_opts)},
		.gives_score = true,
		.start = samples_start,
		.free = samples_free,
		.asks = &asks,
	};

	return &v;
}
