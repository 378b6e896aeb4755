/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes down one question.
 */
#include "ctl/eval_row.h"

#include "cascade/pair.h"

static bool all_answered(const struct eval_answered *e)
{
	for (size_t i = 0; i < e->cascade->policy.n_tiers; i++)
		if (e->result->replies[i].n == 0)
			return false;
	return true;
}

/* Who would have answered, had everything been escalated: as in the shadow. */
static void fill_answer(const struct eval_answered *e, struct ledger_row *row)
{
	size_t last = e->cascade->policy.n_tiers - 1;
	const char *name = e->cascade->tiers[last]->conf->name;

	if (e->result->replies[last].n == 0)
		return;
	row->tier = (int)last + 1;
	row->backend = arena_dup(row->arena, span_of(name));
}

struct ledger_row *eval_row(const struct eval_answered *e)
{
	struct ledger_row *row = account_row(e->account);
	struct arena *a = row->arena;

	row->request_id = arena_dup(a, span_of(e->question->request_id));
	row->time_us = e->wall_us;
	row->cascade = arena_dup(a, span_of(e->cascade->name));
	row->mode = "eval";
	row->key = "";
	row->outcome = all_answered(e) ? "ok" : "upstream_error";
	row->calibrated = e->cascade->policy.calibrated;
	survey_fill(e->result, row);
	fill_answer(e, row);
	if (e->generation->conf->ledger.store_text)
		row->request_text = arena_dup(a, e->question->line->body);
	return row;
}

/* ---- labels -------------------------------------------------------------- */

static struct ledger_label *label(const struct eval_answered *e, size_t tier)
{
	const struct eval_line *line = e->question->line;
	const char *backend = e->cascade->tiers[tier]->conf->name;
	struct chat_choice said =
		pair_read(e->result->replies[tier], e->arena);
	struct ledger_label *l = ledger_label_new();

	l->request_id = arena_dup(l->arena, span_of(e->question->request_id));
	l->backend = arena_dup(l->arena, span_of(backend));
	l->right = comparator_same(line->compare, pair_text(&said),
				   line->reference) ==
		   SAMENESS_SAME;
	l->source = "reference";
	l->time_us = e->wall_us;
	return l;
}

size_t eval_row_labels(const struct eval_answered *e, struct ledger_label **out)
{
	size_t n = 0;

	if (!e->question->line->reference.p)
		return 0;
	for (size_t i = 0; i < e->cascade->policy.n_tiers; i++)
		if (e->result->replies[i].n)
			out[n++] = label(e, i);
	return n;
}
