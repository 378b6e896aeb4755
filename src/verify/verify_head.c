/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the signals of a chain to confidence and regret.
 */
#include "verify/verify_head.h"

#include <math.h>
#include <string.h>

#include "verify/signal.h"
#include "verify/words.h"

static const struct signal *find(const struct verify_case *c, const char *name,
				 bool by_text)
{
	for (size_t i = 0; i < c->n_earlier; i++) {
		const struct verdict *v = &c->earlier[i];

		for (size_t k = 0; k < v->n_signals; k++)
			if (by_text ? strcmp(v->signals[k].name, name) == 0
				    : v->signals[k].name == name)
				return &v->signals[k];
	}
	return NULL;
}

/* Names of ours are the same pointers mostly, so that is looked at first. */
static double value_of(const struct verify_case *c, const char *name)
{
	const struct signal *s = find(c, name, false);

	if (!s)
		s = find(c, name, true);
	return s ? s->value : NAN;
}

static const struct word_set *words_of(const struct verify_case *c, size_t n)
{
	struct word_set *w;

	if (n == 0)
		return NULL;
	w = arena_get(c->arena, sizeof(*w));
	words_read(w, c->arena, words_question(c->request, c->arena),
		   c->reply->choices[0].content, n);
	return w;
}

static struct signal *signals_of(const struct heads_score *s, struct arena *a)
{
	struct signal *out = arena_get(a, 2 * sizeof(*out));

	out[0] = (struct signal){signal_name(SIGNAL_HEAD_CONFIDENCE),
				 s->confidence};
	out[1] = (struct signal){signal_name(SIGNAL_HEAD_REGRET), s->regret};
	return out;
}

void verify_head_judge(const struct verify_case *c, const void *opts,
		       struct verdict *v)
{
	const struct verify_head_opts *o = opts;
	size_t n = o->heads->n[o->stage];
	double *values = arena_get(c->arena, n * sizeof(*values));
	struct heads_score s;

	for (size_t i = 0; i < n; i++)
		values[i] = value_of(c, o->heads->features[i].name);
	v->verifier = "head";
	v->why = heads_lack(o->heads, o->stage, values);
	if (v->why) {
		v->kind = VERDICT_NONE;
		v->lack = LACK_SIGNAL;
		return;
	}
	s = heads_apply(o->heads, o->stage, values,
			words_of(c, o->heads->n_words));
	v->kind = VERDICT_SCORE;
	v->score = s.confidence;
	v->regret = s.regret;
	v->signals = signals_of(&s, c->arena);
	v->n_signals = 2;
}

const struct verifier *verify_head(void)
{
	static const struct verifier v = {
		.conf = {.name = "head"},
		.gives_score = true,
		.judge = verify_head_judge,
	};

	return &v;
}
