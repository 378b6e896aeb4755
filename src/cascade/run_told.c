/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run tells of itself: to the client in headers, to the ledger in a row.
 */
#include "cascade/run_private.h"

#include <math.h>

#include "base/now.h"

static const char *decision_word(const struct run *r)
{
	return r->passed_over ? "escalate" : "accept";
}

const char *run_reason(const struct run *r)
{
	return reason_text(&r->decision, r->arena);
}

void run_fill_meta(void *arg, struct outlet_meta *m)
{
	struct run *r = arg;

	m->overhead_us = account_overhead_us(&r->account);
	m->attempts = account_attempts(&r->account);
	m->cost_pusd = r->account.cost_pusd;
	m->confidence = r->confidence;
	m->calibrated = r->cascade->policy.calibrated;
	if (r->decision.reason != REASON_NONE)
		m->reason = run_reason(r);
	if (!r->answered)
		return;
	m->backend = r->cascade->tiers[r->tier]->conf->name;
	m->tier = run_tier_number(r, r->tier);
	m->decision = decision_word(r);
}

static const char *outcome_of(enum fault_kind kind)
{
	switch (kind) {
	case FAULT_NONE:
		return "ok";
	case FAULT_UPSTREAM_REFUSED:
	case FAULT_CONTEXT_LENGTH:
		return "client_error";
	case FAULT_OVERLOADED:
	case FAULT_BUDGET:
		return "refused";
	case FAULT_INTERNAL:
		return "internal";
	default:
		return "upstream_error";
	}
}

/* What a survey found out, or what an escalation leaves to compare. */
static void fill_pair(const struct run *r, struct ledger_row *row)
{
	const struct survey_result *found;
	struct chat_choice last;

	row->confidence = r->confidence;
	if (!r->survey) {
		last = pair_read(r->last_reply, r->arena);
		row->agrees = pair_compare(r->cascade->compare,
					   &r->first_answer, &last, r->arena);
		if (row->agrees != PAIR_UNKNOWN)
			row->compared_by = arena_dup(
				row->arena,
				span_of(pair_by(r->cascade->conf, r->arena)));
		return;
	}
	found = survey_result(r->survey);
	survey_fill(found, row);
	row->total_us = r->served_us - r->account.start_us;
	row->upstream_us = r->served_upstream_us;
}

struct ledger_row *run_row(struct run *r)
{
	struct ledger_row *row = account_row(&r->account);
	struct outlet_meta m = { .confidence = NAN };
	struct arena *a = row->arena;

	run_fill_meta(r, &m);
	row->request_id = arena_dup(a, span_of(r->request_id));
	row->time_us = r->wall_us;
	row->cascade = arena_dup(a, span_of(r->cascade->name));
	row->mode = run_is_shadow(r) ? "shadow" : "enforce";
	row->key = arena_dup(a, span_of(r->key_name));
	row->outcome = r->outcome ? r->outcome : outcome_of(r->fault.kind);
	row->status = r->outcome && !r->outlet.status ? 499 : r->outlet.status;
	row->stream = r->request->stream;
	row->tier = m.tier;
	row->backend = m.backend ? arena_dup(a, span_of(m.backend)) : NULL;
	row->decision = m.decision;
	row->reason = m.reason ? arena_dup(a, span_of(m.reason)) : NULL;
	fill_pair(r, row);
	row->calibrated = m.calibrated;
	row->generation = r->generation->number;
	if (r->generation->conf->ledger.store_text)
		row->request_text = arena_dup(a, r->request->body);
	return row;
}
