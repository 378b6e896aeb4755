/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that grow up to a cap, and never abort.
 *
 * One byte more than `room` is allocated always: buf_addf() prints into place
 * and vsnprintf() needs somewhere to put its NUL, even at the cap.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST 64u

static int fail(struct buf *b)
{
	b->failed = true;
	return -1;
}

void buf_init(struct buf *b, size_t cap)
{
	*b = (struct buf){.cap = cap};
}

void buf_release(struct buf *b)
{
	free(b->p);
	buf_init(b, b->cap);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

static size_t most(const struct buf *b)
{
	return b->cap && b->cap < SIZE_MAX / 2 ? b->cap : SIZE_MAX / 2;
}

int buf_reserve(struct buf *b, size_t more)
{
	size_t room = b->room ? b->room : BUF_FIRST;
	char *p;

	if (b->failed || more > most(b) || b->n > most(b) - more)
		return fail(b);
	if (more <= b->room - b->n)
		return 0;
	/* Doubling keeps many small appends linear in all. */
	while (room < b->n + more)
		room *= 2;
	if (room > most(b))
		room = most(b);
	p = realloc(b->p, room + 1);
	if (!p)
		return fail(b);
	b->p = p;
	b->room = room;
	return 0;
}

int buf_add(struct buf *b, const void *p, size_t n)
{
	/* Looked at first: most appends find room. */
	if ((b->failed || n > b->room - b->n) && buf_reserve(b, n) < 0)
		return -1;
	if (n) {
		memcpy(b->p + b->n, p, n);
		b->n += n;
	}
	return 0;
}

int buf_adds(struct buf *b, const char *cstr)
{
	return buf_add(b, cstr, strlen(cstr));
}

__attribute__((format(printf, 2, 0))) static int
print(struct buf *b, const char *fmt, va_list ap)
{
	if (!b->p)
		return vsnprintf(NULL, 0, fmt, ap);
	return vsnprintf(b->p + b->n, b->room - b->n + 1, fmt, ap);
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (b->failed)
		return -1;
	va_start(ap, fmt);
	n = print(b, fmt, ap);
	va_end(ap);
	if (n < 0)
		return fail(b);
	if (!b->p || (size_t)n > b->room - b->n) {
		if (buf_reserve(b, (size_t)n) < 0)
			return -1;
		va_start(ap, fmt);
		print(b, fmt, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
	return 0;
}

void buf_shift(struct buf *b, size_t n)
{
	assert(n <= b->n);
	if (n == 0)
		return;
	b->n -= n;
	memmove(b->p, b->p + n, b->n);
}

char *buf_detach(struct buf *b, size_t *n)
{
	char *p = b->p;

	*n = b->n;
	if (b->n == 0) {
		free(p);
		p = NULL;
	}
	buf_init(b, b->cap);
	return p;
}
