/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: small allocations that abort rather than fail, and an arena.
 *
 * Use mem_* for small things of fixed size. Whatever a client or a backend
 * can make large goes into a struct buf, which has a cap and can fail.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/span.h"

/* Zeroed. Never NULL: the process ends with one line when there is none. */
void *mem_new(size_t size);
void *mem_array(size_t count, size_t size);
/* Keeps what fits; what is new is not zeroed. Never frees. */
void *mem_resize(void *p, size_t count, size_t size);
char *mem_dup(const char *cstr);   /* NULL gives NULL */
char *mem_dup_span(struct span s); /* NUL-terminated copy */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Memory that lives and dies with one owner; nothing in it is freed singly. */
struct arena;

struct arena *arena_new(void);
/* Overwrites with zeros what was handed out, then frees. NULL is fine. */
void arena_free(struct arena *a);
/* The same, but the arena is then empty and usable. */
void arena_reset(struct arena *a);
void *arena_get(struct arena *a, size_t size);	 /* zeroed, aligned to 16 */
char *arena_dup(struct arena *a, struct span s); /* NUL-terminated */
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
size_t arena_size(const struct arena *a); /* bytes taken from the system */

#endif
