/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do two replies, whole choices of them, come to the same? Pure.
 *
 * Texts do when the comparator says so. Tool calls do when the same functions
 * are called in the same order with arguments that are the same JSON (else the
 * same bytes): ids are made up anew for each reply and do not count. Calls and
 * a text differ.
 */
#ifndef VERIFY_CHOICE_SAME_H
#define VERIFY_CHOICE_SAME_H

#include "base/mem.h"
#include "chat/chat.h"
#include "verify/comparator.h"

/* UNKNOWN as comparator_same(): never agreement. */
enum sameness choice_same(enum comparator c, const struct chat_choice *ours,
			  const struct chat_choice *theirs, struct arena *a);

#endif
