/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often does a reply hedge? "I think", "probably", "might be", "not sure":
 * English phrases, as whole words, none counted twice for another inside it.
 * Pure, and linear in its length.
 */
#ifndef VERIFY_HEDGE_H
#define VERIFY_HEDGE_H

#include <stddef.h>

#include "base/span.h"

size_t hedge_count(struct span content);

#endif
