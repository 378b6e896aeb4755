/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the answer is found in replies of all kinds.
 */
#include "verify/final_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/jtext.h"
#include "patience.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct final_answer find(const char *content)
{
	struct span all = span_of(content), text = final_answer_text(all);
	struct final_answer f;

	final_answer_find(all, &f);
	assert_true(text.p == f.text.p && text.n == f.text.n);
	return f;
}

static const struct {
	const char *content;
	enum answer_kind kind;
	const char *text;
} rows[] = {
	/* nothing */
	{"", ANSWER_NONE, ""},
	{" \n\t ", ANSWER_NONE, ""},
	{"...", ANSWER_NONE, ""},
	{"**\n---\n", ANSWER_NONE, ""},
	/* JSON */
	{"{\"a\": 1}", ANSWER_JSON, "{\"a\": 1}"},
	{" [1, 2]\n", ANSWER_JSON, "[1, 2]"},
	{"{}", ANSWER_JSON, "{}"},
	{"```json\n{\"a\": 1}\n```", ANSWER_JSON, "{\"a\": 1}"},
	{"```\n[1]\n```", ANSWER_JSON, "[1]"},
	{"Here:\n```json\n{\"a\": 1}\n```\nor\n```json\n{\"a\": 2}\n```\nDone.",
	 ANSWER_JSON, "{\"a\": 2}"},
	{"```json\n{\"a\": 1}\n```\nand\n```c\nint x;\n```", ANSWER_JSON,
	 "{\"a\": 1}"},
	{"Sure:\n{\"a\": 1}\nHope it helps.", ANSWER_JSON, "{\"a\": 1}"},
	{"Sure:\n\n  {\"a\": {}} ", ANSWER_JSON, "{\"a\": {}}"},
	{"{\"a\": \"So, the answer is 5", ANSWER_LINE,
	 "{\"a\": \"So, the answer is 5"},
	{"```json\n{\n  \"name\": \"Om", ANSWER_LINE, "{\n  \"name\": \"Om"},
	/* boxes */
	{"So \\boxed{42}.", ANSWER_BOXED, "42"},
	{"$\\boxed{1}$ and $$\\boxed{ \\frac{3}{4} }$$", ANSWER_BOXED,
	 "\\frac{3}{4}"},
	{"\\fbox{B}", ANSWER_BOXED, "B"},
	{"\\boxed{\\text{Paris}}", ANSWER_BOXED, "Paris"},
	{"cut at \\boxed{33, 45", ANSWER_BOXED, "33, 45"},
	{"\\boxed{}. It is 5", ANSWER_NUMBER, "5"},
	/* letters */
	{"B", ANSWER_LETTER, "B"},
	{" b.", ANSWER_LETTER, "b"},
	{"(C)", ANSWER_LETTER, "C"},
	{"(c) Paris", ANSWER_LETTER, "c"},
	{"**D**", ANSWER_LETTER, "D"},
	{"B. Paris", ANSWER_LETTER, "B"},
	{"b) Paris", ANSWER_LETTER, "b"},
	{"B: Paris", ANSWER_LETTER, "B"},
	{"The answer is (B).", ANSWER_LETTER, "B"},
	{"The answer is B. Paris", ANSWER_LETTER, "B"},
	{"Let me see. Answer: C", ANSWER_LETTER, "C"},
	{"Answer: **C**", ANSWER_LETTER, "C"},
	{"The correct option is option B.", ANSWER_LETTER, "B"},
	{"The chemical symbol for oxygen is O.", ANSWER_LETTER, "O"},
	{"The last letter of the word 'button' is 'B'.", ANSWER_LETTER, "B"},
	{"I am here", ANSWER_LINE, "I am here"},
	{"a dog", ANSWER_LINE, "dog"},
	/* numbers */
	{"42", ANSWER_NUMBER, "42"},
	{"42.", ANSWER_NUMBER, "42"},
	{"-3.5", ANSWER_NUMBER, "-3.5"},
	{"$1,200", ANSWER_NUMBER, "$1,200"},
	{"about 7 km", ANSWER_NUMBER, "7"},
	{"36 dollars", ANSWER_NUMBER, "36"},
	{"Twelve.", ANSWER_NUMBER, "Twelve"},
	{"12 times 4 is 48.", ANSWER_NUMBER, "48"},
	{"24 * 5 = 110", ANSWER_NUMBER, "110"},
	{"2 weeks is equal to 2 * 7 = 14 days", ANSWER_NUMBER, "14"},
	{"135 + 100 = 135 + 10 = 145.", ANSWER_NUMBER, "145"},
	{"6 times 7 is hard. We add. Therefore, 6 times 7 is 42. Good luck!",
	 ANSWER_NUMBER, "42"},
	{"First 5.\nSo it is 6.\nThat was fun.", ANSWER_NUMBER, "6"},
	{"Steps: 3 + 4.\n#### 7", ANSWER_NUMBER, "7"},
	{"#### 7\nThe answer is: 8", ANSWER_NUMBER, "8"},
	{"So, 762 is the final answer.", ANSWER_NUMBER, "762"},
	{"The final answer for the question is 5. So, good.", ANSWER_NUMBER,
	 "5"},
	{"Answer:\n\n42\n", ANSWER_NUMBER, "42"},
	{"Final answer:\n**42**", ANSWER_NUMBER, "42"},
	{"195 is larger than 448.", ANSWER_NUMBER, "195"},
	{"The word 'tunnel' has 12 letters.", ANSWER_NUMBER, "12"},
	{"72 divided by 6 is 12 with a remainder of 4", ANSWER_NUMBER, "12"},
	{"The result is **15** apples.", ANSWER_NUMBER, "15"},
	{"x == 3 is true", ANSWER_LINE, "true"},
	/* lists are no numbers */
	{"2, 47, 62", ANSWER_LINE, "2, 47, 62"},
	{"2 and 47", ANSWER_LINE, "2 and 47"},
	{"12:30", ANSWER_LINE, "12:30"},
	{"1999-01-02", ANSWER_LINE, "1999-01-02"},
	/* lines */
	{"Paris", ANSWER_LINE, "Paris"},
	{"The capital of France is Paris.", ANSWER_LINE, "Paris"},
	{"The capital of France is the city of Paris, which is large.",
	 ANSWER_LINE, "city of Paris"},
	{"The answer is Paris. It has many bridges.", ANSWER_LINE, "Paris"},
	{"This review is positive, as it praises all.", ANSWER_LINE,
	 "positive"},
	{"The plural of 'child' is 'children'.", ANSWER_LINE, "children"},
	{"#### Step one\nThe city is Rome.", ANSWER_LINE, "Rome"},
	{"It was **Rome**, not Paris.", ANSWER_LINE, "Rome"},
	{"This is the answer to the question.", ANSWER_LINE,
	 "answer to the question"},
	{"The answer:\n", ANSWER_LINE, "answer"},
	{"\xe7\xad\x94\xe6\xa1\x88\xe3\x80\x82\xe5\xb7\xb4\xe9\xbb\x8e\xe3\x80"
	 "\x82",
	 ANSWER_LINE, "\xe5\xb7\xb4\xe9\xbb\x8e"},
	{"*, which", ANSWER_LINE, "which"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct final_answer f = find(rows[i].content);

		if (f.kind != rows[i].kind || !span_is(f.text, rows[i].text))
			fail_msg("%s\n is %s: %.*s", rows[i].content,
				 answer_kind_name(f.kind), (int)f.text.n,
				 f.text.p);
	}
}

