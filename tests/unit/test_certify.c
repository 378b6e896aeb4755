/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of tests, and what is taken of those that passed.
 */
#include "ctl/certify.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

enum { N = 200 };

static struct cuts_row rows[N];

/* Regrets 1/N, 2/N ...; the rows from `lossy` on lose. */
static void set_rows(size_t lossy)
{
	for (size_t i = 0; i < N; i++)
		rows[i] = (struct cuts_row){
			.regret = {(double)(i + 1) / N, NAN},
			.expensive_usd = 1,
			.loss = i >= lossy,
		};
}

static struct artifact_cuts cut(double at)
{
	return (struct artifact_cuts){at, at, -1};
}

static void test_stops_at_the_first_failure(void **state)
{
	/* The third fails; the fourth would pass. */
	const struct artifact_cuts list[] = {cuts_none(), cut(.3), cut(1),
					     cut(.4)};
	struct certified c;

	(void)state;
	set_rows(100);
	c = certify(list, 4, rows, N, .05, .1);
	assert_int_equal(c.n_passed, 2);
	assert_true(c.best.accept == .3);
	assert_true(c.naive.accept == .4);
}

static void test_most_saving_of_those_that_passed(void **state)
{
	const struct artifact_cuts list[] = {cuts_none(), cut(.4), cut(.3)};
	struct certified c;

	(void)state;
	set_rows(N);
	c = certify(list, 3, rows, N, .05, .1);
	assert_int_equal(c.n_passed, 3);
	assert_true(c.best.accept == .4);
}

static void test_few_losses_are_no_proof(void **state)
{
	/* 10 of 200 lose: as many as promised, and not shown to be so few. */
	const struct artifact_cuts list[] = {cuts_none(), cut(.55)};
	struct certified c;

	(void)state;
	set_rows(100);
	c = certify(list, 2, rows, N, .05, .1);
	assert_int_equal(c.n_passed, 1);
	assert_true(c.best.accept < 0);
	assert_true(c.naive.accept == .55);
}

static void test_too_few_rows_pass_nothing(void **state)
{
	const struct artifact_cuts list[] = {cuts_none(), cut(.5)};
	struct certified c;

	(void)state;
	set_rows(N);
	c = certify(list, 2, rows, 44, .05, .1);
	assert_int_equal(c.n_passed, 0);
	assert_true(c.best.accept < 0);
	c = certify(list, 2, rows, 45, .05, .1);
	assert_int_equal(c.n_passed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops_at_the_first_failure),
		cmocka_unit_test(test_most_saving_of_those_that_passed),
		cmocka_unit_test(test_few_losses_are_no_proof),
		cmocka_unit_test(test_too_few_rows_pass_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
