/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event loop on its own thread, with its listener side and its upstream
 * side. Nothing is shared between workers on the way of a request but atomics.
 *
 * All functions are for the main thread; what they ask is done on the worker's
 * own.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/metric.h"
#include "cascade/generation.h"
#include "cascade/roster.h"
#include "daemon/listener.h"
#include "store/ledger.h"

struct worker;

struct worker_setup {
	size_t index; /* of the worker: its lane in the ledger */
	const struct listeners *listeners;
	struct generation *generation; /* the worker takes a reference */
	struct house *house;
	struct metric_set *metrics;
	struct ledger *ledger; /* may be NULL */
	_Atomic size_t *memory_used;
	unsigned max_connections;
};

/* Built, but serving nothing before worker_start(). */
struct worker *worker_new(const struct worker_setup *s, struct err *err);
int worker_start(struct worker *w, struct err *err);

void worker_set_generation(struct worker *w, struct generation *g);
/* The number of the last one that it was given and has taken; 0: none. */
uint64_t worker_generation(const struct worker *w);
/* No new connections; requests under way go on; then its thread ends. */
void worker_drain(struct worker *w);
/* Ends what is under way with an error to the client, then its thread. */
void worker_abort(struct worker *w);
bool worker_has_ended(const struct worker *w);
/* Waits for the thread to end; nothing when it was never started. */
void worker_join(struct worker *w);
/* After worker_join(), of all workers: they know each other. NULL is fine. */
void worker_free(struct worker *w);

#endif
