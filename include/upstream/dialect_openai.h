/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenAI chat-completions format and the quirks of those who speak it.
 */
#ifndef UPSTREAM_DIALECT_OPENAI_H
#define UPSTREAM_DIALECT_OPENAI_H

#include "upstream/dialect.h"

const struct dialect *dialect_openai(void);

#endif
