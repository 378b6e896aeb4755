/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model is asked the same question in a few tokens: blind, for its own final
 * answer, or for a verdict on the reply, which it is then shown
 * (chat/chat_check, verify/verify_check_read). `check` asks another backend,
 * `self_check` the one that gave the reply, for its direct answer beside its
 * reasoned one.
 */
#ifndef VERIFY_VERIFY_CHECK_H
#define VERIFY_VERIFY_CHECK_H

#include "verify/verifier.h"

const struct verifier *verify_check(void);
const struct verifier *verify_self_check(void);

#endif
