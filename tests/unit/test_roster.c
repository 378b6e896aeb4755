/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places are never more than there are, the queue is fair, and nobody waits
 * beside a free place, on one loop and on several.
 */
#include "cascade/roster.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/now.h"

#define GUESTS 8

static struct metric_set *set;
static struct house *house;
static struct loop *loop;
static struct roster *roster;
static struct guest guests[GUESTS];
static char order[64]; /* who got a place, in turn */

static int set_up(void **state)
{
	struct err err = {0};

	(void)state;
	set = metric_set_new();
	house = house_new(set);
	loop = loop_new(&err);
	roster = roster_new(house, loop);
	memset(guests, 0, sizeof(guests));
	order[0] = '\0';
	return 0;
}

/* All is given back: no place is held, no gauge is off. */
static int tear_down(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(house_inflight(house), 0);
	buf_init(&b, 0);
	metric_write(set, &b);
	buf_add(&b, "", 1);
	assert_non_null(strstr(b.p, "\nfrugald_inflight 0\n"));
	assert_non_null(strstr(b.p, "\nfrugald_queued 0\n"));
	buf_release(&b);
	roster_free(roster);
	house_free(house);
	loop_free(loop);
	metric_set_free(set);
	return 0;
}

static void on_place(void *arg)
{
	size_t n = strlen(order);

	order[n] = (char)('0' + (int)((struct guest *)arg - guests));
	order[n + 1] = '\0';
}

static enum roster_answer enter(int i)
{
	return roster_enter(roster, &guests[i], on_place, &guests[i]);
}

static void leave(int i)
{
	roster_leave(roster, &guests[i]);
}

static void turn(void)
{
	loop_turn(loop, 0);
}

/* ---- one loop ------------------------------------------------------------ */

static void test_in_queued_full(void **state)
{
	(void)state;
	house_set_limits(house, 2, 2);
	assert_int_equal(enter(0), ROSTER_IN);
	assert_int_equal(enter(1), ROSTER_IN);
	assert_int_equal(enter(2), ROSTER_QUEUED);
	assert_int_equal(enter(3), ROSTER_QUEUED);
	assert_int_equal(enter(4), ROSTER_FULL);
	assert_int_equal(roster_count(roster), 4);
	assert_int_equal(house_inflight(house), 2);
	turn();
	assert_string_equal(order, ""); /* IN is not told again */
	leave(0);
	assert_string_equal(order, ""); /* not from inside the call */
	turn();
	assert_string_equal(order, "2");
	assert_int_equal(house_inflight(house), 2);
	assert_int_equal(enter(4), ROSTER_QUEUED); /* there is room again */
	leave(1);
	leave(2);
	turn();
	assert_string_equal(order, "234");
	leave(3);
	leave(4);
	assert_int_equal(roster_count(roster), 0);
}

static void test_no_place_at_all(void **state)
{
	(void)state;
	house_set_limits(house, 1, 0);
	assert_int_equal(enter(0), ROSTER_IN);
	assert_int_equal(enter(1), ROSTER_FULL);
	leave(0);
	assert_int_equal(enter(1), ROSTER_IN);
	leave(1);
	turn();
	assert_string_equal(order, "");
}

/* Who comes later does not overtake who waits. */
static void test_first_come_first_served(void **state)
{
	(void)state;
	house_set_limits(house, 1, 4);
	assert_int_equal(enter(0), ROSTER_IN);
	assert_int_equal(enter(1), ROSTER_QUEUED);
	leave(0);
	assert_int_equal(enter(2), ROSTER_QUEUED); /* 1 has it, not told yet */
	turn();
	assert_string_equal(order, "1");
	leave(1);
	leave(2); /* got it, and leaves before it is told */
	turn();
	assert_string_equal(order, "1");
}