/* The places that comparing asks for. */
static void test_places(void **state)
{
	struct final_answer f =
		find("The capital is Rome, which is old. It has 12 hills.");

	(void)state;
	assert_true(span_is(f.lead, "The capital is Rome"));
	assert_true(span_is(f.lead_text, "Rome"));
	assert_true(span_is(f.passage, "It has 12 hills."));
	assert_true(span_is(f.number, "12"));
	assert_false(f.named);
	assert_false(f.bare);

	f = find("There are 5. So the answer is Rome.");
	assert_true(f.named);
	assert_true(span_is(f.number, "5")); /* of another sentence */
	f = find("20 times 3: multiply them, which gives you 60.");
	assert_true(span_is(f.number, "60"));
	f = find("So, 37 apples are left.");
	assert_true(span_is(f.number, "37"));
	f = find("None here.");
	assert_int_equal(f.number.n, 0);
	f = find("\\boxed{42}");
	assert_true(span_is(f.number, "42"));
}

static void test_bare(void **state)
{
	static const char *const bare[] = {
		"Paris", "Paris.", "**Paris**",	 "B",	      "(B)",
		"42",	 "$42.",   "36 dollars", "the Rhine", "2, 3"};
	static const char *const wordy[] = {"It is Paris.",
					    "B. Paris",
					    "The answer is 42",
					    "{\"a\":1}",
					    "\\boxed{1}",
					    "Yes.\nNo.",
					    "42 and much else that is said here"
					    " of it"};

	(void)state;
	for (size_t i = 0; i < COUNT(bare); i++)
		if (!find(bare[i]).bare)
			fail_msg("%s", bare[i]);
	for (size_t i = 0; i < COUNT(wordy); i++)
		if (find(wordy[i]).bare)
			fail_msg("%s", wordy[i]);
}

static void test_cut(void **state)
{
	(void)state;
	assert_true(find("```json\n{\"a\": \"b").cut);
	assert_true(find("{\"a\": ").cut);
	assert_false(find("{\"a\": 1}").cut);
	assert_false(find("Paris").cut);
}

