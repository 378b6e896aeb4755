/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks two trees side by side.
 */
#include "verify/json_same.h"

#include <jansson.h>

#include "verify/number.h"

static bool values_same(const json_t *a, const json_t *b);

static bool arrays_same(const json_t *a, const json_t *b)
{
	size_t n = json_array_size(a);

	if (json_array_size(b) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!values_same(json_array_get(a, i), json_array_get(b, i)))
			return false;
	return true;
}

static bool objects_same(const json_t *a, const json_t *b)
{
	void *i = json_object_iter((json_t *)a);

	if (json_object_size(a) != json_object_size(b))
		return false;
	for (; i; i = json_object_iter_next((json_t *)a, i))
		if (!values_same(json_object_iter_value(i),
				 json_object_get(b, json_object_iter_key(i))))
			return false;
	return true;
}

/* b may be NULL. As deep as the parser lets them be. */
static bool values_same(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b) &&
	    !(json_is_integer(a) && json_is_integer(b)))
		return number_same(json_number_value(a), json_number_value(b));
	if (json_is_array(a) && json_is_array(b))
		return arrays_same(a, b);
	if (json_is_object(a) && json_is_object(b))
		return objects_same(a, b);
	return json_equal(a, b);
}

static json_t *read_value(struct span text)
{
	if (text.n == 0 || text.n > JSON_SAME_MOST)
		return NULL;
	return json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL,
			  NULL);
}

int json_same(struct span a, struct span b, bool *same)
{
	json_t *x = read_value(a), *y = read_value(b);
	int rc = x && y ? 0 : -1;

	if (rc == 0)
		*same = values_same(x, y);
	json_decref(x);
	json_decref(y);
	return rc;
}
