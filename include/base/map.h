/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String keys to pointers, on uthash. Keys are copied, values are borrowed.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

#include "base/span.h"

struct map;

struct map *map_new(void);
void map_free(struct map *m);
/* Replaces an older value; returns it, or NULL. */
void *map_put(struct map *m, struct span key, void *value);
void *map_find(const struct map *m, struct span key);
size_t map_size(const struct map *m);

#endif
