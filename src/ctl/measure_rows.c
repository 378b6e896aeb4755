/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picks rows, tells what came true of them, and has them scored.
 */
#include "ctl/measure_rows.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/calibration.h"
#include "ctl/split.h"

const struct sample *measure_row(const struct measure_rows *r, size_t i)
{
	return &r->samples->v[r->at.i[i]];
}

static void pick(struct measure_rows *r, struct arena *a)
{
	const struct samples *s = r->samples;
	size_t *at = arena_get(a, (s->n + 1) * sizeof(*at)), n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct sample *row = &s->v[i];

		if (row->mode == SAMPLE_ENFORCE)
			r->n_enforce++;
		else if (sample_loss(row, r->labelled) == KNOWN_NOT)
			r->n_unknown++;
		else
			at[n++] = i;
	}
	r->at = (struct fit_rows){at, n};
}

static void tell_truth(struct measure_rows *r, struct arena *a)
{
	size_t n = r->at.n;
	bool *cheap = arena_get(a, n + 1), *expensive = arena_get(a, n + 1);
	bool *barred = arena_get(a, n + 1);

	for (size_t i = 0; i < n; i++) {
		const struct sample *row = measure_row(r, i);

		cheap[i] = r->labelled ? row->cheap_right == KNOWN_TRUE
				       : row->same == KNOWN_TRUE;
		expensive[i] =
			!r->labelled || row->expensive_right == KNOWN_TRUE;
		barred[i] = row->barred != NULL;
	}
	r->tally = (struct tally){.cheap_right = cheap,
				  .expensive_right = expensive,
				  .barred = barred,
				  .n = n};
}

/* ---- by an artifact ------------------------------------------------------ */

static size_t *places_of(const struct samples *s, const struct heads *h,
			 struct arena *a)
{
	size_t n = h->n[HEADS_AFTER];
	size_t *places = arena_get(a, (n + 1) * sizeof(*places));

	for (size_t j = 0; j < n; j++) {
		places[j] = SIZE_MAX;
		for (size_t k = 0; k < s->n_names; k++)
			if (strcmp(s->names[k], h->features[j].name) == 0)
				places[j] = k;
	}
	return places;
}

/* What no record has is missing. */
static const struct samples *align(const struct samples *s,
				   const struct heads *h, struct arena *a)
{
	const size_t *places = places_of(s, h, a);
	struct samples *out = arena_get(a, sizeof(*out));
	size_t n = h->n[HEADS_AFTER];

	*out = *s;
	out->n_before = h->n[HEADS_BEFORE];
	out->n_names = n;
	out->v = arena_get(a, (s->n + 1) * sizeof(*out->v));
	for (size_t i = 0; i < s->n; i++) {
		double *values = arena_get(a, (n + 1) * sizeof(*values));

		for (size_t j = 0; j < n; j++)
			values[j] = places[j] == SIZE_MAX
					    ? NAN
					    : s->v[i].values[places[j]];
		out->v[i] = s->v[i];
		out->v[i].values = values;
	}
	return out;
}

/* ---- rows that calibrating left ------------------------------------------ */

/* Was the artifact certified on these rows? Then the same rows give the same
 * counts. */
static bool is_certified_on(const struct measure_rows *r,
			    const struct artifact *a, struct fit_rows rows)
{
	struct cuts_row *scored = mem_array(rows.n + 1, sizeof(*scored));
	struct fit_scores scores;
	struct cuts_sum sum;

	fit_score(&a->heads, r->samples, rows, &scores);
	calibration_rows(r->samples, r->labelled, rows, &scores, scored);
	sum = cuts_count(&a->cuts, scored, rows.n);
	fit_scores_release(&scores);
	free(scored);
	return rows.n == a->n_certify && sum.n_losses == a->n_losses &&
	       fabs((double)sum.n_accepted - a->accept * (double)rows.n) < .5 &&
	       fabs((double)sum.n_checked - a->checked * (double)rows.n) < .5;
}

/* The draw is made again by the seed, and proved right on the certifying
 * rows. */
