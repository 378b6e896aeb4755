/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody says about an answer: one JSON object of at most 1 MiB,
 *	{"request_id": "7f3a", "label": true, "backend": "small", "source": "x"}
 * of which the last two may be null or left out. Read strictly: members of
 * other names, or twice, are refused. Pure.
 */
#ifndef API_FEEDBACK_H
#define API_FEEDBACK_H

#include <stdbool.h>

#include "base/span.h"
#include "chat/fault.h"
#include "conf/conf.h"
#include "store/ledger.h"

/* Yours, with no key and no time; NULL, and why names the member and what it
 * must be. */
struct ledger_label *feedback_read(struct span body, const struct conf *conf,
				   struct fault *why);

/* Is there a backend of that name? */
bool feedback_is_backend(const struct conf *conf, struct span name);
/* Is it 1 to 64 characters of UTF-8, none of them a control character? */
bool feedback_is_source(struct span text);

#endif
