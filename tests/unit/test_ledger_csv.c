/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests as lines of CSV, to the byte.
 */
#include "ctl/ledger_csv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void expect(const struct ledger_row *row, const char *wanted)
{
	struct buf b;

	buf_init(&b, 0);
	assert_int_equal(ledger_csv_row(row, &b), 0);
	if (!span_is(buf_span(&b), wanted))
		fail_msg("%.*s is not %s", (int)b.n, b.p, wanted);
	buf_release(&b);
}

static void test_head(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	assert_int_equal(ledger_csv_head(&b), 0);
	assert_true(span_is(buf_span(&b),
			    "request_id,time_us,cascade,mode,key,outcome,"
			    "status,stream,tier,backend,decision,reason,"
			    "confidence,calibrated,attempts,total_us,"
			    "upstream_us,overhead_us,cost_pusd,generation,"
			    "agrees,would,would_reason\r\n"));
	buf_release(&b);
}

static void test_every_column(void **state)
{
	struct ledger_attempt attempts[] = {{.purpose = "answer"},
					    {.purpose = "verify"}};
	struct ledger_row row = {
		.request_id = "r-1",
		.time_us = -1,
		.cascade = "auto",
		.mode = "shadow",
		.key = "team",
		.outcome = "ok",
		.status = 200,
		.stream = true,
		.tier = 2,
		.backend = "large",
		.decision = "escalate",
		.reason = "shadow",
		.confidence = 0.125,
		.calibrated = true,
		.total_us = 11,
		.upstream_us = 12,
		.overhead_us = 13,
		.cost_pusd = INT64_MAX,
		.generation = UINT64_MAX,
		.request_text = "text",
		.agrees = 0,
		.would = "accept",
		.would_reason = "confident",
		.record = "text",
		.attempts = attempts,
		.n_attempts = 2,
	};

	(void)state;
	expect(&row, "r-1,-1,auto,shadow,team,ok,200,1,2,large,escalate,"
		     "shadow,0.125,1,1,11,12,13,9223372036854775807,"
		     "18446744073709551615,0,accept,confident\r\n");
}

static void test_nothing_known(void **state)
{
	const struct ledger_row row = {.confidence = NAN, .agrees = -1};

	(void)state;
	expect(&row, ",0,,,,,0,0,0,,,,,0,0,0,0,0,0,0,,,\r\n");
}

/* What a parser or a spreadsheet would misread. */
static void test_texts(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"a,b", "\"a,b\""},
		{"\"", "\"\"\"\""},
		{"a\r\nb", "\"a\r\nb\""},
		{"=1+1", "'=1+1"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@x", "'@x"},
		{"\tx", "'\tx"},
		{"\rx", "\"'\rx\""},
		{"=\"a\"", "\"'=\"\"a\"\"\""},
		{"a=1", "a=1"},
		{"'x", "'x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct ledger_row row = {
			.request_id = cases[i].text,
			.confidence = NAN,
			.agrees = -1,
		};
		char wanted[80];

		snprintf(wanted, sizeof(wanted),
			 "%s,0,,,,,0,0,0,,,,,0,0,0,0,0,0,0,,,\r\n",
			 cases[i].wanted);
		expect(&row, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_every_column),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests_name("ledger_csv", tests, NULL, NULL);
}
