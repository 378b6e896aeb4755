/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every decision, over all chains of up to three verdicts, against a second
 * telling of the rules; missing evidence is never acceptance.
 */
#include "cascade/policy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const struct policy plain = {
	.n_tiers = 2,
	.n_verify = 1,
	.threshold = 0.8,
	.max_attempts = 4,
	.max_cost_pusd = INT64_MAX,
};

static void test_reason_names(void **state)
{
	static const char *const names[REASON_NREASONS] = {
		"",
		"confident",
		"low_confidence",
		"gate",
		"no_signal",
		"verifier_error",
		"backend_error",
		"context_length",
		"deadline",
		"budget",
		"unsupported",
		"shadow",
		"direct",
	};

	(void)state;
	for (int r = 0; r < REASON_NREASONS; r++)
		assert_string_equal(reason_name((enum reason)r), names[r]);
}

/* ---- tiers --------------------------------------------------------------- */

static void test_first_tier(void **state)
{
	static const struct {
		size_t n_tiers;
		int64_t n;
		bool beyond;
		size_t tier;
		enum reason why;
	} rows[] = {
		{1, 1, false, 0, REASON_NONE},
		{1, 5, true, 0, REASON_NONE}, /* there is no choice */
		{2, 1, false, 0, REASON_NONE},
		{2, 2, false, 1, REASON_UNSUPPORTED},
		{2, INT64_MAX, false, 1, REASON_UNSUPPORTED},
		{2, 1, true, 1, REASON_UNSUPPORTED},
		{2, 2, true, 1, REASON_UNSUPPORTED},
		{3, 1, false, 0, REASON_NONE},
		{3, 2, false, 2, REASON_UNSUPPORTED},
		{3, 1, true, 2, REASON_UNSUPPORTED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct policy p = plain;
		enum reason why = REASON_DIRECT;

		p.n_tiers = rows[i].n_tiers;
		assert_int_equal(
			policy_first_tier(&p, rows[i].n, rows[i].beyond, &why),
			rows[i].tier);
		assert_int_equal(why, rows[i].why);
	}
}

/* With one attempt there would be none left to escalate with. */
static void test_one_attempt_goes_to_the_terminal_tier(void **state)
{
	struct policy p = plain;
	enum reason why;

	(void)state;
	p.max_attempts = 1;
	p.n_tiers = 3;
	assert_int_equal(policy_first_tier(&p, 1, false, &why), 2);
	assert_int_equal(why, REASON_BUDGET);
	p.n_tiers = 1;
	assert_int_equal(policy_first_tier(&p, 1, false, &why), 0);
	assert_int_equal(why, REASON_NONE);
}

/* What saturates is not above a bound that nobody set. */
static void test_no_bound_is_no_bound(void **state)
{
	struct policy p = plain;

	(void)state;
	p.max_cost_pusd = INT64_MAX;
	assert_true(policy_may_ask(&p, 0, INT64_MAX));
	p.max_cost_pusd = INT64_MAX - 1;
	assert_false(policy_may_ask(&p, 0, INT64_MAX - 1));
}

static void test_which_tiers_are_verified(void **state)
{
	(void)state;
	for (size_t n_tiers = 1; n_tiers <= 4; n_tiers++)
		for (size_t n_verify = 0; n_verify <= 2; n_verify++)
			for (size_t tier = 0; tier < n_tiers; tier++) {
				struct policy p = {.n_tiers = n_tiers,
						   .n_verify = n_verify};
				bool terminal = tier == n_tiers - 1;

				assert_int_equal(policy_verifies(&p, tier),
						 !terminal && n_verify > 0);
			}
}

static void test_next_tier(void **state)
{
	struct policy p = plain;

	(void)state;
	for (size_t n_tiers = 2; n_tiers <= 5; n_tiers++)
		for (size_t tier = 0; tier + 1 < n_tiers; tier++)
			for (int64_t left = 0; left <= 4; left++) {
				size_t next;

				p.n_tiers = n_tiers;
				next = policy_next_tier(&p, tier,
							p.max_attempts - left);
				assert_int_equal(next, left <= 1 ? n_tiers - 1
								 : tier + 1);
			}
}

static void test_may_ask(void **state)
{
	struct policy p = plain;

	(void)state;
	for (int64_t attempts = 0; attempts < 7; attempts++)
		assert_int_equal(policy_may_ask(&p, attempts, INT64_MAX - 1),
				 attempts < 4);
	p.max_cost_pusd = 1000;
	assert_true(policy_may_ask(&p, 3, 0));
	assert_true(policy_may_ask(&p, 3, 999));
	assert_false(policy_may_ask(&p, 3, 1000));
	assert_false(policy_may_ask(&p, 3, INT64_MAX));
	assert_false(policy_may_ask(&p, 4, 0));
}

/* ---- judging ------------------------------------------------------------- */

#define NONE_SAID (double)NAN

/* One of each thing a verifier can say; regrets count of heads alone. */
static const struct verdict alphabet[] = {
	{.kind = VERDICT_PASS},
	{.kind = VERDICT_REJECT, .why = "empty"},
	{.kind = VERDICT_REJECT, .why = "refusal"},
	{.kind = VERDICT_NONE, .lack = LACK_SIGNAL, .why = "absent"},
	{.kind = VERDICT_NONE, .lack = LACK_FAULT},
	{.kind = VERDICT_NONE, .lack = LACK_NONE}, /* said nothing at all */
	{.kind = VERDICT_SCORE, .score = 0, .regret = 1},
	{.kind = VERDICT_SCORE, .score = 0.35, .regret = 0.3},
	{.kind = VERDICT_SCORE, .score = 0.7999999, .regret = 0.1},
	{.kind = VERDICT_SCORE, .score = 0.8, .regret = 0.0999999},
	{.kind = VERDICT_SCORE, .score = 0.9, .regret = 0.0500001},
	{.kind = VERDICT_SCORE, .score = 1, .regret = 0.02},
	{.kind = VERDICT_SCORE, .score = 1, .regret = 0},
	{.kind = VERDICT_SCORE, .score = -0.0001, .regret = 0},
	{.kind = VERDICT_SCORE, .score = 1.0001, .regret = 0},
	{.kind = VERDICT_SCORE, .score = NONE_SAID, .regret = 0},
	{.kind = VERDICT_SCORE, .score = (double)INFINITY, .regret = 0},
	{.kind = VERDICT_SCORE, .score = 1, .regret = -0.0001},
	{.kind = VERDICT_SCORE, .score = 1, .regret = 1.0001},
	{.kind = VERDICT_SCORE, .score = 1, .regret = NONE_SAID},
};

#define N_ALPHABET (sizeof(alphabet) / sizeof(*alphabet))

/* Chains: r reads, h is a head, c checks, H is a head behind checks. */
static const char *const shapes[] = {"r",  "rr",  "rrr",  "c",   "rc",	 "rcc",
				     "rh", "rrh", "rhcH", "hcH", "rrhc", "hccH"};

#define N_SHAPES (sizeof(shapes) / sizeof(*shapes))
#define MOST	 4

static size_t links_of(const char *shape, enum policy_link *links)
{
	size_t n = strlen(shape);

	for (size_t i = 0; i < n; i++)
		links[i] = shape[i] == 'r'   ? POLICY_READS
			   : shape[i] == 'h' ? POLICY_HEAD
			   : shape[i] == 'H' ? POLICY_HEAD_AFTER
					     : POLICY_CHECKS;
	return n;
}

/* The second telling: what a list of rules says, each one on its own. */
struct telling {
	const struct policy *p;
	const char *shape;
	const struct verdict *const *v; /* NULL: passed over, or still to come */
	bool all; /* surveyed */
	size_t n; /* links before this one were told or passed over */
};

static bool bad_share(double x)
{
	return isnan(x) || x < 0 || x > 1;
}

static enum reason stops(const struct telling *t, size_t i)
{
	const struct verdict *v = t->v[i];
	bool head = strchr("hH", t->shape[i]), check = t->shape[i] == 'c';

	if (!v)
		return REASON_NONE;

	if (v->kind == VERDICT_REJECT)
		return REASON_GATE;
	if (v->kind == VERDICT_NONE && v->lack == LACK_SIGNAL)
		return t->p->calibrated || check ? REASON_NO_SIGNAL
						 : REASON_NONE;
	if (v->kind == VERDICT_NONE)
		return REASON_VERIFIER_ERROR;
	if (v->kind == VERDICT_SCORE && bad_share(v->score))
		return REASON_VERIFIER_ERROR;
	if (v->kind == VERDICT_SCORE && head && bad_share(v->regret))
		return REASON_VERIFIER_ERROR;
	return REASON_NONE;
}

/* Of the last one of the first n that gave any. */
static double last_of(const struct telling *t, size_t n, bool regret)
{
	for (size_t i = n; i-- > 0;) {
		bool head = strchr("hH", t->shape[i]);

		if (!t->v[i] || t->v[i]->kind != VERDICT_SCORE)
			continue;
		if (head || (!regret && !t->p->calibrated))
			return regret ? t->v[i]->regret : t->v[i]->score;
	}
	return NAN;
}

static enum reason by_cut(const struct telling *t, double cut)
{
	double c = last_of(t, t->n, false), g = last_of(t, t->n, true);

	if (t->p->has_target)
		return isnan(g)	  ? REASON_NO_SIGNAL
		       : g <= cut ? REASON_CONFIDENT
				  : REASON_LOW_CONFIDENCE;
	return isnan(c)			? REASON_NO_SIGNAL
	       : c >= t->p->threshold	? REASON_CONFIDENT
					: REASON_LOW_CONFIDENCE;
}

static bool within(const struct telling *t, size_t link)
{
	double c = last_of(t, link, false), g = last_of(t, link, true);
	const struct conf_range *band = &t->p->bands[link];

	if (t->p->has_target)
		return !isnan(g) && !(g <= t->p->cuts.accept) &&
		       !(g > t->p->cuts.check);
	if (!band->said)
		return true;
	return !isnan(c) && !(c < band->low) && !(c > band->high);
}

static bool checked(const struct telling *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (t->shape[i] == 'c' && t->v[i])
			return true;
	return false;
}

static bool passed_over(const struct telling *t, size_t link)
{
	if (t->shape[link] == 'H')
		return !checked(t, link);
	return t->shape[link] == 'c' && !t->all && !within(t, link);
}

static enum reason expected(const struct telling *t, size_t *stopped)
{
	for (*stopped = 0; *stopped < t->n; ++*stopped)
		if (stops(t, *stopped) != REASON_NONE)
			return stops(t, *stopped);
	if (t->shape[t->n] == '\0')
		return by_cut(t, checked(t, t->n) ? t->p->cuts.after
						  : t->p->cuts.accept);
	return REASON_NONE; /* go on */
}

static enum policy_step step_of(enum reason r)
{
	return r == REASON_NONE	       ? POLICY_VERIFY
	       : r == REASON_CONFIDENT ? POLICY_ACCEPT
				       : POLICY_ESCALATE;
}

static void compare(const struct telling *t)
{
	struct decision d = t->all ? policy_survey(t->p, t->v)
				   : policy_judge(t->p, t->v);
	size_t stopped;
	enum reason r = expected(t, &stopped);
	double c = last_of(t, stopped, false);

	assert_int_equal(d.reason, r);
	assert_int_equal(d.step, step_of(r));
	if (d.step == POLICY_VERIFY)
		assert_int_equal(d.link, t->n);
	assert_ptr_equal(d.gate, r == REASON_GATE ? t->v[stopped]->why : NULL);
	if (isnan(c))
		assert_true(isnan(d.confidence));
	else
		assert_true(d.confidence == c);
	/* Whatever else: without evidence nothing is kept. */
	if (d.step == POLICY_ACCEPT && t->p->has_target)
		c = last_of(t, t->n, true);
	if (d.step == POLICY_ACCEPT)
		assert_true(c >= 0 && c <= 1);
}

static void compare_beginnings(const struct policy *p, const char *shape,
			       const struct verdict **v, size_t i, bool all)
{
	struct telling t = {p, shape, v, all, i};

	while (shape[t.n] && passed_over(&t, t.n))
		t.n++;
	compare(&t);
	if (shape[t.n] == '\0')
		return;
	for (size_t a = 0; a < N_ALPHABET; a++) {
		v[t.n] = &alphabet[a];
		compare_beginnings(p, shape, v, t.n + 1, all);
	}
	v[t.n] = NULL;
}

/* The band of each check; the second one's is another. */
#define BAND(low, high)                                                        \
	(const struct conf_range[MOST])                                        \
	{                                                                      \
		{true, low, high}, {true, low, high}, {true, 0.8, 1},          \
		{                                                              \
			true, low, high                                        \
		}                                                              \
	}

static const struct conf_range no_bands[] = {{false, 0, 0}, {false, 0, 0},
					     {false, 0, 0}, {false, 0, 0}};

static const struct policy kinds[] = {
	{.threshold = 0.8},
	{.threshold = 0},
	{.threshold = 1},
	{.threshold = 0.8, .bands = BAND(0.35, 0.9)},
	{.threshold = 0.8, .bands = BAND(0.9, 1)},
	{.threshold = 0.8, .calibrated = true},
	{.threshold = 0.8, .calibrated = true, .bands = BAND(0.35, 0.9)},
	{.has_target = true, .calibrated = true, .cuts = {0.02, 0.3, 0.05}},
	{.has_target = true, .calibrated = true, .cuts = {0.1, 0.1, 0.1}},
	{.has_target = true, .calibrated = true, .cuts = {-1, 0.3, 0.05}},
	{.has_target = true, .calibrated = true, .cuts = {-1, -1, -1}},
	{.has_target = true, .calibrated = true, .cuts = {0.02, 0.3, -1}},
};

static void test_all_chains(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		for (size_t s = 0; s < N_SHAPES; s++) {
			const struct verdict *v[MOST] = {NULL};
			enum policy_link links[MOST];
			struct policy p = kinds[k];

			p.n_tiers = 2;
			p.links = links;
			p.bands = p.bands ? p.bands : no_bands;
			p.n_verify = links_of(shapes[s], links);
			compare_beginnings(&p, shapes[s], v, 0, false);
			compare_beginnings(&p, shapes[s], v, 0, true);
		}
}

static const struct verdict pass = {.kind = VERDICT_PASS};
static const struct verdict absent = {.kind = VERDICT_NONE,
				      .lack = LACK_SIGNAL};
static const struct verdict failed = {.kind = VERDICT_NONE,
				      .lack = LACK_FAULT};

static struct verdict scored(double score)
{
	return (struct verdict){.kind = VERDICT_SCORE, .score = score};
}

static struct verdict regretted(double regret)
{
	return (struct verdict){.kind = VERDICT_SCORE,
				.score = 1 - regret,
				.regret = regret};
}

static void expect(const struct policy *p, const char *shape,
		   const struct verdict *v, size_t n, enum policy_step step,
		   enum reason reason)
{
	const struct verdict *given[MOST] = {NULL};
	enum policy_link links[MOST];
	struct policy q = *p;
	struct decision d;

	for (size_t i = 0; i < n; i++)
		given[i] = &v[i];
	q.links = links;
	q.bands = p->bands ? p->bands : no_bands;
	q.n_verify = links_of(shape, links);
	d = policy_judge(&q, given);
	assert_int_equal(d.step, step);
	assert_int_equal(d.reason, reason);
}

#define EXPECT(p, shape, step, reason, ...)                                    \
	expect(p, shape, (struct verdict[]){__VA_ARGS__},                      \
	       sizeof((struct verdict[]){__VA_ARGS__}) /                       \
		       sizeof(struct verdict),                                 \
	       step, reason)

/* The same by hand, should both tellings be wrong together. */
static void test_raw_scores_by_hand(void **state)
{
	const struct verdict high = scored(0.9), low = scored(0.1);

	(void)state;
	EXPECT(&plain, "rr", POLICY_VERIFY, REASON_NONE, pass);
	EXPECT(&plain, "rr", POLICY_ACCEPT, REASON_CONFIDENT, pass, high);
	EXPECT(&plain, "rr", POLICY_ESCALATE, REASON_NO_SIGNAL, pass, pass);
	EXPECT(&plain, "rr", POLICY_ESCALATE, REASON_NO_SIGNAL, pass, absent);
	/* The last score counts, whichever way. */
	EXPECT(&plain, "rr", POLICY_ESCALATE, REASON_LOW_CONFIDENCE, high, low);
	EXPECT(&plain, "rr", POLICY_ACCEPT, REASON_CONFIDENT, low, high);
	/* What one that only reads lacks does not take a score away. */
	EXPECT(&plain, "rr", POLICY_ACCEPT, REASON_CONFIDENT, high, absent);
	/* A check that was asked and says nothing does. */
	EXPECT(&plain, "rc", POLICY_ESCALATE, REASON_NO_SIGNAL, high, absent);
	EXPECT(&plain, "rc", POLICY_ESCALATE, REASON_VERIFIER_ERROR, high,
	       failed);
	EXPECT(&plain, "rc", POLICY_ACCEPT, REASON_CONFIDENT, low, high);
	EXPECT(&plain, "rc", POLICY_ACCEPT, REASON_CONFIDENT, absent, high);
}

static void test_bands_by_hand(void **state)
{
	struct policy p = plain;

	(void)state;
	EXPECT(&p, "rc", POLICY_VERIFY, REASON_NONE, scored(0.01));
	p.bands = BAND(0.3, 0.9);
	EXPECT(&p, "rc", POLICY_ESCALATE, REASON_LOW_CONFIDENCE, scored(0.29));
	EXPECT(&p, "rc", POLICY_VERIFY, REASON_NONE, scored(0.3));
	EXPECT(&p, "rc", POLICY_VERIFY, REASON_NONE, scored(0.9));
	EXPECT(&p, "rc", POLICY_ACCEPT, REASON_CONFIDENT, scored(0.91));
	EXPECT(&p, "rc", POLICY_ESCALATE, REASON_NO_SIGNAL, absent);
	EXPECT(&p, "rc", POLICY_ESCALATE, REASON_NO_SIGNAL, pass);
	/* Above the band but below the threshold. */
	p.bands = BAND(0.3, 0.5);
	EXPECT(&p, "rc", POLICY_ESCALATE, REASON_LOW_CONFIDENCE, scored(0.7));
	/* Nothing gives a confidence: there is nothing in the band. */
	expect(&p, "c", NULL, 0, POLICY_ESCALATE, REASON_NO_SIGNAL);
	p.bands = NULL;
	expect(&p, "c", NULL, 0, POLICY_VERIFY, REASON_NONE);
}

static void test_targets_by_hand(void **state)
{
	struct policy p = {
		.n_tiers = 2,
		.calibrated = true,
		.has_target = true,
		.cuts = {.accept = 0.02, .check = 0.4, .after = 0.05},
	};

	(void)state;
	/* A raw score decides nothing. */
	EXPECT(&p, "rhcH", POLICY_VERIFY, REASON_NONE, scored(0));
	EXPECT(&p, "rhcH", POLICY_ESCALATE, REASON_NO_SIGNAL, absent);
	EXPECT(&p, "rhcH", POLICY_ACCEPT, REASON_CONFIDENT, scored(0),
	       regretted(0.02));
	EXPECT(&p, "rhcH", POLICY_VERIFY, REASON_NONE, scored(0),
	       regretted(0.03));
	EXPECT(&p, "rhcH", POLICY_VERIFY, REASON_NONE, scored(0),
	       regretted(0.4));
	EXPECT(&p, "rhcH", POLICY_ESCALATE, REASON_LOW_CONFIDENCE, scored(1),
	       regretted(0.41));
	EXPECT(&p, "rhcH", POLICY_VERIFY, REASON_NONE, scored(0),
	       regretted(0.1), scored(0));
	EXPECT(&p, "rhcH", POLICY_ACCEPT, REASON_CONFIDENT, scored(0),
	       regretted(0.1), scored(0), regretted(0.05));
	EXPECT(&p, "rhcH", POLICY_ESCALATE, REASON_LOW_CONFIDENCE, scored(1),
	       regretted(0.1), scored(1), regretted(0.06));
	EXPECT(&p, "rhcH", POLICY_ESCALATE, REASON_NO_SIGNAL, scored(1),
	       regretted(0.1), absent);
	EXPECT(&p, "rhcH", POLICY_ESCALATE, REASON_VERIFIER_ERROR, scored(1),
	       regretted(0.1), failed);
	/* No check: the first cut is all there is. */
	EXPECT(&p, "rh", POLICY_ACCEPT, REASON_CONFIDENT, scored(0),
	       regretted(0.02));
	EXPECT(&p, "rh", POLICY_ESCALATE, REASON_LOW_CONFIDENCE, scored(1),
	       regretted(0.03));
}

static void test_may_verify(void **state)
{
	struct policy p = plain;

	(void)state;
	p.max_verify_pusd = INT64_MAX;
	assert_true(policy_may_verify(&p, INT64_MAX, INT64_MAX, INT64_MAX));
	p.max_verify_pusd = 100;
	assert_true(policy_may_verify(&p, 100, 0, 5000));
	assert_true(policy_may_verify(&p, 40, 60, 5000));
	assert_false(policy_may_verify(&p, 41, 60, 5000));
	assert_false(policy_may_verify(&p, 1, 100, 5000));
	assert_false(policy_may_verify(&p, 0, 101, 5000));
	assert_false(policy_may_verify(&p, INT64_MAX, INT64_MAX, 0));
	/* What is free may always be asked. */
	p.max_verify_pusd = 0;
	assert_true(policy_may_verify(&p, 0, 0, 5000));
	assert_false(policy_may_verify(&p, 1, 0, 5000));
	p.max_verify_pusd = INT64_MAX;
	p.max_cost_pusd = 100;
	assert_true(policy_may_verify(&p, 10, 0, 90));
	assert_false(policy_may_verify(&p, 11, 0, 90));
	assert_false(policy_may_verify(&p, 0, 0, INT64_MAX));
}

/* Not even a threshold of 0 accepts without a score. */
static void test_threshold_edges(void **state)
{
	struct policy p = plain;

	(void)state;
	p.threshold = 0;
	EXPECT(&p, "r", POLICY_ACCEPT, REASON_CONFIDENT, scored(0));
	EXPECT(&p, "r", POLICY_ESCALATE, REASON_NO_SIGNAL, pass);
	p.threshold = 1;
	EXPECT(&p, "r", POLICY_ACCEPT, REASON_CONFIDENT, scored(1));
	EXPECT(&p, "r", POLICY_ESCALATE, REASON_LOW_CONFIDENCE,
	       scored(nextafter(1, 0)));
}

/* ---- faults -------------------------------------------------------------- */

static void test_reason_of_every_fault(void **state)
{
	(void)state;
	for (int k = FAULT_BAD_REQUEST; k < FAULT_NKINDS; k++) {
		enum fault_kind kind = (enum fault_kind)k;
		bool context = kind == FAULT_CONTEXT_LENGTH;

		assert_int_equal(policy_reason_of_fault(kind, false),
				 context ? REASON_CONTEXT_LENGTH
					 : REASON_BACKEND_ERROR);
		assert_int_equal(policy_reason_of_fault(kind, true),
				 context ? REASON_CONTEXT_LENGTH
					 : REASON_DEADLINE);
	}
}

static void test_final_fault(void **state)
{
	(void)state;
	for (int k = FAULT_BAD_REQUEST; k < FAULT_NKINDS; k++)
		for (int connected = 0; connected < 2; connected++) {
			enum fault_kind kind = (enum fault_kind)k;
			struct fault last, f;

			fault_set(&last, kind, "what was last");
			f = policy_final_fault(&last, connected);
			if (kind == FAULT_UPSTREAM && !connected) {
				assert_int_equal(f.kind, FAULT_NO_BACKEND);
				assert_int_equal(f.status, 503);
				assert_non_null(
					strstr(f.message, "what was last"));
			} else {
				assert_int_equal(f.kind, kind);
				assert_int_equal(f.status, last.status);
				assert_string_equal(f.message, last.message);
			}
		}
}

/* ---- time ---------------------------------------------------------------- */

static void test_shares_of_time(void **state)
{
	struct policy p = plain;

	(void)state;
	p.n_tiers = 3;
	assert_int_equal(policy_answer_until(&p, 0, 1000, 2000), 1500);
	assert_int_equal(policy_answer_until(&p, 1, 1000, 2000), 1500);
	assert_int_equal(policy_answer_until(&p, 2, 1000, 2000), 2000);
	assert_int_equal(policy_verify_until(1000, 2000), 1250);
	/* Time that is over is not given again. */
	for (size_t tier = 0; tier < 3; tier++) {
		assert_int_equal(policy_answer_until(&p, tier, 2000, 2000),
				 2000);
		assert_int_equal(policy_answer_until(&p, tier, 3000, 2000),
				 2000);
	}
	assert_int_equal(policy_verify_until(2000, 2000), 2000);
	assert_int_equal(policy_verify_until(3000, 2000), 2000);
	p.n_tiers = 1;
	assert_int_equal(policy_answer_until(&p, 0, 1000, 2000), 2000);
}

/* Whatever cheap tiers and verifiers take, the last one has some time left. */
static void test_last_tier_always_has_time(void **state)
{
	struct policy p = plain;
	int64_t now = 0;
	const int64_t deadline = 60000000;

	(void)state;
	p.n_tiers = 5;
	for (size_t tier = 0; tier + 1 < p.n_tiers; tier++) {
		now = policy_answer_until(&p, tier, now, deadline);
		now = policy_verify_until(now, deadline);
	}
	assert_true(deadline - now > 1000000);
	assert_int_equal(policy_answer_until(&p, 4, now, deadline), deadline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason_names),
		cmocka_unit_test(test_first_tier),
		cmocka_unit_test(test_one_attempt_goes_to_the_terminal_tier),
		cmocka_unit_test(test_no_bound_is_no_bound),
		cmocka_unit_test(test_which_tiers_are_verified),
		cmocka_unit_test(test_next_tier),
		cmocka_unit_test(test_may_ask),
		cmocka_unit_test(test_all_chains),
		cmocka_unit_test(test_raw_scores_by_hand),
		cmocka_unit_test(test_bands_by_hand),
		cmocka_unit_test(test_targets_by_hand),
		cmocka_unit_test(test_may_verify),
		cmocka_unit_test(test_threshold_edges),
		cmocka_unit_test(test_reason_of_every_fault),
		cmocka_unit_test(test_final_fault),
		cmocka_unit_test(test_shares_of_time),
		cmocka_unit_test(test_last_tier_always_has_time),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
