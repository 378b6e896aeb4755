/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and labels on their way to the file: a lane for each loop, one thread
 * that writes.
 *
 * The writer looks into the lanes ten times a second; so handing one over costs
 * a loop two memory accesses and no call into the system.
 */
#include "store/ledger.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/now.h"
#include "store/ledger_file.h"

#define LANE_ROOM  4096u /* items; a power of two */
#define BATCH_MOST 1000u
#define LOOK_MS	   100
#define BACKOFF_MS 5000 /* the longest wait after the disk refused */
#define FREE_US	   5000000
#define PURGE_US   60000000 /* between two looks for old rows */
#define SAY_US	   10000000 /* between two lines about dropped rows */

/* A ring with one producer, the loop, and one consumer, the writer. Both
 * counts only grow; the slots [taken, put) are the writer's, the others the
 * loop's. They are kept apart: each is on a cache line of its own. */
struct lane {
	_Atomic uint64_t put;
	char apart_1[56];
	_Atomic uint64_t taken;
	char apart_2[56];
	struct ledger_item slots[LANE_ROOM];
};

struct ledger {
	struct lane *lanes;
	size_t n_lanes;
	struct metric *rows, *labels, *dropped, *errors;
	int64_t keep_us;
	int wake; /* eventfd: readable once it is time to stop */
	pthread_t thread;
	bool started;
	_Atomic int64_t stop_by_us; /* 0: go on */

	/* From here on the writer's alone. */
	struct ledger_file *file;
	struct ledger_item batch[BATCH_MOST]; /* taken, not yet committed */
	size_t n_batch;
	size_t turn;	/* the lane to begin with */
	int backoff_ms; /* 0: the last write went well */
	int64_t purge_due_us;
	int64_t dropped_said, say_due_us;
};

/* ---- rows and labels ----------------------------------------------------- */

struct ledger_row *ledger_row_new(size_t n_attempts, size_t n_verdicts)
{
	struct arena *a = arena_new();
	struct ledger_row *row = arena_get(a, sizeof(*row));

	row->arena = a;
	row->attempts = arena_get(a, n_attempts * sizeof(*row->attempts));
	row->n_attempts = n_attempts;
	row->verdicts = arena_get(a, n_verdicts * sizeof(*row->verdicts));
	row->n_verdicts = n_verdicts;
	row->agrees = -1;
	return row;
}

void ledger_row_free(struct ledger_row *row)
{
	if (row)
		arena_free(row->arena);
}

size_t ledger_row_answers(const struct ledger_row *row)
{
	size_t n = 0;

	for (size_t i = 0; i < row->n_attempts; i++) {
		const char *purpose = row->attempts[i].purpose;

		n += !purpose || strcmp(purpose, "answer") == 0;
	}
	return n;
}

struct ledger_label *ledger_label_new(void)
{
	struct arena *a = arena_new();
	struct ledger_label *label = arena_get(a, sizeof(*label));

	label->arena = a;
	return label;
}

void ledger_label_free(struct ledger_label *label)
{
	if (label)
		arena_free(label->arena);
}

static void item_free(struct ledger_item *item)
{
	ledger_row_free(item->row);
	ledger_label_free(item->label);
}

static const char *item_id(const struct ledger_item *item)
{
	const char *id =
		item->row ? item->row->request_id : item->label->request_id;

	return id ? id : "-";
}

/* ---- lanes --------------------------------------------------------------- */

/* False: the lane is full, and the item is gone. */
static bool put(struct ledger *g, size_t lane, struct ledger_item item)
{
	struct lane *l = &g->lanes[lane];
	uint64_t n = atomic_load_explicit(&l->put, memory_order_relaxed);
	uint64_t taken = atomic_load_explicit(&l->taken, memory_order_acquire);

	assert(lane < g->n_lanes);
	if (n - taken == LANE_ROOM) {
		metric_add(g->dropped, 1);
		item_free(&item);
		return false;
	}
	l->slots[n % LANE_ROOM] = item;
	atomic_store_explicit(&l->put, n + 1, memory_order_release);
	return true;
}

void ledger_put(struct ledger *g, size_t lane, struct ledger_row **row)
{
	put(g, lane, (struct ledger_item){.row = *row});
	*row = NULL;
}

