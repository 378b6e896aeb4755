/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a model's name means, which patterns fit, which addresses are local.
 */
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "patience.h"

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *model;
		bool fits;
	} t[] = {
		{"*", "", true},
		{"*", "anything", true},
		{"**", "x", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"", "", true},
		{"", "a", false},
		{"gpt-4o-*", "gpt-4o-mini", true},
		{"gpt-4o-*", "gpt-4o-", true},
		{"gpt-4o-*", "gpt-4o", false},
		{"gpt-4o-*", "xgpt-4o-a", false},
		{"*mini", "gpt-4o-mini", true},
		{"*mini", "gpt-mini-4", false},
		{"*mini", "minimini", true},
		{"a*b*c", "abc", true},
		{"a*b*c", "axxbyybzzc", true},
		{"a*b*c", "axxbyy", false},
		{"a*b*c", "acb", false},
		{"*a*", "bab", true},
		{"*a*", "bbb", false},
		{"g?t*", "gpt", true},
		{"g?t*", "gt", false},
		{"*?", "a", true},
		{"*?", "", false},
		{"?*?", "ab", true},
		{"?*?", "a", false},
		{"a*", "b", false},
		{"*.*", "a.b", true},
		{"a?c", "a*c", true},
		{"GPT*", "gpt", false},
		{"*aab", "aaaab", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (conf_pattern_fits(t[i].pattern, span_of(t[i].model)) !=
		    t[i].fits)
			fail_msg("%s %s", t[i].pattern, t[i].model);
	assert_true(conf_pattern_fits("a*c", (struct span){"a\0c", 3}));
	assert_false(conf_pattern_fits("a", (struct span){"a\0", 2}));
	assert_true(conf_is_pattern("a*"));
	assert_true(conf_is_pattern("?"));
	assert_false(conf_is_pattern("gpt-4o"));
}

/* A client chooses the name, so it must not choose the time. */
static void test_pattern_is_quick(void **state)
{
	static char model[4096];

	(void)state;
	give_up_after(20);
	memset(model, 'a', sizeof(model));
	for (int i = 0; i < 10; i++)
		assert_false(
			conf_pattern_fits("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
					  (struct span){model, sizeof(model)}));
	give_up_after(0);
}

static void test_lookup_order(void **state)
{
	const char *match_a[] = {"x-*", "exact"}, *match_b[] = {"*", "b-?"};
	struct conf_backend backends[] = {{.name = "small"},
					  {.name = "x-large"}};
	struct conf_cascade cascades[] = {
		{.name = "auto", .match = {match_a, 2}},
		{.name = "x-cascade", .match = {match_b, 2}},
	};
	struct conf c = {
		.backends = backends,
		.n_backends = 2,
		.cascades = cascades,
		.n_cascades = 2,
	};
	static const struct {
		const char *model;
		enum conf_target_kind kind;
		int which;
	} t[] = {
		{"auto", CONF_TARGET_CASCADE, 0},
		/* A cascade's own name wins over an earlier pattern. */
		{"x-cascade", CONF_TARGET_CASCADE, 1},
		{"exact", CONF_TARGET_CASCADE, 0},
		{"small", CONF_TARGET_BACKEND, 0},
		/* A backend wins over a pattern. */
		{"x-large", CONF_TARGET_BACKEND, 1},
		{"x-other", CONF_TARGET_CASCADE, 0},
		/* The first pattern of the file that fits. */
		{"b-1", CONF_TARGET_CASCADE, 1},
		{"", CONF_TARGET_CASCADE, 1},
		{"Auto", CONF_TARGET_CASCADE, 1},
		/* A pattern's own text is a name like any other. */
		{"x-*", CONF_TARGET_CASCADE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct conf_target got = conf_lookup(&c, span_of(t[i].model));

		assert_int_equal(got.kind, t[i].kind);
		if (t[i].kind == CONF_TARGET_CASCADE) {
			assert_ptr_equal(got.cascade, &cascades[t[i].which]);
			assert_null(got.backend);
		} else {
			assert_ptr_equal(got.backend, &backends[t[i].which]);
			assert_null(got.cascade);
		}
	}
}

static void test_lookup_of_nothing(void **state)
{
	const char *match[] = {"y-*"};
	struct conf_cascade cascade = {.name = "auto", .match = {match, 1}};
	struct conf c = {.cascades = &cascade, .n_cascades = 1};
	struct conf none = {.cascades = NULL};

	(void)state;
	assert_int_equal(conf_lookup(&c, span_of("x")).kind, CONF_TARGET_NONE);
	assert_int_equal(conf_lookup(&c, (struct span){"auto\0", 5}).kind,
			 CONF_TARGET_NONE);
	assert_int_equal(conf_lookup(&none, span_of("x")).kind,
			 CONF_TARGET_NONE);
	conf_free(NULL);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		bool valid, local;
	} t[] = {
		{"127.0.0.1:8080", true, true},
		{"127.1.2.3:1", true, true},
		{"localhost:8080", true, true},
		{"[::1]:65535", true, true},
		{"[::ffff:127.0.0.1]:80", true, true},
		{"unix:/run/frugald.sock", true, true},
		{"0.0.0.0:8080", true, false},
		{"128.0.0.1:8080", true, false},
		{"10.0.0.1:8080", true, false},
		{"[::]:8080", true, false},
		{"[::ffff:10.0.0.1]:80", true, false},
		{"[2001:db8::1]:80", true, false},
		{"127.0.0.1", false, false},
		{"127.0.0.1:", false, false},
		{"127.0.0.1:0", false, false},
		{"127.0.0.1:65536", false, false},
		{"127.0.0.1:99999999999999999999", false, false},
		{"127.0.0.1:+80", false, false},
		{"127.0.0.1: 80", false, false},
		{"127.0.0.1:80x", false, false},
		{"127.1:80", false, false},
		{"0127.0.0.1:80", false, false},
		{":8080", false, false},
		{"8080", false, false},
		{"*:8080", false, false},
		{"example.com:80", false, false},
		{"localhost.:80", false, false},
		{"::1:8080", false, false},
		{"[::1]", false, false},
		{"[::1]8080", false, false},
		{"[127.0.0.1]:80", false, false},
		{"[]:80", false, false},
		{"[::1%lo]:80", false, false},
		{"http://127.0.0.1:80", false, false},
		{"unix:", false, true},
		{"unix:run/x", false, true},
		{"unix:/", false, true},
		{"", false, false},
	};
	char longest[5 + 107 + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (conf_address_is_valid(t[i].address) != t[i].valid)
			fail_msg("valid: %s", t[i].address);
		if (conf_address_is_local(t[i].address) != t[i].local)
			fail_msg("local: %s", t[i].address);
	}
	snprintf(longest, sizeof(longest), "unix:/%0106d", 0);
	assert_true(conf_address_is_valid(longest));
	snprintf(longest, sizeof(longest), "unix:/%0107d", 0);
	assert_false(conf_address_is_valid(longest));
}

static void test_hosts(void **state)
{
	(void)state;
	assert_true(conf_host_is_local("localhost"));
	assert_true(conf_host_is_local("127.0.0.1"));
	assert_true(conf_host_is_local("[::1]"));
	assert_false(conf_host_is_local("::1"));
	assert_false(conf_host_is_local("localhost.example.com"));
	assert_false(conf_host_is_local("127.0.0.1.example.com"));
	assert_false(conf_host_is_local("10.0.0.1"));
	assert_false(conf_host_is_local("[::2]"));
	assert_false(conf_host_is_local(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_pattern_is_quick),
		cmocka_unit_test(test_lookup_order),
		cmocka_unit_test(test_lookup_of_nothing),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
