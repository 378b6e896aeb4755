/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of one head: design, folds, scales.
 */
#include "ctl/part.h"

#include <math.h>
#include <stdlib.h>

#include "stat/draw.h"

/* Of the L2 penalty, on columns that were scaled to unit spread ... */
#define PENALTY_C .02
/* ... but as though none spread less: else a flag that few rows have would
 * hardly be penalised. */
#define SPREAD_LEAST .2
/* Of a set of words, whose length is 1: its columns hold little each, yet
 * together they say as much as a signal. After the check less is left to say.
 */
static const double word_scale[HEADS_NSTAGES] = {8, 5};

static enum known target(const struct part_task *t, const struct sample *row)
{
	if (t->kind == HEADS_REGRET)
		return sample_loss(row, t->o->labelled);
	return row->cheap_right;
}

bool part_takes(const struct sample *row, enum heads_stage stage)
{
	return !row->barred && (stage == HEADS_BEFORE || row->has_check);
}

/* By the request's id (FNV-1a), so that one recorded twice is in one fold. */
static unsigned char fold_of(uint64_t seed, const char *id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct draw d;

	for (; *id; id++)
		hash = (hash ^ (unsigned char)*id) * UINT64_C(0x100000001b3);
	d = draw_by(seed, hash);
	return (unsigned char)draw_below(&d, PART_FOLDS);
}

static struct logit_entry *put_row(const struct part_task *t, struct part *p,
				   const struct sample *row, double *dense,
				   struct logit_entry *to)
{
	size_t n = p->n_features - p->n_words;

	for (size_t i = 0; p->n_words && i < row->words.n; i++)
		*to++ = (struct logit_entry){row->words.bucket[i],
					     row->words.value *
						     word_scale[t->stage]};
	heads_design(t->h, t->stage, row->values, dense);
	for (size_t i = 0; i < n; i++)
		if (dense[i] != 0)
			*to++ = (struct logit_entry){(uint32_t)(p->n_words + i),
						     dense[i]};
	return to;
}

/* Scales the columns of signals, words are left as they are. */
static void scale(struct part *p)
{
	size_t n = p->n_features;
	double *sum = mem_array(n, sizeof(*sum));

	p->spread = mem_array(n, sizeof(*p->spread));
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < p->row_n[i]; k++) {
			const struct logit_entry *e = &p->row[i][k];

			sum[e->feature] += e->value;
			p->spread[e->feature] += e->value * e->value;
		}
	for (size_t j = 0; j < n; j++) {
		double mean = sum[j] / (double)p->n;
		double var = p->spread[j] / (double)p->n - mean * mean;
		double sd = var > 0 ? sqrt(var) : 0;

		p->spread[j] = j < p->n_words	   ? 1
			       : sd > SPREAD_LEAST ? sd
						   : SPREAD_LEAST;
	}
	for (struct logit_entry *e = p->entries;
	     e < p->row[p->n - 1] + p->row_n[p->n - 1]; e++)
		e->value /= p->spread[e->feature];
	free(sum);
}

static void part_select(struct part *p, const struct part_task *t,
			struct fit_rows rows)
{
	p->at = mem_array(rows.n + 1, sizeof(*p->at));
	p->fold = mem_array(rows.n + 1, sizeof(*p->fold));
	p->y = mem_array(rows.n + 1, sizeof(*p->y));
	for (size_t i = 0; i < rows.n; i++) {
		const struct sample *row = &t->s->v[rows.i[i]];
		enum known y = target(t, row);

		if (y == KNOWN_NOT || !part_takes(row, t->stage))
			continue;
		p->at[p->n] = i;
		p->fold[p->n] = fold_of(t->o->seed, row->id);
		p->y[p->n++] = y == KNOWN_TRUE;
	}
}

void part_init(struct part *p, const struct part_task *t, struct fit_rows rows)
{
	size_t n_dense = heads_n_weights(t->h, t->stage), n_entries = 0;
	double *dense = mem_array(n_dense + 1, sizeof(*dense));
	struct logit_entry *to;

	*p = (struct part){.n_words = t->h->n_words,
			   .word_scale = word_scale[t->stage]};
	p->n_features = p->n_words + n_dense;
	part_select(p, t, rows);
	for (size_t i = 0; i < p->n; i++)
		n_entries += n_dense + t->s->v[rows.i[p->at[i]]].words.n;
	p->entries = mem_array(n_entries + 1, sizeof(*p->entries));
	p->row = mem_array(p->n + 1, sizeof(*p->row));
	p->row_n = mem_array(p->n + 1, sizeof(*p->row_n));
	to = p->entries;
	for (size_t i = 0; i < p->n; i++) {
		p->row[i] = to;
		to = put_row(t, p, &t->s->v[rows.i[p->at[i]]], dense, to);
		p->row_n[i] = (size_t)(to - p->row[i]);
	}
	if (p->n > 0)
		scale(p);
	free(dense);
}

void part_release(struct part *p)
{
	free(p->at);
	free(p->fold);
	free(p->y);
	free(p->entries);
	free(p->row);
	free(p->row_n);
	free(p->spread);
}

double part_score(const struct part *p, size_t i, const double *w, double b)
{
	double z = b;

	for (size_t k = 0; k < p->row_n[i]; k++)
		z += w[p->row[i][k].feature] * p->row[i][k].value;
	return logit_sigma(z);
}

int part_fit(const struct part *p, unsigned char fold, double *w, double *b,
	     struct err *err)
{
	const struct logit_entry **row = mem_array(p->n, sizeof(*row));
	size_t *row_n = mem_array(p->n, sizeof(*row_n));
	bool *y = mem_array(p->n, sizeof(*y));
	struct logit_rows x = {
		.n_features = p->n_features, .row = row, .row_n = row_n};
	int rc;

	for (size_t i = 0; i < p->n; i++) {
		if (p->fold[i] == fold)
			continue;
		row[x.n] = p->row[i];
		row_n[x.n] = p->row_n[i];
		y[x.n++] = p->y[i];
	}
	rc = logit_fit(&x, y, PENALTY_C, w, b, err);
	free(row);
	free(row_n);
	free(y);
	return rc;
}

void part_set_head(const struct part *p, const double *w, double b,
		   struct head *head)
{
	size_t n = p->n_features - p->n_words;

	head->bias = b;
	head->weights = mem_array(n + 1, sizeof(*head->weights));
	for (size_t j = 0; j < n; j++)
		head->weights[j] =
			w[p->n_words + j] / p->spread[p->n_words + j];
	if (p->n_words == 0)
		return;
	head->words = mem_array(p->n_words, sizeof(*head->words));
	for (size_t j = 0; j < p->n_words; j++)
		head->words[j] = w[j] * p->word_scale;
}
