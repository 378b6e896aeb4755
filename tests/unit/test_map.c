/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys are bytes and copied; values are borrowed and replaced.
 */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void test_empty(void **state)
{
	struct map *m = map_new();

	(void)state;
	assert_int_equal(map_size(m), 0);
	assert_null(map_find(m, span_of("a")));
	assert_null(map_find(m, (struct span){NULL, 0}));
	map_free(m);
	map_free(NULL);
}

static void test_put_replaces(void **state)
{
	struct map *m = map_new();
	int a, b;

	(void)state;
	assert_null(map_put(m, span_of("k"), &a));
	assert_ptr_equal(map_put(m, span_of("k"), &b), &a);
	assert_ptr_equal(map_find(m, span_of("k")), &b);
	assert_int_equal(map_size(m), 1);
	map_free(m);
}

static void test_keys_are_bytes(void **state)
{
	struct map *m = map_new();
	int v[4];

	(void)state;
	assert_null(map_put(m, (struct span){NULL, 0}, &v[0]));
	assert_null(map_put(m, (struct span){"a", 1}, &v[1]));
	assert_null(map_put(m, (struct span){"a\0", 2}, &v[2]));
	assert_null(map_put(m, (struct span){"a\0b", 3}, &v[3]));
	assert_int_equal(map_size(m), 4);
	assert_ptr_equal(map_find(m, span_of("")), &v[0]);
	assert_ptr_equal(map_find(m, span_of("a")), &v[1]);
	assert_ptr_equal(map_find(m, (struct span){"a\0", 2}), &v[2]);
	assert_ptr_equal(map_find(m, (struct span){"a\0b", 3}), &v[3]);
	assert_null(map_find(m, span_of("A")));
	map_free(m);
}

static void test_keys_are_copied(void **state)
{
	struct map *m = map_new();
	char key[] = "key";
	int v;

	(void)state;
	map_put(m, span_of(key), &v);
	key[0] = 'x';
	assert_null(map_find(m, span_of(key)));
	assert_ptr_equal(map_find(m, span_of("key")), &v);
	map_free(m);
}

static void test_many(void **state)
{
	enum { N = 20000 };
	static int v[N];
	struct map *m = map_new();
	char key[20];
	int i;

	(void)state;
	for (i = 0; i < N; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		assert_null(map_put(m, span_of(key), &v[i]));
	}
	assert_int_equal(map_size(m), N);
	for (i = 0; i < N; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		assert_ptr_equal(map_find(m, span_of(key)), &v[i]);
	}
	map_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_put_replaces),
		cmocka_unit_test(test_keys_are_bytes),
		cmocka_unit_test(test_keys_are_copied),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
