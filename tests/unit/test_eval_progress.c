/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is shown of the way.
 */
#include "ctl/eval_progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define S INT64_C(1000000)

static const struct {
	struct eval_state state;
	const char *text;
} texts[] = {
	{{0, 300, 0, 0, 0}, "0 of 300"},
	{{0, 300, 0, 0, 5 * S}, "0 of 300"},
	{{30, 300, 0, 0, 10 * S}, "30 of 300, 3.0/s, 1:30 left"},
	{{30, 300, 2, 12300000000, 10 * S},
	 "30 of 300, 3.0/s, 0.0123 USD, 1:30 left, 2 failed"},
	{{300, 300, 0, 1500000000000, 10 * S}, "300 of 300, 30/s, 1.5 USD"},
	{{1, 3601, 1, 0, 2 * S}, "1 of 3601, 0.5/s, 2:00:00 left, 1 failed"},
};

static void test_texts(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		buf_clear(&b);
		eval_progress_write(&texts[i].state, &b);
		buf_add(&b, "", 1);
		assert_string_equal(b.p, texts[i].text);
	}
	buf_release(&b);
}

/* What was written to p->to, and all that is shown. */
static char *shown(enum eval_watch watch)
{
	static const struct eval_state half = {10, 20, 0, 0, 0},
				       full = {20, 20, 0, 0, 0};
	struct eval_progress p = {.watch = watch};
	char *text = NULL;
	size_t n;

	p.to = open_memstream(&text, &n);
	assert_non_null(p.to);
	eval_progress_show(&p, &half);
	eval_progress_say(&p, "%s", "a word");
	eval_progress_show(&p, &half);
	eval_progress_end(&p, &full);
	fclose(p.to);
	return text;
}

#define BAR(full, none, text) "\r\033[K[" full none "] " text
#define TEN		      "##########"
#define NONE		      ".........."

static void test_shown(void **state)
{
	char *text = shown(EVAL_WATCH_BAR);

	(void)state;
	assert_string_equal(
		text,
		BAR(TEN, NONE, "10 of 20") "\r\033[Kfrugalctl eval: a "
					   "word\n" BAR(TEN, NONE, "10 of 20")
						   BAR(TEN, TEN,
						       "20 of 20") "\n");
	free(text);
	text = shown(EVAL_WATCH_LINES);
	assert_string_equal(text, "frugalctl eval: 10 of 20\n"
				  "frugalctl eval: a word\n"
				  "frugalctl eval: 10 of 20\n"
				  "frugalctl eval: 20 of 20\n");
	free(text);
	text = shown(EVAL_WATCH_NONE);
	assert_string_equal(text, "frugalctl eval: a word\n");
	free(text);
}

static void test_when(void **state)
{
	struct eval_progress p;
	FILE *f = tmpfile();

	(void)state;
	eval_progress_init(&p, f, true);
	assert_int_equal(eval_progress_every_us(&p), 0);
	eval_progress_init(&p, f, false);
	assert_int_equal(p.watch, EVAL_WATCH_LINES);
	assert_int_equal(eval_progress_every_us(&p), 10 * S);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_when),
	};

	return cmocka_run_group_tests_name("eval_progress", tests, NULL, NULL);
}
