/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names questions by what they depend on, and holds them against the ledger.
 */
#include "ctl/eval_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/map.h"
#include "ctl/eval_whom.h"
#include "verify/artifact.h"

#define PREFIX	  "eval-"
#define ID_LENGTH (sizeof(PREFIX) - 1 + DIGEST_SIZE)
#define FORMAT	  "frugald eval 1" /* of what is hashed */

/* What is known of one id. */
struct known_id {
	size_t n_rows; /* of the ledger */
	bool well;     /* one of them tells of an answer by each tier */
	bool met;      /* among the lines */
};

struct eval_plan {
	struct arena *arena;
	bool retry;
	struct buf text; /* what is hashed */
	size_t route_n;	 /* bytes of it that all questions share */
	struct map *ids; /* of struct known_id */
	struct eval_question *v;
	size_t n, room;
	struct eval_plan_counts counts;
};

/* ---- ids ----------------------------------------------------------------- */

/* With its length in front, so that no two lists of fields look alike. */
static void add_field(struct buf *b, struct span s)
{
	buf_addf(b, "%s%zu:", s.p ? "" : "-", s.n);
	buf_add_span(b, s);
}

static void add_word(struct buf *b, const char *word)
{
	add_field(b, span_of(word));
}

static void add_route(struct buf *b, const struct conf_cascade *c,
		      struct arena *a)
{
	struct artifact_route r = artifact_route_of(c, a);
	struct eval_whom asked = eval_whom_of(c, a);

	add_word(b, FORMAT);
	add_word(b, r.cascade);
	buf_addf(b, "%zu tiers", r.n_tiers);
	for (size_t i = 0; i < r.n_tiers; i++)
		buf_addf(b, " %d", r.tiers[i].top_logprobs);
	for (size_t i = 0; i < asked.n; i++) {
		add_word(b, asked.v[i]->name);
		add_word(b, asked.v[i]->model);
	}
	add_word(b, r.verify);
	add_word(b, r.check_digest);
	add_word(b, r.compare);
}

static char *id_of(struct eval_plan *p, const struct eval_line *l)
{
	char hex[2 * DIGEST_SIZE + 1];
	struct digest d;

	p->text.n = p->route_n;
	add_field(&p->text, l->body);
	add_field(&p->text, l->id);
	add_field(&p->text, l->reference);
	add_word(&p->text, comparator_name(l->compare));
	digest_of(buf_span(&p->text), &d);
	digest_hex(&d, hex);
	return arena_printf(p->arena, PREFIX "%.*s", DIGEST_SIZE, hex);
}

static struct known_id *find_or_add(struct eval_plan *p, struct span id)
{
	struct known_id *k = map_find(p->ids, id);

	if (k)
		return k;
	k = arena_get(p->arena, sizeof(*k));
	map_put(p->ids, id, k);
	return k;
}

/* ---- life ---------------------------------------------------------------- */

struct eval_plan *eval_plan_new(const struct conf_cascade *c, bool retry)
{
	struct eval_plan *p = mem_new(sizeof(*p));

	p->arena = arena_new();
	p->retry = retry;
	p->ids = map_new();
	buf_init(&p->text, 0);
	add_route(&p->text, c, p->arena);
	p->route_n = p->text.n;
	return p;
}

void eval_plan_free(struct eval_plan *p)
{
	if (!p)
		return;
	arena_free(p->arena);
	map_free(p->ids);
	buf_release(&p->text);
	free(p->v);
	free(p);
}

/* ---- what is there, what is wanted --------------------------------------- */

void eval_plan_note(void *arg, const char *request_id, bool well)
{
	struct eval_plan *p = arg;
	struct known_id *k;

	if (strncmp(request_id, PREFIX, sizeof(PREFIX) - 1) != 0 ||
	    strlen(request_id) < ID_LENGTH)
		return;
	k = find_or_add(p, (struct span){request_id, ID_LENGTH});
	k->n_rows++;
	k->well = k->well || well;
}

static void ask(struct eval_plan *p, const struct eval_line *l, char *id,
		size_t n_rows)
{
	if (p->n == p->room) {
		p->room = p->room ? 2 * p->room : 256;
		p->v = mem_resize(p->v, p->room, sizeof(*p->v));
	}
	if (n_rows > 0)
		id = arena_printf(p->arena, "%s-%zu", id, n_rows + 1);
	p->v[p->n++] = (struct eval_question){l, id};
}

void eval_plan_add(struct eval_plan *p, const struct eval_line *l)
{
	char *id = id_of(p, l);
	struct known_id *k = find_or_add(p, span_of(id));

	if (k->met) {
		p->counts.repeated++;
		return;
	}
	k->met = true;
	if (k->n_rows == 0 || (p->retry && !k->well)) {
		ask(p, l, id, k->n_rows);
		return;
	}
	p->counts.there++;
	p->counts.failed += !k->well;
}

const struct eval_question *eval_plan_questions(const struct eval_plan *p,
						size_t *n)
{
	*n = p->n;
	return p->v;
}

const struct eval_plan_counts *eval_plan_counts(const struct eval_plan *p)
{
	return &p->counts;
}
