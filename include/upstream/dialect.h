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
#include "conf/conf.h"

/* Fields that we add to a question, as bits. */
enum dialect_added {
	DIALECT_ADDED_LOGPROBS = 1,
	DIALECT_ADDED_USAGE = 2,
};

struct dialect {
	const char *name;
	const char *chat_path; /* behind base_url */
	int (*ask)(const struct conf_backend *conf,
		   const struct chat_request *rq, const struct chat_ask *ask,
		   struct arena *a, struct buf *out);
	/* An error status: fills *f with what the client would be told.
	 * Returns the added fields that the backend complains of. */
	unsigned (*refusal)(int status, struct span body, struct fault *f);
};

/* Never NULL: the OpenAI dialect serves every `kind`, with its quirks. */
const struct dialect *dialect_of(const struct conf_backend *conf);

#endif
