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

enum conf_secret_how {
	CONF_SECRET_LITERAL = 1, /* the secret itself is taken, too */
	CONF_SECRET_WORDS = 2,	 /* it may hold spaces, but for its ends */
};

/* The secret itself, in the arena: printable ASCII, fit for a header. how: a
 * set of the above. NULL and *why, which never holds any of it. */
const char *conf_secret_get(const char *reference, unsigned how,
			    struct arena *a, struct err *why);

/* Does it name a secret, well or not, rather than be something itself? */
bool conf_secret_is_reference(const char *text);

#endif
