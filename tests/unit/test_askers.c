/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks in a cascade, whom, and what they are called together.
 */
#include "ctl/askers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "conf/conf_read.h"
#include "verify/verifiers.h"

static const struct {
	const char *verify;
	const char *names, *whom;
	bool early; /* all of them */
} cases[] = {
	{"[rules, logprob]", "", "", false},
	{"[check: {backend: l}]", "check", "l", false},
	{"[check: {backend: l, start: early}, logprob]", "check", "l", true},
	{"[self_check]", "self_check", "s", false},
	{"[self_check, logprob, check: {backend: l, start: early}]",
	 "self_check and check", "s and l", false},
	{"[check: {backend: s}, self_check]", "check and self_check", "s",
	 false},
};

static struct conf *conf_of(const char *verify)
{
	struct buf text, faults, warnings;
	struct conf *conf;

	buf_init(&text, 0);
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	buf_addf(&text,
		 "backends: {s: {base_url: \"http://127.0.0.1:1\", model: m},"
		 " l: {base_url: \"http://127.0.0.1:1\", model: m}}\n"
		 "cascades: {c: {tiers: [s, l], threshold: 0.5, verify: %s}}\n",
		 verify);
	conf = conf_read_text(buf_span(&text), "f", verifier_confs(), &faults,
			      &warnings);
	if (!conf)
		fail_msg("%.*s", (int)faults.n, faults.p);
	buf_release(&text);
	buf_release(&faults);
	buf_release(&warnings);
	return conf;
}

static void test_who_and_whom(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = conf_of(cases[i].verify);
		const struct conf_cascade *c = &conf->cascades[0];
		struct askers a = askers_of(c);
		struct arena *arena = arena_new();

		assert_string_equal(askers_names(&a, arena), cases[i].names);
		assert_string_equal(askers_whom(&a, c, arena), cases[i].whom);
		assert_int_equal(askers_are_early(&a), cases[i].early);
		arena_free(arena);
		conf_free(conf);
	}
}

static void test_their_signals(void **state)
{
	struct conf *conf = conf_of(cases[4].verify);
	struct askers a = askers_of(&conf->cascades[0]);

	(void)state;
	assert_true(askers_say(&a, "check.p"));
	assert_true(askers_say(&a, "self_check.agree"));
	assert_false(askers_say(&a, "logprob.min"));
	assert_false(askers_say(&a, "answer.min"));
	assert_false(askers_say(&a, "judge.score"));
	assert_false(askers_say(&a, "x.check.p"));
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_and_whom),
		cmocka_unit_test(test_their_signals),
	};

	return cmocka_run_group_tests_name("askers", tests, NULL, NULL);
}
