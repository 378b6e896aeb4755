/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of errors, as clients rely on it: status decides what a library
 * raises and whether it repeats, `code` what a program switches on.
 */
#include "chat/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define INVALID "invalid_request_error"
#define SERVER	"server_error"
#define RATE	"rate_limit_error"

static const struct {
	enum fault_kind kind;
	int status;
	const char *type, *code, *param;
	bool retry_after;
	bool final; /* x-should-retry: false */
} rows[] = {
	{FAULT_BAD_REQUEST, 400, INVALID, "", "", false, false},
	{FAULT_MODEL_UNKNOWN, 404, INVALID, "model_not_found", "model", false,
	 false},
	{FAULT_URL_UNKNOWN, 404, INVALID, "unknown_url", "", false, false},
	{FAULT_NO_LEDGER, 404, INVALID, "no_ledger", "", false, false},
	{FAULT_METHOD, 405, INVALID, "method_not_allowed", "", false, false},
	{FAULT_KEY, 401, INVALID, "invalid_api_key", "", false, false},
	{FAULT_PERMISSION, 403, INVALID, "permission_denied", "model", false,
	 false},
	{FAULT_TOO_LARGE, 413, INVALID, "request_too_large", "", false, false},
	{FAULT_HEAD_TOO_LARGE, 431, INVALID, "headers_too_large", "", false,
	 false},
	{FAULT_ENCODING, 415, INVALID, "unsupported_content_encoding", "",
	 false, false},
	{FAULT_UPLOAD_TIMEOUT, 408, INVALID, "request_timeout", "", false,
	 false},
	{FAULT_CONTEXT_LENGTH, 400, INVALID, "context_length_exceeded",
	 "messages", false, false},
	{FAULT_UPSTREAM_REFUSED, 400, INVALID, "", "", false, false},
	{FAULT_UPSTREAM_AUTH, 502, SERVER, "upstream_auth_failed", "", false,
	 true},
	{FAULT_RATE_LIMIT, 429, RATE, "rate_limit_exceeded", "", true, false},
	{FAULT_QUOTA, 429, RATE, "insufficient_quota", "", false, true},
	{FAULT_UPSTREAM, 502, SERVER, "upstream_error", "", true, true},
	{FAULT_NO_BACKEND, 503, SERVER, "no_backend_available", "", true, true},
	{FAULT_TIMEOUT, 504, SERVER, "upstream_timeout", "", false, true},
	{FAULT_OVERLOADED, 503, SERVER, "overloaded", "", true, false},
	{FAULT_BUDGET, 503, SERVER, "budget_exceeded", "", false, true},
	{FAULT_INTERNAL, 500, SERVER, "internal_error", "", false, true},
};

#define N_ROWS (sizeof(rows) / sizeof(*rows))

static void test_table(void **state)
{
	(void)state;
	assert_int_equal(N_ROWS, FAULT_NKINDS - 1); /* each kind is here */
	for (size_t i = 0; i < N_ROWS; i++) {
		struct fault f;

		memset(&f, 0x5a, sizeof(f));
		fault_set(&f, rows[i].kind, "byte %d of %s", 17, "it");
		assert_int_equal(f.kind, rows[i].kind);
		assert_int_equal(f.status, rows[i].status);
		assert_string_equal(f.message, "byte 17 of it");
		assert_string_equal(fault_type(&f), rows[i].type);
		assert_string_equal(f.code, rows[i].code);
		assert_string_equal(f.param, rows[i].param);
		assert_int_equal(fault_forbids_retry(&f), rows[i].final);
		assert_string_equal(f.retry_after_ms, "");
		if (rows[i].retry_after) /* whole seconds, at least one */
			assert_in_range(strtol(f.retry_after, NULL, 10), 1, 5);
		else
			assert_string_equal(f.retry_after, "");
	}
}

/* Clients repeat 408, 409, 429 and all of 5xx unless they are told not to.
 * Where all tiers were asked a repeat costs the same again. */
static void test_nothing_paid_is_repeated(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ROWS; i++) {
		enum fault_kind k = rows[i].kind;
		bool repeated = rows[i].status == 408 ||
				rows[i].status == 409 ||
				rows[i].status == 429 || rows[i].status >= 500;
		/* Nothing was asked, or the backend itself says when. */
		bool free_to = k == FAULT_UPLOAD_TIMEOUT ||
			       k == FAULT_OVERLOADED || k == FAULT_RATE_LIMIT;
		struct fault f;

		fault_set(&f, k, "x");
		assert_int_equal(fault_forbids_retry(&f), repeated && !free_to);
	}
}

/* Another's key must not look like the client's. */
static void test_only_our_key_gives_401(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ROWS; i++)
		assert_int_equal(rows[i].status == 401,
				 rows[i].kind == FAULT_KEY);
}

static void test_long_message_is_cut(void **state)
{
	char text[1000];
	struct fault f;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fault_set(&f, FAULT_UPSTREAM, "%s", text);
	assert_int_equal(strlen(f.message), sizeof(f.message) - 1);
	assert_string_equal(f.code, "upstream_error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nothing_paid_is_repeated),
		cmocka_unit_test(test_only_our_key_gives_401),
		cmocka_unit_test(test_long_message_is_cut),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
