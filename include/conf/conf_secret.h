/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets by reference: env:NAME and file:PATH.
 */
#ifndef CONF_CONF_SECRET_H
#define CONF_CONF_SECRET_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

#define CONF_SECRET_MAX 4096

/* The secret itself, in the arena: printable ASCII, fit for a header. A
 * literal one is taken only when literal_ok. NULL and *why, which never holds
 * any of it. */
const char *conf_secret_get(const char *reference, bool literal_ok,
			    struct arena *a, struct err *why);

#endif