static void pick_kept(struct measure_rows *r, const struct measure_from *from,
		      struct arena *arena)
{
	const struct artifact *a = from->artifact;
	const struct split_options o = {
		.seed = from->seed,
		.labelled = r->labelled,
		.report_share = ((double)a->n_report + .5) / (double)r->at.n};
	struct split p;
	size_t *at;

	if (!a->certified || a->n_report == 0 || a->n_report >= r->at.n)
		return;
	split_init(&p, r->samples, &o);
	r->kept = p.report.n == a->n_report && is_certified_on(r, a, p.certify);
	if (r->kept) {
		at = arena_get(arena, p.report.n * sizeof(*at));
		memcpy(at, p.report.i, p.report.n * sizeof(*at));
		r->at = (struct fit_rows){at, p.report.n};
	}
	split_release(&p);
}

/* ---- scores -------------------------------------------------------------- */

/* Without labels confidence is that nothing differs. */
static void fill_confidence(struct measure_rows *r,
			    const struct fit_scores *more)
{
	for (int st = 0; st < HEADS_NSTAGES; st++)
		for (size_t i = 0; i < r->scores.n; i++)
			r->scores.confidence[st][i] =
				r->labelled ? more->confidence[st][i]
					    : 1 - r->scores.regret[st][i];
}

static bool score_out_of_fold(struct measure_rows *r, uint64_t seed)
{
	const struct fit_options o = {.seed = seed,
				      .labelled = r->labelled,
				      .check = true,
				      .words = samples_have_words(r->samples)};
	struct err err = {0}; /* too few rows of a kind: then no head */
	struct fit_scores more;
	struct heads heads;

	if (r->at.n == 0 || fit_heads(&heads, r->samples, &o, r->at, r->at,
				      &r->scores, &more, &err) < 0)
		return false;
	fill_confidence(r, &more);
	heads_release(&heads);
	fit_scores_release(&more);
	return true;
}

static void compare(struct measure_rows *r, struct arena *a)
{
	size_t n = r->at.n;
	struct cuts_row *rows;

	r->compared = r->tally;
	if (n == 0 || !isnan(r->tally.rows[0].expensive_usd))
		return; /* of all rows a price is known, or of none */
	rows = arena_get(a, n * sizeof(*rows));
	for (size_t i = 0; i < n; i++) {
		rows[i] = r->tally.rows[i];
		rows[i].cheap_usd = rows[i].check_usd = 0;
		rows[i].expensive_usd = 1;
	}
	r->compared.rows = rows;
}

/* Rows without scores have no regret: money and losses are counted still. */
static void fill_rows(struct measure_rows *r, struct arena *a)
{
	struct cuts_row *rows = arena_get(a, (r->at.n + 1) * sizeof(*rows));
	double *none = arena_get(a, (r->at.n + 1) * sizeof(*none));
	const struct fit_scores unscored = {.regret = {none, none}};

	for (size_t i = 0; i < r->at.n; i++)
		none[i] = NAN;
	calibration_rows(r->samples, r->labelled, r->at,
			 r->scored ? &r->scores : &unscored, rows);
	r->tally.rows = rows;
	compare(r, a);
}

static bool is_own(const struct measure_from *from)
{
	const char *digest = from->artifact->data_digest;

	return digest && strcmp(digest, from->samples->digest) == 0;
}

static void score_by_artifact(struct measure_rows *r,
			      const struct measure_from *from, struct arena *a)
{
	const struct heads *h = &from->artifact->heads;

	r->samples = align(r->samples, h, a);
	r->own = is_own(from);
	if (r->own)
		pick_kept(r, from, a);
	fit_score(h, r->samples, r->at, &r->scores);
	r->scored = true;
}

void measure_rows_init(struct measure_rows *r, const struct measure_from *from,
		       struct arena *a)
{
	*r = (struct measure_rows){.samples = from->samples};
	r->labelled = from->artifact ? from->artifact->heads.labelled
				     : samples_labelled(r->samples);
	pick(r, a);
	if (from->artifact)
		score_by_artifact(r, from, a);
	else
		r->scored = score_out_of_fold(r, from->seed);
	tell_truth(r, a);
	fill_rows(r, a);
}

void measure_rows_release(struct measure_rows *r)
{
	if (r->scored)
		fit_scores_release(&r->scores);
}
