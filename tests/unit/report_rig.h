/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views for tests: one with everything, one of no rows.
 */
#ifndef REPORT_RIG_H
#define REPORT_RIG_H

#include <math.h>

#include "ctl/report_view.h"

#define RIG_EVIL "<script>alert(\"x\")</script>&'"

static struct report_policy rig_policy(const char *name, double accepted,
				       double checked, double risk)
{
	double cheap = accepted < 0 ? 0 : 0.06, check = 0.1 * checked;
	double expensive = accepted < 0 ? 1 : 1 - accepted;
	double cost = cheap + check + expensive;

	return (struct report_policy){
		.name = name,
		.accepted = accepted < 0 ? 0 : accepted,
		.checked = checked,
		.risk = {risk, risk / 2, risk + 0.01},
		.right = {0.9 - risk, 0.89 - risk, 0.91 - risk},
		.cost = {cost, cost - 0.01, cost + 0.01},
		.cheap_usd = cheap,
		.check_usd = check,
		.expensive_usd = expensive,
	};
}

static void rig_policies(struct report_view *v)
{
	struct report_policy *p = v->policies;

	p[REPORT_EXPENSIVE] = rig_policy("always large", -1, 0, 0);
	p[REPORT_CHEAP] = rig_policy("always small", 1, 0, 0.5);
	p[REPORT_RANDOM] = rig_policy("by lot", 0.3, 0, 0.15);
	p[REPORT_OWN] = rig_policy("own signals only", 0.2, 0, 0.02);
	p[REPORT_CHECK_ALL] = rig_policy("check asked of all", 0.42, 1, 0.02);
	p[REPORT_OPERATING] = rig_policy("this cascade", 0.4, 0.5, 0.018);
	p[REPORT_HINDSIGHT] = rig_policy("best in hindsight", 0.5, 0, 0);
}

static void rig_lines(struct report_view *v)
{
	static struct report_policy points[REPORT_NLINES][5];

	for (size_t k = 0; k < REPORT_NLINES; k++) {
		for (size_t i = 0; i < 5; i++)
			points[k][i] = rig_policy("", 0.25 * (double)i,
						  k ? 0.5 : 0, 0.1 * (double)i);
		v->lines[k] = (struct report_curve){points[k], 5};
	}
}

static void rig_reliability(struct report_view *v)
{
	struct report_reliability *r = &v->reliability[0];

	*r = (struct report_reliability){.name = "Before the check",
					 .n = 300,
					 .ece = {0.04, 0.02, 0.06},
					 .brier = 0.2,
					 .auroc = 0.8,
					 .aurc = 0.3,
					 .eaurc = 0.1};
	for (size_t i = 0; i < REPORT_BINS; i++) {
		double from = (double)i / REPORT_BINS;

		r->bins[i] = (struct curve_bin){.from = from,
						.to = from + 1.0 / REPORT_BINS,
						.mean_p = NAN,
						.share_right = NAN};
		if (i % 5 != 0)
			continue;
		r->bins[i].n = 100;
		r->bins[i].n_right = 40;
		r->bins[i].mean_p = from + 0.01;
		r->bins[i].share_right = 0.4;
		r->shares[i] = (struct report_value){0.4, 0.3, 0.5};
	}
	v->n_reliability = 1;
}

/* Certified, labelled, worth it. */
static struct report_view rig_view(void)
{
	static const struct report_signal signals[] = {
		{"check.agree", true, true, {0.87, 0.85, 0.89}, 900, 0.1},
		{"logprob.tokens", false, false, {0.66, 0.6, 0.7}, 1000, 0},
		{"x.never", false, true, {NAN, NAN, NAN}, 0, 1}};
	struct report_view v = {.cascade = "auto",
				.cheap = "small",
				.expensive = "large",
				.cheap_model = "m-1",
				.expensive_model = "m-2",
				.checker = "large",
				.date = "2026-11-24T12:00:00Z",
				.standing = REPORT_CERTIFIED,
				.has_artifact = true,
				.labelled = true,
				.n = 1000,
				.n_barred = 12,
				.n_checks = 1000,
				.max_error = 0.02,
				.delta = 0.05,
				.n_certify = 750,
				.n_losses = 7,
				.risk_upper = 0.0175,
				.saving = {0.25, 0.2, 0.3},
				.worth_it = true,
				.check_usd = 0.1,
				.route_price = 0.1,
				.signals = signals,
				.n_signals = 3};

	rig_policies(&v);
	rig_lines(&v);
	rig_reliability(&v);
	return v;
}

/* Nothing is known. */
static inline struct report_view rig_empty(void)
{
	return (struct report_view){.cascade = "auto",
				    .cheap = "small",
				    .expensive = "large",
				    .cheap_model = "m-1",
				    .expensive_model = "m-2",
				    .max_error = NAN,
				    .delta = 0.05,
				    .risk_upper = NAN,
				    .saving = {NAN, NAN, NAN},
				    .check_usd = NAN,
				    .route_price = NAN};
}

#endif
