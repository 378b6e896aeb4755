/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets: each address is bound once, non-blocking, and handed to
 * every loop.
 */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"

struct listeners {
	int *fds;
	char **unix_paths; /* to be removed at the end; NULL for TCP */
	size_t n;
};

/* All of them or none. A Unix socket that nobody answers is replaced. */
int listeners_open(struct listeners *l, const struct conf_strings *addresses,
		   struct err *err);
void listeners_close(struct listeners *l);

#endif
