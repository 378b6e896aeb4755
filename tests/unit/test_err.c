/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first fault wins, and its text is fit for a log.
 */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_zeroed_holds_no_fault(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(err_is_set(&e));
}

static void test_first_fault_wins(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_set(&e, ERR_CONF, "%s:%d", "a.yaml", 7), -1);
	assert_true(err_is_set(&e));
	assert_int_equal(err_set(&e, ERR_SYS, "later"), -1);
	assert_int_equal(e.kind, ERR_CONF);
	assert_string_equal(e.text, "a.yaml:7");
}

static void test_null_is_fine(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_SYS, "x"), -1);
}

static void test_control_bytes_are_blanked(void **state)
{
	char in[34], out[34];
	struct err e = {0};
	int i;

	(void)state;
	for (i = 0; i < 31; i++)
		in[i] = (char)(i + 1);
	in[31] = 0x7f;
	in[32] = ' ';
	in[33] = '\0';
	memset(out, '?', 32);
	strcpy(out + 32, " ");
	err_set(&e, ERR_PARSE, "%s", in);
	assert_string_equal(e.text, out);
	memset(&e, 0, sizeof(e));
	err_set(&e, ERR_PARSE,
		"gr\xc3\xbc\xc3\x9f"
		"e");
	assert_string_equal(e.text, "gr\xc3\xbc\xc3\x9f"
				    "e");
}

static void test_long_text_is_cut(void **state)
{
	struct err e = {0};

	(void)state;
	err_set(&e, ERR_LIMIT, "%0500d", 1);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void test_names_are_distinct(void **state)
{
	int a, b;

	(void)state;
	for (a = ERR_NONE; a <= ERR_INTERNAL; a++) {
		assert_string_not_equal(err_kind_name((enum err_kind)a),
					"unknown");
		for (b = ERR_NONE; b < a; b++)
			assert_string_not_equal(
				err_kind_name((enum err_kind)a),
				err_kind_name((enum err_kind)b));
	}
	assert_string_equal(err_kind_name(ERR_TIMEOUT), "timeout");
	assert_string_equal(err_kind_name((enum err_kind)(ERR_INTERNAL + 1)),
			    "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed_holds_no_fault),
		cmocka_unit_test(test_first_fault_wins),
		cmocka_unit_test(test_null_is_fine),
		cmocka_unit_test(test_control_bytes_are_blanked),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_names_are_distinct),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