/* From the front, the middle and the end of the queue. */
static void test_leaving_the_queue(void **state)
{
	(void)state;
	house_set_limits(house, 1, 5);
	enter(0);
	for (int i = 1; i <= 5; i++)
		assert_int_equal(enter(i), ROSTER_QUEUED);
	leave(1);
	leave(3);
	leave(5);
	assert_int_equal(house_inflight(house), 1);
	leave(0);
	turn();
	assert_string_equal(order, "2");
	leave(2);
	turn();
	assert_string_equal(order, "24");
	leave(4);
	turn();
	assert_string_equal(order, "24");
}

/* A place given to one who leaves untold goes to the next. */
static void test_leaving_before_being_told(void **state)
{
	(void)state;
	house_set_limits(house, 1, 5);
	enter(0);
	enter(1);
	enter(2);
	leave(0);
	leave(1);
	turn();
	assert_string_equal(order, "2");
	leave(2);
}

static void leave_others(void *arg)
{
	on_place(arg);
	for (int i = 2; i <= 3; i++)
		leave(i);
}

/* One that is told may send away those who would be told next. */
static void test_leaving_inside_on_place(void **state)
{
	(void)state;
	house_set_limits(house, 1, 5);
	enter(0);
	roster_enter(roster, &guests[1], leave_others, &guests[1]);
	enter(2);
	enter(3);
	enter(4);
	leave(0);
	turn();
	assert_string_equal(order, "1");
	leave(1);
	turn();
	assert_string_equal(order, "14");
	leave(4);
}

