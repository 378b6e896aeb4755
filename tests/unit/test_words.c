/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buckets of words: artifacts depend on these numbers, so they stand here.
 */
#include "verify/words.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct arena *arena;

static int make_arena(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int free_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct word_set read(const char *question, const char *reply, size_t n)
{
	struct word_set w;

	words_read(&w, arena, span_of(question), span_of(reply), n);
	return w;
}

/* ---- hashing ------------------------------------------------------------- */

static const struct {
	const char *question, *reply; /* one word in all */
	uint16_t of_16, of_1024, of_65536;
} vectors[] = {
	{"paris", "", 14, 702, 33470},
	{"", "paris", 15, 527, 52751},
	{"what", "", 14, 846, 64334},
	{"", "what", 9, 137, 14473},
	{"\xc3\xa9", "", 10, 106, 36970},
	{"", "42", 6, 454, 21958},
	{"a", "", 1, 609, 28257},
	{"", "\xe6\x9d\xb1\xe4\xba\xac", 13, 669, 15005},
	{"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "", 11, 603, 29275},
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const uint16_t want[] = {vectors[i].of_16, vectors[i].of_1024,
					 vectors[i].of_65536};
		const size_t n[] = {16, 1024, 65536};

		for (size_t k = 0; k < 3; k++) {
			struct word_set w = read(vectors[i].question,
						 vectors[i].reply, n[k]);

			assert_int_equal(w.n, 1);
			assert_true(w.value == 1);
			if (w.bucket[0] != want[k])
				fail_msg("%s%s: %u of %zu", vectors[i].question,
					 vectors[i].reply, w.bucket[0], n[k]);
		}
	}
}

static void same(const char *a, const char *b)
{
	struct word_set x = read(a, "", 1024), y = read(b, "", 1024);

	if (x.n != y.n || memcmp(x.bucket, y.bucket, x.n * sizeof(*x.bucket)))
		fail_msg("%s and %s", a, b);
}

static void test_words(void **state)
{
	(void)state;
	same("What is 12?", " what,IS\n(12)");
	same("one two", "two one two one");
	same("a-b", "a b");
	same("don't", "don t");
	same("na\xc3\xafve", "NA\xc3\xafVE");
	assert_int_equal(read("", "", 1024).n, 0);
	assert_true(read("", "", 1024).value == 0);
	assert_int_equal(read(" .,!?-", "\n", 1024).n, 0);
	assert_int_equal(read("one two three", "", 1).n, 1);
}

static bool has(const struct word_set *w, uint16_t bucket)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->bucket[i] == bucket)
			return true;
	return false;
}

/* Rising buckets, those of both sides and no others, of length 1 in all. */
static void test_sets(void **state)
{
	char text[4000];

	(void)state;
	srandom(9);
	for (int round = 0; round < 300; round++) {
		size_t size = 1 + (size_t)random() % (sizeof(text) - 1);
		size_t buckets = (size_t)1 << random() % 12, n = 0;
		struct word_set q, r, both;

		for (size_t i = 0; i < size; i++)
			text[i] =
				(char)(random() % 4 ? 'a' + random() % 5 : ' ');
		text[size - 1] = '\0';
		q = read(text, "", buckets);
		r = read("", text, buckets);
		both = read(text, text, buckets);
		for (size_t b = 0; b < buckets; b++) {
			bool any = has(&q, (uint16_t)b) || has(&r, (uint16_t)b);

			assert_int_equal(has(&both, (uint16_t)b), any);
			n += any;
		}
		assert_int_equal(both.n, n);
		for (size_t i = 1; i < n; i++)
			assert_true(both.bucket[i - 1] < both.bucket[i]);
		if (n)
			assert_true(fabs(both.value * both.value * (double)n -
					 1) < 1e-9);
	}
}

/* ---- the question -------------------------------------------------------- */

static const struct {
	const char *messages, *question;
} questions[] = {
	{"[]", ""},
	{"[{\"role\":\"user\",\"content\":\"What?\"}]", "What?\n"},
	{"[{\"content\":\"What?\",\"role\":\"user\"}]", "What?\n"},
	{"[{\"role\":\"system\",\"content\":\"Be brief.\"},"
	 "{\"role\":\"user\",\"content\":\"One?\"},"
	 "{\"role\":\"assistant\",\"content\":\"1\"},"
	 "{\"role\":\"user\",\"content\":\"Two?\"}]",
	 "One?\nTwo?\n"},
	{"[{\"role\":\"user\",\"content\":\"a\\nb \\u00e9\\ud83d\\ude00\"}]",
	 "a\nb \xc3\xa9\xf0\x9f\x98\x80\n"},
	{"[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"A\"},"
	 "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:x\"}},"
	 "{\"text\":\"B\",\"type\":\"text\"},7,{\"type\":\"text\"}]}]",
	 "A\nB\n"},
	{"[{\"role\":\"user\",\"content\":null},{\"role\":\"user\"},"
	 "{\"content\":\"x\"},5,\"user\",[],{}]",
	 ""},
	{"[{\"role\":\"user\",\"content\":\"x\",\"content\":\"y\"}]", "y\n"},
	{"[{\"role\":\"user\",\"content\":\"\"}]", "\n"},
	{"[{\"role\":\"user\",\"content\":{\"text\":\"x\"}}]", ""},
	{"[ { \"role\" : \"user\" , \"content\" : [ \"x\" ] } ]", ""},
};

static struct span question_of(const char *messages)
{
	struct chat_request rq;
	struct chat_fault why;
	char *body = arena_printf(arena, "{\"model\":\"m\",\"messages\":%s}",
				  messages);

	if (chat_request_read(&rq, span_of(body), 64, arena, &why) < 0)
		fail_msg("%s", why.text);
	return words_question(&rq, arena);
}

static void test_question(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(questions); i++) {
		struct span q = question_of(questions[i].messages);

		if (!span_is(q, questions[i].question))
			fail_msg("%s: %.*s", questions[i].messages, (int)q.n,
				 q.p);
	}
}

static void test_many_messages(void **state)
{
	struct buf body;
	struct span q;

	(void)state;
	buf_init(&body, 0);
	for (int i = 0; i < 5000; i++)
		buf_addf(&body,
			 "%s{\"role\":\"user\",\"content\":\"\\u0041 %d\"}",
			 i ? "," : "[", i);
	buf_add(&body, "]", 2);
	q = question_of(body.p);
	assert_int_equal(q.n, 10 * 4 + 90 * 5 + 900 * 6 + 4000 * 7);
	assert_memory_equal(q.p + q.n - 7, "A 4999\n", 7);
	buf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_many_messages),
	};

	return cmocka_run_group_tests_name("words", tests, make_arena,
					   free_arena);
}
