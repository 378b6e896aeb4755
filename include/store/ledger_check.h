/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a ledger's file sound? Looks and writes nothing.
 */
#ifndef STORE_LEDGER_CHECK_H
#define STORE_LEDGER_CHECK_H

#include <stdbool.h>

#include "base/err.h"

/* One finding, in words. is_fault: the file is not sound; else it is worth to
 * be known. */
typedef void ledger_check_fn(void *arg, bool is_fault, const char *text);

/* Says how many of each there are, and every finding. 0; -1: it cannot be read
 * (further), is none of ours, or of another version. */
int ledger_check(const char *path, ledger_check_fn *say, void *arg,
		 struct err *err);

#endif
