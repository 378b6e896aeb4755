/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of errors that clients are told.
 */
#include "chat/fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INVALID "invalid_request_error"
#define SERVER	"server_error"
#define RATE	"rate_limit_error"

static const struct row {
	int status;
	const char *type;
	const char *code; /* NULL: null */
	const char *param;
	const char *retry_after; /* NULL: no such header */
	bool forbids_retry;
} rows[FAULT_NKINDS] = {
	[FAULT_NONE] = { 200, NULL, NULL, NULL, NULL, false },
	[FAULT_BAD_REQUEST] = { 400, INVALID, NULL, NULL, NULL, false },
	[FAULT_MODEL_UNKNOWN] = { 404, INVALID, "model_not_found", "model",
				  NULL, false },
	[FAULT_URL_UNKNOWN] = { 404, INVALID, "unknown_url", NULL, NULL,
				false },
	[FAULT_NO_LEDGER] = { 404, INVALID, "no_ledger", NULL, NULL, false },
	[FAULT_METHOD] = { 405, INVALID, "method_not_allowed", NULL, NULL,
			   false },
	[FAULT_KEY] = { 401, INVALID, "invalid_api_key", NULL, NULL, false },
	[FAULT_PERMISSION] = { 403, INVALID, "permission_denied", "model", NULL,
			       false },
	[FAULT_TOO_LARGE] = { 413, INVALID, "request_too_large", NULL, NULL,
			      false },
	[FAULT_HEAD_TOO_LARGE] = { 431, INVALID, "headers_too_large", NULL,
				   NULL, false },
	[FAULT_ENCODING] = { 415, INVALID, "unsupported_content_encoding",
			     NULL, NULL, false },
	[FAULT_UPLOAD_TIMEOUT] = { 408, INVALID, "request_timeout", NULL, NULL,
				   false },
	[FAULT_CONTEXT_LENGTH] = { 400, INVALID, "context_length_exceeded",
				   "messages", NULL, false },
	[FAULT_UPSTREAM_REFUSED] = { 400, INVALID, NULL, NULL, NULL, false },
	[FAULT_UPSTREAM_AUTH] = { 502, SERVER, "upstream_auth_failed", NULL,
				  NULL, true },
	[FAULT_RATE_LIMIT] = { 429, RATE, "rate_limit_exceeded", NULL, "1",
			       false },
	[FAULT_QUOTA] = { 429, RATE, "insufficient_quota", NULL, NULL, true },
	[FAULT_UPSTREAM] = { 502, SERVER, "upstream_error", NULL, "1", true },
	[FAULT_NO_BACKEND] = { 503, SERVER, "no_backend_available", NULL, "1",
			       true },
	[FAULT_TIMEOUT] = { 504, SERVER, "upstream_timeout", NULL, NULL, true },
	[FAULT_OVERLOADED] = { 503, SERVER, "overloaded", NULL, "1", false },
	[FAULT_BUDGET] = { 503, SERVER, "budget_exceeded", NULL, NULL, true },
	[FAULT_INTERNAL] = { 500, SERVER, "internal_error", NULL, NULL, true },
};

void fault_set(struct fault *f, enum fault_kind kind, const char *fmt, ...)
{
	const struct row *row = &rows[kind];
	va_list ap;

	assert(kind > FAULT_NONE && kind < FAULT_NKINDS);
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->status = row->status;
	va_start(ap, fmt);
	vsnprintf(f->message, sizeof(f->message), fmt, ap);
	va_end(ap);
	if (row->code)
		snprintf(f->code, sizeof(f->code), "%s", row->code);
	if (row->param)
		snprintf(f->param, sizeof(f->param), "%s", row->param);
	if (row->retry_after)
		snprintf(f->retry_after, sizeof(f->retry_after), "%s",
			 row->retry_after);
}

const char *fault_type(const struct fault *f)
{
	return rows[f->kind].type;
}

bool fault_forbids_retry(const struct fault *f)
{
	return rows[f->kind].forbids_retry;
}
