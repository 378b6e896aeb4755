/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals as events of one loop, by signalfd.
 *
 * signals_block() must run before the first thread is made, so that every
 * thread inherits the mask and the signals reach only the descriptor.
 */
#ifndef EVT_SIGNALS_H
#define EVT_SIGNALS_H

#include "base/err.h"
#include "evt/loop.h"

struct signals;

typedef void signals_fn(void *arg, int signo);

/* SIGTERM, SIGINT, SIGHUP, SIGUSR1 are blocked; SIGPIPE is ignored. */
void signals_block(void);
struct signals *signals_new(struct loop *l, signals_fn *fn, void *arg,
			    struct err *err);
void signals_free(struct signals *s);

#endif
