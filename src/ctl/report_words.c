/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sentences of a report.
 */
#include "ctl/report_words.h"

#include <math.h>
#include <string.h>

#include "ctl/amount.h"

static const struct report_policy *policy(const struct report_view *v,
					  enum report_which which)
{
	return &v->policies[which];
}

const char *report_standing_name(enum report_standing s)
{
	static const char *const names[] = {
		[REPORT_UNCALIBRATED] = "uncalibrated",
		[REPORT_ESTIMATED] = "estimated",
		[REPORT_CERTIFIED] = "certified",
	};

	return names[s];
}

static bool is_judged(const struct report_view *v)
{
	return report_has(v, REPORT_OPERATING) &&
	       report_has(v, REPORT_EXPENSIVE) &&
	       isfinite(policy(v, REPORT_OPERATING)->cost.at) &&
	       policy(v, REPORT_EXPENSIVE)->cost.at > 0;
}

bool report_is_worth_it(const struct report_view *v)
{
	return is_judged(v) && v->worth_it &&
	       v->standing != REPORT_UNCALIBRATED;
}

const char *report_verdict_name(const struct report_view *v)
{
	if (!is_judged(v))
		return "no verdict";
	if (!v->worth_it)
		return "bypass";
	return report_is_worth_it(v) ? "worth it" : "no promise";
}

/* "1,000 requests cost $0.75 instead of $1.00" */
static void say_costs(struct buf *out, const struct report_view *v)
{
	buf_addf(out, "1,000 requests cost %s instead of %s",
		 amount_usd(policy(v, REPORT_OPERATING)->cost.at).s,
		 amount_usd(policy(v, REPORT_EXPENSIVE)->cost.at).s);
}

static void say_saving(struct buf *out, const struct report_view *v)
{
	double saved = policy(v, REPORT_EXPENSIVE)->cost.at -
		       policy(v, REPORT_OPERATING)->cost.at;

	buf_addf(out, ": %s %s, %s of the price of always asking %s",
		 amount_usd(fabs(saved)).s, saved < 0 ? "lost" : "saved",
		 amount_share(fabs(v->saving.at)).s, v->expensive);
	if (isfinite(v->saving.low + v->saving.high))
		buf_addf(out, " (limits %s, each with %s confidence)",
			 amount_share_range(v->saving.low, v->saving.high).s,
			 amount_given(1 - v->delta).s);
	buf_adds(out, ".");
}

void report_say_verdict(struct buf *out, const struct report_view *v)
{
	if (!is_judged(v)) {
		buf_adds(out, "No verdict: these rows show no price, or no "
			      "operating point could be found on them.");
		return;
	}
	if (v->worth_it) {
		buf_adds(out, report_is_worth_it(v)
				      ? "Worth it. "
				      : "It saves money, but nothing bounds "
					"what it loses. ");
		say_costs(out, v);
		say_saving(out, v);
		return;
	}
	buf_addf(out, "Bypass it, and ask %s directly. ", v->expensive);
	if (policy(v, REPORT_OPERATING)->accepted > 0) {
		say_costs(out, v);
		say_saving(out, v);
		buf_adds(out, " That the cascade saves anything is not shown.");
		return;
	}
	buf_addf(out,
		 "No cut keeps the promise, so every request would pay for "
		 "both backends: ");
	say_costs(out, v);
	buf_adds(out, ".");
}

/* ---- the promise --------------------------------------------------------- */

static void say_certified(struct buf *out, const struct report_view *v)
{
	buf_addf(out,
		 "Certified: with %s confidence at most %s of all requests are "
		 "lost. Tested on %s rows that nothing was fitted on: %s lost, "
		 "upper limit %s.",
		 amount_given(1 - v->delta).s, amount_given(v->max_error).s,
		 amount_count(v->n_certify).s, amount_count(v->n_losses).s,
		 amount_share(v->risk_upper).s);
}

static void say_estimated(struct buf *out, const struct report_view *v)
{
	buf_addf(out,
		 "Estimated, not certified: the aim is at most %s of all "
		 "requests lost, with %s confidence. ",
		 amount_given(v->max_error).s, amount_given(1 - v->delta).s);
	if (v->n_certify)
		buf_addf(out,
			 "Among %s rows, each scored by heads that were fitted "
			 "on others, %s are lost (upper limit %s), but the "
			 "heads in use are not those that were tested, so "
			 "nothing is promised.",
			 amount_count(v->n_certify).s,
			 amount_count(v->n_losses).s,
			 amount_share(v->risk_upper).s);
	else
		buf_adds(out, "Nothing is promised.");
}