static void test_tools(void **state)
{
	struct chat_choice c = {.content = span_of("It is 5."),
				.tool_calls = span_of("[{\"id\":\"x\"}]")};
	struct final_answer f;

	(void)state;
	final_answer_of(&c, &f);
	assert_int_equal(f.kind, ANSWER_TOOL);
	assert_ptr_equal(f.text.p, c.tool_calls.p);
	assert_int_equal(f.text.n, c.tool_calls.n);
	c.tool_calls.n = 0;
	c.function_call = span_of("{}");
	final_answer_of(&c, &f);
	assert_int_equal(f.kind, ANSWER_TOOL);
	c.function_call.n = 0;
	final_answer_of(&c, &f);
	assert_int_equal(f.kind, ANSWER_NUMBER);
}

/* ---- whatever the text --------------------------------------------------- */

static void is_inside(struct span part, struct span whole)
{
	if (part.n == 0)
		return;
	assert_true(part.p >= whole.p);
	assert_true(part.p + part.n <= whole.p + whole.n);
}

static bool is_utf8(struct span s)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		n = jtext_utf8_length(s.p + i, s.p + s.n);
		if (n == 0)
			return false;
	}
	return true;
}

static void is_sane(struct span content)
{
	struct final_answer f;
	bool whole = is_utf8(content);

	final_answer_find(content, &f);
	is_inside(f.text, content);
	is_inside(f.passage, content);
	is_inside(f.lead, content);
	is_inside(f.lead_text, content);
	is_inside(f.number, content);
	if ((f.kind == ANSWER_NONE) != (f.text.n == 0))
		fail_msg("%s: %.*s", answer_kind_name(f.kind), (int)content.n,
			 content.p);
	if (whole)
		assert_true(is_utf8(f.text) && is_utf8(f.passage) &&
			    is_utf8(f.lead) && is_utf8(f.lead_text) &&
			    is_utf8(f.number));
}

/* Each beginning and each end of each row, in memory that ends there. */
static void test_every_part(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].content);

		for (size_t k = 0; k <= n; k++) {
			char *copy = malloc(n - k + 1), *head = malloc(k + 1);

			memcpy(copy, rows[i].content + k, n - k);
			is_sane((struct span){copy, n - k});
			memcpy(head, rows[i].content, k);
			is_sane((struct span){head, k});
			free(copy);
			free(head);
		}
	}
}

/* Pieces that mean something, put together by chance. */
static void test_by_chance(void **state)
{
	static const char *const pieces[] = {
		"answer",  " is ",    "the ",	      ":",
		". ",	   "\n",      "**",	      "{",
		"}",	   "```",     "\\boxed{",     "####",
		"=",	   " than ",  "12",	      "B",
		"(",	   ")",	      "\xe2\x80\x9c", "\xe3\x80\x82",
		"\"",	   ", which", "and ",	      ",",
		"\\text{", "\xff",    "So ",
	};

	(void)state;
	srandom(3);
	for (int round = 0; round < 20000; round++) {
		char text[256];
		size_t n = 0;

		for (int k = (int)(random() % 12); k > 0; k--) {
			const char *p =
				pieces[(size_t)random() % COUNT(pieces)];

			memcpy(text + n, p, strlen(p));
			n += strlen(p);
		}
		is_sane((struct span){text, n});
	}
}

/* Of a sentence that is too long the end counts; where that is signs alone,
 * there is none. */
static void test_long_sentence(void **state)
{
	char text[9000];
	struct span content = {text, sizeof(text)};
	struct final_answer f;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 9, " is Paris", 9);
	final_answer_find(content, &f);
	assert_true(span_is(f.text, "Paris"));
	assert_true(f.passage.n < 5000 && f.lead.n < 5000);
	memset(text + 1, '-', sizeof(text) - 1);
	final_answer_find(content, &f);
	assert_int_equal(f.kind, ANSWER_NONE);
	for (size_t i = 0; i < sizeof(text) / 3; i++)
		memcpy(text + 3 * i, "\xe5\xa5\xbd", 3);
	for (size_t n = sizeof(text) - 6; n <= sizeof(text); n += 3)
		is_sane((struct span){text, n});
}

static void test_long_texts(void **state)
{
	static const char *const pieces[] = {
		"a",
		"answer",
		"answer is ",
		"the ",
		"{",
		"[",
		"{\"a\":",
		"```",
		"```{",
		"\\boxed{",
		"**a",
		"=",
		"= a ",
		"is the answer ",
		"So ",
		"\n",
		"1 ",
		". ",
		")",
		"\xe5\xa5\xbd",
		"\n{",
		"than is ",
		"the answer is. ",
	};
#ifdef __SANITIZE_THREAD__ /* which makes it 400 times slower */
	const size_t size = 64u << 10;
#else
	const size_t size = 1u << 20;
#endif
	char *text = malloc(size);

	(void)state;
	give_up_after(60);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		size_t n = strlen(pieces[i]);

		for (size_t k = 0; k < size; k++)
			text[k] = pieces[i][k % n];
		is_sane((struct span){text, size});
	}
	give_up_after(0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_tools),
		cmocka_unit_test(test_every_part),
		cmocka_unit_test(test_by_chance),
		cmocka_unit_test(test_long_sentence),
		cmocka_unit_test(test_long_texts),
	};

	return cmocka_run_group_tests_name("final_answer", tests, NULL, NULL);
}
