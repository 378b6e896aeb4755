/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions as they are read: what goes out, what is ours, what is wrong.
 */
#include "ctl/eval_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static int read_text(struct eval_lines *l, const char *text,
		     const struct eval_lines_want *w, struct err *err)
{
	char path[] = "/tmp/test_eval_lines.XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	rc = eval_lines_read(l, path, w, err);
	unlink(path);
	return rc;
}

static const struct eval_lines_want plain = {
	.cascade = "auto", .compare = COMPARATOR_NUMBER, .max_depth = 64};

static void assert_body(const struct eval_line *l, const char *body)
{
	assert_string_equal(l->body.p, body);
	assert_int_equal(l->body.n, strlen(body));
}

#define SAYS(more) "{\"messages\":[]" more "}"
#define SENT(more) "{\"model\":\"auto\",\"messages\":[]" more "}"

/* A line, and the body that it makes. */
static const char *const bodies[][2] = {
	{SAYS(""), SENT("")},
	{" {\t\"messages\" : [] , \"x\" : { \"y\": 1.0e0 } } \r",
	 SENT(",\"x\":{ \"y\": 1.0e0 }")},
	{SAYS(",\"model\":7,\"stream\":\"?\",\"stream_options\":[]"), SENT("")},
	{SAYS(",\"model\":\"a\",\"model\":\"b\""), SENT("")},
	{SAYS(",\"id\":\"i\",\"comparator\":\"text\",\"reference\":\"r\""),
	 SENT("")},
	{SAYS(",\"\\u0069d\":\"i\",\"\\u0069x\":1"), SENT(",\"\\u0069x\":1")},
	{SAYS(",\"a\":1,\"a\":2,\"user\":\"\\ud83d\""),
	 SENT(",\"a\":1,\"a\":2,\"user\":\"\\ud83d\"")},
	{SAYS(",\"max_tokens\":null"), SENT(",\"max_tokens\":null")},
	{SAYS(",\"n\":1,\"stop\":null"), SENT(",\"n\":1,\"stop\":null")},
};

static void test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct eval_lines l;
		struct err err = {0};

		if (read_text(&l, bodies[i][0], &plain, &err) < 0)
			fail_msg("%s: %s", bodies[i][0], err.text);
		assert_int_equal(l.n, 1);
		assert_body(&l.v[0], bodies[i][1]);
		eval_lines_release(&l);
	}
}

static void test_members_for_us(void **state)
{
	static const char
		text
			[] =
				SAYS("") "\n\n" SAYS(",\"id\":"
						     "\"\\u00e9\\u0000\","
						     "\"reference\":"
						     "\"\\\"3\\\"\"") "\n" SAYS(",\"reference\":\"x\",\"comparator\":\"exact\"") "\n" SAYS(
					",\"reference\":\"^x|y$\",\"comparator\":"
					"\"regex\"") "\n" SAYS(",\"reference\":"
							       "\"7\","
							       "\"comparator\":"
							       "\"text\","
							       "\"comparator\":"
							       "null,\"id\":"
							       "\"a\",\"id\":"
							       "null") "\n";
	struct eval_lines l;
	struct err err = {0};

	(void)state;
	assert_int_equal(read_text(&l, text, &plain, &err), 0);
	assert_int_equal(l.n, 5);
	assert_false(l.torn);
	assert_null(l.v[0].id.p);
	assert_null(l.v[0].reference.p);
	assert_int_equal(l.v[1].id.n, 3);
	assert_memory_equal(l.v[1].id.p, "\xc3\xa9", 3);
	assert_string_equal(l.v[1].reference.p, "\"3\"");
	assert_int_equal(l.v[1].compare, COMPARATOR_NUMBER);
	assert_int_equal(l.v[2].compare, COMPARATOR_EXACT);
	assert_int_equal(l.v[3].compare, COMPARATOR_REGEX);
	assert_int_equal(l.v[4].compare, COMPARATOR_NUMBER);
	assert_null(l.v[4].id.p);
	eval_lines_release(&l);
}

