/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that grow up to a cap.
 *
 * The struct is yours, the bytes are its. A failed append (cap passed, no
 * memory) leaves the bytes as they were and sets `failed`; every later one
 * fails too, until buf_clear(). So a caller may append many times and look
 * once, and never finds a hole.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct buf {
	char *p;
	size_t n;
	size_t room;
	size_t cap; /* most bytes it may hold; 0: no bound */
	bool failed;
};

void buf_init(struct buf *b, size_t cap);
void buf_release(struct buf *b); /* frees; b is then empty and usable */
void buf_clear(struct buf *b);	 /* n = 0, failed no more, keeps the room */

/* 0, or -1 with b->failed set. */
int buf_add(struct buf *b, const void *p, size_t n);
int buf_adds(struct buf *b, const char *cstr);
int buf_addf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int buf_reserve(struct buf *b, size_t more);

/* Drops the first n bytes. */
void buf_shift(struct buf *b, size_t n);

/* The bytes are yours now (free() them); b is empty. NULL when n is 0. */
char *buf_detach(struct buf *b, size_t *n);

static inline int buf_add_span(struct buf *b, struct span s)
{
	return buf_add(b, s.p, s.n);
}

static inline struct span buf_span(const struct buf *b)
{
	return (struct span){b->p, b->n};
}

#endif
