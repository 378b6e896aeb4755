/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which questions are asked, and what makes two of them the same.
 */
#include "ctl/eval_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "conf/conf_read.h"
#include "verify/verifiers.h"

static struct conf *read_conf(const char *model, const char *cascade)
{
	struct buf text, faults, warnings;
	struct conf *c;

	buf_init(&text, 0);
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	buf_addf(&text,
		 "backends:\n"
		 "  s: {base_url: \"http://127.0.0.1:1\", model: m}\n"
		 "  l: {base_url: \"http://127.0.0.1:1\", model: m}\n"
		 "  k: {base_url: \"http://127.0.0.1:1\", model: %s}\n"
		 "cascades:\n"
		 "  %s\n",
		 model, cascade);
	c = conf_read_text(buf_span(&text), "f", verifier_confs(), &faults,
			   &warnings);
	if (!c)
		fail_msg("%.*s", (int)faults.n, faults.p);
	buf_release(&text);
	buf_release(&faults);
	buf_release(&warnings);
	return c;
}

#define CASCADE "c: {tiers: [s, l], threshold: 0.5, verify: [logprob]}"

static struct eval_line line(const char *body, const char *id)
{
	return (struct eval_line){.body = span_of(body), .id = span_of(id)};
}

/* The id of one line under one configuration. */
static void id_of(const char *model, const char *cascade,
		  const struct eval_line *l, char *out)
{
	struct conf *c = read_conf(model, cascade);
	struct eval_plan *p = eval_plan_new(&c->cascades[0], false);
	const struct eval_question *q;
	size_t n;

	eval_plan_add(p, l);
	q = eval_plan_questions(p, &n);
	assert_int_equal(n, 1);
	assert_int_equal(strlen(q->request_id), 37);
	strcpy(out, q->request_id);
	eval_plan_free(p);
	conf_free(c);
}

static void test_what_an_id_depends_on(void **state)
{
	static const struct {
		const char *model, *cascade;
	} others[] = {
		{"m", "d: {tiers: [s, l], threshold: 0.5, verify: [logprob]}"},
		{"m", "c: {tiers: [l, s], threshold: 0.5, verify: [logprob]}"},
		{"m", "c: {tiers: [s, k], threshold: 0.5, verify: [logprob]}"},
		{"m", "c: {tiers: [s, l], compare: text, threshold: 0.5, "
		      "verify: [logprob]}"},
		{"m", "c: {tiers: [s, l], threshold: 0.5, "
		      "verify: [logprob: {span: answer}]}"},
		{"m", "c: {tiers: [s, l], threshold: 0.5, "
		      "verify: [logprob, check: {backend: k}]}"},
		{"other", "c: {tiers: [s, l], threshold: 0.5, "
			  "verify: [logprob, check: {backend: k}]}"},
	};
	const struct eval_line l = line("{}", NULL);
	char first[64], ids[8][64];

	(void)state;
	id_of("m", CASCADE, &l, first);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		id_of(others[i].model, others[i].cascade, &l, ids[i]);
		assert_string_not_equal(ids[i], first);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
	/* When it is asked, and a model that is not, are no matter. */
	id_of("other", CASCADE, &l, ids[0]);
	assert_string_equal(ids[0], first);
	id_of("m", "c: {tiers: [s, l], threshold: 0.9, verify: [logprob]}", &l,
	      ids[0]);
	assert_string_equal(ids[0], first);
}

static void test_what_a_line_adds(void **state)
{
	struct eval_line lines[] = {
		line("{}", NULL), line("{} ", NULL), line("{}", ""),
		line("{}", "1"),  line("{}", NULL),  line("{}", NULL),
		line("{}", NULL),
	};
	char ids[7][64];

	(void)state;
	lines[4].reference = span_of("1");
	lines[5].reference = span_of("");
	lines[6].compare = COMPARATOR_EXACT;
	for (size_t i = 0; i < 7; i++) {
		id_of("m", CASCADE, &lines[i], ids[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
}

/* The id is of the file for good: a run of another day goes on by it. */
static void test_ids_stay(void **state)
{
	const struct eval_line l = line("{}", "x");
	char id[64];

	(void)state;
	id_of("m", "c: {tiers: [s, l]}", &l, id);
	assert_string_equal(id, "eval-7749a5da4c01da9b954ccc6a437ea257");
}

static void test_order_and_repetition(void **state)
{
	const struct eval_line a = line("a", NULL), b = line("b", NULL);
	struct conf *c = read_conf("m", CASCADE);
	struct eval_plan *p = eval_plan_new(&c->cascades[0], false);
	const struct eval_question *q;
	size_t n;

	(void)state;
	eval_plan_add(p, &b);
	eval_plan_add(p, &a);
	eval_plan_add(p, &b);
	eval_plan_add(p, &b);
	q = eval_plan_questions(p, &n);
	assert_int_equal(n, 2);
	assert_ptr_equal(q[0].line, &b);
	assert_ptr_equal(q[1].line, &a);
	assert_int_equal(eval_plan_counts(p)->repeated, 2);
	assert_int_equal(eval_plan_counts(p)->there, 0);
	eval_plan_free(p);
	conf_free(c);
}

/* What the ledger says of a question, and whether and as what it is asked. */
static const struct {
	const char *rows; /* "+" well, "-" failed, in order */
	bool retry;
	const char *tail; /* NULL: not asked */
	size_t failed;
} known[] = {
	{"", false, "", 0},	{"", true, "", 0},     {"+", false, NULL, 0},
	{"+", true, NULL, 0},	{"-", false, NULL, 1}, {"-", true, "-2", 0},
	{"--", false, NULL, 1}, {"--", true, "-3", 0}, {"-+", false, NULL, 0},
	{"-+", true, NULL, 0},	{"+-", true, NULL, 0},
};

static void test_what_the_ledger_has(void **state)
{
	const struct eval_line l = line("{}", NULL);
	struct conf *c = read_conf("m", CASCADE);
	char id[64], again[80], wanted[80];

	(void)state;
	id_of("m", CASCADE, &l, id);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct eval_plan *p =
			eval_plan_new(&c->cascades[0], known[i].retry);
		const struct eval_question *q;
		size_t n;

		eval_plan_note(p, "0123", true);
		eval_plan_note(p, "eval-short", true);
		for (const char *r = known[i].rows; *r; r++) {
			snprintf(again, sizeof(again), "%s%.2s", id,
				 r > known[i].rows ? "-2" : "");
			eval_plan_note(p, again, *r == '+');
		}
		eval_plan_add(p, &l);
		q = eval_plan_questions(p, &n);
		assert_int_equal(n, known[i].tail ? 1 : 0);
		if (known[i].tail) {
			snprintf(wanted, sizeof(wanted), "%s%s", id,
				 known[i].tail);
			assert_string_equal(q->request_id, wanted);
		}
		assert_int_equal(eval_plan_counts(p)->there,
				 known[i].tail ? 0 : 1);
		assert_int_equal(eval_plan_counts(p)->failed, known[i].failed);
		eval_plan_free(p);
	}
	conf_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_an_id_depends_on),
		cmocka_unit_test(test_what_a_line_adds),
		cmocka_unit_test(test_ids_stay),
		cmocka_unit_test(test_order_and_repetition),
		cmocka_unit_test(test_what_the_ledger_has),
	};

	return cmocka_run_group_tests_name("eval_plan", tests, NULL, NULL);
}
