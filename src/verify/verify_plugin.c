/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings replies to a plugin and waits for it no longer than it may take.
 */
#include "verify/verify_plugin.h"

#include <stdlib.h>

#include "base/now.h"
#include "evt/deadline.h"
#include "evt/pool.h"
#include "verify/plugin.h"
#include "verify/plugin_file.h"

#define THREADS 4
#define WAITING 256 /* requests, for one of them */

enum plugin_run { RUN_POOL, RUN_INLINE };

struct plugin_opts {
	const char *path;
	int run; /* enum plugin_run */
	int64_t timeout_us;
	const char *options; /* NULL: none */
	struct conf_range band;
};

static const struct conf_key keys[] = {
	{.name = "path",
	 .type = CONF_STRING,
	 .offset = offsetof(struct plugin_opts, path),
	 .help = "the shared object"},
	{.name = "run",
	 .type = CONF_ENUM,
	 .offset = offsetof(struct plugin_opts, run),
	 .fallback = "pool",
	 .words = "pool,inline",
	 .help = "on threads of its own, or on the loop, which it must not "
		 "hold up"},
	{.name = "timeout",
	 .type = CONF_TIME,
	 .offset = offsetof(struct plugin_opts, timeout_us),
	 .fallback = "2s",
	 .min = 1000,
	 .max = 3600e6,
	 .tunes = true,
	 .help = "how long it is waited for, with `run: pool`"},
	{.name = "options",
	 .type = CONF_STRING,
	 .offset = offsetof(struct plugin_opts, options),
	 .optional = true,
	 .help = "a text for the plugin"},
	VERIFY_BAND_KEY(struct plugin_opts, band),
	{.name = NULL},
};

static bool is_pooled(const void *opts)
{
	return ((const struct plugin_opts *)opts)->run == RUN_POOL;
}

static int check_options(const void *opts, struct err *err)
{
	const struct plugin_opts *o = opts;

	if (o->band.said && !is_pooled(o))
		return err_set(err, ERR_CONF,
			       "`band` is for `run: pool`; inline it judges "
			       "every reply, remove one of them");
	return plugin_file_check_path(o->path, err);
}

/* ---- once a generation --------------------------------------------------- */

struct opened {
	struct plugin *plugin;
	struct pool *pool; /* NULL: inline */
};

static int open_plugin(const void *opts, const struct conf *conf, void **state,
		       struct err *err)
{
	const struct plugin_opts *o = opts;
	struct plugin *p = plugin_open(o->path, o->options, err);
	struct opened *s;

	(void)conf;
	if (!p)
		return -1;
	s = mem_new(sizeof(*s));
	s->plugin = p;
	s->pool = is_pooled(o) ? pool_new(THREADS, WAITING) : NULL;
	*state = s;
	return 0;
}

static void close_plugin(void *state)
{
	struct opened *s = state;

	pool_free(s->pool);
	plugin_unref(s->plugin);
	free(s);
}

/* ---- on the loop --------------------------------------------------------- */

static void fault(struct verdict *v, const char *why)
{
	v->verifier = "plugin";
	v->kind = VERDICT_NONE;
	v->lack = LACK_FAULT;
	v->why = why;
}

static void judge(const struct verify_case *c, const void *opts,
		  struct verdict *v)
{
	struct opened *s = c->state;
	struct plugin_task *t = plugin_task_new(s->plugin, c);

	(void)opts;
	if (!t) {
		fault(v, "internal");
		return;
	}
	plugin_task_judge(t);
	plugin_task_read(t, c->arena, v);
	plugin_task_free(t);
}

/* ---- on a thread --------------------------------------------------------- */

struct verification {
	const struct verify_case *c;
	verify_done_fn *done;
	void *arg;
	struct plugin_task *task; /* the job's */
	struct pool_job *job;	  /* NULL: it is not waited for */
	struct deadline patience;
	int64_t start_us;
	struct verdict verdict;
};

/* Frees the task, at once or when the plugin lets go of it. */
static void end_wait(struct verification *v)
{
	const struct verify_world *w = v->c->world;

	deadline_clear(&v->patience);
	pool_drop(v->job);
	v->job = NULL;
	w->call_ends(w->arg, NULL);
	v->verdict.us = now_us() - v->start_us;
}

static void report(void *arg)
{
	struct verification *v = arg;

	v->done(v->arg, &v->verdict);
}

static void on_judged(void *arg)
{
	struct verification *v = arg;

	plugin_task_read(v->task, v->c->arena, &v->verdict);
	end_wait(v);
	report(v);
}

static void on_timeout(void *arg)
{
	struct verification *v = arg;

	fault(&v->verdict, "timeout");
	end_wait(v);
	report(v);
}

static void work(void *task)
{
	plugin_task_judge(task);
}

static void release(void *task)
{
	plugin_task_free(task);
}

static void wait_for(struct verification *v, const struct plugin_opts *o)
{
	const struct verify_world *w = v->c->world;
	int64_t until_us = v->start_us + o->timeout_us;

	w->call_begins(w->arg);
	if (until_us > v->c->until_us)
		until_us = v->c->until_us;
	deadline_set(&v->patience, v->c->loop, until_us, on_timeout, v);
}

static struct verification *start(const struct verify_case *c, const void *opts,
				  verify_done_fn *done, void *arg)
{
	static const struct pool_ops ops = {
		.work = work, .done = on_judged, .release = release};
	struct verification *v = arena_get(c->arena, sizeof(*v));
	struct opened *s = c->state;

	v->c = c;
	v->done = done;
	v->arg = arg;
	v->start_us = now_us();
	v->task = plugin_task_new(s->plugin, c);
	if (v->task)
		v->job = pool_submit(s->pool, c->loop, &ops, v->task, v);
	if (v->job) {
		wait_for(v, opts);
		return v;
	}
	fault(&v->verdict, v->task ? "busy" : "internal");
	plugin_task_free(v->task);
	loop_defer(c->loop, report, v);
	return v;
}

static void verification_free(struct verification *v)
{
	if (!v)
		return;
	if (v->job)
		end_wait(v);
	loop_undefer(v->c->loop, report, v);
}

/* ---- the table ----------------------------------------------------------- */

static struct conf_range band(const void *opts)
{
	return ((const struct plugin_opts *)opts)->band;
}

static int64_t price(const struct verify_case *c, const void *opts)
{
	(void)c;
	(void)opts;
	return 0;
}

const struct verifier *verify_plugin(void)
{
	static const struct verify_asks asks = {
		.is_asked = is_pooled,
		.band = band,
		.price = price,
		.score = {SIGNAL_PLUGIN_SCORE},
		.n_score = 1,
	};
	static const struct verifier v = {
		.conf = {.name = "plugin",
			 .keys = keys,
			 .opts_size = sizeof(struct plugin_opts),
			 .check = check_options},
		.gives_score = true,
		.judge = judge,
		.open = open_plugin,
		.close = close_plugin,
		.start = start,
		.free = verification_free,
		.asks = &asks,
	};

	return &v;
}
