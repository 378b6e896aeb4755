/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another backend is asked, in a few tokens: blind, for its own final answer to
 * the client's question, or for a verdict on the reply, which it is then shown
 * (chat/chat_check, verify/verify_check_read).
 *
 * Whatever keeps its answer away is a fault: "timeout", "connect", "status",
 * "garbage", "empty", ...
 */
#ifndef VERIFY_VERIFY_CHECK_H
#define VERIFY_VERIFY_CHECK_H

#include "base/mem.h"
#include "verify/verifier.h"

const struct verifier *verify_check(void);

/* Of a cascade whose list has a check: SHA-256 hex, in the arena, of the
 * instruction it appends; NULL when it has none. */
const char *verify_check_digest(const struct conf_cascade *c, struct arena *a);

/* Of a cascade whose list has a check: how it asks (enum chat_check_mode); -1
 * when it has none. */
int verify_check_mode(const struct conf_cascade *c);

#endif
