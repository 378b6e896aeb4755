/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main thread: it serves the admin listener, hears signals, and tells the
 * workers; requests never pass through it.
 */
#include "daemon/daemon.h"

#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api_admin.h"
#include "base/core.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/now.h"
#include "cascade/roster.h"
#include "daemon/calibrations.h"
#include "daemon/listener.h"
#include "daemon/reload.h"
#include "daemon/worker.h"
#include "evt/deadline.h"
#include "evt/pool.h"
#include "evt/signals.h"
#include "net/http_client.h"
#include "store/ledger.h"

#define WORKERS_MOST 64
#define LOOK_US	     20000
#define TAKING_US    1000 /* between looks whether workers took a generation */
#define SETTLE_US    1000000 /* at the end, for plugins that still judge */
/* Descriptors that are no connections: logs, ledger, epolls, curl's pairs. */
#define FDS_ASIDE 256

struct daemon {
	const char *path;
	struct generation *generation;
	uint64_t n_generations; /* tried */
	struct metric_set *metrics;
	struct metric *generation_gauge, *log_dropped;
	_Atomic size_t memory_used;
	struct ledger *ledger;
	struct house *house;
	struct listeners listeners, admin_listeners;
	struct worker **workers;
	size_t n_workers;

	struct loop *loop;
	struct signals *signals;
	struct api_admin admin;
	struct http_server **admin_servers;
	size_t n_admin;
	bool draining, aborted;
	struct deadline look, patience, taking;
};

/* ---- configuration ------------------------------------------------------- */

static void to_stderr(void *arg, const char *line)
{
	fprintf(stderr, "%s%s\n", (const char *)arg, line);
}

static void to_log_error(void *arg, const char *line)
{
	char text[1024];

	(void)arg;
	log_line(LOG_ERROR, "msg=\"configuration\" fault=%s",
		 log_value(text, sizeof(text), line));
}

static void to_log_warn(void *arg, const char *line)
{
	char text[1024];

	(void)arg;
	log_line(LOG_WARN, "msg=\"configuration\" warning=%s",
		 log_value(text, sizeof(text), line));
}

/* Reads the file; faults and warnings go line by line where they belong. */
static struct generation *read_generation(const char *path, uint64_t number,
					  reload_line_fn *on_fault,
					  reload_line_fn *on_warning)
{
	struct buf faults, warnings;
	struct generation *g;

	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	g = reload_prepare(path, number, &faults, &warnings);
	reload_each_line(&faults, on_fault, "frugald: ");
	reload_each_line(&warnings, on_warning, "frugald: warning: ");
	buf_release(&faults);
	buf_release(&warnings);
	return g;
}

enum daemon_exit daemon_check(const char *path)
{
	struct generation *g;

	g = read_generation(path, 1, to_stderr, to_stderr);
	if (!g)
		return DAEMON_BAD_CONF;
	calibrations_print(g);
	generation_unref(g);
	printf("frugald: %s: the configuration is good\n", path);
	return DAEMON_CLEAN;
}

/* ---- signals ------------------------------------------------------------- */

static void warn_restart(void *arg, const char *key)
{
	(void)arg;
	log_line(LOG_WARN, "msg=\"reload\" key=%s "
		 "warning=\"takes effect after a restart\"", key);
}

/* It is in force, and said to be, once the last worker answers by it. */
static void tell_reloaded(void *arg)
{
	struct daemon *d = arg;
	struct generation *g = d->generation;

	for (size_t i = 0; i < d->n_workers; i++)
		if (worker_generation(d->workers[i]) != g->number) {
			deadline_set(&d->taking, d->loop, now_us() + TAKING_US,
				     tell_reloaded, d);
			return;
		}
	metric_set_to(d->generation_gauge, (int64_t)g->number);
	log_line(LOG_INFO, "msg=\"reloaded\" generation=%llu",
		 (unsigned long long)g->number);
	calibrations_log(g);
	calibrations_count(g, d->metrics);
}

