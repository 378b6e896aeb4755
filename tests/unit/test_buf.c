/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends arrive whole or not at all, up to the cap to the byte.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_holds(const struct buf *b, const char *text)
{
	assert_int_equal(b->n, strlen(text));
	if (b->n)
		assert_memory_equal(b->p, text, b->n);
}

static void test_append(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	assert_holds(&b, "");
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_int_equal(buf_add(&b, "abc", 2), 0);
	assert_int_equal(buf_adds(&b, ""), 0);
	assert_int_equal(buf_adds(&b, "-cd"), 0);
	assert_int_equal(buf_addf(&b, "-%d%s", 5, "x"), 0);
	assert_int_equal(buf_add_span(&b, span_of("!")), 0);
	assert_holds(&b, "ab-cd-5x!");
	assert_true(span_is(buf_span(&b), "ab-cd-5x!"));
	assert_false(b.failed);
	buf_release(&b);
	assert_holds(&b, "");
	assert_int_equal(buf_adds(&b, "again"), 0);
	assert_holds(&b, "again");
	buf_release(&b);
}

/* Each way of appending n bytes to a buffer of cap bytes that holds some. */
static int append(struct buf *b, int way, const char *text, size_t n)
{
	if (way == 0)
		return buf_add(b, text, n);
	if (way == 1)
		return buf_adds(b, text);
	return buf_addf(b, "%s", text);
}

static void try_cap(size_t cap, size_t held, size_t n, int way)
{
	char text[200], expect[401];
	struct buf b;
	bool fits = held + n <= cap;

	memset(text, 'n', n);
	text[n] = '\0';
	memset(expect, 'h', held);
	expect[held] = '\0';
	buf_init(&b, cap);
	assert_int_equal(buf_adds(&b, expect), 0);
	assert_int_equal(append(&b, way, text, n), fits ? 0 : -1);
	assert_int_equal(b.failed, !fits);
	if (fits)
		strcat(expect, text);
	assert_holds(&b, expect);
	assert_true(b.room <= cap);
	buf_release(&b);
}

static void test_every_cap(void **state)
{
	size_t cap, held, n;
	int way;

	(void)state;
	for (cap = 1; cap < 140; cap += cap < 60 || cap > 70 ? 7 : 1)
		for (held = 0; held <= cap; held++)
			for (n = 0; n < cap - held + 3; n++)
				for (way = 0; way < 3; way++)
					try_cap(cap, held, n, way);
}

static void test_fault_stays_until_cleared(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_int_equal(buf_adds(&b, "abc"), 0);
	assert_int_equal(buf_adds(&b, "de"), -1);
	assert_int_equal(buf_adds(&b, "d"), -1);
	assert_int_equal(buf_addf(&b, "d"), -1);
	assert_int_equal(buf_add(&b, "", 0), -1);
	assert_int_equal(buf_reserve(&b, 1), -1);
	assert_holds(&b, "abc");
	assert_true(b.failed);
	buf_clear(&b);
	assert_false(b.failed);
	assert_int_equal(buf_adds(&b, "wxyz"), 0);
	assert_holds(&b, "wxyz");
	assert_int_equal(buf_add(&b, "!", 1), -1);
	buf_release(&b);
	assert_false(b.failed);
	assert_int_equal(b.cap, 4);
}

static void test_huge_requests_fail(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	assert_int_equal(buf_adds(&b, "abc"), 0);
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -1);
	assert_holds(&b, "abc");
	buf_clear(&b);
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 2), -1);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* They end the process where malloc() would give NULL. */
	buf_clear(&b);
	buf_adds(&b, "abc");
	assert_int_equal(buf_reserve(&b, SIZE_MAX / 2 - 3), -1);
	assert_holds(&b, "abc");
#endif
	buf_release(&b);
	buf_init(&b, SIZE_MAX);
	assert_int_equal(buf_adds(&b, "abc"), 0);
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 3), -1);
	buf_release(&b);
}

static void test_reserve_spares_moves(void **state)
{
	struct buf b;
	char *p;
	int i;

	(void)state;
	buf_init(&b, 5000);
	assert_int_equal(buf_reserve(&b, 5000), 0);
	p = b.p;
	for (i = 0; i < 1000; i++)
		assert_int_equal(buf_addf(&b, "%05d", i), 0);
	assert_ptr_equal(b.p, p);
	assert_memory_equal(b.p + 995 * 5, "0099500996009970099800999", 25);
	buf_clear(&b);
	assert_ptr_equal(b.p, p);
	buf_release(&b);
}

/* Growth by doubling: few moves for many bytes. */
static void test_growth_is_geometric(void **state)
{
	struct buf b;
	size_t room = 0, moves = 0;
	int i;

	(void)state;
	buf_init(&b, 0);
	for (i = 0; i < 1000000; i++) {
		assert_int_equal(buf_add(&b, "x", 1), 0);
		moves += b.room != room;
		room = b.room;
	}
	assert_in_range(moves, 2, 20);
	buf_release(&b);
}

static void test_shift(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	buf_shift(&b, 0);
	buf_adds(&b, "abcdef");
	buf_shift(&b, 2);
	assert_holds(&b, "cdef");
	buf_shift(&b, 0);
	assert_holds(&b, "cdef");
	buf_adds(&b, "gh");
	buf_shift(&b, 6);
	assert_holds(&b, "");
	buf_release(&b);
}

static void test_detach(void **state)
{
	struct buf b;
	size_t n = 9;
	char *p;

	(void)state;
	buf_init(&b, 10);
	assert_null(buf_detach(&b, &n));
	assert_int_equal(n, 0);
	buf_adds(&b, "abc");
	p = buf_detach(&b, &n);
	assert_int_equal(n, 3);
	assert_memory_equal(p, "abc", 3);
	free(p);
	assert_holds(&b, "");
	assert_null(b.p);
	assert_int_equal(b.cap, 10);
	buf_adds(&b, "abc");
	buf_clear(&b);
	assert_null(buf_detach(&b, &n));
	assert_null(b.p);
}

static void test_spans(void **state)
{
	(void)state;
	assert_true(span_eq((struct span){NULL, 0}, span_of("")));
	assert_true(span_is((struct span){NULL, 0}, ""));
	assert_int_equal(span_of(NULL).n, 0);
	assert_false(span_is(span_of("ab"), "abc"));
	assert_false(span_is(span_of("abd"), "abc"));
	assert_true(span_is((struct span){"abcd", 3}, "abc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_every_cap),
		cmocka_unit_test(test_fault_stays_until_cleared),
		cmocka_unit_test(test_huge_requests_fail),
		cmocka_unit_test(test_reserve_spares_moves),
		cmocka_unit_test(test_growth_is_geometric),
		cmocka_unit_test(test_shift),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_spans),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
