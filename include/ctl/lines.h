/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of JSON Lines.
 */
#ifndef CTL_LINES_H
#define CTL_LINES_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/span.h"

/* One line, without its end. 0, or -1 and what is wrong with it. */
typedef int lines_fn(void *arg, struct span line, struct err *err);

/* Reads a whole file, "-" is the standard input; blank lines are nothing. 0;
 * -1: it cannot be read (ERR_SYS), or "FILE:LINE: ..." tells what was wrong. A
 * last line that has no end and is no whole JSON was torn: *torn, and no fault.
 * sum, if not NULL, gets all bytes. */
int lines_read(const char *path, struct digest_sum *sum, lines_fn *take,
	       void *arg, bool *torn, struct err *err);

#endif
