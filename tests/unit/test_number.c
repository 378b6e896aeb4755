/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is a number, what only looks like one, and what it is worth.
 */
#include "verify/number.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "patience.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text; /* begins with a number ... */
	const char *part; /* ... of these bytes; NULL: with none */
	double value;
} rows[] = {
	{"42", "42", 42},
	{"0", "0", 0},
	{"007", "007", 7},
	{"-5", "-5", -5},
	{"+5", "+5", 5},
	{"\xe2\x88\x92"
	 "5",
	 "\xe2\x88\x92"
	 "5",
	 -5},
	{"3.14", "3.14", 3.14},
	{".5", ".5", 0.5},
	{"-.5", "-.5", -0.5},
	{"5.", "5", 5},
	{"5. Next", "5", 5},
	{"1,000", "1,000", 1000},
	{"12,345,678.5", "12,345,678.5", 12345678.5},
	{"1,234 and", "1,234", 1234},
	{"1234,567", NULL, 0}, /* four digits before a comma: a list */
	{"2,47", NULL, 0},
	{"2, 47", "2", 2},
	{"1e6", "1e6", 1e6},
	{"1.5E-3", "1.5E-3", 1.5e-3},
	{"2e", "2", 2},
	{"2em", "2", 2},
	{"1e5x", "1", 1},
	{"$5", "$5", 5},
	{"-$5", "-$5", -5},
	{"$-5", "$-5", -5},
	{"$1,200.50", "$1,200.50", 1200.5},
	{"\xe2\x82\xac"
	 "5",
	 "\xe2\x82\xac"
	 "5",
	 5},
	{"\xc2\xa3"
	 "5",
	 "\xc2\xa3"
	 "5",
	 5},
	{"\xc2\xa5"
	 "5",
	 "\xc2\xa5"
	 "5",
	 5},
	{"20%", "20%", 20},
	{"20 %", "20", 20},
	{"3/4", "3/4", 0.75},
	{"1/3%", "1/3%", 1.0 / 3},
	{"3/0", NULL, 0},
	{"5km", "5", 5},
	{"21st", "21", 21},
	{"12:30", NULL, 0},
	{"1999-01-02", NULL, 0},
	{"3-4", NULL, 0},
	{"1.2.3", NULL, 0},
	{"10.0.0.1", NULL, 0},
	{"3/4/5", NULL, 0},
	{"5-year", "5", 5},
	{"", NULL, 0},
	{"-", NULL, 0},
	{"$", NULL, 0},
	{".", NULL, 0},
	{"--5", NULL, 0},
	{"x5", NULL, 0},
	{" 5", NULL, 0},
	{"1e999", NULL, 0}, /* no finite one */
	{"9223372036854775808", "9223372036854775808", 9223372036854775808.0},
};

static void test_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct number n = {.value = NAN};
		bool is = number_at(span_of(rows[i].text), &n);

		if (is != (rows[i].part != NULL))
			fail_msg("%s", rows[i].text);
		if (!is)
			continue;
		if (n.value != rows[i].value || !span_is(n.text, rows[i].part))
			fail_msg("%s: %.17g of %.*s", rows[i].text, n.value,
				 (int)n.text.n, n.text.p);
	}
}

/* Bytes behind the span are never looked at. */
static void test_ends_with_the_span(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].text);

		for (size_t k = 0; k <= n; k++) {
			char *copy = malloc(k ? k : 1);
			struct number got;

			memcpy(copy, rows[i].text, k);
			if (number_at((struct span){copy, k}, &got))
				assert_true(got.text.n > 0 && got.text.n <= k);
			free(copy);
		}
	}
}

static const struct {
	const char *text;
	double values[4];
	size_t n;
} prose[] = {
	{"12 times 4 is 48.", {12, 4, 48}, 3},
	{"24 \xc3\x97 5 equals 110.", {24, 5, 110}, 3},
	{"H2O at 100 degrees, at 12:30 on 1999-01-02", {100}, 1},
	{"716 - 77 = 1", {716, 77, 1}, 3},
	{"716-77=1", {1}, 1},
	{"(5) [6] *7* \"8\"", {5, 6, 7, 8}, 4},
	{"\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf"
	 "5\xe3\x80\x82",
	 {5},
	 1},
	{"2, 47, 62", {2, 47, 62}, 3},
	{"no number", {0}, 0},
	{"", {0}, 0},
	{"x1 v2.0 utf8", {0}, 0},
	{"- - $ . 5", {5}, 1},
	{"temperatures of -5 and +7", {-5, 7}, 2},
	{"0.10 * 400 = 40.", {0.1, 400, 40}, 3},
};

static void test_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(prose); i++) {
		struct span rest = span_of(prose[i].text);
		const char *end = rest.p + rest.n;
		struct number n;
		size_t k = 0;

		for (; number_next(&rest, &n); k++) {
			if (k >= prose[i].n || n.value != prose[i].values[k])
				fail_msg("%s: %g", prose[i].text, n.value);
			assert_ptr_equal(n.text.p + n.text.n, rest.p);
		}
		if (k != prose[i].n)
			fail_msg("%s: %zu", prose[i].text, k);
		assert_int_equal(rest.n, 0);
		assert_ptr_equal(rest.p, end);
	}
}

static void test_words(void **state)
{
	static const struct {
		const char *text;
		double value; /* -1: none */
	} words[] = {
		{"zero", 0},	       {"One", 1},
		{"twelve", 12},	       {"TWENTY", 20},
		{"twelve apples", 12}, {"one of them", -1},
		{"oneself", -1},       {"twenty-one", -1},
		{"thirty", -1},	       {"", -1},
		{" two", -1},	       {"two.", -1},
	};
	struct number n;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		bool is = number_word(span_of(words[i].text), &n);

		if (is != (words[i].value >= 0))
			fail_msg("%s", words[i].text);
		if (is)
			assert_true(n.value == words[i].value);
	}
}

static void test_same(void **state)
{
	(void)state;
	assert_true(number_same(0, 0));
	assert_true(number_same(0, -0.0));
	assert_true(number_same(1, 1.0000009));
	assert_false(number_same(1, 1.0000011));
	assert_true(number_same(-1e20, -1.0000005e20));
	assert_false(number_same(1, -1));
	assert_false(number_same(0, 1e-300));
	assert_false(number_same(15, 16));
	assert_false(number_same(NAN, NAN));
}

/* Digits without end, and what may begin a number, in the millions. */
static void test_long_texts(void **state)
{
	static const char *const pieces[] = {"1",  "1,", "1,234", "1.", "-",
					     "$-", "1/", "1e",	  "a1", ".5"};
	const size_t size = 1u << 20;
	char *text = malloc(size);
	struct number got;

	(void)state;
	give_up_after(20);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct span rest = {text, size};
		size_t n = strlen(pieces[i]);

		for (size_t k = 0; k < size; k++)
			text[k] = pieces[i][k % n];
		while (number_next(&rest, &got))
			assert_true(got.text.n < 200);
		assert_int_equal(rest.n, 0);
	}
	give_up_after(0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at),
		cmocka_unit_test(test_ends_with_the_span),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_long_texts),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
