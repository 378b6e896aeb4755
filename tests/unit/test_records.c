/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records through a cascade's eyes: signals, what bars them, what is known,
 * what they cost; and their way into samples.
 */
#include "ctl/records.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/digest.h"
#include "conf/conf_read.h"
#include "verify/verifiers.h"

static const char conf_text[] =
	"backends:\n"
	"  s: {base_url: \"http://127.0.0.1:1\", model: m,\n"
	"      price: {input: 1, output: 2}}\n"
	"  l: {base_url: \"http://127.0.0.1:1\", model: m}\n"
	"cascades:\n"
	"  c: {tiers: [s, l], threshold: 0.5, verify: [rules, logprob,\n"
	"      check: {backend: l}]}\n"
	"  other: {tiers: [s]}\n"
	"  two: {tiers: [s, l], threshold: 0.5, verify: [logprob,\n"
	"      self_check: {mode: verdict},\n"
	"      check: {backend: l}]}\n"
	"  judged: {tiers: [s, l], threshold: 0.5, verify: [logprob],\n"
	"      compare: {by: judge, backend: l}}\n"
	"  voted: {tiers: [s, l], threshold: 0.5, verify: [\n"
	"      samples: {k: 2}, http: {url: \"http://127.0.0.1:1/\",\n"
	"      usd: 0.25}]}\n";

static struct conf *conf;

static int read_conf(void **state)
{
	struct buf faults, warnings;

	(void)state;
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	conf = conf_read_text(span_of(conf_text), "f", verifier_confs(),
			      &faults, &warnings);
	if (!conf)
		fprintf(stderr, "%.*s", (int)faults.n, faults.p);
	buf_release(&faults);
	buf_release(&warnings);
	return conf ? 0 : -1;
}

static int free_conf(void **state)
{
	(void)state;
	conf_free(conf);
	return 0;
}

enum { CHECKED = 0, TWO = 2, JUDGED = 3, VOTED = 4 };

static struct records *new_records_of(int cascade, bool every)
{
	const struct records_want want = {
		.conf = conf,
		.cascade = &conf->cascades[cascade],
		.every = every,
	};

	return records_new(&want);
}

static struct records *new_records(bool every)
{
	return new_records_of(CHECKED, every);
}

static void add(struct records *r, const char *line)
{
	struct err err = {0};

	if (records_add(r, span_of(line), &err) < 0)
		fail_msg("%s: %s", line, err.text);
}

static double value_of(const struct samples *s, size_t row, const char *name)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (strcmp(s->names[i], name) == 0)
			return s->v[row].values[i];
	fail_msg("no signal %s", name);
	return NAN;
}

#define TOKEN(text, logprob) "{\"token\":\"" text "\",\"logprob\":" logprob "}"
#define REPLY(text, logprobs)                                                  \
	"{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":"  \
	"\"" text "\"},\"logprobs\":{\"content\":[" logprobs                   \
	"]}}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":3}}"
#define ANSWER(backend, more, response)                                        \
	"{\"backend\":\"" backend "\",\"purpose\":\"answer\"," more            \
	"\"response\":" response "}"
#define CHECK(more, response)                                                  \
	"{\"backend\":\"l\",\"purpose\":\"verify\",\"verifier\":"              \
	"\"check\"," more "\"response\":" response "}"
#define SEVEN		  REPLY("7", TOKEN("7", "-0.5"))
#define EIGHT		  REPLY("8", TOKEN("8", "-0.25"))
#define ROW(id, attempts) "{\"id\":\"" id "\",\"attempts\":[" attempts "]}"
#define WITH(id, more, attempts)                                               \
	"{\"id\":\"" id "\"," more ",\"attempts\":[" attempts "]}"