bool ledger_put_label(struct ledger *g, size_t lane,
		      struct ledger_label **label)
{
	bool taken = put(g, lane, (struct ledger_item){.label = *label});

	*label = NULL;
	return taken;
}

/* As many as the batch has room for. */
static void take_from(struct ledger *g, struct lane *l)
{
	uint64_t taken = atomic_load_explicit(&l->taken, memory_order_relaxed);
	uint64_t n = atomic_load_explicit(&l->put, memory_order_acquire);

	while (taken != n && g->n_batch < BATCH_MOST)
		g->batch[g->n_batch++] = l->slots[taken++ % LANE_ROOM];
	atomic_store_explicit(&l->taken, taken, memory_order_release);
}

/* The lane to begin with changes, so that no busy lane starves another. */
static void fill_batch(struct ledger *g)
{
	for (size_t i = 0; i < g->n_lanes; i++)
		take_from(g, &g->lanes[(g->turn + i) % g->n_lanes]);
	g->turn++;
}

/* ---- the writer ---------------------------------------------------------- */

static void drop(struct ledger *g, size_t i)
{
	metric_add(g->dropped, 1);
	item_free(&g->batch[i]);
	memmove(&g->batch[i], &g->batch[i + 1],
		(--g->n_batch - i) * sizeof(*g->batch));
}

static void empty_batch(struct ledger *g)
{
	for (size_t i = 0; i < g->n_batch; i++) {
		metric_add(g->batch[i].row ? g->rows : g->labels, 1);
		item_free(&g->batch[i]);
	}
	g->n_batch = 0;
	if (g->backoff_ms)
		log_line(LOG_INFO, "msg=\"ledger is written again\"");
	g->backoff_ms = 0;
}

/* One line for each time that the disk begins to refuse. */
static void back_off(struct ledger *g, const struct err *why)
{
	char text[300];

	if (!g->backoff_ms)
		log_line(LOG_ERROR,
			 "msg=\"ledger cannot be written, will try again\" "
			 "why=%s",
			 log_value(text, sizeof(text), why->text));
	g->backoff_ms = g->backoff_ms ? 2 * g->backoff_ms : LOOK_MS;
	if (g->backoff_ms > BACKOFF_MS)
		g->backoff_ms = BACKOFF_MS;
}

/* What can never be written must not hold up the others. */
static void drop_bad(struct ledger *g, size_t bad, const struct err *why)
{
	char text[300];

	log_line(LOG_ERROR, "msg=\"ledger refuses a %s\" run=%s why=%s",
		 g->batch[bad].row ? "row" : "label", item_id(&g->batch[bad]),
		 log_value(text, sizeof(text), why->text));
	drop(g, bad);
}

/* What waits, in batches. False when the disk refused. */
static bool write_all(struct ledger *g)
{
	bool full;

	do {
		struct err why = {0};
		size_t bad;

		fill_batch(g);
		full = g->n_batch == BATCH_MOST;
		if (g->n_batch == 0)
			break;
		if (ledger_file_write_items(g->file, g->batch, g->n_batch, &bad,
					    &why) == 0) {
			empty_batch(g);
			continue;
		}
		metric_add(g->errors, 1);
		if (bad == g->n_batch) {
			back_off(g, &why);
			return false;
		}
		drop_bad(g, bad, &why);
		full = true; /* the rest of it, at once */
	} while (full);
	return true;
}

/* Old rows go a few at a time, between the batches. */
static void purge(struct ledger *g)
{
	struct err why = {0};
	bool more = false;

	if (!g->keep_us || now_us() < g->purge_due_us)
		return;
	if (ledger_file_purge(g->file, now_wall_us() - g->keep_us, &more,
			      &why) < 0) {
		metric_add(g->errors, 1);
		back_off(g, &why);
	}
	if (!more)
		g->purge_due_us = now_us() + PURGE_US;
}

static void say_dropped(struct ledger *g)
{
	int64_t n = metric_value(g->dropped);

	if (n == g->dropped_said || now_us() < g->say_due_us)
		return;
	log_line(LOG_WARN, "msg=\"ledger rows dropped\" rows=%lld",
		 (long long)(n - g->dropped_said));
	g->dropped_said = n;
	g->say_due_us = now_us() + SAY_US;
}

