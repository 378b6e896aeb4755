/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue, and threads that come when it grows and stay.
 */
#include "evt/pool.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <utlist.h>

#include "base/mem.h"

enum job_state {
	JOB_WAITS, /* in pool->waiting */
	JOB_WORKS, /* a thread has it */
	JOB_OVER,  /* its loop has it, or will: report is posted */
};

struct pool_job {
	struct pool *pool;
	struct loop *loop;
	const struct pool_ops *ops;
	void *task, *owner;
	enum job_state state; /* this and dropped: under pool->lock */
	bool dropped;	      /* while a thread has it, which then frees it */
	struct pool_job *prev, *next;
};

/* The last to leave frees it: pool_free(), or a thread that came back late. */
struct pool {
	size_t threads_most, waiting_most;
	pthread_mutex_t lock;
	pthread_cond_t due;
	/* From here on under lock. */
	size_t threads, idle;
	struct pool_job *waiting; /* first in, first out */
	size_t n_waiting;
	bool closed;
};

/* Threads of all pools. */
static pthread_mutex_t alive_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t none_alive = PTHREAD_COND_INITIALIZER;
static size_t n_alive;

static void count_alive(bool more)
{
	pthread_mutex_lock(&alive_lock);
	n_alive = more ? n_alive + 1 : n_alive - 1;
	if (n_alive == 0)
		pthread_cond_broadcast(&none_alive);
	pthread_mutex_unlock(&alive_lock);
}

static void destroy(struct pool *p)
{
	pthread_cond_destroy(&p->due);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void job_free(struct pool_job *j)
{
	j->ops->release(j->task);
	free(j);
}

/* ---- threads ------------------------------------------------------------- */

static void report(void *arg)
{
	struct pool_job *j = arg;

	j->ops->done(j->owner);
}

/* Under lock. NULL: the pool was closed. */
static struct pool_job *take(struct pool *p)
{
	struct pool_job *j;

	while (!p->waiting && !p->closed) {
		p->idle++;
		pthread_cond_wait(&p->due, &p->lock);
		p->idle--;
	}
	j = p->waiting;
	if (!j)
		return NULL;
	DL_DELETE(p->waiting, j);
	p->n_waiting--;
	j->state = JOB_WORKS;
	return j;
}

/* Under lock, so that whoever drops the job comes before or after all of it:
 * dropped, its loop may be gone. */
static bool hand_back(struct pool_job *j)
{
	if (j->dropped)
		return false;
	j->state = JOB_OVER;
	loop_post(j->loop, report, j);
	return true;
}

static void *serve(void *arg)
{
	struct pool *p = arg;
	struct pool_job *j;
	bool last;

	pthread_mutex_lock(&p->lock);
	while ((j = take(p))) {
		pthread_mutex_unlock(&p->lock);
		j->ops->work(j->task);
		pthread_mutex_lock(&p->lock);
		if (hand_back(j))
			continue;
		pthread_mutex_unlock(&p->lock);
		job_free(j);
		pthread_mutex_lock(&p->lock);
	}
	last = --p->threads == 0;
	pthread_mutex_unlock(&p->lock);
	if (last)
		destroy(p);
	count_alive(false);
	return NULL;
}

/* Detached, for nobody would join one that hangs. */
static int start_thread(struct pool *p)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	count_alive(true);
	rc = pthread_create(&thread, &attr, serve, p);
	if (rc != 0)
		count_alive(false);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rc == 0 ? 0 : -1;
}

/* Under lock: is there a thread that will come to one more job? */
static bool is_manned(struct pool *p)
{
	if (p->idle <= p->n_waiting && p->threads < p->threads_most &&
	    start_thread(p) == 0)
		p->threads++;
	return p->threads > 0;
}

/* ---- pools --------------------------------------------------------------- */

struct pool *pool_new(size_t threads, size_t waiting)
{
	struct pool *p = mem_new(sizeof(*p));

	p->threads_most = threads;
	p->waiting_most = waiting;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->due, NULL);
	return p;
}

void pool_free(struct pool *p)
{
	bool last;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	assert(!p->waiting);
	p->closed = true;
	last = p->threads == 0;
	pthread_cond_broadcast(&p->due);
	pthread_mutex_unlock(&p->lock);
	if (last)
		destroy(p);
}

struct pool_job *pool_submit(struct pool *p, struct loop *l,
			     const struct pool_ops *ops, void *task,
			     void *owner)
{
	struct pool_job *j = NULL;

	pthread_mutex_lock(&p->lock);
	if (p->n_waiting < p->waiting_most && is_manned(p)) {
		j = mem_new(sizeof(*j));
		*j = (struct pool_job){.pool = p,
				       .loop = l,
				       .ops = ops,
				       .task = task,
				       .owner = owner};
		DL_APPEND(p->waiting, j);
		p->n_waiting++;
		pthread_cond_signal(&p->due);
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

void pool_drop(struct pool_job *j)
{
	struct pool *p;
	enum job_state was;

	if (!j)
		return;
	p = j->pool;
	pthread_mutex_lock(&p->lock);
	was = j->state;
	j->dropped = true;
	if (was == JOB_WAITS) {
		DL_DELETE(p->waiting, j);
		p->n_waiting--;
	}
	pthread_mutex_unlock(&p->lock);
	if (was == JOB_WORKS)
		return;
	if (was == JOB_OVER)
		loop_undefer(j->loop, report, j);
	job_free(j);
}

size_t pool_settle(int64_t most_us)
{
	struct timespec until;
	size_t left;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += most_us / 1000000;
	until.tv_nsec += most_us % 1000000 * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&alive_lock);
	while (n_alive > 0 && rc == 0)
		rc = pthread_cond_clockwait(&none_alive, &alive_lock,
					    CLOCK_MONOTONIC, &until);
	left = n_alive;
	pthread_mutex_unlock(&alive_lock);
	return left;
}
