/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which replies give the same answer, by each comparator.
 */
#include "verify/comparator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "patience.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define SAME	SAMENESS_SAME
#define DIFF	SAMENESS_DIFFERENT
#define UNKNOWN SAMENESS_UNKNOWN

struct row {
	const char *a, *b;
	enum sameness same;
};

static void holds(enum comparator c, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct span a = span_of(rows[i].a), b = span_of(rows[i].b);
		enum sameness got = comparator_same(c, a, b);
		enum sameness back =
			c == COMPARATOR_REGEX ? got : comparator_same(c, b, a);

		if (got != rows[i].same || back != got)
			fail_msg("%s: %d, %d: \"%s\" and \"%s\"",
				 comparator_name(c), got, back, rows[i].a,
				 rows[i].b);
	}
}

static void test_names(void **state)
{
	const char *words = COMPARATOR_WORDS;

	(void)state;
	for (enum comparator c = 0; c < COMPARATOR_N; c++) {
		const char *name = comparator_name(c);

		assert_int_equal(comparator_find(name), c);
		assert_int_equal(strncmp(words, name, strlen(name)), 0);
		words += strlen(name);
		assert_int_equal(*words, c + 1 < COMPARATOR_N ? ',' : '\0');
		words++;
	}
	assert_int_equal(comparator_find("same"), COMPARATOR_N);
	assert_int_equal(comparator_find(""), COMPARATOR_N);
}

static const struct row exact[] = {
	{"Paris", "Paris", SAME},  {" Paris\n", "Paris", SAME},
	{"Paris", "paris", DIFF},  {"Paris", "Paris.", DIFF},
	{"", "Paris", UNKNOWN},	   {"", "", UNKNOWN},
	{" \n", "Paris", UNKNOWN}, {"?", "?", SAME},
};

static const struct row text[] = {
	{"Paris", "paris.", SAME},
	{"The  Rhine", "rhine", SAME},
	{"\xe2\x80\x9cYes\xe2\x80\x9d", "\"yes\"", SAME},
	{"Brasilia", "Bras\xc3\xadlia", SAME},
	{"1,000 km", "1000 km", SAME},
	{"a", "the", DIFF},
	{"Paris", "Paris, France", DIFF},
	{"3", "3.0", DIFF},
	{"C", "C++", DIFF},
	{"+", "+", SAME},
	{"+", "-", UNKNOWN},
	{"+", "plus", DIFF},
	{"", "x", UNKNOWN},
};

static const struct row contains[] = {
	{"Paris", "The capital is Paris.", SAME},
	{"Par", "The capital is Paris.", DIFF},
	{"New York", "in New York City", SAME},
	{"York New", "in New York City", DIFF},
	{"3", "It is 3.14", DIFF},
	{"4", "4 or 5", SAME}, /* names both: extract first */
	{"Paris", "Paris", SAME},
	{"", "Paris", UNKNOWN},
	{"??", "Paris", DIFF},
};

static const struct row number[] = {
	{"42", "The answer is 42.", SAME},
	{"42", "42.0", SAME},
	{"1000", "1,000", SAME},
	{"$5", "5 dollars", SAME},
	{"20%", "20", SAME},
	{"3/4", "0.75", SAME},
	{"twelve", "12", SAME},
	{"-5", "5", DIFF},
	{"0.333333333", "1/3", SAME},
	{"0.333", "1/3", DIFF},
	{"It is 6 * 7 = 42.", "42", SAME},
	{"It is 42, no, 43", "42", SAME},
	{"Paris", "42", UNKNOWN},
	{"", "42", UNKNOWN},
	{"12:30", "12", UNKNOWN},
};

static const struct row choice[] = {
	{"B", "(b)", SAME},
	{"B", "The answer is B. Paris", SAME},
	{"B", "C", DIFF},
	{"\\boxed{B}", "B", SAME},
	{"B", "Paris", UNKNOWN},
	{"", "B", UNKNOWN},
	{"\\boxed{7}", "7", UNKNOWN},
};

static const struct row regex[] = {
	{"It is Paris.", "\\bparis\\b", SAME},
	{"It is Rome.", "\\bparis\\b", DIFF},
	{"It is Paris.", "(", UNKNOWN},
	{"It is Paris.", "", UNKNOWN},
	{"", "paris", UNKNOWN},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "(a|a)*[bc]", UNKNOWN},
	{"Ca", "(?-i:\\bCa\\b)", SAME},
	{"CA", "(?-i:\\bCa\\b)", DIFF},
};

static const struct row json[] = {
	{"{\"a\":1,\"b\":2}", "```json\n{\"b\": 2.0, \"a\": 1}\n```", SAME},
	{"{\"a\":1}", "Here:\n{\"a\": 1}\nDone.", SAME},
	{"{\"a\":1}", "{\"a\":2}", DIFF},
	{"[1,2]", "[2,1]", DIFF},
	{"5", "5.0", SAME},
	{"\"x\"", "\"x\"", SAME},
	{"true", "false", DIFF},
	{"{\"a\":1}", "{\"a\":", UNKNOWN},
	{"{\"a\":1}", "Paris", UNKNOWN},
	{"", "{}", UNKNOWN},
};

