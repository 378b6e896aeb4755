/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where sentences end, and what is taken off around words.
 */
#include "verify/prose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "patience.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text;
	const char *sentences; /* one a line */
} rows[] = {
	{"", ""},
	{" \n\t", ""},
	{"One", "One"},
	{"One. Two! Three? Four", "One.\nTwo!\nThree?\nFour"},
	{"One\nTwo\r\n\n\nThree", "One\nTwo\nThree"},
	{"It is 3.14. Or 2.", "It is 3.14.\nOr 2."},
	{"He said \"no.\" Then (yes.) **Bold.** End",
	 "He said \"no.\"\nThen (yes.)\n**Bold.**\nEnd"},
	{"1. Mix it. 2. Bake it.", "1. Mix it.\n2. Bake it."},
	{"B. Paris is it. So B.", "B. Paris is it.\nSo B."},
	{"George W. Bush won. Yes", "George W. Bush won.\nYes"},
	{"J. K. Rowling wrote it.", "J. K. Rowling wrote it."},
	{"The symbol is O. It is a gas.", "The symbol is O.\nIt is a gas."},
	{"Dr. Who and Mr. Fox, St. Lucia, e.g. this. End",
	 "Dr. Who and Mr. Fox, St. Lucia, e.g. this.\nEnd"},
	{"Well... no. ?! ***\n---\nEnd", "Well...\nno.\nEnd"},
	{"\xe5\xa5\xbd\xe3\x80\x82\xe5\xa5\xbd\xef\xbc\x81\xe5\xa5\xbd",
	 "\xe5\xa5\xbd\xe3\x80\x82\n\xe5\xa5\xbd\xef\xbc\x81\n\xe5\xa5\xbd"},
	{"a.b.c www.example.com is it.", "a.b.c www.example.com is it."},
};

static void test_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span rest = span_of(rows[i].text), s;
		char got[256] = "";
		size_t n = 0;

		while (prose_sentence(&rest, &s)) {
			if (n)
				got[n++] = '\n';
			memcpy(got + n, s.p, s.n);
			n += s.n;
		}
		got[n] = '\0';
		assert_string_equal(got, rows[i].sentences);
		assert_int_equal(rest.n, 0);
	}
}

static void test_strip(void **state)
{
	static const struct {
		const char *text, *left;
	} strips[] = {
		{"", ""},
		{"  Paris. ", "Paris"},
		{"**Paris**.", "Paris"},
		{"\"Paris!\"", "Paris"},
		{"'Paris',", "Paris"},
		{"(Paris)", "Paris"},
		{"\xe2\x80\x9cParis\xe2\x80\x9d", "Paris"},
		{"\xe5\xa5\xbd\xe3\x80\x82", "\xe5\xa5\xbd"},
		{"`x`", "x"},
		{"- item", "item"},
		{"# Title", "Title"},
		{"-5", "-5"},
		{"$5.", "$5"},
		{".5", ".5"},
		{"-.5", "-.5"},
		{"-$5", "-$5"},
		{"5%", "5%"},
		{"water (ice)", "water (ice)"},
		{"f(x).", "f(x)"},
		{"a]", "a"},
		{"$x$", "x"},
		{"...", ""},
		{"*** --- ***", ""},
		{"can't", "can't"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(strips); i++) {
		struct span s = prose_strip(span_of(strips[i].text));

		if (!span_is(s, strips[i].left))
			fail_msg("%s: %.*s", strips[i].text, (int)s.n, s.p);
	}
}

static void test_words(void **state)
{
	struct span s = span_of("The answer IS: the answers is this is");

	(void)state;
	assert_true(prose_begins(s, "the"));
	assert_true(prose_begins(s, "the answer"));
	assert_false(prose_begins(s, "the answ"));
	assert_false(prose_begins(s, "answer"));
	assert_false(prose_begins(span_of("th"), "the"));
	assert_int_equal(prose_first(s, "is"), 11);
	assert_int_equal(prose_last(s, "is"), (long)s.n - 2);
	assert_int_equal(prose_first(s, "answers"), 19);
	assert_int_equal(prose_last(s, "answer"), 4);
	assert_int_equal(prose_first(s, ":"), 13);
	assert_int_equal(prose_first(s, "nswer"), -1);
	assert_int_equal(prose_last((struct span){NULL, 0}, "is"), -1);
	assert_true(span_is(prose_after(span_of("the  cat "), "the"), "cat"));
	assert_true(span_is(prose_after(span_of("then"), "the"), "then"));
}

/* What would be quadratic if each byte were looked at again and again. */
static void test_long_texts(void **state)
{
	static const char *const pieces[] = {
		"a",  ". ", ".\"", "\n", ")",  "(a)", "a)",  ".)",
		"1.", "A.", "A. ", "?!", "e.", " ",   "**a", "\xe3\x80\x82",
	};
	const size_t size = 2u << 20;
	char *text = malloc(size);

	(void)state;
	give_up_after(20);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct span rest = {text, size}, s;
		size_t n = strlen(pieces[i]);

		for (size_t k = 0; k < size; k++)
			text[k] = pieces[i][k % n];
		while (prose_sentence(&rest, &s))
			assert_true(s.n > 0);
		prose_strip((struct span){text, size});
	}
	give_up_after(0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_strip),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_long_texts),
	};

	return cmocka_run_group_tests_name("prose", tests, NULL, NULL);
}
