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

#include "verify/verifier.h"

const struct verifier *verify_check(void);

#endif
