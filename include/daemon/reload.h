/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a configuration file to a generation: read, checked, built. Nothing of
 * the running process changes before it is committed.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cascade/generation.h"

/* NULL when there is any fault; they are appended to faults, one a line, and
 * warnings likewise. */
struct generation *reload_prepare(const char *path, uint64_t number,
				  struct buf *faults, struct buf *warnings);

/* Calls fn for each key whose new value needs a restart to take effect. */
typedef void reload_fn(void *arg, const char *key);
void reload_each_restart(const struct conf *old, const struct conf *new_conf,
			 reload_fn *fn, void *arg);

/* Calls fn(arg, line) for each line of text, NUL-terminated. */
typedef void reload_line_fn(void *arg, const char *line);
void reload_each_line(struct buf *text, reload_line_fn *fn, void *arg);

#endif
