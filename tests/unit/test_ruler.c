/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rulings on samples: by cuts, by confidence, by raw scores.
 */
#include "ctl/ruler.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "conf/conf_read.h"
#include "verify/verifiers.h"

static const char conf_text[] =
	"backends:\n"
	"  s: {base_url: \"http://127.0.0.1:1\", model: m}\n"
	"  l: {base_url: \"http://127.0.0.1:1\", model: m}\n"
	"cascades:\n"
	"  plain: {tiers: [s, l], threshold: 0.5, verify: [logprob]}\n"
	"  check: {tiers: [s, l], threshold: 0.5, verify: [logprob,\n"
	"      check: {backend: l}]}\n"
	"  band: {tiers: [s, l], threshold: 0.5, verify: [logprob,\n"
	"      check: {backend: l, band: [0.4, 0.6]}]}\n"
	"  both: {tiers: [s, l], threshold: 0.5, verify: [logprob,\n"
	"      self_check: {band: [0.2, 0.9]},\n"
	"      check: {backend: l, band: [0.4, 0.6], start: early}]}\n";

static struct conf *conf;
static const struct conf_cascade *plain, *check, *band, *both;

static int read_conf(void **state)
{
	struct buf faults, warnings;

	(void)state;
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	conf = conf_read_text(span_of(conf_text), "f", verifier_confs(),
			      &faults, &warnings);
	buf_release(&faults);
	buf_release(&warnings);
	if (!conf)
		return -1;
	plain = &conf->cascades[0];
	check = &conf->cascades[1];
	band = &conf->cascades[2];
	both = &conf->cascades[3];
	return 0;
}

static int free_conf(void **state)
{
	(void)state;
	conf_free(conf);
	return 0;
}

static const char *names[] = {"logprob.min", "check.agree", "check.p",
			      "self_check.agree"};

/* Of what is asked, in each state. */
static struct sample_check absent = {SAID_ABSENT, NAN},
			   nothing = {SAID_NOTHING, .5},
			   something = {SAID_SOMETHING, .25};

/* One row at a time: its values are those of the names. */
static struct ruling rule(const struct conf_cascade *c,
			  const struct artifact *a, double threshold,
			  const struct sample *s)
{
	struct samples all = {.names = names, .n_before = 1, .n_names = 4};
	struct ruler *r = ruler_new(&all, c, a, threshold);
	struct ruling g = ruler_rule(r, s);

	ruler_free(r);
	return g;
}

#define EXPECT(g, fate_, reason_)                                              \
	do {                                                                   \
		struct ruling got = g;                                         \
                                                                               \
		assert_int_equal(got.fate, fate_);                             \
		assert_string_equal(got.reason, reason_);                      \
	} while (0)

static void test_raw_scores(void **state)
{
	const double values[] = {log(0.7), 1, 0.3, NAN};
	const double bare[] = {NAN, 1, NAN, NAN};
	struct sample s = {.values = values, .checks = &absent}, checked = s,
		      blind = s;

	(void)state;
	EXPECT(rule(plain, NULL, 0.69, &s), CUTS_ACCEPT, "confident");
	EXPECT(rule(plain, NULL, 0.71, &s), CUTS_ESCALATE, "low_confidence");
	assert_true(fabs(rule(plain, NULL, 0.5, &s).confidence - 0.7) < 1e-12);
	assert_true(rule(plain, NULL, 0.5, &s).regret == 1);
	/* The last score counts; a check that was not recorded is a fault. */
	checked.checks = &something;
	EXPECT(rule(check, NULL, 0.5, &checked), CUTS_CHECK_ESCALATE,
	       "low_confidence");
	EXPECT(rule(check, NULL, 0.3, &checked), CUTS_CHECK_ACCEPT,
	       "confident");
	EXPECT(rule(check, NULL, 0.3, &s), CUTS_CHECK_ESCALATE,
	       "verifier_error");
	s.checks = &nothing;
	EXPECT(rule(check, NULL, 0.3, &s), CUTS_CHECK_ESCALATE, "no_signal");
	/* Outside of the band it is not asked. */
	EXPECT(rule(band, NULL, 0.5, &checked), CUTS_ACCEPT, "confident");
	/* Without a probability agreement is the score. */
	checked.values = bare;
	EXPECT(rule(check, NULL, 1, &checked), CUTS_CHECK_ACCEPT, "confident");
	/* Without anything there is no signal. */
	blind.values = bare;
	EXPECT(rule(plain, NULL, 0, &blind), CUTS_ESCALATE, "no_signal");
}

/* The second is asked by what the first makes of it, each in its own band. */
static void test_two_that_ask(void **state)
{
	static const struct {
		double logprob, self, p;
		enum cuts_fate fate;
		const char *reason;
		double usd;
	} rows[] = {
		/* Sure enough for neither: the early one costs all the same. */
		{.95, NAN, NAN, CUTS_ACCEPT, "confident", .125},
		{.1, NAN, NAN, CUTS_ESCALATE, "low_confidence", .125},
		/* The first says 1 or 0: out of the band of the second. */
		{.7, 1, NAN, CUTS_CHECK_ACCEPT, "confident", .375},
		{.7, 0, NAN, CUTS_CHECK_ESCALATE, "low_confidence", .375},
		{.7, .5, .8, CUTS_CHECK_ACCEPT, "confident", .375},
		{.7, .5, .2, CUTS_CHECK_ESCALATE, "low_confidence", .375},
	};
	struct sample_check of[] = {{SAID_SOMETHING, .25},
				    {SAID_SOMETHING, .125}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const double values[] = {log(rows[i].logprob), NAN, rows[i].p,
					 rows[i].self};
		const struct sample s = {.values = values, .checks = of};
		struct ruling g = rule(both, NULL, 0.5, &s);

		EXPECT(g, rows[i].fate, rows[i].reason);
		assert_true(g.check_usd == rows[i].usd && !g.check_unpriced);
	}
}

