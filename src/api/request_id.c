/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request's name may be made of.
 */
#include "api/request_id.h"

static bool is_mark(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool request_id_is_valid(struct span text)
{
	if (text.n < 1 || text.n > REQUEST_ID_MOST)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (!is_mark(text.p[i]))
			return false;
	}
	return true;
}
