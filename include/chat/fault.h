/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error as OpenAI clients understand it: status, type, code, and whether a
 * repeat makes sense. One table; every error answer comes from it. Pure.
 */
#ifndef CHAT_FAULT_H
#define CHAT_FAULT_H

#include <stdbool.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_BAD_REQUEST,	   /* 400 */
	FAULT_MODEL_UNKNOWN,	   /* 404 model_not_found */
	FAULT_URL_UNKNOWN,	   /* 404 unknown_url */
	FAULT_NO_LEDGER,	   /* 404 no_ledger */
	FAULT_METHOD,		   /* 405 */
	FAULT_KEY,		   /* 401 invalid_api_key */
	FAULT_PERMISSION,	   /* 403 permission_denied */
	FAULT_TOO_LARGE,	   /* 413 request_too_large */
	FAULT_HEAD_TOO_LARGE,	   /* 431 */
	FAULT_ENCODING,		   /* 415 unsupported_content_encoding */
	FAULT_UPLOAD_TIMEOUT,	   /* 408 */
	FAULT_CONTEXT_LENGTH,	   /* 400 context_length_exceeded */
	FAULT_UPSTREAM_REFUSED,	   /* the backend's own 400, 404, 422, ... */
	FAULT_UPSTREAM_AUTH,	   /* 502 upstream_auth_failed */
	FAULT_RATE_LIMIT,	   /* 429, a backend's */
	FAULT_QUOTA,		   /* 429 insufficient_quota, a backend's */
	FAULT_UPSTREAM,		   /* 502 upstream_error */
	FAULT_NO_BACKEND,	   /* 503 no_backend_available */
	FAULT_TIMEOUT,		   /* 504 upstream_timeout */
	FAULT_OVERLOADED,	   /* 503 overloaded */
	FAULT_BUDGET,		   /* 503 budget_exceeded */
	FAULT_INTERNAL,		   /* 500 internal_error */
	FAULT_NKINDS,
};

struct fault {
	enum fault_kind kind;
	int status;	       /* from the table, or the backend's own */
	char message[256];     /* for people; no key, no prompt text */
	char param[32];	       /* "" is null */
	char code[64];	       /* "" is null */
	char retry_after[32];  /* value of Retry-After; "" for none */
	char retry_after_ms[16];
};

/* Fills *f from the table; message by the format. */
void fault_set(struct fault *f, enum fault_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

const char *fault_type(const struct fault *f); /* "invalid_request_error", ... */
bool fault_forbids_retry(const struct fault *f); /* x-should-retry: false */

#endif
