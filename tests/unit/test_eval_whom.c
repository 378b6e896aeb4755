/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backends of a cascade.
 */
#include "ctl/eval_whom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "conf/conf_read.h"
#include "verify/verifiers.h"

static const char conf_text[] =
	"backends:\n"
	"  a: {base_url: \"http://127.0.0.1:1\", model: m}\n"
	"  b: {base_url: \"http://127.0.0.1:1\", model: m}\n"
	"  c: {base_url: \"http://127.0.0.1:1\", model: m}\n"
	"  d: {base_url: \"http://127.0.0.1:1\", model: m}\n"
	"cascades:\n"
	"  plain: {tiers: [b, a], threshold: 0.5, verify: [logprob]}\n"
	"  tier: {tiers: [b, a], threshold: 0.5,\n"
	"    verify: [logprob, check: {backend: a}]}\n"
	"  all: {tiers: [b, a], threshold: 0.5,\n"
	"    compare: {by: judge, backend: d},\n"
	"    verify: [logprob, check: {backend: c}]}\n"
	"  same: {tiers: [b, a], threshold: 0.5,\n"
	"    compare: {by: judge, backend: c},\n"
	"    verify: [logprob, check: {backend: c}]}\n";

static const char *const wanted[] = {"ba", "ba", "bacd", "bac"};

static void test_each_once(void **state)
{
	struct arena *a = arena_new();
	struct buf faults, warnings;
	struct conf *conf;

	(void)state;
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	conf = conf_read_text(span_of(conf_text), "f", verifier_confs(),
			      &faults, &warnings);
	if (!conf)
		fail_msg("%.*s", (int)faults.n, faults.p);
	assert_int_equal(conf->n_cascades, 4);
	for (size_t i = 0; i < conf->n_cascades; i++) {
		struct eval_whom asked = eval_whom_of(&conf->cascades[i], a);
		char names[8] = "";

		for (size_t j = 0; j < asked.n; j++)
			names[j] = asked.v[j]->name[0];
		assert_string_equal(names, wanted[i]);
	}
	conf_free(conf);
	buf_release(&faults);
	buf_release(&warnings);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_once)};

	return cmocka_run_group_tests_name("eval_whom", tests, NULL, NULL);
}