static void test_a_whole_row(void **state)
{
	struct records *r = new_records(false);
	const struct samples *s;

	(void)state;
	add(r,
	    WITH("a",
		 "\"mode\":\"shadow\",\"labels\":{\"s\":false,\"l\":"
		 "true},\"signals\":{\"x.b\":3,\"logprob.min\":-9}",
		 ANSWER("s", "\"cost_usd\":0.5,", SEVEN) "," CHECK(
			 "\"mode\":\"blind\",\"about\":\"s\",\"cost_usd\":1,",
			 EIGHT) "," ANSWER("l", "\"cost_usd\":2,", EIGHT)));
	s = records_samples(r);
	assert_int_equal(s->n, 1);
	assert_string_equal(s->v[0].id, "a");
	assert_int_equal(s->v[0].mode, SAMPLE_SHADOW);
	assert_null(s->v[0].barred);
	assert_true(s->v[0].has_check);
	assert_int_equal(s->v[0].cheap_right, KNOWN_FALSE);
	assert_int_equal(s->v[0].expensive_right, KNOWN_TRUE);
	assert_int_equal(s->v[0].same, KNOWN_FALSE);
	assert_true(s->v[0].cheap_usd == 0.5 && s->v[0].check_usd == 1 &&
		    s->v[0].expensive_usd == 2);
	/* Computed anew; what is not ours is taken. */
	assert_true(value_of(s, 0, "logprob.min") == -0.5);
	assert_true(value_of(s, 0, "x.b") == 3);
	assert_true(value_of(s, 0, "check.agree") == 0);
	/* Sorted, those of the check last. */
	for (size_t i = 0; i < s->n_names; i++)
		assert_int_equal(strncmp(s->names[i], "check.", 6) == 0,
				 i >= s->n_before);
	for (size_t i = 1; i < s->n_before; i++)
		assert_true(strcmp(s->names[i - 1], s->names[i]) < 0);
	records_free(r);
}

static const struct {
	const char *line, *barred;
} barred[] = {
	{ROW("1", ANSWER("s", "", SEVEN)), NULL},
	{ROW("2", ANSWER("s", "\"status\":500,", SEVEN)), "backend_error"},
	{ROW("3", ANSWER("s", "", "{}")), "backend_error"},
	{ROW("4", ANSWER("s", "", "{\"error\":{}}")), "backend_error"},
	{ROW("5", ANSWER("s", "", REPLY(" ", TOKEN(" ", "-1")))), "gate:empty"},
	{ROW("6", ANSWER("s", "", REPLY("7", TOKEN("9", "-1")))), "no_signal"},
	{ROW("7", ANSWER("s", "", REPLY("7", ""))), "no_signal"},
	{WITH("8", "\"request\":{\"model\":\"c\",\"messages\":[],\"n\":2}",
	      ANSWER("s", "", SEVEN)),
	 "unsupported"},
	/* A request that cannot be read is none. */
	{WITH("9", "\"request\":{\"n\":2}", ANSWER("s", "", SEVEN)), NULL},
	{ROW("a", "{\"backend\":\"s\",\"answer\":\"7\"}"), "no_signal"},
	{ROW("b", "{\"backend\":\"s\",\"signals\":{\"logprob.min\":-1}}"),
	 NULL},
	{ROW("c", "{\"backend\":\"s\",\"signals\":{\"logprob.min\":null}}"),
	 "no_signal"},
	{WITH("d", "\"signals\":{\"x.v\":1}", "{\"backend\":\"s\"}"), NULL},
	{WITH("e", "\"signals\":{\"x.v\":1}", ""), NULL},
};

static void test_what_bars(void **state)
{
	struct records *r = new_records(false);
	const struct samples *s;

	(void)state;
	for (size_t i = 0; i < sizeof(barred) / sizeof(*barred); i++)
		add(r, barred[i].line);
	s = records_samples(r);
	assert_int_equal(s->n, sizeof(barred) / sizeof(*barred));
	for (size_t i = 0; i < s->n; i++) {
		const char *got = s->v[i].barred, *want = barred[i].barred;

		if (!got != !want || (got && strcmp(got, want) != 0))
			fail_msg("%s: %s", s->v[i].id, got ? got : "none");
	}
	records_free(r);
}

static const struct {
	const char *line;
	bool has_check, unknown;
} checks[] = {
	{CHECK("", SEVEN), true, false},
	{CHECK("\"mode\":\"verdict\",", SEVEN), false, false},
	{CHECK("\"about\":\"l\",", SEVEN), false, false},
	{CHECK("\"status\":429,", SEVEN), false, false},
	{CHECK("", "{\"choices\":1}"), false, false},
	{CHECK("", REPLY("", "")), false, false},
	{"{\"backend\":\"l\",\"purpose\":\"verify\",\"verifier\":\"other\","
	 "\"response\":" SEVEN "}",
	 false, false},
	{"{\"backend\":\"s\",\"purpose\":\"verify\",\"verifier\":\"check\","
	 "\"response\":" SEVEN "}",
	 false, false},
	{CHECK("\"signals\":{\"check.p\":0.25},", "null"), true, false},
	/* The first that came well. */
	{CHECK("\"status\":500,", "null") "," CHECK("", SEVEN) "," CHECK("",
									 EIGHT),
	 true, false},
};