/* What was not recorded of one of them is a fault where it is asked alone. */
static void test_one_of_two_is_absent(void **state)
{
	const double sure[] = {log(.7), NAN, NAN, 1};
	const double unsure[] = {log(.7), NAN, NAN, .5};
	struct sample_check of[] = {{SAID_SOMETHING, .25}, {SAID_ABSENT, NAN}};
	struct sample s = {.values = sure, .checks = of};

	(void)state;
	EXPECT(rule(both, NULL, 0.5, &s), CUTS_CHECK_ACCEPT, "confident");
	assert_true(rule(both, NULL, 0.5, &s).check_unpriced);
	s.values = unsure;
	EXPECT(rule(both, NULL, 0.5, &s), CUTS_CHECK_ESCALATE,
	       "verifier_error");
	of[0].said = SAID_NOTHING;
	EXPECT(rule(both, NULL, 0.5, &s), CUTS_CHECK_ESCALATE, "no_signal");
}

static void test_barred(void **state)
{
	const double values[] = {0, 1, 1, NAN};
	struct sample s = {
		.values = values, .barred = "gate:empty", .checks = &something};
	struct ruling g = rule(check, NULL, 0, &s);

	(void)state;
	EXPECT(g, CUTS_ESCALATE, "gate:empty");
	assert_true(g.confidence == 0 && g.regret == 1 && g.check_usd == 0);
}

/* Heads that say the same of every reply. */
static struct artifact constant(double before, double after,
				struct artifact_cuts cuts)
{
	struct artifact a = {.cuts = cuts};
	const double p[] = {before, after};

	a.heads.has_after = true;
	a.heads.labelled = true;
	for (int stage = 0; stage < HEADS_NSTAGES; stage++)
		for (int kind = 0; kind < HEADS_NKINDS; kind++) {
			double q =
				kind == HEADS_REGRET ? p[stage] : 1 - p[stage];

			a.heads.head[stage][kind].bias = log(q / (1 - q));
		}
	return a;
}

/* Each fate as cuts_apply() has it, which certified them. */
static void test_cuts(void **state)
{
	static const double grid[] = {0.1, 0.3, 0.5, 0.7, 0.9};
	const double values[] = {-1, 1, 1, NAN};
	const struct sample s = {.values = values, .checks = &something};
	const struct artifact_cuts cuts[] = {
		{0.2, 0.6, 0.4}, {0.2, 0.2, -1}, {-1, 1, 0.35},
		{-1, -1, -1},	 {1, 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++)
			for (size_t c = 0; c < 5; c++) {
				struct artifact a =
					constant(grid[i], grid[k], cuts[c]);
				struct cuts_row row = {
					.regret = {grid[i], grid[k]}};
				struct ruling g = rule(check, &a, NAN, &s);

				assert_int_equal(g.fate,
						 cuts_apply(&cuts[c], &row));
				assert_true(fabs(g.confidence + g.regret - 1) <
					    1e-9);
			}
}

static void test_calibrated_threshold(void **state)
{
	const double values[] = {-1, 1, 1, NAN};
	struct sample s = {.values = values, .checks = &something};
	struct artifact a = constant(0.3, 0.1, (struct artifact_cuts){0});

	(void)state;
	EXPECT(rule(check, &a, 0.8, &s), CUTS_CHECK_ACCEPT, "confident");
	EXPECT(rule(check, &a, 0.95, &s), CUTS_CHECK_ESCALATE,
	       "low_confidence");
	/* .7 is beyond the band. */
	EXPECT(rule(band, &a, 0.65, &s), CUTS_ACCEPT, "confident");
	EXPECT(rule(band, &a, 0.8, &s), CUTS_ESCALATE, "low_confidence");
	/* Heads without a stage for the check never ask it. */
	a.heads.has_after = false;
	EXPECT(rule(check, &a, 0.8, &s), CUTS_ESCALATE, "low_confidence");
}

static void test_rows_of_rulings(void **state)
{
	const struct sample s = {.cheap_usd = 1, .expensive_usd = 4};
	const struct artifact_cuts cuts = ruler_cuts();

	(void)state;
	for (int fate = CUTS_ACCEPT; fate <= CUTS_ESCALATE; fate++) {
		struct ruling g = {.fate = (enum cuts_fate)fate,
				   .check_usd = 2};
		struct cuts_row row = ruler_row(&g, &s, true);

		assert_int_equal(cuts_apply(&cuts, &row), fate);
		assert_true(row.loss && row.cheap_usd == 1 &&
			    row.check_usd == 2 && row.expensive_usd == 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw_scores),
		cmocka_unit_test(test_two_that_ask),
		cmocka_unit_test(test_one_of_two_is_absent),
		cmocka_unit_test(test_barred),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_calibrated_threshold),
		cmocka_unit_test(test_rows_of_rulings),
	};

	return cmocka_run_group_tests_name("ruler", tests, read_conf,
					   free_conf);
}
