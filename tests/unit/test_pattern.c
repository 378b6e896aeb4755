/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What patterns find, which are refused, and that none takes for ever.
 */
#include "verify/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "patience.h"

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

static enum pattern_found find(const char *pattern, struct span text)
{
	struct err err = {0};
	struct pattern *p = pattern_new(span_of(pattern), arena, &err);

	if (!p)
		fail_msg("%s", err.text);
	return pattern_find(p, text);
}

static void test_finds(void **state)
{
	static const struct {
		const char *pattern, *text;
		enum pattern_found found;
	} rows[] = {
		{"paris", "It is Paris.", PATTERN_FOUND},
		{"(?-i:paris)", "It is Paris.", PATTERN_ABSENT},
		{"\\bis\\b", "this", PATTERN_ABSENT},
		{"^\\W*positive|is positive", "Positive!", PATTERN_FOUND},
		{"(?<![\\d.])48(?!\\d)", "is 148", PATTERN_ABSENT},
		{"\\bna\xc3\xafve\\b", "so NA\xc3\x8fVE", PATTERN_FOUND},
		{"^.$", "\xe5\xa5\xbd", PATTERN_FOUND},
		{"a", "\xff\xfe a", PATTERN_FOUND},
		{"x*", "", PATTERN_FOUND},
		{"x", "", PATTERN_ABSENT},
		{"\"a\"[\\s\\S]*\"b\"", "{\"a\": 1,\n\"b\": 2}", PATTERN_FOUND},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (find(rows[i].pattern, span_of(rows[i].text)) !=
		    rows[i].found)
			fail_msg("%s in %s", rows[i].pattern, rows[i].text);
	assert_int_equal(find("a.b", (struct span){"a\0b", 3}), PATTERN_FOUND);
	assert_int_equal(find("x", (struct span){NULL, 0}), PATTERN_ABSENT);
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
		"(", "[a", "a**b(", "\\", "(?<x", "\xff", "(?P<a>.)(?P<a>.)"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = {0};

		assert_null(pattern_new(span_of(bad[i]), arena, &err));
		assert_int_equal(err.kind, ERR_CONF);
		assert_non_null(strstr(err.text, "no regular expression"));
		assert_null(pattern_new(span_of(bad[i]), arena, NULL));
	}
}

/* Shown with the pattern and the place. */
static void test_tells(void **state)
{
	struct err err = {0};

	(void)state;
	pattern_new(span_of("total (\\d+"), arena, &err);
	assert_non_null(strstr(err.text, "the pattern total (\\d+ is no"));
	assert_non_null(strstr(err.text, "at byte 10"));
}

/* A text can make a pattern walk through all ways of not matching. */
static void test_is_bounded(void **state)
{
	char *text = malloc(PATTERN_TEXT_MOST + 1);

	(void)state;
	memset(text, 'a', PATTERN_TEXT_MOST + 1);
	give_up_after(60);
	assert_int_equal(find("(a|a)*[bc]", (struct span){text, 64}),
			 PATTERN_FAULT);
	assert_int_equal(find("(?:a+)+[bc]", (struct span){text, 4096}),
			 PATTERN_FAULT);
	assert_int_equal(find("(a(?1)?[bc])", (struct span){text, 20000}),
			 PATTERN_FAULT);
	assert_int_equal(find("b", (struct span){text, PATTERN_TEXT_MOST}),
			 PATTERN_ABSENT);
	assert_int_equal(find("a", (struct span){text, PATTERN_TEXT_MOST + 1}),
			 PATTERN_FAULT);
	give_up_after(0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_tells),
		cmocka_unit_test(test_is_bounded),
	};

	return cmocka_run_group_tests_name("pattern", tests, make_arena,
					   free_arena);
}
