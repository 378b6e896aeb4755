/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies in the question's script, and in others.
 */
#include "verify/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define LATIN	 "What is the capital of France, and how large is it?"
#define CYRILLIC "Какой город является столицей Франции?"
#define GREEK	 "Ποια είναι η πρωτεύουσα της Γαλλίας;"
#define HAN	 "法国的首都是哪座城市？它有多少人口，面积有多大？请回答。"
#define KANA	 "フランスのしゅとはどこですか。おしえてくださいませんか。"
#define HANGUL	 "프랑스의 수도는 어디입니까? 인구는 얼마나 됩니까? 알려 주세요"
#define ARABIC	 "ما هي عاصمة فرنسا وكم يبلغ عدد سكانها؟"
#define HEBREW	 "מהי בירת צרפת וכמה תושבים יש בה?"
#define HINDI	 "फ़्रांस की राजधानी क्या है और उसकी जनसंख्या कितनी है?"
#define THAI	 "เมืองหลวงของประเทศฝรั่งเศสคือเมืองอะไร"

static void test_each_with_each(void **state)
{
	static const char *const texts[] = {LATIN,  CYRILLIC, GREEK,
					    HAN,    HANGUL,   ARABIC,
					    HEBREW, HINDI,    THAI};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t k = 0; k < COUNT(texts); k++)
			if (script_differs(span_of(texts[i]),
					   span_of(texts[k])) != (i != k))
				fail_msg("%s\n%s", texts[i], texts[k]);
}

static void test_rows(void **state)
{
	static const struct {
		const char *question, *reply;
		bool differs;
	} rows[] = {
		{LATIN, "", false},
		{"", CYRILLIC, false},
		{LATIN, "42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52", false},
		{LATIN, "Москва", false}, /* few letters: a name */
		{CYRILLIC, "Paris", false},
		{CYRILLIC, "The capital is Paris", false}, /* 17 letters */
		{CYRILLIC, "The capital of it is Paris.", true},
		{CYRILLIC, "Столица — Paris, the City of Light, as they say.",
		 false},	    /* enough is */
		{HAN, KANA, false}, /* one group */
		{KANA, HAN, false},
		{"2 + 2 = ?", CYRILLIC, false}, /* in no script */
		{"x + y", CYRILLIC, false},
		{"abcd", CYRILLIC, true},
		{"abc где", CYRILLIC, false}, /* half and half */
		{HAN,
		 "```python\ndef f(x):\n    return the_capital_of(x)\n```\n",
		 false}, /* code */
		{HAN, "def f(x):\n    return the_capital_of(x)", true},
		{HAN, "```\ncode\n``` and here is what it does: it returns x",
		 true},
		{"caf\xc3\xa9 \xc3\xa9t\xc3\xa9", CYRILLIC, true},
		{"\xff\xfe\xff\xfe\xff", LATIN, false},
		{LATIN, "\xff\xfe\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff",
		 false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (script_differs(span_of(rows[i].question),
				   span_of(rows[i].reply)) != rows[i].differs)
			fail_msg("%s\n%s", rows[i].question, rows[i].reply);
}

/* Bytes behind the span are never looked at, cut code points neither. */
static void test_every_beginning(void **state)
{
	static const char *const texts[] = {LATIN, CYRILLIC, HAN, THAI,
					    "\xf0\xa0\x80\x80```\xf0\xa0"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t n = 0; n <= strlen(texts[i]); n++) {
			char *copy = malloc(n + 1);
			struct span s = {copy, n};

			memcpy(copy, texts[i], n);
			assert_false(script_differs(s, s));
			script_differs(span_of(LATIN), s);
			free(copy);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_with_each),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_beginning),
	};

	return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