/* Until it is time to look again, or to stop. */
static void rest(struct ledger *g, int64_t stop_by_us)
{
	struct pollfd p = {.fd = g->wake, .events = POLLIN};

	if (!stop_by_us)
		poll(&p, 1, g->backoff_ms ? g->backoff_ms : LOOK_MS);
	else if (g->backoff_ms)
		poll(NULL, 0, LOOK_MS);
}

static void *work(void *arg)
{
	struct ledger *g = arg;
	int64_t stop_by_us;

	do {
		/* Read first: what was put before it was set is then seen. */
		stop_by_us = atomic_load(&g->stop_by_us);
		if (write_all(g)) {
			if (stop_by_us)
				break;
			purge(g);
		}
		say_dropped(g);
		rest(g, stop_by_us);
	} while (!stop_by_us || now_us() < stop_by_us);
	return NULL;
}

/* ---- begin and end ------------------------------------------------------- */

static struct metric *counter(struct metric_set *set,
			      const struct metric_family *f)
{
	static const char *const none[] = {NULL};

	return metric_get(set, f, none);
}

static void count_with(struct ledger *g, struct metric_set *set)
{
	static const struct metric_family rows = {
		.name = "frugald_ledger_rows_total",
		.help = "Requests written to the ledger.",
		.type = METRIC_COUNTER,
		.labels = "",
		.scale = 1,
	};
	static const struct metric_family labels = {
		.name = "frugald_ledger_labels_total",
		.help = "Labels written to the ledger.",
		.type = METRIC_COUNTER,
		.labels = "",
		.scale = 1,
	};
	static const struct metric_family dropped = {
		.name = "frugald_ledger_dropped_total",
		.help = "Requests and labels the ledger could not take.",
		.type = METRIC_COUNTER,
		.labels = "",
		.scale = 1,
	};
	static const struct metric_family errors = {
		.name = "frugald_ledger_errors_total",
		.help = "Times the ledger could not be written.",
		.type = METRIC_COUNTER,
		.labels = "",
		.scale = 1,
	};

	g->rows = counter(set, &rows);
	g->labels = counter(set, &labels);
	g->dropped = counter(set, &dropped);
	g->errors = counter(set, &errors);
}

/* The process's signals are not for the writer. */
static int start(struct ledger *g, struct err *err)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&g->thread, NULL, work, g);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
		return err_set(err, ERR_SYS, "ledger thread: %s", strerror(rc));
	g->started = true;
	return 0;
}

struct ledger *ledger_new(const char *path, size_t n_lanes, int64_t keep_us,
			  struct metric_set *metrics, struct err *err)
{
	struct ledger *g = mem_new(sizeof(*g));

	g->lanes = mem_array(n_lanes, sizeof(*g->lanes));
	g->n_lanes = n_lanes;
	g->keep_us = keep_us;
	count_with(g, metrics);
	g->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (g->wake < 0) {
		err_set(err, ERR_SYS, "eventfd: %m");
		goto fail;
	}
	g->file = ledger_file_open(path, err);
	if (g->file && start(g, err) == 0)
		return g;
fail:
	ledger_free(g);
	return NULL;
}

static void stop(struct ledger *g)
{
	uint64_t one = 1;
	ssize_t n;

	atomic_store(&g->stop_by_us, now_us() + FREE_US);
	n = write(g->wake, &one, sizeof(one));
	assert(n == sizeof(one));
	pthread_join(g->thread, NULL);
}

/* What the disk would not take in time. */
static void drop_rest(struct ledger *g)
{
	do {
		while (g->n_batch)
			drop(g, g->n_batch - 1);
		fill_batch(g);
	} while (g->n_batch);
	g->say_due_us = 0;
	say_dropped(g);
}

void ledger_free(struct ledger *g)
{
	if (!g)
		return;
	if (g->started) {
		stop(g);
		drop_rest(g);
	}
	ledger_file_close(g->file);
	if (g->wake >= 0)
		close(g->wake);
	free(g->lanes);
	free(g);
}