static void say_uncalibrated(struct buf *out, const struct report_view *v)
{
	const struct report_policy *now = policy(v, REPORT_OPERATING);
	const struct report_policy *then = policy(v, REPORT_FITTED);

	buf_adds(out, v->undecided
			      ? "Uncalibrated: nothing decides yet."
			      : "Uncalibrated: the score that decides is no "
				"probability, and its threshold keeps no "
				"promise.");
	if (now->name)
		buf_addf(out,
			 " On these rows %s of requests are lost (95\u00a0%% "
			 "interval %s).",
			 amount_share(now->risk.at).s,
			 amount_share_range(now->risk.low, now->risk.high).s);
	if (now->name && then->name)
		buf_addf(out,
			 " Fitted cuts that lose no more would answer %s of "
			 "requests with %s instead of %s, at %s for 1,000 "
			 "requests instead of %s (estimated, each row scored "
			 "by heads that were fitted on others).",
			 amount_share(then->accepted).s, v->cheap,
			 amount_share(now->accepted).s,
			 amount_usd(then->cost.at).s,
			 amount_usd(now->cost.at).s);
}

void report_say_standing(struct buf *out, const struct report_view *v)
{
	if (v->standing == REPORT_CERTIFIED)
		say_certified(out, v);
	else if (v->standing == REPORT_ESTIMATED)
		say_estimated(out, v);
	else
		say_uncalibrated(out, v);
	if (v->in_use)
		buf_addf(out, " %s", v->in_use);
}

/* A model's word is not the truth. */
static void say_comparator(struct buf *out, const struct report_view *v)
{
	buf_addf(out, " Whether they differ is the word of %s. ",
		 v->comparator);
	if (v->n_labelled == 0) {
		buf_adds(out, "No row has both labels to hold it against: its "
			      "own error comes on top, and is not known.");
		return;
	}
	buf_addf(out,
		 "On %s rows with both labels it hid %s losses (upper limit "
		 "%s): ",
		 amount_count(v->n_labelled).s, amount_count(v->n_missed).s,
		 amount_share(v->error_upper).s);
	if (v->error_counted)
		buf_addf(out,
			 "that error is in the promise, which so holds for "
			 "requests that %s answers wrongly and %s rightly.",
			 v->cheap, v->expensive);
	else
		buf_adds(out, "that error comes on top, it is in no promise.");
}

static void say_difference(struct buf *out, const struct report_view *v)
{
	buf_addf(out,
		 "Lost is a request that %s answered and %s would have "
		 "answered differently. Without labels every difference "
		 "counts, also where %s is the one that is right",
		 v->cheap, v->expensive, v->cheap);
	buf_adds(out, v->comparator ? "." : ": the true loss is smaller.");
	if (v->comparator)
		say_comparator(out, v);
}

void report_say_loss(struct buf *out, const struct report_view *v)
{
	if (v->labelled)
		buf_addf(out,
			 "Lost is a request that %s answered wrongly and %s "
			 "would have answered rightly, by the labels.",
			 v->cheap, v->expensive);
	else
		say_difference(out, v);
}

/* ---- the check ----------------------------------------------------------- */

static void say_price(struct buf *out, const struct report_view *v)
{
	if (v->check_early)
		buf_adds(out, "It is asked early, beside the cheap backend, of "
			      "every request: its price is part of the cheap "
			      "answers'. ");
	else if (isfinite(v->check_usd) && isfinite(v->route_price))
		buf_addf(out,
			 "1,000 checks by %s cost %s, %s of as many answers of "
			 "%s. ",
			 v->checker ? v->checker : "the checker",
			 amount_usd(v->check_usd).s,
			 amount_share(v->route_price).s, v->expensive);
}

/* The policy that fitted cuts make; an uncalibrated one has no band. */
static const struct report_policy *fitted(const struct report_view *v)
{
	return policy(v, report_has(v, REPORT_FITTED) ? REPORT_FITTED
						      : REPORT_OPERATING);
}

/* Never asked: what asking it of everybody would have brought. */
static void say_unasked(struct buf *out, const struct report_view *v)
{
	double with = policy(v, REPORT_CHECK_ALL)->cost.at;
	double without = fitted(v)->cost.at;

	say_price(out, v);
	if (!isfinite(with - without)) {
		buf_adds(out, "It is never asked.");
		return;
	}
	buf_addf(out,
		 "It is never asked. Asked of every request, at the same "
		 "risk, 1,000 requests would cost %s instead of %s, %s %s: ",
		 amount_usd(with).s, amount_usd(without).s,
		 amount_usd(fabs(with - without)).s,
		 with < without ? "less" : "more");
	buf_adds(out, with < without ? "it may be worth asking for."
				     : "it is not worth asking for.");
}

