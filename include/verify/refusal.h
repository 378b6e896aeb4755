/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a reply refuse, or say that it does not know? By English phrases at the
 * beginning, or within the first 240 bytes. Pure.
 */
#ifndef VERIFY_REFUSAL_H
#define VERIFY_REFUSAL_H

#include <stdbool.h>

#include "base/span.h"

bool refusal_in(struct span content);

#endif
