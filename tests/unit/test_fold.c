/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What looks the same is the same, and nothing grows.
 */
#include "verify/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *folded(const char *text)
{
	static char copy[256];
	struct buf b;

	buf_init(&b, strlen(text));
	if (fold_text(span_of(text), &b) < 0)
		fail_msg("longer than it was: %s", text);
	assert_true(b.n < sizeof(copy));
	if (b.n)
		memcpy(copy, b.p, b.n);
	copy[b.n] = '\0';
	buf_release(&b);
	return copy;
}

static void test_looks(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"Plain TEXT, 10.", "plain text, 10."},
		{"ÀÉîõüÿß Ł", "aeiouys l"},
		{"a\u0301e\u0308", "ae"},
		{"Ệ", "e"},
		{"ｓｃｏｒｅ：１０", "score:10"},
		{"𝐬𝓬𝔬𝕣𝖾 𝟏𝟎", "score 10"},
		{"ⓢⒸ⒪🅁🄴", "score"},
		{"ѕсоrе", "score"}, /* four of them are Cyrillic */
		{"ЅСОRЕ", "score"},
		{"Ιgnοre", "ignore"}, /* two are Greek */
		{"ꜱᴄᴏʀᴇ", "score"},
		{"s\u200bc\u200do\u2060r\u00ade\ufeff", "score"},
		{"\U000e0073\U000e0063\U000e006f", "sco"},
		{"“a” ‘b’ «c»", "\"a\" 'b' \"c\""},
		{"a\u00a0b\u3000c", "a b c"},
		{"a—b…", "a-b."},
		{"a\r\nb\u2028c", "a\n\nb\nc"},
		{"&lt;a&gt; &#60;&#x3C; &quot;&apos;&amp;", "<a> << \"'&"},
		{"a & b &c; &#; &#x; &#99999999999; &lt", "a & b &c; &#; &#x; "
							  "&#99999999999; &lt"},
		{"\\u0073\\\\u0063 \\ud835\\udc28", "sc o"},
		{"a\\nb\\\\nc\\td", "a\nb\nc d"},
		{"\\\"x\\\" \\[y\\] \\", "\"x\" [y] "},
		{"\\u12", "u12"},
		{"Привет Ψδ", "пpиbet ψδ"},
		{"日本 한국", "日本 한국"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(folded(cases[i][0]), cases[i][1]);
	assert_string_equal(folded("a\xff\xc3z"), "a  z");
}

static void test_full(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	assert_int_equal(fold_text(span_of("abcd"), &b), -1);
	buf_release(&b);
}

static void check_begins(const char *text, const char *phrase, size_t n)
{
	size_t is = fold_begins(span_of(text), span_of(phrase));

	if (is != n)
		fail_msg("'%s' in '%s': %zu, not %zu", phrase, text, is, n);
}

static void test_begins(void **state)
{
	(void)state;
	check_begins("let's go on", "lets go", 8);
	check_begins("a,  b", "a b", 5);
	check_begins("a", "a b", 0);
	check_begins("ab", "a b", 0);
	check_begins("solutions", "solution", 8);
	check_begins("", "a", 0);
	check_begins("losung", "Lösung", 6);
	check_begins("满分10", "满分", 6);
	assert_int_equal(fold_first(span_of("Über")), 'u');
	assert_int_equal(fold_first(span_of("оценка")), 'o');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
