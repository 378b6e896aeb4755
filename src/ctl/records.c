/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects samples of records.
 */
#include "ctl/records.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/map.h"
#include "ctl/askers.h"
#include "ctl/costs.h"
#include "ctl/judge.h"
#include "ctl/lines.h"
#include "ctl/record.h"
#include "verify/signal.h"

#define NAMES_MOST 1000
#define WHYS_MOST  8

/* A sample with values by names as they were met. */
struct row {
	struct sample sample;
	double *values;
	size_t n_values;
};

struct records {
	struct records_want want;
	struct askers askers; /* of the cascade */
	struct arena *arena;  /* of the samples */
	struct arena *moment; /* of one line */
	struct map *ids;
	struct map *questions; /* digests of messages */
	struct map *places;    /* a signal's name to its place in names, + 1 */
	const char *names[NAMES_MOST];
	size_t n_names;
	struct row *rows;
	size_t n_rows, room;
	struct records_passed passed[WHYS_MOST + 1];
	struct map *others; /* backends of rows without an answer ... */
	char backends[160]; /* ... as a list */
	struct digest_sum *sum;
	struct samples samples;
};

struct records *records_new(const struct records_want *w)
{
	struct records *r = mem_new(sizeof(*r));

	r->want = *w;
	r->askers = askers_of(w->cascade);
	r->samples.n_checks = r->askers.n;
	r->arena = arena_new();
	r->moment = arena_new();
	r->ids = map_new();
	r->questions = map_new();
	r->places = map_new();
	r->sum = digest_sum_new();
	r->others = map_new();
	return r;
}

void records_free(struct records *r)
{
	if (!r)
		return;
	arena_free(r->arena);
	arena_free(r->moment);
	map_free(r->ids);
	map_free(r->questions);
	map_free(r->places);
	digest_sum_free(r->sum);
	map_free(r->others);
	free(r->rows);
	free(r);
}

/* ---- one row ------------------------------------------------------------- */

static void pass(struct records *r, const char *why)
{
	size_t i = 0;

	while (r->passed[i].why && strcmp(r->passed[i].why, why) != 0)
		i++;
	assert(i < WHYS_MOST);
	r->passed[i].why = why;
	r->passed[i].n++;
}

static int place_of(struct records *r, const char *name, size_t *place,
		    struct err *err)
{
	struct span key = span_of(name);
	void *found = map_find(r->places, key);
	const char *ours = signal_find(key);

	if (!found && r->n_names == NAMES_MOST)
		return err_set(err, ERR_LIMIT,
			       "signals.%.60s: there are more than %d names "
			       "of signals",
			       name, NAMES_MOST);
	if (!found) {
		r->names[r->n_names++] = ours ? ours : arena_dup(r->arena, key);
		found = (void *)r->n_names;
		map_put(r->places, key, found);
	}
	*place = (size_t)found - 1;
	return 0;
}

static int fill_values(struct records *r, const struct judged *g,
		       struct row *row, struct err *err)
{
	size_t *places = arena_get(r->moment, g->n_signals * sizeof(*places));

	for (size_t i = 0; i < g->n_signals; i++) {
		if (place_of(r, g->signals[i].name, &places[i], err) < 0)
			return -1;
		if (places[i] >= row->n_values)
			row->n_values = places[i] + 1;
	}
	row->values = arena_get(r->arena, row->n_values * sizeof(double));
	for (size_t i = 0; i < row->n_values; i++)
		row->values[i] = NAN;
	for (size_t i = 0; i < g->n_signals; i++)
		row->values[places[i]] = g->signals[i].value;
	return 0;
}

static struct row *new_row(struct records *r)
{
	if (r->n_rows == r->room) {
		r->room = r->room ? 2 * r->room : 256;
		r->rows = mem_resize(r->rows, r->room, sizeof(*r->rows));
	}
	r->rows[r->n_rows] = (struct row){.n_values = 0};
	return &r->rows[r->n_rows];
}

static void take_words(struct records *r, const struct judged *g,
		       struct sample *s)
{
	s->has_text = g->question.n || g->reply.n;
	if (!r->want.n_words || !s->has_text)
		return;
	words_read(&s->words, r->arena, g->question, g->reply, r->want.n_words);
	r->samples.n_words = r->want.n_words;
}

/* Was it asked before? Of rows without texts that cannot be told. */
static bool is_repeated(struct records *r, const struct judged *g)
{
	struct digest d;

	if (!g->messages.n)
		return false;
	digest_of(g->messages, &d);
	return map_put(r->questions, (struct span){(char *)d.b, sizeof(d.b)},
		       r) != NULL;
}

static void take_checks(struct records *r, const struct judged *g,
			struct sample *s)
{
	size_t size = g->n_checks * sizeof(*s->checks);

	s->checks = arena_get(r->arena, size);
	if (size)
		memcpy(s->checks, g->checks, size);
	s->has_check = g->has_check;
	s->check_unknown = g->check_unknown;
	s->check_absent = g->check_absent;
}

