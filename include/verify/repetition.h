/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a reply run in circles? It does when it ends in four or more times the
 * same piece, over 60 bytes or more (of the last 1,024), or when one line of
 * its first 128, of 16 bytes or more, is there four times and makes up a third
 * of it. Pure, and linear in its length.
 */
#ifndef VERIFY_REPETITION_H
#define VERIFY_REPETITION_H

#include <stdbool.h>

#include "base/span.h"

bool repetition_in(struct span content);

#endif
