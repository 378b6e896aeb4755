/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decisions of a cascade, as pure functions.
 */
#include "cascade/policy.h"

#include <assert.h>
#include <math.h>

const char *reason_name(enum reason r)
{
	static const char *const names[REASON_NREASONS] = {
		[REASON_NONE] = "",
		[REASON_CONFIDENT] = "confident",
		[REASON_LOW_CONFIDENCE] = "low_confidence",
		[REASON_GATE] = "gate",
		[REASON_NO_SIGNAL] = "no_signal",
		[REASON_VERIFIER_ERROR] = "verifier_error",
		[REASON_BACKEND_ERROR] = "backend_error",
		[REASON_CONTEXT_LENGTH] = "context_length",
		[REASON_DEADLINE] = "deadline",
		[REASON_BUDGET] = "budget",
		[REASON_UNSUPPORTED] = "unsupported",
		[REASON_DIRECT] = "direct",
	};

	return names[r];
}

size_t policy_first_tier(const struct policy *p, int64_t n, bool beyond_cheap,
			 enum reason *why)
{
	size_t terminal = p->n_tiers - 1;

	*why = REASON_NONE;
	if (terminal > 0 && (n > 1 || beyond_cheap)) {
		*why = REASON_UNSUPPORTED;
		return terminal;
	}
	if (terminal > 0 && p->max_attempts < 2) {
		*why = REASON_BUDGET; /* none would be left to escalate with */
		return terminal;
	}
	return 0;
}

bool policy_verifies(const struct policy *p, size_t tier)
{
	return tier + 1 < p->n_tiers && p->n_verify > 0;
}

static struct decision escalate(enum reason why, const char *gate,
				double confidence)
{
	return (struct decision){ POLICY_ESCALATE, why, gate, confidence };
}

struct decision policy_judge(const struct policy *p, const struct verdict *v,
			     size_t n)
{
	double confidence = NAN;

	assert(n > 0 && n <= p->n_verify);
	for (size_t i = 0; i < n; i++) {
		if (v[i].kind == VERDICT_REJECT)
			return escalate(REASON_GATE, v[i].why, confidence);
		if (v[i].kind == VERDICT_NONE && v[i].lack != LACK_SIGNAL)
			return escalate(REASON_VERIFIER_ERROR, NULL,
					confidence);
		if (v[i].kind != VERDICT_SCORE)
			continue;
		if (!(v[i].score >= 0 && v[i].score <= 1)) /* NaN too */
			return escalate(REASON_VERIFIER_ERROR, NULL,
					confidence);
		confidence = v[i].score;
	}
	if (n < p->n_verify)
		return (struct decision){ POLICY_VERIFY, REASON_NONE, NULL,
					  confidence };
	if (isnan(confidence))
		return escalate(REASON_NO_SIGNAL, NULL, confidence);
	if (confidence < p->threshold)
		return escalate(REASON_LOW_CONFIDENCE, NULL, confidence);
	return (struct decision){ POLICY_ACCEPT, REASON_CONFIDENT, NULL,
				  confidence };
}

enum reason policy_reason_of_fault(enum fault_kind kind, bool out_of_time)
{
	if (kind == FAULT_CONTEXT_LENGTH)
		return REASON_CONTEXT_LENGTH;
	return out_of_time ? REASON_DEADLINE : REASON_BACKEND_ERROR;
}

bool policy_may_ask(const struct policy *p, int64_t attempts,
		    int64_t spent_pusd)
{
	return attempts < p->max_attempts &&
	       (p->max_cost_pusd == INT64_MAX || spent_pusd < p->max_cost_pusd);
}

size_t policy_next_tier(const struct policy *p, size_t tier, int64_t attempts)
{
	assert(tier + 1 < p->n_tiers);
	if (p->max_attempts - attempts <= 1)
		return p->n_tiers - 1;
	return tier + 1;
}

int64_t policy_answer_until(const struct policy *p, size_t tier,
			    int64_t now_us, int64_t deadline_us)
{
	if (tier + 1 == p->n_tiers || deadline_us <= now_us)
		return deadline_us;
	return now_us + (deadline_us - now_us) / 2;
}

int64_t policy_verify_until(int64_t now_us, int64_t deadline_us)
{
	if (deadline_us <= now_us)
		return deadline_us;
	return now_us + (deadline_us - now_us) / 4;
}

struct fault policy_final_fault(const struct fault *last, bool any_connected)
{
	struct fault f = *last;

	if (last->kind == FAULT_UPSTREAM && !any_connected)
		fault_set(&f, FAULT_NO_BACKEND, "no backend could be reached; "
			  "last: %s", last->message);
	return f;
}