static void reload(struct daemon *d)
{
	struct generation *g = read_generation(d->path, d->n_generations + 1,
					       to_log_error, to_log_warn);
	struct err err = { 0 };
	const struct conf *conf = g ? g->conf : NULL;
	char text[512];

	if (!g || log_open(conf->log.to, (enum log_level)conf->log.level,
			   &err) < 0) {
		log_line(LOG_ERROR,
			 "msg=\"reload refused\" generation=%llu fault=%s",
			 (unsigned long long)d->generation->number,
			 log_value(text, sizeof(text), err.text));
		generation_unref(g);
		return;
	}
	reload_each_restart(d->generation->conf, conf, warn_restart, NULL);
	house_set_limits(d->house, conf->limits.max_inflight,
			 conf->limits.max_queue);
	for (size_t i = 0; i < d->n_workers; i++)
		worker_set_generation(d->workers[i], g);
	generation_unref(d->generation);
	d->generation = g;
	d->n_generations = g->number;
	tell_reloaded(d);
}

static void look(void *arg)
{
	struct daemon *d = arg;

	for (size_t i = 0; i < d->n_workers; i++)
		if (!worker_has_ended(d->workers[i])) {
			deadline_set(&d->look, d->loop, now_us() + LOOK_US,
				     look, d);
			return;
		}
	loop_stop(d->loop);
}

static void abort_all(void *arg)
{
	struct daemon *d = arg;

	if (d->aborted)
		return;
	d->aborted = true;
	log_line(LOG_WARN, "msg=\"ending what is under way\" inflight=%lld",
		 (long long)house_inflight(d->house));
	for (size_t i = 0; i < d->n_workers; i++)
		worker_abort(d->workers[i]);
}

static void drain(struct daemon *d)
{
	d->draining = true;
	d->admin.ready = false;
	log_line(LOG_INFO, "msg=\"draining\" inflight=%lld",
		 (long long)house_inflight(d->house));
	for (size_t i = 0; i < d->n_workers; i++)
		worker_drain(d->workers[i]);
	listeners_stop(&d->listeners); /* refused at once, not left to wait */
	deadline_set(&d->patience, d->loop,
		     now_us() + d->generation->conf->limits.drain_us,
		     abort_all, d);
	look(d);
}

static void on_signal(void *arg, int signo)
{
	struct daemon *d = arg;
	struct err err = { 0 };
	char text[512];

	if (signo == SIGHUP && !d->draining) {
		reload(d);
	} else if (signo == SIGUSR1) {
		if (log_reopen(&err) < 0)
			log_line(LOG_ERROR, "msg=\"log not reopened\" fault=%s",
				 log_value(text, sizeof(text), err.text));
	} else if (signo == SIGTERM || signo == SIGINT) {
		if (d->draining)
			abort_all(d);
		else
			drain(d);
	}
}

/* ---- start --------------------------------------------------------------- */

/* Replies of a few hundred KiB come and go: the heap keeps what they needed
 * instead of giving it back and faulting it in again each time. */
