/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the ledger as records: each is one line that reads back.
 */
#include "ctl/ledger_records.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/record.h"

static struct record write_and_read(const struct ledger_row *row,
				    struct arena *a)
{
	struct buf b;
	struct record r;
	struct err err = {0};

	buf_init(&b, 0);
	assert_int_equal(ledger_records_write(row, &b), 0);
	assert_null(memchr(b.p, '\n', b.n));
	if (record_read(&r, (struct span){arena_dup(a, buf_span(&b)), b.n}, a,
			&err) < 0)
		fail_msg("%.*s: %s", (int)b.n, b.p, err.text);
	buf_release(&b);
	return r;
}

static void test_reads_back(void **state)
{
	struct ledger_attempt attempts[] = {
		{.backend = "small",
		 .purpose = "answer",
		 .status = 200,
		 .cost_pusd = 25000000,
		 .response_text = " {\"a\":\n\t[1]} "},
		{.backend = "large",
		 .purpose = "verify",
		 .verifier = "check",
		 .mode = "blind",
		 .about = "small",
		 .status = 503},
	};
	struct ledger_row row = {
		.request_id = "a\"b\n",
		.cascade = "auto",
		.mode = "enforce",
		.decision = "accept",
		.time_us = 1795508455000000,
		.agrees = -1,
		.request_text = "{\"model\":\"auto\"}",
		.attempts = attempts,
		.n_attempts = 2,
	};
	struct arena *a = arena_new();
	struct record r = write_and_read(&row, a);

	(void)state;
	assert_string_equal(r.id, "a\"b\n");
	assert_string_equal(r.cascade, "auto");
	assert_int_equal(r.mode, SAMPLE_ENFORCE);
	assert_true(span_is(r.request, "{\"model\":\"auto\"}"));
	assert_string_equal(r.attempts->backend, "small");
	assert_true(r.attempts->cost_usd == 0.000025);
	assert_true(span_is(r.attempts->response, "{\"a\": \t[1]}"));
	assert_null(r.attempts->verifier);
	assert_string_equal(r.attempts->next->purpose, "verify");
	assert_string_equal(r.attempts->next->verifier, "check");
	assert_string_equal(r.attempts->next->mode, "blind");
	assert_string_equal(r.attempts->next->about, "small");
	assert_null(r.attempts->signals);
	assert_null(r.labels);
	assert_int_equal(r.agrees, KNOWN_NOT);
	assert_int_equal(r.attempts->next->status, 503);
	assert_true(isnan(r.attempts->next->cost_usd));
	arena_free(a);
}

/* "small: logprob.min=-1 logprob.mean=nan; large:" */
static void expect_signals(const struct record *r, const char *wanted)
{
	char text[300] = "";
	size_t n = 0;

	for (const struct record_attempt *t = r->attempts; t; t = t->next) {
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "%s%s:", n ? "; " : "", t->backend);
		for (const struct record_signal *s = t->signals; s; s = s->next)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      isnan(s->value) ? " %s=nan"
							      : " %s=%g",
					      s->name, s->value);
	}
	assert_string_equal(text, wanted);
}

/* Without texts there is what the verdicts say of each reply, and whether both
 * say the same. */
static void test_textless(void **state)
{
	struct ledger_attempt attempts[] = {
		{.backend = "small", .status = 200},
		{.backend = "large", .status = 200},
	};
	struct ledger_verdict verdicts[] = {
		{.signals = "{\"logprob.min\":-1,\"logprob.mean\":null}"},
		{.attempt_seq = 1, .signals = "{\"x.a\":2e1}"},
		{.signals = "{}"},
		{.signals = NULL},
		{.signals = "{\"check.p\": 0.5,\n\"check.q\":\"no\","
			    "\"check.r\":1e999,\"check.s\":[1]}"},
		{.signals = "{\"torn\":1"},
		{.attempt_seq = 7, .signals = "{\"x.b\":1}"},
	};
	struct ledger_mark marks[] = {{"l\"rge", true}, {"small", false}};
	struct ledger_row row = {
		.request_id = "1",
		.mode = "shadow",
		.would = "accept",
		.would_reason = "confident",
		.attempts = attempts,
		.n_attempts = 2,
		.verdicts = verdicts,
		.n_verdicts = sizeof(verdicts) / sizeof(*verdicts),
		.marks = marks,
		.n_marks = 2,
	};
	struct arena *a = arena_new();
	struct record r = write_and_read(&row, a);

	(void)state;
	expect_signals(&r, "small: logprob.min=-1 logprob.mean=nan"
			   " check.p=0.5; large: x.a=20");
	assert_int_equal(r.agrees, KNOWN_FALSE);
	assert_string_equal(r.labels->backend, "l\"rge");
	assert_int_equal(r.labels->right, KNOWN_TRUE);
	assert_string_equal(r.labels->next->backend, "small");
	assert_int_equal(r.labels->next->right, KNOWN_FALSE);
	assert_null(r.labels->next->next);
	row.agrees = 1;
	r = write_and_read(&row, a);
	assert_int_equal(r.agrees, KNOWN_TRUE);
	arena_free(a);
}

/* It is the line that came, whatever else the row says. */
static void test_imported(void **state)
{
	static const char line[] = "{ \"id\":\"1\", \"x\" :[{}],"
				   "\"labels\":{\"small\":true}} ";
	struct ledger_mark mark = {"large", false};
	struct ledger_row row = {
		.request_id = "2",
		.mode = "enforce",
		.record = line,
	};
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	assert_int_equal(ledger_records_write(&row, &b), 0);
	assert_true(span_is(buf_span(&b), line));
	buf_clear(&b);
	row.marks = &mark;
	row.n_marks = 1;
	assert_int_equal(ledger_records_write(&row, &b), 0);
	assert_true(span_is(buf_span(&b),
			    "{ \"id\":\"1\", \"x\" :[{}],\"labels\":"
			    "{\"small\":true,\"large\":false}} "));
	buf_release(&b);
}

/* Whatever bytes a backend sent, the line is sound. */
static void test_texts_that_are_none(void **state)
{
	static const char *const texts[] = {
		NULL, "", "<html>", "[1]", "{", "{} {}", "null", "{\"a\":\xff}",
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct ledger_attempt t = {.response_text = texts[i]};
		struct ledger_row row = {
			.request_id = "1",
			.request_text = texts[i],
			.attempts = &t,
			.n_attempts = 1,
		};
		struct record r = write_and_read(&row, a);

		assert_int_equal(r.request.n, 0);
		assert_int_equal(r.attempts->response.n, 0);
		assert_null(r.attempts->backend);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_back),
		cmocka_unit_test(test_textless),
		cmocka_unit_test(test_imported),
		cmocka_unit_test(test_texts_that_are_none),
	};

	return cmocka_run_group_tests_name("ledger_records", tests, NULL, NULL);
}
