/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs of a pool: which are begun, which are heard of, and that what is dropped
 * is freed once and bothers nobody. Meant for the sanitizers as well.
 */
#include "evt/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "patience.h"

#define SETTLE_US 60000000

static struct loop *l;
static atomic_int begun, ended, released;

/* A gate that jobs wait at. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gate_open;

static void set_gate(bool open)
{
	pthread_mutex_lock(&lock);
	gate_open = open;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

struct task {
	bool waits;
	int in, out;
};

struct owner {
	struct pool_job *job;
	struct task *task;
	int heard; /* how often */
	int got;   /* the task's out, then */
};

static struct task *new_task(int in, bool waits)
{
	struct task *t = mem_new(sizeof(*t));

	t->in = in;
	t->waits = waits;
	return t;
}

static void work(void *arg)
{
	struct task *t = arg;

	pthread_mutex_lock(&lock);
	begun++;
	pthread_cond_broadcast(&changed);
	while (t->waits && !gate_open)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	t->out = 2 * t->in;
	ended++;
}

static void done(void *arg)
{
	struct owner *o = arg;

	o->heard++;
	o->got = o->task->out;
	pool_drop(o->job);
	o->job = NULL;
}

static void release(void *arg)
{
	free(arg);
	released++;
}

static const struct pool_ops ops = {work, done, release};

static void submit(struct pool *p, struct owner *o, int in, bool waits)
{
	*o = (struct owner){.task = new_task(in, waits)};
	o->job = pool_submit(p, l, &ops, o->task, o);
	assert_non_null(o->job);
}