static const struct row automatic[] = {
	/* JSON */
	{"{\"a\":1,\"b\":2}", "```json\n{\"b\": 2, \"a\": 1}\n```", SAME},
	{"{\"a\":1}", "{\"a\":2}", DIFF},
	{"{\"answer\": 42}", "42", SAME},
	{"{\"answer\": 43}", "42", DIFF},
	{"```json\n{\n  \"name\": \"Omar Had",
	 "{\"name\": \"Omar Haddad\", \"age\": 43}", SAME},
	{"```json\n{\n  \"name\": \"Omar Hal",
	 "{\"name\": \"Omar Haddad\", \"age\": 43}", DIFF},
	/* choice */
	{"B", "B. Paris", SAME},
	{"B", "The answer is (C).", DIFF},
	{"b", "The last letter of 'club' is 'B'.", SAME},
	{"K", "The chemical symbol for potassium is K.", SAME},
	{"C", "The chemical symbol for carbon is carbon.", DIFF},
	/* numbers */
	{"48", "12 times 4 is 48.", SAME},
	{"48", "12 times 4 is 47.", DIFF},
	{"48", "So, 12 * 4 = 48.\n\nThis shows how to multiply.", SAME},
	{"4", "12 times 4 is 48.", DIFF},
	{"48", "I do not know.", DIFF},
	{"484", "484 is larger than 443.", SAME},
	{"443", "484 is larger than 443.", DIFF},
	{"6.00", "\\boxed{6}", SAME},
	{"6", "\\boxed{x}", DIFF},
	{"36", "He paid 36 dollars, which is much.", SAME},
	{"60", "You can multiply 20 by 3, which gives you 60.", SAME},
	{"22", "-22", DIFF},
	/* words */
	{"Paris", "The capital of France is Paris.", SAME},
	{"Paris", "Paris is the capital of France.", SAME},
	{"Rome", "The capital of France is Paris.", DIFF},
	{"negative", "This review is positive, as it is not a negative one.",
	 DIFF},
	{"Danish",
	 "The language is Danish, which is spoken by many. There are others.",
	 SAME},
	{"Denmark's language is Danish.",
	 "The language of Denmark is Danish. There are others.", SAME},
	{"The symbol for helium is He.", "The symbol for helium is Helium.",
	 DIFF}, /* both name what was asked about */
	{"2, 47, 62", "The numbers in order: 2, 47 and 62.", SAME},
	{"2, 47, 62", "2, 62, 47", DIFF},
	{"12:30", "It is 12:30.", SAME},
	{"12:30", "It is 12:45.", DIFF},
	{"Rome", "It was Rome. So, the answer is Paris.", DIFF},
	{"\xe5\xb7\xb4\xe9\xbb\x8e", "\xe5\xb7\xb4\xe9\xbb\x8e\xe3\x80\x82",
	 SAME},
	/* nothing */
	{"", "Paris", UNKNOWN},
	{"...", "Paris", UNKNOWN},
	{"", "", UNKNOWN},
};

static void test_rows(void **state)
{
	(void)state;
	holds(COMPARATOR_EXACT, exact, COUNT(exact));
	holds(COMPARATOR_TEXT, text, COUNT(text));
	holds(COMPARATOR_CONTAINS, contains, COUNT(contains));
	holds(COMPARATOR_NUMBER, number, COUNT(number));
	holds(COMPARATOR_CHOICE, choice, COUNT(choice));
	holds(COMPARATOR_REGEX, regex, COUNT(regex));
	holds(COMPARATOR_JSON, json, COUNT(json));
	holds(COMPARATOR_AUTO, automatic, COUNT(automatic));
}

/* A text never differs from itself; each of its beginnings may be compared. */
static void test_every_beginning(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(automatic); i++) {
		struct span b = span_of(automatic[i].b);

		for (size_t k = 0; k <= strlen(automatic[i].a); k++) {
			char *copy = malloc(k + 1);
			struct span a = {copy, k};

			memcpy(copy, automatic[i].a, k);
			for (enum comparator c = 0; c < COMPARATOR_N; c++) {
				enum sameness same = comparator_same(c, a, b);

				if (c == COMPARATOR_REGEX)
					continue;
				assert_int_equal(same,
						 comparator_same(c, b, a));
				assert_int_not_equal(comparator_same(c, a, a),
						     DIFF);
			}
			free(copy);
		}
	}
}

static void test_long_texts(void **state)
{
	static const char *const pieces[] = {"a ", "{\"a\":", "1, ", ". ",
					     "answer is "};
	const size_t size = 1u << 20;
	char *a = malloc(size), *b = malloc(size);

	(void)state;
	give_up_after(60);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		for (size_t k = 0; k < size; k++)
			a[k] = b[k] = pieces[i][k % strlen(pieces[i])];
		b[size / 2] = 'x';
		for (enum comparator c = 0; c < COMPARATOR_N; c++)
			comparator_same(c, (struct span){a, size},
					(struct span){b, size});
	}
	give_up_after(0);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_beginning),
		cmocka_unit_test(test_long_texts),
	};

	return cmocka_run_group_tests_name("comparator", tests, NULL, NULL);
}
