/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of text when only its words count.
 */
#include "verify/plain_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text, *words;
} rows[] = {
	{"", ""},
	{" \n", ""},
	{"+-*/", ""},
	{"Paris", " paris "},
	{"The capital, of France: PARIS!", " capital of france paris "},
	{"the", " the "},
	{"A", " a "},
	{"an apple and the pear", " apple pear "},
	{"band theory", " band theory "},
	{"don't  can\xe2\x80\x99t", " dont cant "},
	{"'left' \xe2\x80\x9cright\xe2\x80\x9d", " left right "},
	{"3.14", " 3.14 "},
	{"3. Next", " 3 next "},
	{"1,000 or 1,234,567.5", " 1000 or 1234567.5 "},
	{"2,47,62", " 2 47 62 "},
	{"2, 47, and 62", " 2 47 62 "},
	{"-5 5-4 x-5", " -5 5 4 x 5 "},
	{"\xe2\x88\x92"
	 "5",
	 " -5 "},
	{"C++ or C#, 5+5", " c++ or c# 5 5 "},
	{"Bras\xc3\xadlia \xc3\x85ngstr\xc3\xb6m", " brasilia angstrom "},
	{"Stra\xc3\x9f"
	 "e \xc5\x81\xc3\xb3"
	 "d\xc5\xba",
	 " strase lodz "},
	{"2\xc3\x97"
	 "3",
	 " 2 3 "},
	{"\xce\x91\xce\xa9 \xd0\x9c\xd0\x9e\xd0\xa1\xd0\x9a\xd0\x92\xd0\x90 "
	 "\xd0\x81",
	 " \xce\xb1\xcf\x89 \xd0\xbc\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0 "
	 "\xd1\x91 "},
	{"\xe6\x9d\xb1\xe4\xba\xac\xe3\x80\x82\xe5\xa4\xa7\xe9\x98\xaa",
	 " \xe6\x9d\xb1\xe4\xba\xac \xe5\xa4\xa7\xe9\x98\xaa "},
	{"a\xc2\xa0"
	 "dog\xe2\x80\xa6",
	 " dog "},
	{"\xff"
	 "dog\xc3",
	 " dog "},
	{"yes\xf0\x9f\x98\x80no", " yes\xf0\x9f\x98\x80no "},
};

static void test_rows(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		assert_int_equal(plain_words(span_of(rows[i].text), &out), 0);
		if (!span_is(buf_span(&out), rows[i].words))
			fail_msg("%s: %.*s", rows[i].text, (int)out.n, out.p);
	}
	buf_release(&out);
}

/* Words of words are the same words. */
static void test_twice(void **state)
{
	struct buf once, twice;

	(void)state;
	buf_init(&once, 0);
	buf_init(&twice, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&once);
		buf_clear(&twice);
		plain_words(span_of(rows[i].text), &once);
		plain_words(buf_span(&once), &twice);
		assert_true(span_eq(buf_span(&once), buf_span(&twice)));
	}
	buf_release(&once);
	buf_release(&twice);
}

static void test_every_beginning(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k <= strlen(rows[i].text); k++) {
			char *copy = malloc(k + 1);

			memcpy(copy, rows[i].text, k);
			buf_clear(&out);
			plain_words((struct span){copy, k}, &out);
			assert_true(out.n == 0 || out.n >= 3);
			free(copy);
		}
	buf_release(&out);
}

static void test_full(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4);
	assert_int_equal(plain_words(span_of("Paris is"), &out), -1);
	assert_true(out.failed);
	buf_release(&out);
}

static void test_in(void **state)
{
	static const struct {
		const char *part, *whole;
		bool open_end, in;
	} ins[] = {
		{" paris ", " paris ", false, true},
		{" paris ", " city of paris ", false, true},
		{" pari ", " city of paris ", false, false},
		{" pari ", " city of paris ", true, true},
		{" ris ", " city of paris ", true, false},
		{" 3 ", " 3.14 ", false, false},
		{" city paris ", " city of paris ", false, false},
		{"", " paris ", false, false},
		{"", " paris ", true, false},
		{" paris ", "", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ins); i++)
		if (plain_words_in(span_of(ins[i].part), span_of(ins[i].whole),
				   ins[i].open_end) != ins[i].in)
			fail_msg("%s in %s", ins[i].part, ins[i].whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_every_beginning),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_in),
	};

	return cmocka_run_group_tests_name("plain_words", tests, NULL, NULL);
}