static void await_begun(int n)
{
	pthread_mutex_lock(&lock);
	while (begun < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void turn_until_heard(const struct owner *o, size_t n)
{
	for (size_t i = 0; i < n; i++)
		while (!o[i].heard)
			loop_turn(l, 100);
}

static int set_up(void **state)
{
	struct err e = {0};

	(void)state;
	begun = ended = released = 0;
	set_gate(false);
	l = loop_new(&e);
	return l ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	set_gate(true);
	loop_free(l);
	return pool_settle(SETTLE_US) == 0 ? 0 : -1;
}

static void test_each_is_heard_once(void **state)
{
	struct pool *p = pool_new(3, 100);
	struct owner o[50];

	(void)state;
	for (int i = 0; i < 50; i++)
		submit(p, &o[i], i, false);
	for (int i = 0; i < 50; i++)
		assert_int_equal(o[i].heard, 0); /* on a later turn */
	turn_until_heard(o, 50);
	loop_turn(l, 0);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(o[i].heard, 1);
		assert_int_equal(o[i].got, 2 * i);
	}
	assert_int_equal(released, 50);
	pool_free(p);
}

static void test_they_work_side_by_side(void **state)
{
	struct pool *p = pool_new(4, 100);
	struct owner o[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		submit(p, &o[i], i, true);
	await_begun(4);
	set_gate(true);
	turn_until_heard(o, 4);
	pool_free(p);
}

static void test_no_more_threads_than_allowed(void **state)
{
	struct pool *p = pool_new(2, 100);
	struct owner o[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		submit(p, &o[i], i, true);
	await_begun(2);
	loop_turn(l, 20);
	assert_int_equal(begun, 2);
	set_gate(true);
	turn_until_heard(o, 6);
	pool_free(p);
}

static void test_full(void **state)
{
	struct pool *p = pool_new(1, 2);
	struct task *more = new_task(0, false);
	struct owner o[3], late;

	(void)state;
	submit(p, &o[0], 0, true);
	await_begun(1);
	submit(p, &o[1], 1, false);
	submit(p, &o[2], 2, false);
	assert_null(pool_submit(p, l, &ops, more, &late));
	assert_int_equal(released, 0);
	pool_drop(o[1].job); /* makes room */
	assert_int_equal(released, 1);
	late = (struct owner){.task = more};
	late.job = pool_submit(p, l, &ops, more, &late);
	assert_non_null(late.job);
	set_gate(true);
	turn_until_heard(&o[0], 1);
	turn_until_heard(&o[2], 1);
	turn_until_heard(&late, 1);
	assert_int_equal(begun, 3);
	pool_free(p);
}

/* It goes on, unheard, after its pool and its loop. */
static void test_dropped_at_work(void **state)
{
	struct pool *p = pool_new(2, 10);
	struct owner o;

	(void)state;
	submit(p, &o, 1, true);
	await_begun(1);
	pool_drop(o.job);
	assert_int_equal(released, 0);
	pool_free(p);
	loop_free(l);
	l = NULL;
	assert_int_equal(pool_settle(1000), 1);
	set_gate(true);
	assert_int_equal(pool_settle(SETTLE_US), 0);
	assert_int_equal(released, 1);
	assert_int_equal(o.heard, 0);
}

static void test_dropped_before_it_is_heard(void **state)
{
	struct pool *p = pool_new(1, 10);
	struct owner o[2];

	(void)state;
	submit(p, &o[0], 1, false);
	submit(p, &o[1], 2, true);
	await_begun(2); /* so the first is over, and posted */
	pool_drop(o[0].job);
	assert_int_equal(released, 1);
	set_gate(true);
	turn_until_heard(&o[1], 1);
	assert_int_equal(o[0].heard, 0);
	pool_free(p);
}

/* Dropped at any time by loops that end at any time. */
static void *storm(void *arg)
{
	struct pool *p = arg;

	for (int round = 0; round < 40; round++) {
		struct err e = {0};
		struct loop *own = loop_new(&e);
		struct owner o[20] = {0};

		for (int i = 0; i < 20; i++) {
			o[i].task = new_task(i, false);
			o[i].job = pool_submit(p, own, &ops, o[i].task, &o[i]);
			if (!o[i].job)
				release(o[i].task);
		}
		for (int i = 0; i < round % 5; i++)
			loop_turn(own, 0);
		for (int i = 0; i < 20; i++)
			pool_drop(o[i].job);
		loop_turn(own, 0);
		for (int i = 0; i < 20; i++)
			if (o[i].heard > 1 || (o[i].heard && o[i].got != 2 * i))
				abort();
		loop_free(own);
	}
	return NULL;
}

static void test_storm(void **state)
{
	struct pool *p = pool_new(4, 30);
	pthread_t others[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		pthread_create(&others[i], NULL, storm, p);
	for (int i = 0; i < 3; i++)
		pthread_join(others[i], NULL);
	pool_free(p);
	assert_int_equal(pool_settle(SETTLE_US), 0);
	assert_int_equal(released, 3 * 40 * 20);
	assert_int_equal(begun, ended);
}

static sigset_t seen;

static void look_at_mask(void *arg)
{
	(void)arg;
	pthread_sigmask(SIG_SETMASK, NULL, &seen);
}

static void test_signals_are_blocked(void **state)
{
	static const struct pool_ops looks = {look_at_mask, done, release};
	struct pool *p = pool_new(1, 1);
	struct owner o = {.task = new_task(0, false)};
	sigset_t ours;

	(void)state;
	o.job = pool_submit(p, l, &looks, o.task, &o);
	turn_until_heard(&o, 1);
	assert_int_equal(sigismember(&seen, SIGTERM), 1);
	assert_int_equal(sigismember(&seen, SIGHUP), 1);
	assert_int_equal(sigismember(&seen, SIGALRM), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &ours);
	assert_int_equal(sigismember(&ours, SIGALRM), 0);
	pool_free(p);
}

static void test_nothing(void **state)
{
	struct pool *p = pool_new(1, 1);

	(void)state;
	pool_drop(NULL);
	pool_free(NULL);
	pool_free(p);
	assert_int_equal(pool_settle(0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_is_heard_once),
		TEST(test_they_work_side_by_side),
		TEST(test_no_more_threads_than_allowed),
		TEST(test_full),
		TEST(test_dropped_at_work),
		TEST(test_dropped_before_it_is_heard),
		TEST(test_storm),
		TEST(test_signals_are_blocked),
		TEST(test_nothing),
	};

	give_up_after(60);
	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
