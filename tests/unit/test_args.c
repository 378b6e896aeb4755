/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines: what is taken, and what is told of the rest.
 */
#include "ctl/args.h"

#include <getopt.h>
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

#include "base/now.h"

static const struct args_command all = {
	.name = "all",
	.takes = "cnraotedsfpjmiuklbxgwy",
	.help = "usage: all\n",
};
static const struct args_command few = {
	.name = "few",
	.takes = "cj",
	.help = "usage: few\n",
};

static const struct args_command files = {
	.name = "files",
	.takes = "c",
	.takes_files = true,
	.help = "usage: files\n",
};

static const struct args_command asks = {
	.name = "asks",
	.takes = "cPBMLRq",
	.takes_files = true,
	.help = "usage: asks\n",
};

/* Splits the line at blanks; "" is one empty word. */
static bool read_line(const struct args_command *c, const char *line,
		      struct args *a, int *status)
{
	static char text[256];
	char *argv[40] = {text}, *word;
	int argc = 1;

	snprintf(text, sizeof(text), "x %s", line);
	word = strtok(text, " ");
	while ((word = strtok(NULL, " ")))
		argv[argc++] = strcmp(word, "''") ? word : strchr(word, '\0');
	optind = 0; /* from the beginning */
	return args_read(c, argc, argv, a, status);
}

static void test_nothing_said(void **state)
{
	struct args a;
	int status;

	(void)state;
	assert_true(read_line(&all, "", &a, &status));
	assert_null(a.conf);
	assert_null(a.cascade);
	assert_null(a.artifact);
	assert_null(a.out);
	assert_int_equal(a.n_records, 0);
	assert_true(isnan(a.threshold) && isnan(a.max_error));
	assert_true(isnan(a.delta) && isnan(a.report_share));
	assert_int_equal(a.seed, 1);
	assert_false(a.out_of_fold || a.json || a.csv || a.texts);
	assert_null(a.mode);
	assert_true(a.since_us == 0 && a.until_us == 0 && a.before_us == 0);
	args_release(&a);
}

static void test_everything_said(void **state)
{
	struct args a;
	int status;

	(void)state;
	assert_true(read_line(&all,
			      "-c f --cascade=b --records r1 r2 --json "
			      "--threshold 0.5 --records r3 --max-error .02 "
			      "--delta 1e-1 --artifact a -o o --seed "
			      "18446744073709551615 --fit out-of-fold "
			      "--report-share 0 r4",
			      &a, &status));
	assert_string_equal(a.conf, "f");
	assert_string_equal(a.cascade, "b");
	assert_string_equal(a.artifact, "a");
	assert_string_equal(a.out, "o");
	assert_int_equal(a.n_records, 4);
	assert_string_equal(a.records[0], "r1");
	assert_string_equal(a.records[1], "r2");
	assert_string_equal(a.records[2], "r3");
	assert_string_equal(a.records[3], "r4");
	assert_true(a.threshold == 0.5 && a.max_error == 0.02);
	assert_true(a.delta == 0.1 && a.report_share == 0);
	assert_true(a.seed == UINT64_MAX);
	assert_true(a.out_of_fold && a.json);
	args_release(&a);
	assert_null(a.records);
}

static void test_of_the_ledger(void **state)
{
	struct args a;
	int status;

	(void)state;
	assert_true(read_line(&all,
			      "--mode shadow --since 2026-11-23T22:14:06Z "
			      "--until 1970-01-02 --format csv --texts",
			      &a, &status));
	assert_string_equal(a.mode, "shadow");
	assert_int_equal(a.since_us, 1795472046000000);
	assert_int_equal(a.until_us, 86400000000);
	assert_true(a.csv && a.texts);
	assert_true(
		read_line(&all, "--format csv --format jsonl", &a, &status));
	assert_false(a.csv);
	args_release(&a);
}

/* Within a minute of so many seconds ago. */
static void expect_age(int64_t us, int64_t seconds)
{
	assert_in_range(now_wall_us() - seconds * 1000000 - us, 0, 60000000);
}

