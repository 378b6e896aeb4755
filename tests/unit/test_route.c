/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths and methods to what is asked for.
 */
#include "api/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *method, *path;
	enum route_kind kind;
	const char *id, *allow;
} rows[] = {
	{"POST", "/v1/chat/completions", ROUTE_CHAT, NULL, NULL},
	{"POST", "/chat/completions", ROUTE_CHAT, NULL, NULL},
	{"POST", "/v1/chat/completions/", ROUTE_CHAT, NULL, NULL},
	{"POST", "/v1/feedback", ROUTE_FEEDBACK, NULL, NULL},
	{"POST", "/feedback", ROUTE_FEEDBACK, NULL, NULL},
	{"POST", "/v1/feedback/", ROUTE_FEEDBACK, NULL, NULL},
	{"GET", "/v1/models", ROUTE_MODELS, NULL, NULL},
	{"GET", "/models", ROUTE_MODELS, NULL, NULL},
	{"GET", "/v1/models/", ROUTE_MODELS, NULL, NULL},
	{"HEAD", "/v1/models", ROUTE_MODELS, NULL, NULL},
	{"GET", "/v1/models/a", ROUTE_MODEL, "a", NULL},
	{"GET", "/models/a", ROUTE_MODEL, "a", NULL},
	{"GET", "/v1/models/a/", ROUTE_MODEL, "a", NULL},
	{"HEAD", "/v1/models/a", ROUTE_MODEL, "a", NULL},
	/* Names of models have slashes, sent as they are or encoded. */
	{"GET", "/v1/models/org/model-7b", ROUTE_MODEL, "org/model-7b", NULL},
	{"GET", "/v1/models/org%2Fm", ROUTE_MODEL, "org%2Fm", NULL},
	{"GET", "/v1/models/%ff", ROUTE_MODEL, "%ff", NULL},

	{"GET", "/v1/chat/completions", ROUTE_METHOD, NULL, "POST"},
	{"HEAD", "/v1/chat/completions", ROUTE_METHOD, NULL, "POST"},
	{"post", "/v1/chat/completions", ROUTE_METHOD, NULL, "POST"},
	{"OPTIONS", "/v1/chat/completions", ROUTE_METHOD, NULL, "POST"},
	{"GET", "/v1/feedback", ROUTE_METHOD, NULL, "POST"},
	{"HEAD", "/v1/feedback", ROUTE_METHOD, NULL, "POST"},
	{"POST", "/v1/models", ROUTE_METHOD, NULL, "GET, HEAD"},
	{"DELETE", "/v1/models/a", ROUTE_METHOD, NULL, "GET, HEAD"},

	{"GET", "/", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v1", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v1/", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "//", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "v1/models", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v1models", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v1/v1/models", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v2/models", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "//v1/models", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v1//models", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v1/models//", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v1/modelsx", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/V1/Models", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v1/%6dodels", ROUTE_UNKNOWN, NULL, NULL},
	{"POST", "/v1/chat/completions//", ROUTE_UNKNOWN, NULL, NULL},
	{"POST", "/v1/chat/completions/x", ROUTE_UNKNOWN, NULL, NULL},
	{"POST", "/v1/chat", ROUTE_UNKNOWN, NULL, NULL},
	{"POST", "/v1/feedback/x", ROUTE_UNKNOWN, NULL, NULL},
	{"POST", "/v1/feedbacks", ROUTE_UNKNOWN, NULL, NULL},
	{"POST", "/v1/completions", ROUTE_UNKNOWN, NULL, NULL},
	{"POST", "/v1/responses", ROUTE_UNKNOWN, NULL, NULL},
	/* The admin listener's are not here. */
	{"GET", "/metrics", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/healthz", ROUTE_UNKNOWN, NULL, NULL},
	{"GET", "/v1/metrics", ROUTE_UNKNOWN, NULL, NULL},
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct route r = route_find(rows[i].method, rows[i].path);

		if (r.kind != rows[i].kind)
			fail_msg("%s %s: %d", rows[i].method, rows[i].path,
				 r.kind);
		assert_true(span_eq(r.id, span_of(rows[i].id)));
		if (rows[i].allow)
			assert_string_equal(r.allow, rows[i].allow);
		else
			assert_null(r.allow);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