static void test_checks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		struct records *r = new_records(false);
		char line[4096];
		const struct samples *s;

		snprintf(line, sizeof(line),
			 ROW("1", ANSWER("s", "", SEVEN) ",%s"),
			 checks[i].line);
		add(r, line);
		s = records_samples(r);
		if (s->v[0].has_check != checks[i].has_check ||
		    s->v[0].check_unknown != checks[i].unknown)
			fail_msg("check %zu: %d %d", i, s->v[0].has_check,
				 s->v[0].check_unknown);
		records_free(r);
	}
}

#define SELF(more)                                                             \
	"{\"backend\":\"s\",\"purpose\":\"verify\",\"verifier\":"              \
	"\"self_check\"" more "}"
#define YES	      ",\"response\":" REPLY("Yes", TOKEN("Yes", "-0.5"))
#define SAYS(signals) ",\"signals\":{" signals "}"
#define CHEAP	      ANSWER("s", "", SEVEN) ","

static const struct {
	const char *attempts;
	enum sample_said self, check;
	bool has, unknown, absent;
} twos[] = {
	{CHEAP SELF(YES) "," CHECK("", SEVEN), SAID_SOMETHING, SAID_SOMETHING,
	 true, false, false},
	/* Nobody asked the second, the first, either. */
	{CHEAP SELF(YES), SAID_SOMETHING, SAID_ABSENT, false, false, true},
	{CHEAP CHECK("", SEVEN), SAID_ABSENT, SAID_SOMETHING, false, false,
	 true},
	{ANSWER("s", "", SEVEN), SAID_ABSENT, SAID_ABSENT, false, false, true},
	/* What the first does not know ends the chain, so does a fault. */
	{CHEAP SELF(",\"response\":" SEVEN), SAID_NOTHING, SAID_ABSENT, false,
	 true, false},
	{CHEAP SELF(",\"status\":500"), SAID_FAULT, SAID_ABSENT, false, false,
	 false},
	/* Asked the other way it is not the one. */
	{CHEAP SELF(",\"mode\":\"blind\"" YES), SAID_ABSENT, SAID_ABSENT, false,
	 false, true},
	{CHEAP SELF(",\"mode\":\"verdict\"" YES), SAID_SOMETHING, SAID_ABSENT,
	 false, false, true},
	/* Where no texts are kept the signals of the attempt tell, on the one
	 * that was judged or on their own. */
	{"{\"backend\":\"s\"" SAYS(
		 "\"logprob.min\":-1,\"self_check.agree\":1,\"self_check.p\":"
		 "null,\"check.p\":0.5") "}," SELF("") "," CHECK("", "null"),
	 SAID_SOMETHING, SAID_SOMETHING, true, false, false},
	{"{\"backend\":\"s\"" SAYS("\"logprob.min\":-1") "}," SELF(
		 SAYS("\"self_check.p\":null,\"self_check.agree\":null")),
	 SAID_NOTHING, SAID_ABSENT, false, true, false},
	/* By log-probs alone nothing can be told. */
	{"{\"backend\":\"s\"" SAYS(
		 "\"logprob.min\":-1,\"self_check.logp\":-1") "}," SELF(""),
	 SAID_FAULT, SAID_ABSENT, false, false, false},
	/* Recorded of a reply that is there, but asked by nobody here. */
	{"{\"backend\":\"s\",\"response\":" SEVEN SAYS(
		 "\"check.p\":0.5,\"self_check.p\":0.5") "}",
	 SAID_SOMETHING, SAID_SOMETHING, true, false, false},
};

static void test_two_that_ask(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(twos) / sizeof(*twos); i++) {
		struct records *r = new_records_of(TWO, true);
		char line[4096];
		const struct sample *s;

		snprintf(line, sizeof(line), ROW("1", "%s"), twos[i].attempts);
		add(r, line);
		s = records_samples(r)->v;
		if (s->barred || s->checks[0].said != twos[i].self ||
		    s->checks[1].said != twos[i].check)
			fail_msg("%zu: %d %d", i, s->checks[0].said,
				 s->checks[1].said);
		if (s->has_check != twos[i].has ||
		    s->check_unknown != twos[i].unknown ||
		    s->check_absent != twos[i].absent)
			fail_msg("%zu: %d %d %d", i, s->has_check,
				 s->check_unknown, s->check_absent);
		records_free(r);
	}
}

