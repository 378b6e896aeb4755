/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths there are.
 */
#include "api/route.h"

static bool drop_prefix(struct span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n < n || memcmp(s->p, prefix, n) != 0)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

static struct route only(const char *method, const char *wanted,
			 const char *allow, enum route_kind kind,
			 struct span id)
{
	if (!strcmp(method, wanted) ||
	    (!strcmp(wanted, "GET") && !strcmp(method, "HEAD")))
		return (struct route){ kind, id, NULL };
	return (struct route){ ROUTE_METHOD, { NULL, 0 }, allow };
}

struct route route_find(const char *method, const char *path)
{
	const struct span none = { NULL, 0 };
	struct span s = span_of(path);

	if (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	drop_prefix(&s, "/v1");
	if (span_is(s, "/chat/completions"))
		return only(method, "POST", "POST", ROUTE_CHAT, none);
	if (span_is(s, "/feedback"))
		return only(method, "POST", "POST", ROUTE_FEEDBACK, none);
	if (span_is(s, "/models"))
		return only(method, "GET", "GET, HEAD", ROUTE_MODELS, none);
	if (drop_prefix(&s, "/models/") && s.n > 0)
		return only(method, "GET", "GET, HEAD", ROUTE_MODEL, s);
	return (struct route){ ROUTE_UNKNOWN, none, NULL };
}
