/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts questions by what came of them.
 */
#include "ctl/eval_tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/price.h"

void eval_tally_init(struct eval_tally *t, const struct conf_cascade *c)
{
	*t = (struct eval_tally){
		.tiers = mem_array(c->n_tiers, sizeof(*t->tiers)),
		.n_tiers = c->n_tiers,
	};
	for (size_t i = 0; i < c->n_tiers; i++)
		t->tiers[i].backend = c->tiers[i]->name;
}

void eval_tally_release(struct eval_tally *t)
{
	for (size_t i = 0; i < t->n_tiers; i++)
		free(t->tiers[i].us);
	free(t->tiers);
	*t = (struct eval_tally){.tiers = NULL};
}

/* ---- one question -------------------------------------------------------- */

static bool is_answer(const struct ledger_attempt *a)
{
	return !a->purpose || strcmp(a->purpose, "answer") == 0;
}

static void add_time(struct eval_tier *tier, int64_t us)
{
	if (tier->answers == tier->room) {
		tier->room = tier->room ? 2 * tier->room : 256;
		tier->us = mem_resize(tier->us, tier->room, sizeof(*tier->us));
	}
	tier->us[tier->answers++] = us;
}

static bool is_of_question(int status)
{
	return status == 400 || status == 413 || status == 422;
}

static void add_failure(struct eval_tier *tier, const struct ledger_attempt *a)
{
	const char *why = a ? a->fault : "limits";

	tier->failures++;
	snprintf(tier->why, sizeof(tier->why), "%s", why);
	if (a && !(tier->answers && is_of_question(a->status)))
		tier->in_a_row++;
}

/* a NULL: its limits kept the tier from being asked. */
static bool add_to_tier(struct eval_tier *tier, const struct ledger_attempt *a)
{
	if (a)
		tier->cost_pusd = price_add(tier->cost_pusd, a->cost_pusd);
	if (!a || a->fault) {
		add_failure(tier, a);
		return false;
	}
	add_time(tier, a->total_us);
	tier->in_a_row = 0;
	return true;
}

static const struct ledger_attempt *attempt_of(const struct ledger_row *row,
					       size_t tier)
{
	for (size_t i = 0; i < row->n_attempts; i++)
		if (is_answer(&row->attempts[i]) &&
		    row->attempts[i].tier == (int)tier + 1)
			return &row->attempts[i];
	return NULL;
}

static void add_verifying(struct eval_tally *t, const struct ledger_row *row)
{
	for (size_t i = 0; i < row->n_attempts; i++)
		if (!is_answer(&row->attempts[i]))
			t->verify_pusd = price_add(t->verify_pusd,
						   row->attempts[i].cost_pusd);
}

static void add_label(struct eval_tally *t, const struct ledger_label *l)
{
	for (size_t i = 0; i < t->n_tiers; i++)
		if (strcmp(t->tiers[i].backend, l->backend) == 0) {
			t->tiers[i].labelled++;
			t->tiers[i].right += l->right;
		}
}

void eval_tally_add(struct eval_tally *t, const struct ledger_row *row,
		    struct ledger_label *const *labels, size_t n_labels)
{
	bool well = true;

	for (size_t i = 0; i < t->n_tiers; i++)
		if (!add_to_tier(&t->tiers[i], attempt_of(row, i)))
			well = false;
	add_verifying(t, row);
	for (size_t i = 0; i < n_labels; i++)
		add_label(t, labels[i]);
	t->done++;
	t->failed += !well;
	t->agree += row->agrees == 1;
	t->differ += row->agrees == 0;
	t->spent_pusd = price_add(t->spent_pusd, row->cost_pusd);
	if (row->cost_pusd > t->largest_pusd)
		t->largest_pusd = row->cost_pusd;
}

/* ---- going on ------------------------------------------------------------ */

const struct eval_tier *eval_tally_dead(const struct eval_tally *t)
{
	for (size_t i = 0; i < t->n_tiers; i++)
		if (t->tiers[i].in_a_row >= EVAL_FAILS_MOST)
			return &t->tiers[i];
	return NULL;
}

/* largest * (in_flight + 1) <= budget - spent, without an overflow. */
bool eval_tally_affords(const struct eval_tally *t, size_t in_flight,
			int64_t budget_pusd)
{
	if (budget_pusd == INT64_MAX)
		return true;
	if (t->spent_pusd >= budget_pusd)
		return false;
	if (t->largest_pusd == 0)
		return in_flight == 0 || t->done > t->failed;
	return t->largest_pusd <=
	       (budget_pusd - t->spent_pusd) / (int64_t)(in_flight + 1);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t eval_tier_median_us(struct eval_tier *tier)
{
	size_t half = tier->answers / 2;

	if (tier->answers == 0)
		return 0;
	qsort(tier->us, tier->answers, sizeof(*tier->us), by_value);
	if (tier->answers % 2)
		return tier->us[half];
	return (tier->us[half - 1] + tier->us[half]) / 2;
}
