/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of records are changed where they must be and nowhere else.
 */
#include "ctl/record_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void expect(const struct buf *b, const char *wanted)
{
	if (!span_is(buf_span(b), wanted))
		fail_msg("%.*s is not %s", (int)b->n, b->p, wanted);
}

static const struct {
	const char *line, *wanted;
} labels[] = {
	/* None there, or none that counts. */
	{"{\"id\":\"1\"}",
	 "{\"id\":\"1\",\"labels\":{\"small\":true,\"l\\\"\":false}}"},
	{" {\"id\" : \"1\" } \r",
	 " {\"id\" : \"1\" ,\"labels\":{\"small\":true,\"l\\\"\":false}} \r"},
	{"{\"labels\": null ,\"id\":\"1\"}",
	 "{\"labels\": {\"small\":true,\"l\\\"\":false} ,\"id\":\"1\"}"},
	{"{\"labels\":{ },\"id\":\"1\"}",
	 "{\"labels\":{\"small\":true,\"l\\\"\":false},\"id\":\"1\"}"},
	/* What is said again is replaced, what else there is stays. */
	{"{\"labels\":{\"x\" : null, \"small\":false},\"x\":{\"labels\":1}}",
	 "{\"labels\":{\"x\":null,\"small\":true,\"l\\\"\":false},"
	 "\"x\":{\"labels\":1}}"},
	{"{\"labels\":{\"\\u0073mall\":false,\"l\\u0022\":true}}",
	 "{\"labels\":{\"small\":true,\"l\\\"\":false}}"},
	/* Of a member given twice the last counts. */
	{"{\"labels\":{\"a\":true},\"labels\":{\"b\":true}}",
	 "{\"labels\":{\"a\":true},\"labels\":"
	 "{\"b\":true,\"small\":true,\"l\\\"\":false}}"},
};

static void test_labels(void **state)
{
	static const struct ledger_mark marks[] = {{"small", true},
						   {"l\"", false}};
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
		buf_clear(&b);
		assert_int_equal(record_edit_labels(span_of(labels[i].line),
						    marks, 2, &b),
				 0);
		expect(&b, labels[i].wanted);
		buf_clear(&b);
		assert_int_equal(record_edit_labels(span_of(labels[i].line),
						    marks, 0, &b),
				 0);
		expect(&b, labels[i].line);
	}
	buf_release(&b);
}

static const struct {
	const char *line, *wanted;
} texts[] = {
	{"{\"id\":\"1\"}", "{\"id\":\"1\"}"},
	{" { \"id\" : \"1\" , \"request\":{\"a\":[1]}, \"note\":\"text\","
	 " \"agrees\" : true, \"time\":\"t\"} ",
	 "{\"id\":\"1\",\"agrees\":true,\"time\":\"t\"}"},
	{"{\"request\":{},\"id\":\"1\",\"mode\":\"eval\",\"cascade\":\"auto\","
	 "\"decision\":\"accept\",\"labels\":{\"small\":true},"
	 "\"signals\":{\"x.v\":1}}",
	 "{\"id\":\"1\",\"mode\":\"eval\",\"cascade\":\"auto\","
	 "\"decision\":\"accept\",\"labels\":{\"small\":true},"
	 "\"signals\":{\"x.v\":1}}"},
	{"{\"id\":\"1\",\"attempts\":[{\"response\":{\"a\":1},"
	 "\"backend\":\"small\"}, {\"answer\":\"B\",\"purpose\":\"verify\","
	 "\"verifier\":\"check\",\"mode\":\"blind\",\"about\":\"small\","
	 "\"status\":200,\"seconds\":0.5,\"cost_usd\":1,\"signals\":{},"
	 "\"note\":\"text\"},{}]}",
	 "{\"id\":\"1\",\"attempts\":[{\"backend\":\"small\"},"
	 "{\"purpose\":\"verify\",\"verifier\":\"check\",\"mode\":\"blind\","
	 "\"about\":\"small\",\"status\":200,\"seconds\":0.5,\"cost_usd\":1,"
	 "\"signals\":{}},{}]}"},
	{" {\"id\" : \"1\" , \"attempts\": [{ }]} \r",
	 " {\"id\" : \"1\" , \"attempts\": [{ }]} \r"},
	{"{\"attempts\":null,\"id\":\"1\"}",
	 "{\"attempts\":null,\"id\":\"1\"}"},
	{"{\"id\":\"1\",\"r\\u0065quest\":\"text\"}", "{\"id\":\"1\"}"},
};

/* And what is without texts stays as it is. */
static void test_textless(void **state)
{
	struct buf b, again;

	(void)state;
	buf_init(&b, 0);
	buf_init(&again, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		buf_clear(&b);
		buf_clear(&again);
		assert_int_equal(
			record_edit_textless(span_of(texts[i].line), &b), 0);
		expect(&b, texts[i].wanted);
		assert_int_equal(record_edit_textless(buf_span(&b), &again), 0);
		expect(&again, texts[i].wanted);
	}
	buf_release(&b);
	buf_release(&again);
}

static void test_no_records(void **state)
{
	static const char *const lines[] = {
		"",
		"{",
		"[]",
		"{\"id\":\"1\"",
		"{} {}",
		"{\"id\":}",
		"{\"attempts\":[{]}",
	};
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (record_edit_textless(span_of(lines[i]), &b) == 0)
			fail_msg("%s", lines[i]);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_textless),
		cmocka_unit_test(test_no_records),
	};

	return cmocka_run_group_tests_name("record_edit", tests, NULL, NULL);
}
