/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop: its servers, its client, its runs.
 */
#include "daemon/worker.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/mem.h"
#include "base/now.h"
#include "evt/deadline.h"
#include "evt/loop.h"
#include "net/http_client.h"
#include "net/http_server.h"

/* How often a draining loop looks whether all is done. */
#define LOOK_US 20000
/* What error answers get to reach their clients when all is cut short. */
#define ABORT_GRACE_US 300000
#define WRITE_STALL_US 60000000

struct worker {
	pthread_t thread;
	bool started;
	_Atomic bool ended;
	_Atomic uint64_t generation; /* number of what it answers by */
	struct loop *loop;
	struct http_client *client;
	struct http_server **servers;
	size_t n_servers;
	struct roster *roster;
	struct recorder *recorder;
	struct api api;
	struct worker_setup setup;
	struct deadline look;
	int64_t give_up_us; /* 0: no end to the patience */
};

static struct http_server_limits limits_of(const struct worker *w,
					   const struct conf *conf)
{
	return (struct http_server_limits){
		.max_body = conf->limits.max_body,
		.header_us = conf->limits.header_timeout_us,
		.body_us = conf->limits.body_timeout_us,
		.idle_us = conf->limits.idle_timeout_us,
		.write_us = WRITE_STALL_US,
		.max_connections = w->setup.max_connections,
		.memory_used = w->setup.memory_used,
		.memory_max = conf->limits.memory,
	};
}

static int open_servers(struct worker *w, struct err *err)
{
	struct http_server_limits limits =
		limits_of(w, w->setup.generation->conf);
	const struct listeners *l = w->setup.listeners;

	w->servers = mem_array(l->n, sizeof(*w->servers));
	for (size_t i = 0; i < l->n; i++) {
		w->servers[i] = http_server_new(w->loop, l->fds[i], &limits,
						api_ops(), &w->api, err);
		if (!w->servers[i])
			return -1;
		w->n_servers++;
	}
	return 0;
}

struct worker *worker_new(const struct worker_setup *s, struct err *err)
{
	struct worker *w = mem_new(sizeof(*w));
	struct run_house house;

	w->setup = *s;
	w->loop = loop_new(err);
	if (!w->loop)
		goto fail;
	w->client = http_client_new(w->loop, err);
	if (!w->client)
		goto fail;
	w->roster = roster_new(s->house, w->loop);
	w->recorder = recorder_new(s->metrics, s->ledger, s->index);
	house = (struct run_house){ .loop = w->loop,
				    .client = w->client,
				    .roster = w->roster,
				    .recorder = w->recorder };
	api_init(&w->api, &house, generation_ref(s->generation));
	if (open_servers(w, err) == 0)
		return w;
fail:
	worker_free(w);
	return NULL;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	loop_run(w->loop);
	atomic_store(&w->ended, true);
	return NULL;
}

int worker_start(struct worker *w, struct err *err)
{
	int rc = pthread_create(&w->thread, NULL, work, w);

	if (rc != 0)
		return err_set(err, ERR_SYS, "worker thread: %s",
			       strerror(rc));
	w->started = true;
	return 0;
}

/* ---- on the worker's thread ---------------------------------------------- */

struct new_generation {
	struct worker *worker;
	struct generation *generation;
};

static void take_generation(void *arg)
{
	struct new_generation *n = arg;
	struct worker *w = n->worker;
	struct http_server_limits limits = limits_of(w, n->generation->conf);

	for (size_t i = 0; i < w->n_servers; i++)
		http_server_set_limits(w->servers[i], &limits);
	api_set_generation(&w->api, n->generation);
	w->generation = n->generation->number;
	free(n);
}

void worker_set_generation(struct worker *w, struct generation *g)
{
	struct new_generation *n = mem_new(sizeof(*n));

	n->worker = w;
	n->generation = generation_ref(g);
	loop_post(w->loop, take_generation, n);
}

uint64_t worker_generation(const struct worker *w)
{
	return w->generation;
}

static bool is_quiet(const struct worker *w)
{
	if (roster_count(w->roster) > 0)
		return false;
	for (size_t i = 0; i < w->n_servers; i++)
		if (http_server_connections(w->servers[i]) > 0)
			return false;
	return true;
}

static void look(void *arg)
{
	struct worker *w = arg;

	if (is_quiet(w) || (w->give_up_us && now_us() >= w->give_up_us))
		loop_stop(w->loop);
	else
		deadline_set(&w->look, w->loop, now_us() + LOOK_US, look, w);
}

static void drain(void *arg)
{
	struct worker *w = arg;

	if (w->api.draining)
		return;
	api_drain(&w->api);
	for (size_t i = 0; i < w->n_servers; i++)
		http_server_drain(w->servers[i]);
	look(w);
}

static void give_up(void *arg)
{
	struct worker *w = arg;

	drain(w);
	w->give_up_us = now_us() + ABORT_GRACE_US;
	api_abort(&w->api);
}

void worker_drain(struct worker *w)
{
	loop_post(w->loop, drain, w);
}

void worker_abort(struct worker *w)
{
	loop_post(w->loop, give_up, w);
}

bool worker_has_ended(const struct worker *w)
{
	return atomic_load(&w->ended);
}

void worker_join(struct worker *w)
{
	if (w->started)
		pthread_join(w->thread, NULL);
	w->started = false;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	assert(!w->started);
	for (size_t i = 0; i < w->n_servers; i++)
		http_server_free(w->servers[i]);
	/* Runs end on a turn of their own once their clients are cut. */
	if (w->loop)
		for (int i = 0; i < 8; i++)
			loop_turn(w->loop, 0);
	if (w->api.generation)
		api_release(&w->api);
	roster_free(w->roster);
	recorder_free(w->recorder);
	http_client_free(w->client);
	deadline_clear(&w->look);
	loop_free(w->loop);
	free(w->servers);
	free(w);
}