#define SAMPLE(response)                                                       \
	"{\"backend\":\"s\",\"purpose\":\"verify\",\"verifier\":"              \
	"\"samples\",\"cost_usd\":1,\"response\":" response "}"
#define SCORER(more)                                                           \
	"{\"purpose\":\"verify\",\"verifier\":\"http\",\"about\":\"s\"" more "}"

static const struct {
	const char *attempts;
	enum sample_said samples, http;
	double agree, samples_usd, http_usd;
} votes[] = {
	{CHEAP SAMPLE(SEVEN) "," SAMPLE(EIGHT) "," SCORER(
		 SAYS("\"http.score\":0.5")),
	 SAID_SOMETHING, SAID_SOMETHING, .5, 2, .25},
	/* With too few of them the recorded word counts, if there is one. */
	{CHEAP SAMPLE(SEVEN), SAID_FAULT, SAID_ABSENT, NAN, 1, NAN},
	{"{\"backend\":\"s\",\"response\":" SEVEN
		 SAYS("\"samples.agree\":0.75,\"http.score\":0.5") "}," SAMPLE(
			 SEVEN),
	 SAID_SOMETHING, SAID_SOMETHING, .75, 1, NAN},
	/* One that did not come well is no reply; nor is one cut away. */
	{CHEAP SAMPLE(SEVEN) "," SAMPLE("null,\"status\":500") "," SAMPLE(
		 SEVEN),
	 SAID_SOMETHING, SAID_ABSENT, 1, 3, NAN},
	{CHEAP SAMPLE(SEVEN) "," SAMPLE("null"), SAID_FAULT, SAID_ABSENT, NAN,
	 2, NAN},
	/* What a scorer costs is configured where it is not recorded. */
	{CHEAP SCORER(",\"cost_usd\":0.5,\"status\":500"), SAID_ABSENT,
	 SAID_FAULT, NAN, NAN, .5},
};

static bool is_same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* Several replies to one verifier, and one that asks no backend. */
static void test_votes_and_scorers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(votes) / sizeof(*votes); i++) {
		struct records *r = new_records_of(VOTED, true);
		const struct samples *s;
		char line[4096];
		double agree = NAN;

		snprintf(line, sizeof(line), ROW("1", "%s"), votes[i].attempts);
		add(r, line);
		s = records_samples(r);
		for (size_t k = 0; k < s->n_names; k++)
			if (strcmp(s->names[k], "samples.agree") == 0)
				agree = s->v[0].values[k];
		if (s->v[0].checks[0].said != votes[i].samples ||
		    s->v[0].checks[1].said != votes[i].http)
			fail_msg("%zu: %d %d", i, s->v[0].checks[0].said,
				 s->v[0].checks[1].said);
		if (!is_same(agree, votes[i].agree) ||
		    !is_same(s->v[0].checks[0].usd, votes[i].samples_usd) ||
		    !is_same(s->v[0].checks[1].usd, votes[i].http_usd))
			fail_msg("%zu: %g %g %g", i, agree,
				 s->v[0].checks[0].usd, s->v[0].checks[1].usd);
		records_free(r);
	}
}

/* Each counts by itself: what one does not know is the mean of its own. */
static void test_costs_of_two(void **state)
{
	static const char *const lines[] = {
		ROW("1", CHEAP SELF(YES ",\"cost_usd\":1") "," CHECK(
				 "\"cost_usd\":4,", SEVEN)),
		ROW("2",
		    CHEAP SELF(YES ",\"cost_usd\":3") "," CHECK("", SEVEN)),
		ROW("3", CHEAP CHECK("\"cost_usd\":2,", SEVEN) "," CHECK(
				 "\"cost_usd\":6,\"status\":500,", "null")),
	};
	static const double settled[] = {1 + 4, 3 + 6, 2 + 8};

	(void)state;
	for (int every = 0; every < 2; every++) {
		struct records *r = new_records_of(TWO, every);
		const struct samples *s;

		for (size_t i = 0; i < 3; i++)
			add(r, lines[i]);
		s = records_samples(r);
		for (size_t i = 0; i < 3 && !every; i++)
			assert_true(fabs(s->v[i].check_usd - settled[i]) <
				    1e-12);
		/* As recorded: of what was asked, as far as it is known. */
		assert_true(!every ||
			    (isnan(s->v[1].checks[1].usd) &&
			     s->v[1].check_usd == 3 && s->v[2].check_usd == 8));
		records_free(r);
	}
}