static void test_ages(void **state)
{
	struct args a;
	int status;

	(void)state;
	assert_true(read_line(&all, "--older 90d --since 1h", &a, &status));
	expect_age(a.before_us, 90 * 86400);
	expect_age(a.since_us, 3600);
	assert_true(read_line(&all, "--before 5m", &a, &status));
	expect_age(a.before_us, 300);
	assert_true(read_line(&all, "--before 1970-01-02", &a, &status));
	assert_int_equal(a.before_us, 86400000000);
}

static void test_of_labels(void **state)
{
	struct args a;
	int status;

	(void)state;
	assert_true(read_line(&all, "--backend b --source s --from -", &a,
			      &status));
	assert_string_equal(a.backend, "b");
	assert_string_equal(a.source, "s");
	assert_string_equal(a.from, "-");
	args_release(&a);
}

static void test_files(void **state)
{
	struct args a;
	int status;

	(void)state;
	assert_true(read_line(&files, "a -c f b -- -d", &a, &status));
	assert_int_equal(a.n_records, 3);
	assert_string_equal(a.records[2], "-d");
	assert_string_equal(a.records[0], "a");
	assert_string_equal(a.records[1], "b");
	args_release(&a);
}

static void test_of_questions(void **state)
{
	struct args a;
	int status;

	(void)state;
	assert_true(read_line(&asks, "", &a, &status));
	assert_int_equal(a.parallel, 4);
	assert_int_equal(a.max_tokens, 0);
	assert_int_equal(a.limit, 0);
	assert_true(a.budget_pusd == INT64_MAX);
	assert_false(a.retry || a.quiet);
	args_release(&a);
	assert_true(read_line(&asks,
			      "--parallel 256 - --budget 0.25 --max-tokens 9 "
			      "--limit 3 --retry --quiet",
			      &a, &status));
	assert_int_equal(a.n_records, 1);
	assert_string_equal(a.records[0], "-");
	assert_int_equal(a.parallel, 256);
	assert_true(a.budget_pusd == INT64_C(250000000000));
	assert_int_equal(a.max_tokens, 9);
	assert_int_equal(a.limit, 3);
	assert_true(a.retry && a.quiet);
	args_release(&a);
}

static const struct {
	const struct args_command *command;
	const char *line;
} bad[] = {
	{&all, "word"},
	{&all, "-- word"},
	{&all, "--nothing"},
	{&all, "-q"},
	{&all, "--mode live"},
	{&all, "--since yesterday"},
	{&all, "--until ''"},
	{&all, "--before 2026-02-30"},
	{&all, "--older 2026-01-01"},
	{&all, "--format xml"},
	{&few, "--texts"},
	{&files, "''"},
	{&all, "--seed"},
	{&all, "--seed -1"},
	{&all, "--seed 1x"},
	{&all, "--seed 18446744073709551616"},
	{&all, "--threshold 1.01"},
	{&all, "--threshold -0.1"},
	{&all, "--threshold nan"},
	{&all, "--threshold ''"},
	{&all, "--max-error 0"},
	{&all, "--max-error 1"},
	{&all, "--delta inf"},
	{&all, "--report-share 1"},
	{&all, "--fit both"},
	{&all, "--conf ''"},
	{&all, "--records ''"},
	{&all, "--cascade ''"},
	{&all, "--backend ''"},
	{&all, "--source ''"},
	{&all, "--from ''"},
	{&few, "--seed 1"},
	{&few, "--records r"},
	{&few, "-o x"},
	{&asks, "--parallel 0"},
	{&asks, "--parallel 257"},
	{&asks, "--parallel 2.5"},
	{&asks, "--max-tokens 0"},
	{&asks, "--limit x"},
	{&asks, "--budget 0"},
	{&asks, "--budget -1"},
	{&asks, "--budget 1000001"},
	{&asks, "--budget nan"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct args a;
		int status = -1;

		if (read_line(bad[i].command, bad[i].line, &a, &status))
			fail_msg("taken: %s", bad[i].line);
		assert_int_equal(status, ARGS_USAGE);
	}
}

static void test_help(void **state)
{
	struct args a;
	int status = -1;

	(void)state;
	assert_false(read_line(&few, "-h", &a, &status));
	assert_int_equal(status, ARGS_DONE);
	assert_false(read_line(&few, "-c f --help --nothing", &a, &status));
	assert_int_equal(status, ARGS_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_said),
		cmocka_unit_test(test_everything_said),
		cmocka_unit_test(test_of_the_ledger),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_of_labels),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_of_questions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
