/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Artifacts: written, read again, refused when anything in them is wrong, and
 * compared with a cascade.
 */
#include "verify/artifact.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "verify/signal.h"

static char path[64];

static const char head_before[] =
	"{\"bias\":-1,\"weights\":[1,2,3,0.5],\"words\":[0,1],"
	"\"calibrator\":{\"kind\":\"platt\",\"a\":-1,\"b\":0}}";
static const char head_after[] =
	"{\"bias\":0.5,\"weights\":[1,2,3,0.5,4],\"words\":null,"
	"\"calibrator\":{\"kind\":\"isotonic\",\"x\":[0,1],\"y\":[0.1,0.9]}}";

/* A sound one, which the tests spoil in one place each. */
static char *sound(void)
{
	return mem_printf(
		"{\"frugald_artifact\":1,\"created\":\"2026-11-24T10:00:00Z\","
		"\"cascade\":\"auto\",\"tiers\":[{\"backend\":\"small\","
		"\"model\":\"s\",\"top_logprobs\":5},{\"backend\":\"large\","
		"\"model\":\"l\",\"top_logprobs\":3}],"
		"\"verify\":[{\"rules\":{\"b\":true,\"a\":false}}],"
		"\"compare\":\"auto\",\"check_instruction\":\"abc\","
		"\"route_price\":0.15,\"data_sha256\":\"00\","
		"\"promise\":{\"max_error\":0.05,\"delta\":0.1,"
		"\"kind\":\"certified\",\"n_fit\":100,\"n_certify\":300,"
		"\"n_report\":0,\"losses\":7,\"risk\":0.023,"
		"\"risk_upper\":0.04},"
		"\"cuts\":{\"accept\":0.02,\"check\":0.3,\"after\":0.05},"
		"\"economics\":{\"accept\":0.4,\"checked\":0.5,"
		"\"net_saving\":0.3,\"net_saving_low\":0.2,"
		"\"net_saving_high\":0.4,\"verdict\":\"worth it\"},"
		"\"labels\":true,\"words\":2,\"signals\":["
		"{\"name\":\"logprob.min\",\"stage\":\"before\",\"may_miss\":"
		"false,"
		"\"knots\":[-2,-1]},"
		"{\"name\":\"check.agree\",\"stage\":\"after\",\"may_miss\":"
		"true,\"knots\":[]}],"
		"\"heads\":{\"before\":{\"confidence\":%s,\"regret\":%s},"
		"\"after\":{\"confidence\":%s,\"regret\":%s}}}",
		head_before, head_before, head_after, head_after);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static struct artifact *load(const char *text, struct err *err)
{
	write_file(text);
	*err = (struct err){0};
	return artifact_load(path, err);
}

static void test_sound(void **state)
{
	char *text = sound();
	struct err err;
	struct artifact *a = load(text, &err);

	(void)state;
	assert_non_null(a);
	assert_string_equal(a->route.tiers[1].backend, "large");
	assert_int_equal(a->route.tiers[1].top_logprobs, 3);
	/* Members in the order of their names, however they were written. */
	assert_string_equal(a->route.verify,
			    "[{\"rules\":{\"a\":false,\"b\":true}}]");
	assert_true(a->certified && a->worth_it);
	assert_int_equal(a->n_losses, 7);
	assert_true(a->cuts.check == 0.3);
	assert_ptr_equal(a->heads.features[0].name,
			 signal_name(SIGNAL_LOGPROB_MIN));
	assert_int_equal(a->heads.n[HEADS_BEFORE], 1);
	assert_int_equal(a->heads.n[HEADS_AFTER], 2);
	assert_int_equal(artifact_is_ours(a, &err), 0);
	artifact_free(a);
	free(text);
}

/* The text with one piece replaced, which must be there. */
static char *spoilt(const char *piece, const char *by)
{
	char *text = sound();
	char *at = strstr(text, piece);
	char *out;

	if (!at)
		fail_msg("no %s in the text", piece);
	out = mem_printf("%.*s%s%s", (int)(at - text), text, by,
			 at + strlen(piece));
	free(text);
	return out;
}

static void test_refused(void **state)
{
	static const struct {
		const char *piece, *by, *why;
	} rows[] = {
		{"\"frugald_artifact\":1", "\"frugald_artifact\":2",
		 "version 2 of the format; this program reads 1"},
		{"\"frugald_artifact\":1", "\"x\":1", "not an artifact"},
		{"\"cascade\":\"auto\",", "", "cascade"},
		{"\"route_price\":0.15", "\"route_price\":\"0.15\"", "real"},
		{"\"top_logprobs\":5", "\"top_logprobs\":5.5", "tiers"},
		{"\"max_error\":0.05", "\"max_error\":0", "max_error"},
		{"\"delta\":0.1", "\"delta\":1", "delta"},
		{"\"n_certify\":300", "\"n_certify\":-1", "below 0"},
		{"\"accept\":0.02,\"check\"", "\"accept\":0.4,\"check\"",
		 "accept must not be above check"},
		{"\"words\":2", "\"words\":3", "power of two"},
		{"\"words\":2", "\"words\":-2", "power of two"},
		{"\"knots\":[-2,-1]", "\"knots\":[-1,-1]", "logprob.min"},
		{"\"knots\":[-2,-1]", "\"knots\":[-1,-2]", "rise"},
		{"\"knots\":[-2,-1]", "\"knots\":[1,2,3,4,5,6]", "at most 5"},
		{"\"knots\":[-2,-1]", "\"knots\":[-2,\"-1\"]", "logprob.min"},
		{"\"stage\":\"before\"", "\"stage\":\"later\"", "stage"},
		{"\"stage\":\"before\"", "\"stage\":\"after\"", "weights"},
		{"\"weights\":[1,2,3,0.5]", "\"weights\":[1,2,3]",
		 "must be 4 numbers"},
		{"\"words\":[0,1]", "\"words\":[0]", "must be 2 numbers"},
		{"\"bias\":-1", "\"bias\":null", "bias"},
		{"\"kind\":\"platt\"", "\"kind\":\"magic\"", "calibrator"},
		/* A map that falls would turn the order of regrets around. */
		{"\"a\":-1,\"b\":0", "\"a\":1,\"b\":0", "calibrator"},
		{"\"y\":[0.1,0.9]", "\"y\":[0.9,0.1]", "calibrator"},
		{"\"y\":[0.1,0.9]", "\"y\":[0.1,1.9]", "calibrator"},
		{"\"x\":[0,1]", "\"x\":[]", "calibrator"},
		{"\"labels\":true", "\"labels\":1", "labels"},
		{"{\"frugald", "[{\"frugald", "line 1"},
		{"{\"frugald_artifact\":1,",
		 "{\"frugald_artifact\":1,\"cascade\":\"b\",", "duplicate"},
		{"\"bias\":-1", "\"bias\":1e999", "line 1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = spoilt(rows[i].piece, rows[i].by);
		struct err err;
		struct artifact *a = load(text, &err);

		if (a || !strstr(err.text, rows[i].why) ||
		    strncmp(err.text, path, strlen(path)) != 0)
			fail_msg("%s: %s", rows[i].by, err.text);
		assert_int_equal(err.kind, ERR_CONF);
		free(text);
	}
}

/* Whatever is cut off is refused, and nothing leaks. */
static void test_every_prefix(void **state)
{
	char *text = sound();
	struct err err;

	(void)state;
	for (size_t n = strlen(text) - 1; n > 0; n -= n > 7 ? 7 : n) {
		text[n] = '\0';
		assert_null(load(text, &err));
	}
	free(text);
}

static void test_band_needs_heads(void **state)
{
	char *text = sound();
	char *after = strstr(text, ",\"after\":{\"conf");
	char *signal = strstr(text, ",{\"name\":\"check.agree\"");
	struct err err;

	(void)state;
	strcpy(after, "}}");
	memmove(signal, strstr(signal, "}]") + 1,
		strlen(strstr(signal, "}]") + 1) + 1);
	assert_null(load(text, &err));
	assert_non_null(strstr(err.text, "a band without heads"));
	free(text);
}

static void test_round_trip(void **state)
{
	static const double values[] = {-1.3, 0.7};
	char *text = sound();
	struct err err;
	struct artifact *a = load(text, &err), *b;
	struct heads_score s, t;

	(void)state;
	assert_non_null(a);
	a->heads.head[HEADS_BEFORE][HEADS_REGRET].bias = 1.0 / 3;
	assert_int_equal(artifact_save(a, path, &err), 0);
	b = artifact_load(path, &err);
	assert_non_null(b);
	for (int stage = 0; stage < HEADS_NSTAGES; stage++) {
		s = heads_apply(&a->heads, (enum heads_stage)stage, values,
				NULL);
		t = heads_apply(&b->heads, (enum heads_stage)stage, values,
				NULL);
		assert_true(s.regret == t.regret);
		assert_true(s.confidence == t.confidence);
	}
	assert_string_equal(a->route.verify, b->route.verify);
	assert_string_equal(b->route.check_digest, "abc");
	assert_true(a->risk_upper == b->risk_upper);
	assert_int_equal(artifact_fits(a, &b->route, &err), 0);
	artifact_free(b);

	a->risk = NAN; /* nothing of it is written */
	write_file("old");
	assert_int_equal(artifact_save(a, path, &err), -1);
	assert_null(artifact_load(path, &err));
	a->risk = 0;
	assert_int_equal(artifact_save(a, "/nonexistent/a", &err), -1);
	artifact_free(a);
	free(text);
}

#define JUDGED(more)                                                           \
	"\"compare\":\"judge\",\"comparator\":{\"by\":\"judge\","              \
	"\"backend\":\"large\",\"labelled\":400,\"missed\":3," more "},"

static void test_comparator(void **state)
{
	char *text = spoilt("\"compare\":\"auto\",",
			    JUDGED("\"error_upper\":0.025,"
				   "\"in_guarantee\":true"));
	struct err err;
	struct artifact *a = load(text, &err), *b;

	(void)state;
	assert_non_null(a);
	assert_int_equal(artifact_save(a, path, &err), 0);
	b = artifact_load(path, &err);
	assert_non_null(b);
	assert_string_equal(b->route.compare_backend, "large");
	assert_int_equal(b->comparator.n_labelled, 400);
	assert_int_equal(b->comparator.n_missed, 3);
	assert_true(b->comparator.error_upper == 0.025);
	assert_true(b->comparator.in_guarantee);
	assert_int_equal(artifact_fits(a, &b->route, &err), 0);
	b->route.compare_backend = "small";
	assert_int_equal(artifact_fits(a, &b->route, &err), -1);
	assert_non_null(strstr(err.text, "who compares is large there and "
					 "small here"));
	artifact_free(a);
	artifact_free(b);
	free(text);
}

/* Those that were written before there was one, or need none. */
static void test_no_comparator(void **state)
{
	static const char *const by[] = {
		"\"compare\":\"auto\",\"comparator\":null,",
		"\"compare\":\"judge\",",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *text = spoilt("\"compare\":\"auto\",", by[i]);
		struct err err;
		struct artifact *a = load(text, &err);

		assert_non_null(a);
		assert_null(a->route.compare_backend);
		artifact_free(a);
		free(text);
	}
}

static void test_comparator_refused(void **state)
{
	static const struct {
		const char *by, *why;
	} rows[] = {
		{JUDGED("\"error_upper\":0.05,\"in_guarantee\":true"),
		 "leaves nothing"},
		{JUDGED("\"error_upper\":1.5,\"in_guarantee\":false"),
		 "contradict"},
		{JUDGED("\"error_upper\":0.01,\"missed\":401,"
			"\"in_guarantee\":false"),
		 "duplicate"},
		{JUDGED("\"error_upper\":\"0.01\",\"in_guarantee\":false"),
		 "comparator: needs"},
		{JUDGED("\"error_upper\":0.01"), "comparator: needs"},
		{"\"compare\":\"judge\",\"comparator\":[],",
		 "comparator: needs"},
		{"\"compare\":\"auto\",\"comparator\":{\"by\":\"judge\","
		 "\"backend\":\"l\",\"labelled\":0,\"missed\":0,"
		 "\"error_upper\":1.0,\"in_guarantee\":false},",
		 "must be judge"},
		{"\"compare\":\"judge\",\"comparator\":{\"by\":\"judge\","
		 "\"backend\":\"l\",\"labelled\":2,\"missed\":3,"
		 "\"error_upper\":1.0,\"in_guarantee\":false},",
		 "contradict"},
		{"\"compare\":\"judge\",\"comparator\":{\"by\":\"judge\","
		 "\"backend\":\"l\",\"labelled\":-2,\"missed\":-3,"
		 "\"error_upper\":1.0,\"in_guarantee\":false},",
		 "comparator: needs"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = spoilt("\"compare\":\"auto\",", rows[i].by);
		struct err err;

		if (load(text, &err) || !strstr(err.text, rows[i].why))
			fail_msg("%zu: %s", i, err.text);
		free(text);
	}
}

static void test_fits(void **state)
{
	struct artifact_tier tiers[] = {{"small", "s", 5}, {"large", "l", 3}};
	const struct artifact_route sound_route = {
		.cascade = "another name",
		.tiers = tiers,
		.n_tiers = 2,
		.verify = "[{\"rules\":{\"a\":false,\"b\":true}}]",
		.compare = "auto",
		.check_digest = "abc",
	};
	struct artifact_route r = sound_route;
	char *text = sound();
	struct err err;
	struct artifact *a = load(text, &err);

	(void)state;
	assert_int_equal(artifact_fits(a, &r, &err), 0);
#define REFUSED(change, why)                                                   \
	do {                                                                   \
		change;                                                        \
		err = (struct err){0};                                         \
		assert_int_equal(artifact_fits(a, &r, &err), -1);              \
		assert_non_null(strstr(err.text, why));                        \
		r = sound_route;                                               \
	} while (0)
	REFUSED(r.n_tiers = 1, "2 tiers there and 1 here");
	REFUSED(r.compare = "number", "compare is auto there and number here");
	REFUSED(r.verify = "[]", "verify is");
	REFUSED(r.check_digest = NULL, "abc there and none here");
	REFUSED(tiers[0].model = "s2", "a model is s there and s2 here");
	tiers[0].model = "s";
	REFUSED(tiers[1].top_logprobs = 20, "is 3 there and 20 here");
	tiers[1].top_logprobs = 3;
	/* Another question than whether it can be used live. */
	a->heads.features[0].name = "x.verbal";
	assert_int_equal(artifact_fits(a, &r, &err), 0);
	err = (struct err){0};
	assert_int_equal(artifact_is_ours(a, &err), -1);
	assert_non_null(strstr(err.text, "x.verbal"));
	artifact_free(a);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_band_needs_heads),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_comparator),
		cmocka_unit_test(test_no_comparator),
		cmocka_unit_test(test_comparator_refused),
		cmocka_unit_test(test_fits),
	};
	int ret;

	snprintf(path, sizeof(path), "/tmp/artifact.%d", (int)getpid());
	ret = cmocka_run_group_tests_name("artifact", tests, NULL, NULL);
	unlink(path);
	return ret;
}