/* Stages are those of the cascade; what it does not ask has no signals. */
static void test_signals_of_two(void **state)
{
	static const char line[] = ROW(
		"1",
		"{\"backend\":\"s\"" SAYS(
			"\"check.p\":1,\"self_check.p\":1,\"judge.score\":1,"
			"\"logprob.min\":-1,\"x.a\":2,\"head.regret\":1") "}");
	static const char *const wanted[][4] = {
		{"logprob.min", "x.a", "check.p", NULL},
		{"logprob.min", "x.a", "check.p", "self_check.p"},
	};

	(void)state;
	for (int two = 0; two < 2; two++) {
		struct records *r = new_records_of(two ? TWO : CHECKED, false);
		const struct samples *s;

		add(r, line);
		s = records_samples(r);
		assert_int_equal(s->n_names, two ? 4 : 3);
		assert_int_equal(s->n_before, 2);
		for (size_t i = 0; i < s->n_names; i++)
			assert_string_equal(s->names[i], wanted[two][i]);
		records_free(r);
	}
}

/* A model's word is never made up. */
static void test_judged_pairs(void **state)
{
	struct records *r = new_records_of(JUDGED, false);
	const struct samples *s;

	(void)state;
	add(r, ROW("1", CHEAP ANSWER("l", "", SEVEN)));
	add(r, WITH("2", "\"agrees\":false", CHEAP ANSWER("l", "", SEVEN)));
	add(r, WITH("3", "\"agrees\":true",
		    "{\"backend\":\"s\"" SAYS("\"logprob.min\":-1") "}"));
	s = records_samples(r);
	assert_int_equal(s->v[0].same, KNOWN_NOT);
	assert_int_equal(s->v[1].same, KNOWN_FALSE);
	assert_int_equal(s->v[2].same, KNOWN_TRUE);
	records_free(r);
}

#define ASKS(text)                                                             \
	"\"request\":{\"model\":\"c\",\"messages\":[{\"role\":\"user\","       \
	"\"content\":\"" text "\"}]}"

static void test_repeats(void **state)
{
	static const bool repeats[] = {false, false, true, false, false, true};
	struct records *r = new_records(false);
	const struct samples *s;

	(void)state;
	add(r, WITH("1", ASKS("a"), ANSWER("s", "", SEVEN)));
	add(r, WITH("2", ASKS("b"), ANSWER("s", "", SEVEN)));
	add(r, WITH("3", ASKS("a"), ANSWER("s", "", EIGHT)));
	add(r, ROW("4", ANSWER("s", "", SEVEN)));
	add(r, ROW("5", ANSWER("s", "", SEVEN)));
	add(r, WITH("6", ASKS("a"), ANSWER("s", "", SEVEN)));
	s = records_samples(r);
	for (size_t i = 0; i < s->n; i++)
		assert_int_equal(s->v[i].repeats, repeats[i]);
	records_free(r);
}

static const struct {
	const char *line;
	enum known same;
} pairs[] = {
	{ROW("1", ANSWER("s", "", SEVEN) "," ANSWER("l", "", SEVEN)),
	 KNOWN_TRUE},
	{ROW("2", ANSWER("s", "", SEVEN) "," ANSWER("l", "", EIGHT)),
	 KNOWN_FALSE},
	{WITH("3", "\"agrees\":true",
	      ANSWER("s", "", SEVEN) "," ANSWER("l", "", EIGHT)),
	 KNOWN_TRUE},
	{ROW("4", ANSWER("s", "", SEVEN)), KNOWN_NOT},
	{ROW("5",
	     ANSWER("s", "", SEVEN) "," ANSWER("l", "\"status\":500,", "null")),
	 KNOWN_NOT},
	{ROW("6",
	     ANSWER("s", "", SEVEN) ","
				    "{\"backend\":\"l\",\"answer\":\"7\"}"),
	 KNOWN_TRUE},
	{ROW("7", "{\"backend\":\"s\",\"answer\":\"B\"},"
		  "{\"backend\":\"l\",\"answer\":\"C\"}"),
	 KNOWN_FALSE},
};

static void test_pairs(void **state)
{
	struct records *r = new_records(false);
	const struct samples *s;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		add(r, pairs[i].line);
	s = records_samples(r);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].same != pairs[i].same)
			fail_msg("%s: %d", s->v[i].id, s->v[i].same);
	records_free(r);
}

