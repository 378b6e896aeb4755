/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies fitted heads: inputs of a stage once, then each head's sum.
 */
#include "verify/heads.h"

#include <math.h>
#include <stdlib.h>

#include "stat/logit.h"

#define INPUTS_MOST 512 /* on the stack; more are taken from the heap */

size_t heads_n_weights(const struct heads *h, enum heads_stage stage)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n[stage]; i++)
		n += spline_basis(&h->features[i].spline) + 1;
	return n;
}

void heads_design(const struct heads *h, enum heads_stage stage,
		  const double *values, double *out)
{
	for (size_t i = 0; i < h->n[stage]; i++) {
		const struct spline *s = &h->features[i].spline;
		size_t n = spline_basis(s);
		bool missing = !isfinite(values[i]);

		if (missing)
			for (size_t k = 0; k < n; k++)
				out[k] = 0;
		else
			spline_eval(s, values[i], out);
		out[n] = missing;
		out += n + 1;
	}
}

const char *heads_lack(const struct heads *h, enum heads_stage stage,
		       const double *values)
{
	for (size_t i = 0; i < h->n[stage]; i++)
		if (!h->features[i].may_miss && !isfinite(values[i]))
			return h->features[i].name;
	return NULL;
}

static double words_sum(const struct head *head, const struct word_set *words)
{
	double sum = 0;

	if (!head->words || !words)
		return 0;
	for (size_t i = 0; i < words->n; i++)
		sum += head->words[words->bucket[i]];
	return sum * words->value;
}

static double head_apply(const struct head *head, const double *in, size_t n,
			 const struct word_set *words)
{
	double z = head->bias + words_sum(head, words);

	for (size_t i = 0; i < n; i++)
		z += head->weights[i] * in[i];
	return calibrator_apply(&head->calibrator, logit_sigma(z));
}

struct heads_score heads_apply(const struct heads *h, enum heads_stage stage,
			       const double *values,
			       const struct word_set *words)
{
	const struct head *of = h->head[stage];
	size_t n = heads_n_weights(h, stage);
	double few[INPUTS_MOST];
	double *in = n <= INPUTS_MOST ? few : mem_array(n, sizeof(*in));
	struct heads_score s;

	heads_design(h, stage, values, in);
	s.regret = head_apply(&of[HEADS_REGRET], in, n, words);
	s.confidence = 1 - s.regret;
	if (h->labelled)
		s.confidence = head_apply(&of[HEADS_CONFIDENCE], in, n, words);
	if (in != few)
		free(in);
	return s;
}

void heads_release(struct heads *h)
{
	for (int s = 0; s < HEADS_NSTAGES; s++)
		for (int k = 0; k < HEADS_NKINDS; k++) {
			free(h->head[s][k].weights);
			free(h->head[s][k].words);
			calibrator_release(&h->head[s][k].calibrator);
		}
	free(h->features);
}
