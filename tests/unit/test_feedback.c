/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels from outside: what is taken, and what is told of the rest.
 */
#include "api/feedback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "api/request_id.h"

static struct conf_backend backends[] = {{.name = "small"},
					 {.name = "org/large"}};
static const struct conf conf = {.backends = backends, .n_backends = 2};

/* In memory of its own, so that reading past it is seen. */
static struct ledger_label *read_text(const char *text, struct fault *why)
{
	size_t n = strlen(text);
	char *copy = malloc(n + 1);
	struct ledger_label *l;

	assert_non_null(copy);
	memcpy(copy, text, n);
	memset(why, 0, sizeof(*why));
	l = feedback_read((struct span){copy, n}, &conf, why);
	free(copy);
	return l;
}

static void expect_text(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

#define E_ACUTE "\xc3\xa9"
#define TEN	"0123456789"
#define SIXTY	TEN TEN TEN TEN TEN TEN

static const struct {
	const char *body, *id;
	bool right;
	const char *backend, *source;
} good[] = {
	{"{\"request_id\":\"a\",\"label\":true}", "a", true, NULL, NULL},
	{" {\"label\" : false , \"request_id\":\"A.z_0-9\"}\n", "A.z_0-9",
	 false, NULL, NULL},
	{"{\"request_id\":\"" SIXTY "abcd\",\"label\":true}", SIXTY "abcd",
	 true, NULL, NULL},
	{"{\"request_id\":\"\\u0061b\",\"l\\u0061bel\":true}", "ab", true, NULL,
	 NULL},
	{"{\"request_id\":\"a\",\"label\":true,\"backend\":\"org\\/large\","
	 "\"source\":\"thumbs " E_ACUTE " \\ud83d\\ude00\"}",
	 "a", true, "org/large", "thumbs " E_ACUTE " \xf0\x9f\x98\x80"},
	{"{\"request_id\":\"a\",\"label\":true,\"backend\":null,\"source\":"
	 "null}",
	 "a", true, NULL, NULL},
	{"{\"request_id\":\"a\",\"label\":true,\"source\":\"" SIXTY
	 "abc" E_ACUTE "\"}",
	 "a", true, NULL, SIXTY "abc" E_ACUTE},
};

static void test_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct fault why;
		struct ledger_label *l = read_text(good[i].body, &why);

		if (!l)
			fail_msg("%s: %s", good[i].body, why.message);
		assert_string_equal(l->request_id, good[i].id);
		assert_int_equal(l->right, good[i].right);
		expect_text(l->backend, good[i].backend);
		expect_text(l->source, good[i].source);
		assert_null(l->key);
		assert_int_equal(l->time_us, 0);
		ledger_label_free(l);
	}
}

#define WITH(more) "{\"request_id\":\"a\",\"label\":true," more "}"

static const struct {
	const char *body, *param, *says;
} bad[] = {
	{"", "", "not a valid JSON object"},
	{"null", "", "not a valid JSON object"},
	{"[]", "", "not a valid JSON object"},
	{"{\"label\":true", "", "not a valid JSON object"},
	{"{\"label\":true} x", "", "not a valid JSON object"},
	{"{\"source\":\"\xff\"}", "", "not a valid JSON object"},
	{"{}", "request_id", "you must provide request_id"},
	{"{\"label\":true}", "request_id", "you must provide request_id"},
	{"{\"request_id\":\"a\"}", "label", "you must provide label"},
	{"{\"request_id\":7}", "request_id", "1 to 64 letters"},
	{"{\"request_id\":null}", "request_id", "1 to 64 letters"},
	{"{\"request_id\":\"\"}", "request_id", "1 to 64 letters"},
	{"{\"request_id\":\"a b\"}", "request_id", "1 to 64 letters"},
	{"{\"request_id\":\"a\\u0000\"}", "request_id", "1 to 64 letters"},
	{"{\"request_id\":\"" E_ACUTE "\"}", "request_id", "1 to 64 letters"},
	{"{\"request_id\":\"" SIXTY "abcde\"}", "request_id",
	 "1 to 64 letters"},
	{"{\"label\":1}", "label", "true (the answer is right) or false"},
	{"{\"label\":\"true\"}", "label", "or false"},
	{"{\"label\":null}", "label", "or false"},
	{WITH("\"backend\":\"none\""), "backend", "name of a backend"},
	{WITH("\"backend\":\"\""), "backend", "name of a backend"},
	{WITH("\"backend\":\"small\\u0000\""), "backend", "name of a backend"},
	{WITH("\"backend\":[]"), "backend", "name of a backend"},
	{WITH("\"source\":\"\""), "source", "printable"},
	{WITH("\"source\":\"a\\nb\""), "source", "printable"},
	{WITH("\"source\":\"a\\u0000b\""), "source", "printable"},
	{WITH("\"source\":\"\\u007f\""), "source", "printable"},
	{WITH("\"source\":\"\\u0085\""), "source", "printable"},
	{WITH("\"source\":\"\\u2028\""), "source", "printable"},
	{WITH("\"source\":\"" SIXTY "abcde\""), "source", "1 to 64"},
	{WITH("\"source\":true"), "source", "printable"},
	{WITH("\"sources\":1"), "sources", "no member sources"},
	{WITH("\"" SIXTY "\":1"), "0123456789012345678901234567890",
	 "no member 0123456789"},
	{WITH("\"label\":true"), "label", "label is there twice"},
	{WITH("\"source\":null,\"source\":\"x\""), "source", "twice"},
	{WITH("\"request\\u005fid\":\"a\""), "request_id", "twice"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fault why;

		if (read_text(bad[i].body, &why))
			fail_msg("%s was taken", bad[i].body);
		if (!strstr(why.message, bad[i].says))
			fail_msg("%s: %s", bad[i].body, why.message);
		assert_string_equal(why.param, bad[i].param);
		assert_int_equal(why.status, 400);
		assert_string_equal(why.code,
				    strstr(bad[i].says, "must provide")
					    ? "missing_required_parameter"
					    : "");
	}
}

static void test_bounds(void **state)
{
	enum { N = (1 << 20) + 1 };
	char *text = malloc(N + 1);
	struct ledger_label *l;
	struct fault why;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', N);
	text[N] = '\0';
	memcpy(text, "{\"request_id\":\"a\",\"label\":true}", 31);
	assert_null(read_text(text, &why));
	assert_int_equal(why.status, 413);
	text[N - 1] = '\0';
	l = read_text(text, &why);
	assert_non_null(l);
	ledger_label_free(l);
	free(text);
	/* Deep, but not too deep for what it is: no such member. */
	assert_null(read_text("{\"x\":[[[[[[[[[[]]]]]]]]]]}", &why));
	assert_string_equal(why.param, "x");
	assert_null(read_text("{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
			      "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
			      &why));
	assert_string_equal(why.param, "");
}

static void test_request_id(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char text = (char)c;
		bool want = c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"abcdefghijklmnopqrstuvwxyz"
					"0123456789._-",
					c);

		assert_int_equal(request_id_is_valid((struct span){&text, 1}),
				 want);
	}
	assert_false(request_id_is_valid((struct span){NULL, 0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_request_id),
	};

	return cmocka_run_group_tests_name("feedback", tests, NULL, NULL);
}