/* cost_usd, else usage by price, else the mean; every: else unknown. */
static void test_costs(void **state)
{
	static const char *const lines[] = {
		ROW("1", ANSWER("s", "\"cost_usd\":0.0002,", SEVEN)),
		ROW("2", ANSWER("s", "", SEVEN)),
		ROW("3", "{\"backend\":\"s\",\"answer\":\"7\"}"),
	};
	const double priced = (10 * 1 + 3 * 2) * 1e-6;

	(void)state;
	for (int every = 0; every < 2; every++) {
		struct records *r = new_records(every);
		const struct samples *s;
		double last;

		for (size_t i = 0; i < 3; i++)
			add(r, lines[i]);
		s = records_samples(r);
		assert_true(s->v[0].cheap_usd == 0.0002);
		assert_true(fabs(s->v[1].cheap_usd - priced) < 1e-15);
		last = s->v[2].cheap_usd;
		assert_true(every ? isnan(last)
				  : fabs(last - (0.0002 + priced) / 2) < 1e-15);
		assert_true(isnan(s->v[0].expensive_usd)); /* nowhere */
		records_free(r);
	}
}

static void test_passed_over(void **state)
{
	struct records *r = new_records(false), *all = new_records(true);
	static const char *const lines[] = {
		ROW("1", ANSWER("s", "", SEVEN)),
		ROW("1", ANSWER("s", "", SEVEN)),
		WITH("2", "\"cascade\":\"other\"", ANSWER("s", "", SEVEN)),
		WITH("3", "\"cascade\":\"older\"", ANSWER("s", "", SEVEN)),
		ROW("4", ANSWER("l", "", SEVEN) "," ANSWER("q", "", SEVEN)),
	};
	const struct records_passed *p;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		add(r, lines[i]);
		add(all, lines[i]);
	}
	assert_int_equal(records_samples(r)->n, 2);
	assert_int_equal(records_samples(all)->n, 5);
	p = records_passed(r);
	assert_string_equal(p[0].why, RECORDS_AGAIN);
	assert_string_equal(p[1].why, RECORDS_ELSEWHERE);
	assert_string_equal(p[2].why, RECORDS_UNANSWERED);
	assert_null(p[3].why);
	assert_int_equal(p[0].n + p[1].n + p[2].n, 3);
	assert_string_equal(records_backends(r), "l, q");
	assert_null(records_passed(all)[0].why);
	records_free(r);
	records_free(all);
}

/* The digest is that of the file's bytes. */
static void test_file(void **state)
{
	static const char text[] = "\n" ROW(
		"1",
		ANSWER("s", "",
		       SEVEN)) "\r\n"
			       " \n" ROW("2",
					 ANSWER("s", "",
						SEVEN)) "\n{\"id\":\"3\",\"att";
	char path[] = "/tmp/frugald-records-XXXXXX";
	char hex[2 * DIGEST_SIZE + 1];
	struct records *r = new_records(false);
	const struct samples *s;
	struct err err = {0};
	struct digest d;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	if (records_read(r, path, &err) < 0)
		fail_msg("%s", err.text);
	unlink(path);
	s = records_samples(r);
	assert_int_equal(s->n, 2);
	assert_string_equal(records_passed(r)[0].why, RECORDS_TORN);
	digest_of(span_of(text), &d);
	digest_hex(&d, hex);
	assert_string_equal(s->digest, hex);
	records_free(r);
	records_free(NULL);
}

/* Many rows, each with a signal that the others lack. */
static void test_names_are_bounded(void **state)
{
	struct records *r = new_records(false);
	struct err err = {0};
	char line[256];
	int rc = 0;
	size_t i;

	(void)state;
	for (i = 0; i < 2000 && rc == 0; i++) {
		snprintf(line, sizeof(line),
			 WITH("%zu", "\"signals\":{\"x.%zu\":1}", ""), i, i);
		rc = records_add(r, span_of(line), &err);
	}
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_true(i > 900);
	assert_true(isnan(value_of(records_samples(r), 0, "x.7")));
	records_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_row),
		cmocka_unit_test(test_what_bars),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_two_that_ask),
		cmocka_unit_test(test_votes_and_scorers),
		cmocka_unit_test(test_costs_of_two),
		cmocka_unit_test(test_signals_of_two),
		cmocka_unit_test(test_judged_pairs),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_passed_over),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_names_are_bounded),
	};

	return cmocka_run_group_tests_name("records", tests, read_conf,
					   free_conf);
}