static int keep(struct records *r, const struct record *rec,
		const struct judged *g, struct err *err)
{
	struct row *row = new_row(r);
	struct sample *s = &row->sample;

	if (fill_values(r, g, row, err) < 0)
		return -1;
	s->id = arena_dup(r->arena, span_of(rec->id));
	s->mode = rec->mode;
	if (g->barred)
		s->barred = arena_dup(r->arena, span_of(g->barred));
	take_words(r, g, s);
	take_checks(r, g, s);
	s->cheap_right = g->cheap_right;
	s->expensive_right = g->expensive_right;
	s->same = g->same;
	s->cheap_usd = g->cheap_usd;
	s->expensive_usd = g->expensive_usd;
	s->repeats = is_repeated(r, g);
	r->n_rows++;
	return 0;
}

/* ---- what is passed over ------------------------------------------------- */

/* A name of the configuration's is another cascade, any other name an older
 * or foreign one for the same. */
static bool is_elsewhere(const struct records *r, const struct record *rec)
{
	const struct conf *c = r->want.conf;

	if (!c || !rec->cascade || r->want.every ||
	    strcmp(rec->cascade, r->want.cascade->name) == 0)
		return false;
	for (size_t i = 0; i < c->n_cascades; i++)
		if (strcmp(c->cascades[i].name, rec->cascade) == 0)
			return true;
	return false;
}

static bool is_again(struct records *r, const struct record *rec)
{
	return map_put(r->ids, span_of(rec->id), r) != NULL && !r->want.every;
}

static void note_backends(struct records *r, const struct record *rec)
{
	for (const struct record_attempt *t = rec->attempts; t; t = t->next) {
		size_t n = strlen(r->backends);

		if (!t->backend || map_put(r->others, span_of(t->backend), r))
			continue;
		snprintf(r->backends + n, sizeof(r->backends) - n, "%s%.40s",
			 n ? ", " : "", t->backend);
	}
}

static int take(struct records *r, const struct record *rec, struct err *err)
{
	struct judged g;

	if (is_elsewhere(r, rec)) {
		pass(r, RECORDS_ELSEWHERE);
		return 0;
	}
	if (is_again(r, rec)) {
		pass(r, RECORDS_AGAIN);
		return 0;
	}
	judge_record(r->want.cascade, rec, r->moment, &g);
	if (g.other_model && !r->want.every) {
		pass(r, RECORDS_MODEL);
		return 0;
	}
	if (g.answered || r->want.every) {
		if (!g.answered)
			g.barred = "backend_error";
		return keep(r, rec, &g, err);
	}
	pass(r, RECORDS_UNANSWERED);
	note_backends(r, rec);
	return 0;
}

static int add(struct records *r, struct span line, struct err *err)
{
	struct record rec;
	int rc = record_read(&rec, line, r->moment, err);

	if (rc == 0)
		rc = take(r, &rec, err);
	arena_reset(r->moment);
	return rc;
}

int records_add(struct records *r, struct span line, struct err *err)
{
	digest_sum_add(r->sum, line);
	digest_sum_add(r->sum, span_of("\n"));
	return add(r, line, err);
}

/* ---- files --------------------------------------------------------------- */

static int take_line(void *arg, struct span line, struct err *err)
{
	return add(arg, line, err);
}

int records_read(struct records *r, const char *path, struct err *err)
{
	bool torn = false;
	int rc = lines_read(path, r->sum, take_line, r, &torn, err);

	if (torn)
		pass(r, RECORDS_TORN);
	return rc;
}

/* ---- the whole ----------------------------------------------------------- */

static int by_stage_and_name(const void *a, const void *b, void *askers)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int stage = (int)askers_say(askers, x) - (int)askers_say(askers, y);

	return stage ? stage : strcmp(x, y);
}

static void sort_names(struct records *r)
{
	struct samples *s = &r->samples;

	s->n_names = r->n_names;
	s->names = arena_get(r->arena, r->n_names * sizeof(*s->names));
	if (r->n_names)
		memcpy(s->names, r->names, r->n_names * sizeof(*s->names));
	qsort_r(s->names, s->n_names, sizeof(*s->names), by_stage_and_name,
		&r->askers);
	while (s->n_before < s->n_names &&
	       !askers_say(&r->askers, s->names[s->n_before]))
		s->n_before++;
}

static void put_row(struct records *r, const size_t *places,
		    const struct row *row, struct sample *out)
{
	double *values = arena_get(r->arena, r->n_names * sizeof(*values));

	for (size_t i = 0; i < r->n_names; i++)
		values[i] = places[i] < row->n_values ? row->values[places[i]]
						      : NAN;
	*out = row->sample;
	out->values = values;
}

const struct samples *records_samples(struct records *r)
{
	struct samples *s = &r->samples;
	size_t *places;
	struct digest d;

	assert(!s->arena);
	s->arena = r->arena;
	sort_names(r);
	places = arena_get(r->arena, r->n_names * sizeof(*places));
	for (size_t i = 0; i < s->n_names; i++)
		places[i] =
			(size_t)map_find(r->places, span_of(s->names[i])) - 1;
	s->v = arena_get(r->arena, r->n_rows * sizeof(*s->v));
	s->n = r->n_rows;
	for (size_t i = 0; i < r->n_rows; i++)
		put_row(r, places, &r->rows[i], &s->v[i]);
	if (!r->want.every)
		costs_settle(s, &r->askers);
	costs_add_checks(s);
	digest_sum_get(r->sum, &d);
	digest_hex(&d, s->digest);
	return s;
}

const struct records_passed *records_passed(const struct records *r)
{
	return r->passed;
}

const char *records_backends(const struct records *r)
{
	return r->backends;
}
