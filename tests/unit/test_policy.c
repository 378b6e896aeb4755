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

/* One of each thing a verifier can say. */
static const struct verdict alphabet[] = {
	{.kind = VERDICT_PASS},
	{.kind = VERDICT_REJECT, .why = "empty"},
	{.kind = VERDICT_REJECT, .why = "refusal"},
	{.kind = VERDICT_NONE, .lack = LACK_SIGNAL, .why = "absent"},
	{.kind = VERDICT_NONE, .lack = LACK_FAULT},
	{.kind = VERDICT_NONE, .lack = LACK_NONE}, /* said nothing at all */
	{.kind = VERDICT_SCORE, .score = 0},
	{.kind = VERDICT_SCORE, .score = 0.7999999},
	{.kind = VERDICT_SCORE, .score = 0.8},
	{.kind = VERDICT_SCORE, .score = 1},
	{.kind = VERDICT_SCORE, .score = -0.0001},
	{.kind = VERDICT_SCORE, .score = 1.0001},
	{.kind = VERDICT_SCORE, .score = (double)NAN},
	{.kind = VERDICT_SCORE, .score = (double)INFINITY},
};

#define N_ALPHABET (sizeof(alphabet) / sizeof(*alphabet))

/* What ends a chain at once; REASON_NONE: nothing. */
static enum reason stops(const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_REJECT:
		return REASON_GATE;
	case VERDICT_NONE:
		return v->lack == LACK_SIGNAL ? REASON_NONE
					      : REASON_VERIFIER_ERROR;
	case VERDICT_SCORE:
		return v->score >= 0 && v->score <= 1 ? REASON_NONE
						      : REASON_VERIFIER_ERROR;
	case VERDICT_PASS:
		break;
	}
	return REASON_NONE;
}

static enum reason expected(const struct policy *p, const struct verdict *v,
			    size_t n, double *score, const char **gate)
{
	*score = NAN;
	*gate = NULL;
	for (size_t i = 0; i < n; i++) {
		enum reason why = stops(&v[i]);

		if (why == REASON_GATE)
			*gate = v[i].why;
		if (why != REASON_NONE)
			return why;
		if (v[i].kind == VERDICT_SCORE)
			*score = v[i].score;
	}
	if (n < p->n_verify)
		return REASON_NONE; /* go on */
	if (isnan(*score))
		return REASON_NO_SIGNAL;
	return *score >= p->threshold ? REASON_CONFIDENT
				      : REASON_LOW_CONFIDENCE;
}

static enum policy_step step_of(enum reason r)
{
	return r == REASON_NONE	       ? POLICY_VERIFY
	       : r == REASON_CONFIDENT ? POLICY_ACCEPT
				       : POLICY_ESCALATE;
}

static void compare(const struct policy *p, const struct verdict *v, size_t n)
{
	struct decision d = policy_judge(p, v, n);
	const char *gate;
	double score;
	enum reason r = expected(p, v, n, &score, &gate);

	assert_int_equal(d.reason, r);
	assert_int_equal(d.step, step_of(r));
	assert_ptr_equal(d.gate, gate);
	if (isnan(score))
		assert_true(isnan(d.confidence));
	else
		assert_true(d.confidence == score);
}

/* All chains of n verdicts, of as many or more verifiers. */
static void compare_all(struct verdict *v, size_t i, size_t n)
{
	if (i < n) {
		for (size_t a = 0; a < N_ALPHABET; a++) {
			v[i] = alphabet[a];
			compare_all(v, i + 1, n);
		}
		return;
	}
	for (size_t more = 0; more < 2; more++) {
		struct policy p = plain;

		p.n_verify = n + more;
		compare(&p, v, n);
	}
}

static void test_all_chains(void **state)
{
	struct verdict v[3];

	(void)state;
	for (size_t n = 1; n <= 3; n++)
		compare_all(v, 0, n);
}

/* The same by hand, should both tellings be wrong together. */
static void test_judging_by_hand(void **state)
{
	const struct verdict pass = {.kind = VERDICT_PASS};
	const struct verdict absent = {.kind = VERDICT_NONE,
				       .lack = LACK_SIGNAL};
	const struct verdict high = {.kind = VERDICT_SCORE, .score = 0.9};
	const struct verdict low = {.kind = VERDICT_SCORE, .score = 0.1};
	struct policy p = plain;
	struct decision d;

	(void)state;
	p.n_verify = 2;
	d = policy_judge(&p, (struct verdict[]){pass}, 1);
	assert_int_equal(d.step, POLICY_VERIFY);
	d = policy_judge(&p, (struct verdict[]){pass, high}, 2);
	assert_int_equal(d.step, POLICY_ACCEPT);
	assert_int_equal(d.reason, REASON_CONFIDENT);
	d = policy_judge(&p, (struct verdict[]){pass, pass}, 2);
	assert_int_equal(d.step, POLICY_ESCALATE);
	assert_int_equal(d.reason, REASON_NO_SIGNAL);
	d = policy_judge(&p, (struct verdict[]){pass, absent}, 2);
	assert_int_equal(d.reason, REASON_NO_SIGNAL);
	/* The last score counts, whichever way. */
	d = policy_judge(&p, (struct verdict[]){high, low}, 2);
	assert_int_equal(d.reason, REASON_LOW_CONFIDENCE);
	assert_true(d.confidence == 0.1);
	d = policy_judge(&p, (struct verdict[]){low, high}, 2);
	assert_int_equal(d.step, POLICY_ACCEPT);
	/* What a later verifier lacks does not take a score away. */
	d = policy_judge(&p, (struct verdict[]){high, absent}, 2);
	assert_int_equal(d.step, POLICY_ACCEPT);
}

/* Not even a threshold of 0 accepts without a score. */
static void test_threshold_edges(void **state)
{
	struct verdict v = {.kind = VERDICT_SCORE, .score = 0};
	struct policy p = plain;

	(void)state;
	p.threshold = 0;
	assert_int_equal(policy_judge(&p, &v, 1).step, POLICY_ACCEPT);
	v = (struct verdict){.kind = VERDICT_PASS};
	assert_int_equal(policy_judge(&p, &v, 1).step, POLICY_ESCALATE);
	p.threshold = 1;
	v = (struct verdict){.kind = VERDICT_SCORE, .score = 1};
	assert_int_equal(policy_judge(&p, &v, 1).step, POLICY_ACCEPT);
	v.score = nextafter(1, 0);
	assert_int_equal(policy_judge(&p, &v, 1).step, POLICY_ESCALATE);
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
		cmocka_unit_test(test_judging_by_hand),
		cmocka_unit_test(test_threshold_edges),
		cmocka_unit_test(test_reason_of_every_fault),
		cmocka_unit_test(test_final_fault),
		cmocka_unit_test(test_shares_of_time),
		cmocka_unit_test(test_last_tier_always_has_time),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