static void test_lower_limit(void **state)
{
	(void)state;
	house_set_limits(house, 4, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(enter(i), ROSTER_IN);
	house_set_limits(house, 2, 4); /* nobody is sent away */
	assert_int_equal(house_inflight(house), 4);
	assert_int_equal(enter(4), ROSTER_QUEUED);
	leave(0);
	leave(1);
	turn();
	assert_string_equal(order, ""); /* two are in, as many as may be */
	leave(2);
	turn();
	assert_string_equal(order, "4");
	leave(3);
	leave(4);
}

/* Those who wait hear of new places without anybody leaving. */
static void test_higher_limit(void **state)
{
	(void)state;
	house_set_limits(house, 1, 5);
	for (int i = 0; i < 5; i++)
		enter(i);
	house_set_limits(house, 4, 5);
	turn();
	turn();
	assert_string_equal(order, "123");
	assert_int_equal(house_inflight(house), 4);
	for (int i = 0; i < 5; i++)
		leave(i);
}

/* ---- two loops on one thread --------------------------------------------- */

static void test_place_of_another_loop(void **state)
{
	struct err err = {0};
	struct loop *other_loop = loop_new(&err);
	struct roster *other = roster_new(house, other_loop);
	int64_t start;

	(void)state;
	house_set_limits(house, 1, 4);
	assert_int_equal(roster_enter(other, &guests[0], on_place, &guests[0]),
			 ROSTER_IN);
	assert_int_equal(enter(1), ROSTER_QUEUED);
	assert_int_equal(roster_enter(other, &guests[2], on_place, &guests[2]),
			 ROSTER_QUEUED);
	roster_leave(other, &guests[0]);
	loop_turn(other_loop, 0);
	turn();
	assert_string_equal(order, "2"); /* its own loop's first */
	roster_leave(other, &guests[2]);
	/* The word is on its way; no newcomer takes the place meanwhile. */
	assert_int_equal(enter(3), ROSTER_QUEUED);
	start = now_us();
	loop_turn(loop, 5000); /* woken, not waited out */
	assert_true(now_us() - start < 2000000);
	assert_string_equal(order, "21");
	leave(1);
	turn();
	assert_string_equal(order, "213");
	leave(3);
	roster_free(other);
	loop_free(other_loop);
}

/* ---- three loops, three threads ------------------------------------------ */

enum { LOOPS = 3, EACH = 12, ROUNDS = 400, PLACES = 5, WAITING = 20 };

static _Atomic int held, held_most;
static _Atomic int64_t served, turned_away;

struct crowd;

struct visitor {
	struct guest guest; /* first, so that it is the visitor */
	struct crowd *crowd;
	int rounds; /* that are left */
	int stays;  /* turns that it keeps its place */
};

/* The visitors of one thread. */
struct crowd {
	struct loop *loop;
	struct roster *roster;
	struct visitor v[EACH];
	unsigned int seed;
	int present;
	bool stuck;
};

static void come(void *arg);

static void stay(void *arg)
{
	struct visitor *v = arg;

	if (v->stays-- > 0) {
		loop_defer(v->crowd->loop, stay, v);
		return;
	}
	atomic_fetch_sub(&held, 1);
	roster_leave(v->crowd->roster, &v->guest);
	atomic_fetch_add(&served, 1);
	if (--v->rounds > 0)
		loop_defer(v->crowd->loop, come, v);
	else
		v->crowd->present--;
}

static void got_place(void *arg)
{
	struct visitor *v = arg;
	int now = atomic_fetch_add(&held, 1) + 1;
	int most = atomic_load(&held_most);

	while (now > most &&
	       !atomic_compare_exchange_weak(&held_most, &most, now))
		;
	v->stays = rand_r(&v->crowd->seed) % 5;
	stay(v);
}

/* Now and then one loses patience at once. */
static void come(void *arg)
{
	struct visitor *v = arg;

	switch (roster_enter(v->crowd->roster, &v->guest, got_place, v)) {
	case ROSTER_IN:
		got_place(v);
		break;
	case ROSTER_QUEUED:
		if (rand_r(&v->crowd->seed) % 8)
			break;
		roster_leave(v->crowd->roster, &v->guest);
		loop_defer(v->crowd->loop, come, v);
		break;
	case ROSTER_FULL:
		atomic_fetch_add(&turned_away, 1);
		loop_defer(v->crowd->loop, come, v);
		break;
	}
}

/* Nothing here wakes a loop but the roster: one forgotten, and it sleeps. */
static void *visit(void *arg)
{
	struct crowd *c = arg;

	c->present = EACH;
	for (int i = 0; i < EACH; i++)
		come(&c->v[i]);
	while (c->present > 0 && !c->stuck) {
		int64_t start = now_us();

		loop_turn(c->loop, 10000);
		c->stuck = now_us() - start > 9000000;
	}
	return NULL;
}

static void test_three_threads(void **state)
{
	static struct crowd crowds[LOOPS];
	pthread_t threads[LOOPS];
	struct err err = {0};

	(void)state;
	house_set_limits(house, PLACES, WAITING);
	for (int i = 0; i < LOOPS; i++) {
		struct crowd *c = &crowds[i];

		c->loop = loop_new(&err);
		c->roster = roster_new(house, c->loop);
		c->seed = (unsigned int)i;
		for (int j = 0; j < EACH; j++) {
			c->v[j].crowd = c;
			c->v[j].rounds = ROUNDS;
		}
	}
	for (int i = 0; i < LOOPS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, visit, &crowds[i]),
			0);
	for (int i = 0; i < LOOPS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < LOOPS; i++) {
		assert_false(crowds[i].stuck);
		assert_int_equal(roster_count(crowds[i].roster), 0);
	}
	assert_int_equal(atomic_load(&served), LOOPS * EACH * ROUNDS);
	assert_int_equal(atomic_load(&held), 0);
	assert_in_range(atomic_load(&held_most), 1, PLACES);
	for (int i = 0; i < LOOPS; i++) {
		roster_free(crowds[i].roster);
		loop_free(crowds[i].loop);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_in_queued_full),
		T(test_no_place_at_all),
		T(test_first_come_first_served),
		T(test_leaving_the_queue),
		T(test_leaving_before_being_told),
		T(test_leaving_inside_on_place),
		T(test_lower_limit),
		T(test_higher_limit),
		T(test_place_of_another_loop),
		T(test_three_threads),
	};

	return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