static void tune_heap(void)
{
	mallopt(M_TRIM_THRESHOLD, 8 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

/* As many descriptors as we may have; returns how many that is. */
static size_t raise_fds(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 1024;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	getrlimit(RLIMIT_NOFILE, &r);
	return r.rlim_cur > 1000000 ? 1000000 : (size_t)r.rlim_cur;
}

static size_t count_workers(const struct conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->workers > 0)
		return (size_t)conf->workers;
	if (cores < 1)
		return 1;
	return cores > WORKERS_MOST ? WORKERS_MOST : (size_t)cores;
}

/* Connections of clients that one worker may hold: what is left of the
 * descriptors when each place has its upstream connection. */
static unsigned connections_each(const struct conf *conf, size_t n_workers)
{
	size_t fds = raise_fds();
	size_t aside = FDS_ASIDE + (size_t)conf->limits.max_inflight;
	size_t each = fds > aside ? (fds - aside) / n_workers : 0;

	if (each < (size_t)conf->limits.max_inflight / n_workers)
		log_line(LOG_WARN, "fds=%zu max_inflight=%lld "
			 "msg=\"too few file descriptors for max_inflight; "
			 "raise LimitNOFILE\"", fds,
			 (long long)conf->limits.max_inflight);
	return each < 16 ? 16 : (unsigned)each;
}

static void refresh(void *arg)
{
	struct daemon *d = arg;

	metric_set_to(d->log_dropped, (int64_t)log_dropped());
}

static void init_metrics(struct daemon *d)
{
	static const struct metric_family generation = {
		.name = "frugald_config_generation",
		.help = "Number of the configuration in force.",
		.type = METRIC_GAUGE, .labels = "", .scale = 1,
	};
	static const struct metric_family dropped = {
		.name = "frugald_log_dropped_total",
		.help = "Log lines dropped because the reader was behind.",
		.type = METRIC_COUNTER, .labels = "", .scale = 1,
	};
	static const struct metric_family build = {
		.name = "frugald_build_info",
		.help = "Always 1; the version is the label.",
		.type = METRIC_GAUGE, .labels = "version", .scale = 1,
	};
	static const char *const none[] = { NULL };
	static const char *const version[] = { FRUGALD_VERSION, NULL };

	d->metrics = metric_set_new();
	metric_set_to(metric_get(d->metrics, &build, version), 1);
	d->generation_gauge = metric_get(d->metrics, &generation, none);
	d->log_dropped = metric_get(d->metrics, &dropped, none);
	metric_set_to(d->generation_gauge, 1);
}

static int open_admin(struct daemon *d, struct err *err)
{
	static const struct http_server_limits limits = {
		.max_body = 65536,
		.header_us = 5000000,
		.body_us = 5000000,
		.idle_us = 75000000,
		.write_us = 10000000,
		.max_connections = 256,
	};
	const struct conf *conf = d->generation->conf;

	d->admin = (struct api_admin){ .metrics = d->metrics,
				       .refresh = refresh,
				       .arg = d };
	if (conf->admin.n == 0)
		return 0;
	if (listeners_open(&d->admin_listeners, &conf->admin, 0660, err) < 0)
		return -1;
	d->admin_servers = mem_array(d->admin_listeners.n,
				     sizeof(*d->admin_servers));
	for (size_t i = 0; i < d->admin_listeners.n; i++) {
		d->admin_servers[i] = http_server_new(
			d->loop, d->admin_listeners.fds[i], &limits,
			api_admin_ops(), &d->admin, err);
		if (!d->admin_servers[i])
			return -1;
		d->n_admin++;
	}
	return 0;
}

static int open_workers(struct daemon *d, struct err *err)
{
	const struct conf *conf = d->generation->conf;
	size_t n = count_workers(conf);
	struct worker_setup s = {
		.listeners = &d->listeners,
		.generation = d->generation,
		.house = d->house,
		.metrics = d->metrics,
		.ledger = d->ledger,
		.memory_used = &d->memory_used,
		.max_connections = connections_each(conf, n),
	};

	d->workers = mem_array(n, sizeof(*d->workers));
	for (; d->n_workers < n; d->n_workers++) {
		s.index = d->n_workers;
		d->workers[d->n_workers] = worker_new(&s, err);
		if (!d->workers[d->n_workers])
			return -1;
	}
	return 0;
}

static int open_ledger(struct daemon *d, struct err *err)
{
	const struct conf_ledger *l = &d->generation->conf->ledger;

	if (!l->path)
		return 0;
	d->ledger = ledger_new(l->path, count_workers(d->generation->conf),
			       l->keep_us, d->metrics, err);
	return d->ledger ? 0 : -1;
}

static int start(struct daemon *d, struct err *err)
{
	const struct conf *conf = d->generation->conf;

	if (http_client_global_init(err) < 0 ||
	    /* As open as a loopback port: who may connect is for `keys`. */
	    listeners_open(&d->listeners, &conf->listen, 0666, err) < 0 ||
	    open_ledger(d, err) < 0)
		return -1;
	calibrations_count(d->generation, d->metrics);
	d->house = house_new(d->metrics);
	house_set_limits(d->house, conf->limits.max_inflight,
			 conf->limits.max_queue);
	d->loop = loop_new(err);
	if (!d->loop)
		return -1;
	d->signals = signals_new(d->loop, on_signal, d, err);
	if (!d->signals || open_admin(d, err) < 0 || open_workers(d, err) < 0)
		return -1;
	for (size_t i = 0; i < d->n_workers; i++)
		if (worker_start(d->workers[i], err) < 0)
			return -1;
	return 0;
}

static void say_ready(struct daemon *d)
{
	const struct conf *conf = d->generation->conf;

	for (size_t i = 0; i < conf->listen.n; i++)
		log_line(LOG_INFO, "msg=\"listening\" address=%s workers=%zu",
			 conf->listen.v[i], d->n_workers);
	for (size_t i = 0; i < conf->admin.n; i++)
		log_line(LOG_INFO, "msg=\"listening\" admin=%s",
			 conf->admin.v[i]);
	calibrations_log(d->generation);
	log_line(LOG_INFO, "msg=\"ready\" version=%s generation=1",
		 FRUGALD_VERSION);
}

/* Workers are freed only when all have ended: they know each other. */
static void stop(struct daemon *d)
{
	for (size_t i = 0; i < d->n_workers; i++)
		if (!worker_has_ended(d->workers[i]))
			worker_abort(d->workers[i]);
	for (size_t i = 0; i < d->n_workers; i++)
		worker_join(d->workers[i]);
	for (size_t i = 0; i < d->n_workers; i++)
		worker_free(d->workers[i]);
	free(d->workers);
	for (size_t i = 0; i < d->n_admin; i++)
		http_server_free(d->admin_servers[i]);
	free(d->admin_servers);
	ledger_free(d->ledger);
	listeners_close(&d->listeners);
	listeners_close(&d->admin_listeners);
	deadline_clear(&d->look);
	deadline_clear(&d->patience);
	deadline_clear(&d->taking);
	signals_free(d->signals);
	loop_free(d->loop);
	house_free(d->house);
	metric_set_free(d->metrics);
	generation_unref(d->generation);
	http_client_global_release();
}

/* A thread that hangs in a plugin cannot be ended, and must not meet the
 * plugin's destructors at work. */
static enum daemon_exit leave(void)
{
	size_t left = pool_settle(SETTLE_US);

	if (left == 0)
		return DAEMON_CLEAN;
	log_line(LOG_WARN, "msg=\"plugins hang, they are left behind\" "
		 "threads=%zu", left);
	_exit(DAEMON_CLEAN);
}

/* Whoever started us looks at stderr, wherever the log goes. */
static enum daemon_exit cannot_run(struct daemon *d, const struct err *err,
				   bool is_logged_apart)
{
	char text[512];

	log_line(LOG_ERROR, "msg=\"cannot run\" fault=%s",
		 log_value(text, sizeof(text), err->text));
	if (is_logged_apart)
		fprintf(stderr, "frugald: cannot run: %s\n", err->text);
	stop(d);
	return DAEMON_CANNOT_RUN;
}

enum daemon_exit daemon_run(const char *path)
{
	struct daemon d = { .path = path, .n_generations = 1 };
	struct err err = { 0 };
	const struct conf *conf;

	signals_block();
	core_forbid();
	umask(027);
	tune_heap();
	d.generation = read_generation(path, 1, to_stderr, to_stderr);
	if (!d.generation)
		return DAEMON_BAD_CONF;
	conf = d.generation->conf;
	init_metrics(&d);
	if (log_open(conf->log.to, (enum log_level)conf->log.level, &err) < 0)
		return cannot_run(&d, &err, false);
	if (start(&d, &err) < 0)
		return cannot_run(&d, &err,
				  strcmp(conf->log.to, "stderr") != 0);
	d.admin.ready = true;
	say_ready(&d);
	loop_run(d.loop);
	log_line(LOG_INFO, "msg=\"stopped\"");
	stop(&d);
	return leave();
}