static void test_token_limit(void **state)
{
	const struct eval_lines_want want = {
		.cascade = "auto", .max_tokens = 9, .max_depth = 64};
	static const char text[] =
		SAYS("") "\n" SAYS(",\"max_tokens\":null") "\n" SAYS(
			",\"max_tokens\":5") "\n" SAYS(",\"max_tokens\":null,"
						       "\"max_completion_"
						       "tokens\":5") "\n";
	struct eval_lines l;
	struct err err = {0};

	(void)state;
	assert_int_equal(read_text(&l, text, &want, &err), 0);
	assert_body(&l.v[0], SENT(",\"max_tokens\":9"));
	assert_body(&l.v[1], SENT(",\"max_tokens\":9"));
	assert_body(&l.v[2], SENT(",\"max_tokens\":5"));
	assert_body(&l.v[3], SENT(",\"max_completion_tokens\":5"));
	eval_lines_release(&l);
}

static const char *const wrong[] = {
	"7",
	"[]",
	"{",
	"{\"messages\":[]} {}",
	"{\"messages\":[],}",
	"{\"messages\":null}",
	SAYS(",\"id\":[]"),
	SAYS(",\"id\":\"\\x\""),
	SAYS(",\"reference\":3"),
	SAYS(",\"reference\":\"\""),
	SAYS(",\"reference\":\"no number\""),
	SAYS(",\"reference\":\"(\",\"comparator\":\"regex\""),
	SAYS(",\"comparator\":\"judge\""),
	SAYS(",\"comparator\":\"numbers\""),
	SAYS(",\"comparator\":1"),
	SAYS(",\"n\":2"),
	SAYS(",\"store\":true"),
	SAYS(",\"modalities\":[\"audio\"]"),
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct eval_lines l;
		struct err err = {0};
		char text[256];

		snprintf(text, sizeof(text), SAYS("") "\n\n%s\n", wrong[i]);
		if (read_text(&l, text, &plain, &err) == 0)
			fail_msg("taken: %s", wrong[i]);
		assert_int_equal(err.kind, ERR_PARSE);
		if (!strstr(err.text, ":3: "))
			fail_msg("%s: %s", wrong[i], err.text);
		eval_lines_release(&l);
	}
}

/* The least that is too deep, and the longest line. */
static void test_limits(void **state)
{
	const struct eval_lines_want shallow = {.cascade = "auto",
						.max_depth = 3};
	char *text = malloc(EVAL_LINE_MOST + 2);
	struct eval_lines l;
	struct err err = {0};

	(void)state;
	assert_int_equal(read_text(&l, SAYS(",\"x\":[[1]]"), &shallow, &err),
			 0);
	eval_lines_release(&l);
	assert_int_equal(read_text(&l, SAYS(",\"x\":[[[1]]]"), &shallow, &err),
			 -1);
	eval_lines_release(&l);
	memset(text, ' ', EVAL_LINE_MOST + 1);
	memcpy(text, SAYS(""), strlen(SAYS("")));
	text[EVAL_LINE_MOST] = '\0';
	err = (struct err){0};
	assert_int_equal(read_text(&l, text, &plain, &err), 0);
	eval_lines_release(&l);
	text[EVAL_LINE_MOST] = ' ';
	text[EVAL_LINE_MOST + 1] = '\0';
	assert_int_equal(read_text(&l, text, &plain, &err), -1);
	eval_lines_release(&l);
	free(text);
}

static void test_torn(void **state)
{
	struct eval_lines l;
	struct err err = {0};

	(void)state;
	assert_int_equal(read_text(&l, SAYS("") "\n{\"mess", &plain, &err), 0);
	assert_true(l.torn);
	assert_int_equal(l.n, 1);
	eval_lines_release(&l);
	assert_int_equal(read_text(&l, SAYS("") "\n{}", &plain, &err), -1);
	eval_lines_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_members_for_us),
		cmocka_unit_test(test_token_limit),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_torn),
	};

	return cmocka_run_group_tests_name("eval_lines", tests, NULL, NULL);
}
