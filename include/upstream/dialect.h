/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wire format that backends speak: how a question is written and what an
 * error means. One table of functions a format.
 */
#ifndef UPSTREAM_DIALECT_H
#define UPSTREAM_DIALECT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/span.h"
#include "chat/chat.h"
#include "chat/chat_edit.h"
#include "chat/fault.h"

struct backend;

struct dialect {
	const char *name;
	const char *chat_path; /* behind base_url */
	int (*ask)(const struct backend *b, const struct chat_request *rq,
		   const struct chat_ask *ask, struct arena *a,
		   struct buf *out);
	/* An error status: fills *f with what the client would be told.
	 * *injected: the backend rejected a field that we had added. */
	void (*refusal)(int status, struct span body, struct fault *f,
			bool *injected);
};

/* Never NULL: the OpenAI dialect serves every `kind`, with its quirks. */
struct conf_backend;
const struct dialect *dialect_of(const struct conf_backend *conf);

#endif
