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
		[REASON_SHADOW] = "shadow",
		[REASON_DIRECT] = "direct",
	};

	return names[r];
}

const char *reason_text(const struct decision *d, struct arena *a)
{
	if (d->reason != REASON_GATE)
		return reason_name(d->reason);
	return arena_printf(a, "gate:%s", d->gate);
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

static bool is_share(double x)
{
	return x >= 0 && x <= 1; /* NaN is none */
}

static struct decision escalate(enum reason why, const char *gate,
				double confidence)
{
	return (struct decision){ POLICY_ESCALATE, why, gate, confidence, 0 };
}

static bool is_head(enum policy_link link)
{
	return link == POLICY_HEAD || link == POLICY_HEAD_AFTER;
}

/* What ends a chain at once; REASON_NONE: nothing. */
static enum reason stop_of(const struct policy *p, enum policy_link link,
			   const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_PASS:
		return REASON_NONE;
	case VERDICT_REJECT:
		return REASON_GATE;
	case VERDICT_NONE:
		if (v->lack != LACK_SIGNAL)
			return REASON_VERIFIER_ERROR;
		return p->calibrated || link == POLICY_CHECKS ?
			       REASON_NO_SIGNAL :
			       REASON_NONE;
	case VERDICT_SCORE:
		if (!is_share(v->score) ||
		    (is_head(link) && !is_share(v->regret)))
			return REASON_VERIFIER_ERROR;
		return REASON_NONE;
	}
	return REASON_VERIFIER_ERROR;
}

/* What the verdicts so far come to; NaN: nothing yet. */
struct evidence {
	double confidence, regret;
	bool checked;
};

static void weigh(const struct policy *p, enum policy_link link,
		  const struct verdict *v, struct evidence *e)
{
	e->checked = e->checked || link == POLICY_CHECKS;
	if (v->kind != VERDICT_SCORE)
		return;
	if (is_head(link))
		e->regret = v->regret;
	if (is_head(link) || !p->calibrated)
		e->confidence = v->score;
}

/* Without asking anybody else: is it kept? */
static struct decision settle(const struct policy *p, const struct evidence *e)
{
	double cut = e->checked ? p->cuts.after : p->cuts.accept;
	bool kept = p->has_target ? e->regret <= cut :
				    e->confidence >= p->threshold;

	if (isnan(p->has_target ? e->regret : e->confidence))
		return escalate(REASON_NO_SIGNAL, NULL, e->confidence);
	if (!kept)
		return escalate(REASON_LOW_CONFIDENCE, NULL, e->confidence);
	return (struct decision){ POLICY_ACCEPT, REASON_CONFIDENT, NULL,
				  e->confidence, 0 };
}

static bool is_in_band(const struct policy *p, size_t link,
		       const struct evidence *e)
{
	const struct conf_range *band = &p->bands[link];

	if (p->has_target)
		return e->regret > p->cuts.accept && e->regret <= p->cuts.check;
	return !band->said ||
	       (e->confidence >= band->low && e->confidence <= band->high);
}

/* Has the link anything to say, after those before it? */
static bool is_due(const struct policy *p, size_t link,
		   const struct evidence *e, bool all)
{
	switch (p->links[link]) {
	case POLICY_READS:
	case POLICY_HEAD:
		return true;
	case POLICY_CHECKS:
		return all || is_in_band(p, link, e);
	case POLICY_HEAD_AFTER:
		return e->checked;
	}
	return true;
}

static struct decision judge(const struct policy *p,
			     const struct verdict *const *v, bool all)
{
	struct evidence e = { NAN, NAN, false };

	assert(p->n_verify > 0);
	for (size_t i = 0; i < p->n_verify; i++) {
		enum reason why;

		if (!is_due(p, i, &e, all))
			continue;
		if (!v[i])
			return (struct decision){ POLICY_VERIFY, REASON_NONE,
						  NULL, e.confidence, i };
		why = stop_of(p, p->links[i], v[i]);
		if (why != REASON_NONE)
			return escalate(why,
					why == REASON_GATE ? v[i]->why : NULL,
					e.confidence);
		weigh(p, p->links[i], v[i], &e);
	}
	return settle(p, &e);
}

struct decision policy_judge(const struct policy *p,
			     const struct verdict *const *v)
{
	return judge(p, v, false);
}

struct decision policy_survey(const struct policy *p,
			      const struct verdict *const *v)
{
	return judge(p, v, true);
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

static bool fits(int64_t spent, int64_t more, int64_t most)
{
	return most == INT64_MAX || (spent <= most && more <= most - spent);
}

bool policy_may_verify(const struct policy *p, int64_t more_pusd,
		       int64_t verified_pusd, int64_t spent_pusd)
{
	return fits(verified_pusd, more_pusd, p->max_verify_pusd) &&
	       fits(spent_pusd, more_pusd, p->max_cost_pusd);
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
