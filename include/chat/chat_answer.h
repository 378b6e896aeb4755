/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a choice answers, as it is compared with another's. Pure.
 */
#ifndef CHAT_CHAT_ANSWER_H
#define CHAT_CHAT_ANSWER_H

#include "chat/chat.h"

/* Its text; or, where it calls tools, what it calls, as JSON without the ids,
 * which no two replies share: [{"name":"f","arguments":{"x":1}}]. Arguments that
 * are no JSON stay the string they are. In the arena or in the reply; n 0:
 * neither. */
struct span chat_answer(const struct chat_choice *c, struct arena *a);

#endif
