/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations are zeroed or end the process; arenas align, grow, keep.
 */
#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void assert_zero(const void *p, size_t n)
{
	const char *c = p;
	size_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(c[i], 0);
}

static void test_new_is_zeroed(void **state)
{
	char *p;
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		p = mem_new(333);
		assert_zero(p, 333);
		memset(p, 'x', 333);
		free(p);
	}
	p = mem_array(7, 11);
	assert_zero(p, 77);
	free(p);
}

static void test_nothing_is_something(void **state)
{
	void *p[4] = {mem_new(0), mem_array(0, 8), mem_array(8, 0),
		      mem_resize(mem_new(9), 0, 8)};
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_non_null(p[i]);
		free(p[i]);
	}
}

static void test_resize_keeps(void **state)
{
	char *p = mem_resize(NULL, 3, 1);

	(void)state;
	memcpy(p, "abc", 3);
	p = mem_resize(p, 1000, 1000);
	assert_memory_equal(p, "abc", 3);
	p = mem_resize(p, 2, 1);
	assert_memory_equal(p, "ab", 2);
	free(p);
}

static void test_text(void **state)
{
	char *p;

	(void)state;
	assert_null(mem_dup(NULL));
	p = mem_dup("");
	assert_string_equal(p, "");
	free(p);
	p = mem_dup("word");
	assert_string_equal(p, "word");
	free(p);
	p = mem_dup_span((struct span){NULL, 0});
	assert_string_equal(p, "");
	free(p);
	p = mem_dup_span((struct span){"a\0bcd", 4});
	assert_memory_equal(p, "a\0bc", 5);
	free(p);
	p = mem_printf("%d-%0400d", 5, 6);
	assert_int_equal(strlen(p), 402);
	free(p);
}

/* What ends the process, and with which line. */
static void *too_large(void)
{
	return mem_new(SIZE_MAX / 4);
}

static void *overflows(void)
{
	return mem_array(SIZE_MAX / 2, 4);
}

static void *resize_overflows(void)
{
	return mem_resize(NULL, SIZE_MAX / 2, 4);
}

static void *span_too_large(void)
{
	return mem_dup_span((struct span){"", SIZE_MAX});
}

static void *arena_too_large(void)
{
	return arena_get(arena_new(), SIZE_MAX);
}

static void *arena_span_too_large(void)
{
	return arena_dup(arena_new(), (struct span){"", SIZE_MAX});
}

static void assert_aborts(void *(*fn)(void))
{
	static const struct rlimit no_core = {0, 0};
	char line[200];
	ssize_t n;
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(fds[1], STDERR_FILENO);
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		_exit(fn() != NULL);
	}
	close(fds[1]);
	n = read(fds[0], line, sizeof(line) - 1);
	assert_true(n >= 0);
	line[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_string_equal(line, "error msg=\"out of memory\"\n");
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
#else
	/* A sanitizer may end it first, with a report of its own. */
	assert_true(n > 0);
#endif
}

static void test_no_memory_ends_the_process(void **state)
{
	(void)state;
	assert_aborts(too_large);
	assert_aborts(overflows);
	assert_aborts(resize_overflows);
	assert_aborts(span_too_large);
	assert_aborts(arena_too_large);
	assert_aborts(arena_span_too_large);
}

/* Pieces of every size: zeroed, aligned, and none overlaps another. */
static void test_arena_pieces(void **state)
{
	enum { N = 3000 };
	static unsigned char *piece[N];
	static size_t size[N];
	struct arena *a = arena_new();
	size_t i, j;

	(void)state;
	srandom(1);
	for (i = 0; i < N; i++) {
		size[i] = (size_t)random() % (i % 50 ? 300 : 20000);
		piece[i] = arena_get(a, size[i]);
		assert_int_equal((uintptr_t)piece[i] % 16, 0);
		assert_zero(piece[i], size[i]);
		memset(piece[i], (int)(i % 251 + 1), size[i]);
	}
	for (i = 0; i < N; i++)
		for (j = 0; j < size[i]; j++)
			assert_int_equal(piece[i][j], i % 251 + 1);
	arena_free(a);
}

static void test_arena_size(void **state)
{
	struct arena *a = arena_new();
	size_t before = arena_size(a), large;

	(void)state;
	assert_true(before > 0 && before <= 4096);
	arena_get(a, 100);
	assert_int_equal(arena_size(a), before);
	arena_get(a, 1000000);
	large = arena_size(a);
	assert_in_range(large, before + 1000000, before + 1001000);
	/* A large piece leaves the room of the chunk before it usable. */
	arena_get(a, 1000);
	assert_int_equal(arena_size(a), large);
	arena_get(a, 2000);
	arena_get(a, 2000);
	assert_true(arena_size(a) > large);
	arena_free(a);
	arena_free(NULL);
}

/* Stands in for the library's, to see what is wiped before it is freed. */
static const char *watched;
static size_t watched_n;
static int watched_wiped;

void __explicit_bzero_chk(void *p, size_t n, size_t room);

void explicit_bzero(void *p, size_t n)
{
	const char *c = p;

	memset(p, 0, n);
	watched_wiped += watched >= c && watched + watched_n <= c + n;
}

void __explicit_bzero_chk(void *p, size_t n, size_t room)
{
	(void)room;
	explicit_bzero(p, n);
}

static void assert_wiped(size_t before, size_t n)
{
	struct arena *a = arena_new();
	char *p;

	arena_get(a, before);
	p = arena_get(a, n);
	memset(p, 's', n);
	watched = p;
	watched_n = n;
	watched_wiped = 0;
	arena_free(a);
	assert_int_equal(watched_wiped, 1);
}

static void test_arena_is_wiped(void **state)
{
	(void)state;
	assert_wiped(0, 1);
	assert_wiped(100, 1000);
	assert_wiped(100, 100000);
	assert_wiped(2000, 2040);
	assert_wiped(100000, 9);
}

static void test_arena_text(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(arena_dup(a, (struct span){NULL, 0}), "");
	assert_string_equal(arena_dup(a, (struct span){"wordy", 4}), "word");
	assert_string_equal(arena_printf(a, "%s=%d", "k", 5), "k=5");
	assert_int_equal(strlen(arena_printf(a, "%09000d", 5)), 9000);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_is_zeroed),
		cmocka_unit_test(test_nothing_is_something),
		cmocka_unit_test(test_resize_keeps),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_no_memory_ends_the_process),
		cmocka_unit_test(test_arena_pieces),
		cmocka_unit_test(test_arena_size),
		cmocka_unit_test(test_arena_is_wiped),
		cmocka_unit_test(test_arena_text),
	};

	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
