/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates and ages, and what is none.
 */
#include "ctl/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define DAY_US ((int64_t)86400 * 1000000)

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {
		{"1970-01-01", 0},
		{"1970-01-02", DAY_US},
		{"1970-01-02Z", -1},
		{"2026-11-23T22:14:06Z", 1795472046000000},
		{"2026-11-23T22:14:06", 1795472046000000},
		{"2026-11-23 22:14:06Z", 1795472046000000},
		{"2026-11-23T22:14", 1795472040000000},
		{"2026-11-23T23:14:06+01:00", 1795472046000000},
		{"2026-11-23T16:44:06-05:30", 1795472046000000},
		{"2026-11-23T22:14:06.25Z", 1795472046250000},
		{"2026-11-23T22:14:06.1234567", 1795472046123456},
		{"2024-02-29", 1709164800000000},
		{"2016-12-31T23:59:60Z", 1483228800000000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t us = -1;

		if (when_date(cases[i].text, &us) != (cases[i].us >= 0))
			fail_msg("%s", cases[i].text);
		if (cases[i].us >= 0)
			assert_int_equal(us, cases[i].us);
	}
}

static void test_no_dates(void **state)
{
	static const char *const cases[] = {
		"",
		"30d",
		"2026",
		"2026-11",
		"2026-13-01",
		"2026-02-30",
		"2026-11-23T",
		"2026-11-23T24:00",
		"2026-11-23T22:14:06Y",
		"2026-11-23T22:14:06.",
		"2026-11-23T22:14:06+1",
		"2026-11-23T22:14:06+01:0",
		"2026-11-23T22:14:06+01:00 ",
		"2026-11-23T22:14:06 +01:00",
		"2026-11-23x",
		"yesterday",
	};
	int64_t us;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (when_date(cases[i], &us))
			fail_msg("%s", cases[i]);
}

static void test_ages(void **state)
{
	static const char *const none[] = {
		"", "d", "1", "1w", "-1d", "1.5d", "1dd", " 1d", "1000000d"};
	int64_t us;

	(void)state;
	assert_true(when_age("90d", &us));
	assert_int_equal(us, 90 * DAY_US);
	assert_true(when_age("36h", &us));
	assert_int_equal(us, DAY_US * 3 / 2);
	assert_true(when_age("1440m", &us));
	assert_int_equal(us, DAY_US);
	assert_true(when_age("0s", &us));
	assert_int_equal(us, 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		if (when_age(none[i], &us))
			fail_msg("%s", none[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_no_dates),
		cmocka_unit_test(test_ages),
	};

	return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
