/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets: each address is bound once, non-blocking, and handed to
 * every loop.
 */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/conf.h"

struct listeners {
	int *fds;
	char **unix_paths; /* to be removed at the end; NULL for TCP */
	size_t n;
};

/* All of them or none. A Unix socket that nobody answers is replaced. */
/* mode: of Unix sockets. */
int listeners_open(struct listeners *l, const struct conf_strings *addresses,
		   mode_t mode, struct err *err);
/* New connections are refused from now on; the descriptors stay open. */
void listeners_stop(struct listeners *l);
void listeners_close(struct listeners *l);

#endif
