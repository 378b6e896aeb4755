/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table from byte strings to borrowed pointers.
 */
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

#define uthash_malloc(size) mem_new(size)
#include <uthash.h>

struct entry {
	UT_hash_handle hh;
	void *value;
	char key[]; /* no NUL */
};

struct map {
	struct entry *entries;
};

struct map *map_new(void)
{
	return mem_new(sizeof(struct map));
}

void map_free(struct map *m)
{
	struct entry *e, *next;

	if (!m)
		return;
	HASH_ITER (hh, m->entries, e, next) {
		HASH_DEL(m->entries, e);
		free(e);
	}
	free(m);
}

static struct entry *find(const struct map *m, struct span key)
{
	struct entry *e;

	HASH_FIND(hh, m->entries, key.p, key.n, e);
	return e;
}

void *map_put(struct map *m, struct span key, void *value)
{
	struct entry *e = find(m, key);
	void *older;

	if (e) {
		older = e->value;
		e->value = value;
		return older;
	}
	e = mem_new(sizeof(*e) + key.n);
	if (key.n)
		memcpy(e->key, key.p, key.n);
	e->value = value;
	HASH_ADD_KEYPTR(hh, m->entries, e->key, key.n, e);
	return NULL;
}

void *map_find(const struct map *m, struct span key)
{
	struct entry *e = find(m, key);

	return e ? e->value : NULL;
}

size_t map_size(const struct map *m)
{
	return HASH_COUNT(m->entries);
}
