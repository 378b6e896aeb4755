/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads tests/data/vectors.json, the numbers that others computed. Include it
 * after cmocka.h.
 */
#ifndef UNIT_VECTORS_H
#define UNIT_VECTORS_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Group setup and teardown of a test program: *state is the whole file. */
static inline int load_vectors(void **state)
{
	*state = json_load_file("tests/data/vectors.json", 0, NULL);
	return *state ? 0 : -1;
}

static inline int free_vectors(void **state)
{
	json_decref(*state);
	return 0;
}

/* The cases of a group; there is at least one. */
static inline const json_t *cases_of(void **state, const char *group)
{
	const json_t *list = json_object_get(*state, group);

	assert_true(json_array_size(list) > 0);
	return list;
}

static inline double member(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	assert_true(json_is_number(v));
	return json_number_value(v);
}

static inline size_t count_member(const json_t *o, const char *name)
{
	return (size_t)member(o, name);
}

static inline size_t numbers(const json_t *list, double *v, size_t room)
{
	size_t n = json_array_size(list);

	assert_true(n > 0 && n <= room);
	for (size_t i = 0; i < n; i++)
		v[i] = json_number_value(json_array_get(list, i));
	return n;
}

/* Labels 1 and 0, or 1 and -1. */
static inline size_t labels(const json_t *list, bool *y, size_t room)
{
	size_t n = json_array_size(list);

	assert_true(n > 0 && n <= room);
	for (size_t i = 0; i < n; i++)
		y[i] = json_number_value(json_array_get(list, i)) > 0;
	return n;
}

static inline void expect_within(double got, double want, double by)
{
	if (!(fabs(got - want) <= by))
		fail_msg("%.17g, not %.17g", got, want);
}

/* The same draws on every machine: [0, 1). */
static inline double draw(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return (double)(*x >> 11) * 0x1p-53;
}

#endif