static void say_share(struct buf *out, const struct report_view *v,
		      const struct report_policy *p)
{
	if (v->check_early)
		return;
	buf_addf(out, "It is asked of %s of requests",
		 amount_share(p->checked).s);
	if (isfinite(p->check_usd))
		buf_addf(out, ", which costs %s per 1,000 requests",
			 amount_usd(p->check_usd).s);
	buf_adds(out, ". ");
}

static void say_asked(struct buf *out, const struct report_view *v)
{
	const struct report_policy *with = fitted(v);
	const struct report_policy *without = policy(v, REPORT_OWN);
	double gain = without->cost.at - with->cost.at;

	say_price(out, v);
	say_share(out, v, with);
	if (!without->name || !isfinite(gain))
		return;
	buf_addf(out,
		 "At the same risk %s then answers %s of requests instead of "
		 "%s, and 1,000 requests cost %s instead of %s: ",
		 v->cheap, amount_share(with->accepted).s,
		 amount_share(without->accepted).s, amount_usd(with->cost.at).s,
		 amount_usd(without->cost.at).s);
	if (gain > 0)
		buf_addf(out, "it pays for itself and brings %s.",
			 amount_usd(gain).s);
	else
		buf_addf(out,
			 "it is not worth asking for, and without it %s would "
			 "be saved.",
			 amount_usd(-gain).s);
}

/* What the word stands for, unless that is plain. */
static void say_names(struct buf *out, const struct report_view *v)
{
	if (v->checks && strcmp(v->checks, "check") != 0)
		buf_addf(out, "Here the check is %s%s. ", v->checks,
			 v->n_kinds > 1 ? ", taken together" : "");
}

void report_say_check(struct buf *out, const struct report_view *v)
{
	const struct report_policy *p = fitted(v);

	say_names(out, v);
	if (v->n_checks == 0)
		buf_adds(out, v->checker ? "A check is configured, but no row "
					   "has one: nothing is known of it."
					 : "No check is configured, and none "
					   "was recorded.");
	else if (!p->name)
		say_price(out, v);
	else if (p->checked > 0)
		say_asked(out, v);
	else
		say_unasked(out, v);
}

/* ---- the rows ------------------------------------------------------------ */

void report_say_rows(struct buf *out, const struct report_view *v)
{
	buf_addf(out, "Measured on %s row%s of eval and shadow traffic%s",
		 amount_count(v->n).s, v->n == 1 ? "" : "s",
		 v->kept ? ", those that calibrating left for a report" : "");
	if (v->n_barred)
		buf_addf(out,
			 "; %s of them were stopped by a gate or had no "
			 "signals, and always escalate",
			 amount_count(v->n_barred).s);
	buf_adds(out, ".");
	if (v->n_unknown)
		buf_addf(out,
			 " Set aside: %s rows of which it is not known whether "
			 "they would be lost.",
			 amount_count(v->n_unknown).s);
	if (v->n_enforce)
		buf_addf(out,
			 " Set aside: %s rows of enforced traffic, for the "
			 "score under test has chosen them.",
			 amount_count(v->n_enforce).s);
}

#define FEW_ROWS 200

void report_say_warning(struct buf *out, const struct report_view *v)
{
	if (v->own_rows)
		buf_adds(out, "These are the rows that the artifact was made "
			      "from: all figures but the certified ones "
			      "flatter it. Give rows that it has not seen. ");
	if (v->own_rows && v->n_kept)
		buf_addf(out,
			 "Of these it left %s for a report: name the --seed of "
			 "`calibrate`, then they alone are measured. ",
			 amount_count(v->n_kept).s);
	if (v->n == 0)
		buf_adds(out, "There are no rows to measure on. ");
	else if (v->n < FEW_ROWS)
		buf_addf(out,
			 "%s row%s few: on 200 even a perfect confidence shows "
			 "an ECE of .04 to .07. ",
			 amount_count(v->n).s, v->n == 1 ? " is" : "s are");
	if (v->cheap_free)
		buf_addf(out,
			 "No price of %s is known: its answers count as free. ",
			 v->cheap);
	if (v->check_free)
		buf_adds(
			out,
			"No price of a check is known: checks count as free. ");
	if (v->n_enforce > v->n)
		buf_adds(out, "Most recorded traffic is enforced and proves "
			      "nothing; more shadow traffic would. ");
}
