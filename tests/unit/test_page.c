/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page is whole, small, the same each time, and foreign names stay text.
 */
#include "ctl/page.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "report_rig.h"

#define PAGE_MOST (200 * 1024)

static char *page_of(const struct report_view *v)
{
	struct buf b;
	size_t n;

	buf_init(&b, 0);
	page_write(&b, v);
	buf_add(&b, "", 1);
	assert_false(b.failed);
	assert_int_equal(strlen(b.p), b.n - 1);
	return buf_detach(&b, &n);
}

/* Every element that is opened is closed, in order. */
static void check_nesting(const char *page)
{
	const char *open[64], *p = strstr(page, "<html");
	size_t depth = 0, n;

	for (; p; p = strchr(p + 1, '<')) {
		const char *end = strchr(p, '>');

		assert_non_null(end);
		n = strcspn(p + 1, " />");
		if (p[1] == '/') {
			assert_true(depth > 0);
			n = strcspn(p + 2, ">");
			assert_memory_equal(open[--depth], p + 2, n);
		} else if (end[-1] != '/') {
			assert_true(depth < 64);
			open[depth++] = p + 1;
		}
	}
	assert_int_equal(depth, 0);
}

/* No number was printed that is none. */
static void check_numbers(const char *page)
{
	const char *body = strstr(page, "<body>");

	for (const char *p = body; (p = strstr(p, "nan")) != NULL; p++)
		assert_true(isalpha((unsigned char)p[-1]) ||
			    isalpha((unsigned char)p[3]));
	assert_null(strstr(body, ">inf"));
	assert_null(strstr(body, "\"inf"));
	assert_null(strstr(body, " inf "));
}

static void test_everything(void **state)
{
	struct report_view v = rig_view();
	char *page = page_of(&v), *again = page_of(&v);

	(void)state;
	assert_string_equal(page, again);
	assert_true(strlen(page) < PAGE_MOST);
	check_nesting(page);
	check_numbers(page);
	assert_non_null(strstr(page, "worth it</strong>"));
	assert_non_null(strstr(page, "certified</strong>"));
	for (const char *const *s =
		     (const char *const[]){"account", "cost", "risk",
					   "reliability", NULL};
	     *s; s++) {
		char id[32];

		snprintf(id, sizeof(id), "id=\"%s-t\"", *s);
		assert_non_null(strstr(page, id));
	}
	free(page);
	free(again);
}

static void test_nothing_is_loaded(void **state)
{
	struct report_view v = rig_view();
	char *page = page_of(&v);
	const char *p = page;

	(void)state;
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "<link"));
	assert_null(strstr(page, "<img"));
	assert_null(strstr(page, "src="));
	assert_null(strstr(page, "@import"));
	while ((p = strstr(p, "http")) != NULL) { /* names of languages only */
		assert_true(strncmp(p, "http-equiv", 10) == 0 ||
			    strncmp(p, "http://www.w3.org/", 18) == 0);
		p++;
	}
	free(page);
}

static void test_names_stay_text(void **state)
{
	struct report_signal s = {RIG_EVIL, false, true, {0.6, 0.5, 0.7}, 9, 0};
	struct report_view v = rig_view();
	char *page;

	(void)state;
	v.cascade = v.cheap = v.expensive = v.cheap_model = RIG_EVIL;
	v.expensive_model = v.checker = v.date = v.digest = v.in_use = RIG_EVIL;
	v.policies[REPORT_OPERATING].name = RIG_EVIL;
	v.reliability[0].name = RIG_EVIL;
	v.signals = &s;
	v.n_signals = 1;
	page = page_of(&v);
	check_nesting(page);
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "alert(\"x\")"));
	assert_non_null(strstr(page, "&lt;script&gt;"));
	free(page);
}

static void test_no_rows(void **state)
{
	struct report_view v = rig_empty();
	char *page = page_of(&v);

	(void)state;
	check_nesting(page);
	check_numbers(page);
	assert_non_null(strstr(page, "no verdict</strong>"));
	assert_non_null(strstr(page, "uncalibrated</strong>"));
	assert_non_null(strstr(page, "no rows to draw"));
	assert_null(strstr(page, "<svg"));
	assert_null(strstr(page, "<table"));
	free(page);
}

/* Policies without money, a single row, no interval. */
static void test_little_is_known(void **state)
{
	struct report_view v = rig_view();
	char *page;

	(void)state;
	for (size_t i = 0; i < REPORT_NWHICH; i++) {
		struct report_policy *p = &v.policies[i];

		p->cost = p->risk = (struct report_value){NAN, NAN, NAN};
		p->cheap_usd = p->check_usd = p->expensive_usd = NAN;
	}
	v.n = 1;
	v.max_error = NAN;
	v.saving = (struct report_value){NAN, -INFINITY, INFINITY};
	v.reliability[0].n = 1;
	page = page_of(&v);
	check_nesting(page);
	check_numbers(page);
	free(page);
}

static void test_many_signals(void **state)
{
	static struct report_signal many[5000];
	struct report_view v = rig_view();
	char name[300], *page;

	(void)state;
	memset(name, '<', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < 5000; i++)
		many[i] = (struct report_signal){
			name, false, true, {0.6, 0.5, 0.7}, 9, 0};
	v.signals = many;
	v.n_signals = 5000;
	page = page_of(&v);
	assert_true(strlen(page) < PAGE_MOST);
	assert_non_null(strstr(page, "The 40 strongest of 5,000"));
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_nothing_is_loaded),
		cmocka_unit_test(test_names_stay_text),
		cmocka_unit_test(test_no_rows),
		cmocka_unit_test(test_little_is_known),
		cmocka_unit_test(test_many_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
