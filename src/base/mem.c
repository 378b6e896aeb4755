/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations that end the process rather than fail, and arenas.
 */
#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARENA_ALIGN	  16u
#define ARENA_CHUNK_FIRST 4096u
#define ARENA_CHUNK_MOST  65536u

struct chunk {
	struct chunk *older;
	size_t used;
	size_t room;
	_Alignas(ARENA_ALIGN) char data[];
};

/* Lives in its own first chunk, so a small request costs one malloc(). */
struct arena {
	struct chunk *newest; /* the one that is handed out from */
	size_t grow;	      /* size of the next ordinary chunk */
	size_t size;
};

static _Noreturn void out_of_memory(void)
{
	static const char line[] = "error msg=\"out of memory\"\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		abort();
	abort();
}

static void *must(void *p)
{
	if (!p)
		out_of_memory();
	return p;
}

void *mem_new(size_t size)
{
	return must(calloc(1, size ? size : 1));
}

void *mem_array(size_t count, size_t size)
{
	if (count == 0 || size == 0)
		return mem_new(1);
	return must(calloc(count, size));
}

void *mem_resize(void *p, size_t count, size_t size)
{
	if (count == 0 || size == 0)
		return must(realloc(p, 1));
	return must(reallocarray(p, count, size));
}

char *mem_dup(const char *cstr)
{
	return cstr ? mem_dup_span(span_of(cstr)) : NULL;
}

char *mem_dup_span(struct span s)
{
	char *p;

	if (s.n == SIZE_MAX)
		out_of_memory();
	p = must(malloc(s.n + 1));
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return p;
}

static size_t align_up(size_t n)
{
	return (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

static struct chunk *chunk_new(size_t size, struct chunk *older)
{
	struct chunk *c = must(malloc(size));

	c->older = older;
	c->used = 0;
	c->room = size - sizeof(*c);
	return c;
}

static void *chunk_get(struct chunk *c, size_t size)
{
	void *p = c->data + c->used;

	assert(size <= c->room - c->used);
	c->used += size;
	return memset(p, 0, size);
}

struct arena *arena_new(void)
{
	struct chunk *c = chunk_new(ARENA_CHUNK_FIRST, NULL);
	struct arena *a;

	a = chunk_get(c, align_up(sizeof(*a)));
	a->newest = c;
	a->grow = 2 * ARENA_CHUNK_FIRST;
	a->size = ARENA_CHUNK_FIRST;
	return a;
}

void arena_free(struct arena *a)
{
	struct chunk *c, *older;

	if (!a)
		return;
	/* The arena itself goes with the oldest chunk, the last one. */
	for (c = a->newest; c; c = older) {
		older = c->older;
		explicit_bzero(c->data, c->used);
		free(c);
	}
}

void arena_reset(struct arena *a)
{
	const size_t own = align_up(sizeof(*a));
	struct chunk *first = NULL, *c, *older;

	for (c = a->newest; c; c = older) {
		older = c->older;
		if (c->data == (char *)a) {
			first = c;
			explicit_bzero(c->data + own, c->used - own);
			continue;
		}
		explicit_bzero(c->data, c->used);
		free(c);
	}
	assert(first);
	first->older = NULL;
	first->used = own;
	a->newest = first;
	a->grow = 2 * ARENA_CHUNK_FIRST;
	a->size = ARENA_CHUNK_FIRST;
}

/* A large piece gets a chunk of its own behind the newest one, which still
 * has room for small ones. */
static void *get_large(struct arena *a, size_t size)
{
	struct chunk *c = chunk_new(sizeof(*c) + size, a->newest->older);

	a->newest->older = c;
	a->size += sizeof(*c) + size;
	return chunk_get(c, size);
}

void *arena_get(struct arena *a, size_t size)
{
	if (size > SIZE_MAX / 2)
		out_of_memory();
	size = align_up(size ? size : 1);
	if (size <= a->newest->room - a->newest->used)
		return chunk_get(a->newest, size);
	if (size > ARENA_CHUNK_FIRST / 2)
		return get_large(a, size);
	a->newest = chunk_new(a->grow, a->newest);
	a->size += a->grow;
	if (a->grow < ARENA_CHUNK_MOST)
		a->grow *= 2;
	return chunk_get(a->newest, size);
}

char *arena_dup(struct arena *a, struct span s)
{
	char *p;

	if (s.n == SIZE_MAX)
		out_of_memory();
	p = arena_get(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	struct chunk *c = a->newest;
	size_t left = c->room - c->used;
	char *p = c->data + c->used;
	va_list ap;
	int n;

	/* Where it most often fits, it is written at once. */
	va_start(ap, fmt);
	n = vsnprintf(p, left, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	if ((size_t)n < left && align_up((size_t)n + 1) <= left) {
		c->used += align_up((size_t)n + 1);
		return p;
	}
	p = arena_get(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

size_t arena_size(const struct arena *a)
{
	return a->size;
}
