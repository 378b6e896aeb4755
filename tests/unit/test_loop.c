/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns of a loop: what is called, in which order, and what is not.
 */
#include "evt/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/now.h"
#include "evt/deadline.h"
#include "evt/signals.h"

static int64_t clock_us;

static int64_t stopped_clock(void)
{
	return clock_us;
}

static struct loop *l;
static char trace[300]; /* a letter for each call */

static void note(void *arg)
{
	size_t n = strlen(trace);

	assert_true(n + 1 < sizeof(trace));
	trace[n] = *(char *)arg;
	trace[n + 1] = '\0';
}

#define assert_trace(text)                                                     \
	do {                                                                   \
		assert_string_equal(trace, (text));                            \
		trace[0] = '\0';                                               \
	} while (0)

static int set_up(void **state)
{
	struct err e = {0};

	(void)state;
	trace[0] = '\0';
	l = loop_new(&e);
	return l ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(l);
	now_set_source(NULL);
	return 0;
}

static int set_up_stopped(void **state)
{
	clock_us = 1000000;
	now_set_source(stopped_clock);
	return set_up(state);
}

static void stop(void *arg)
{
	note(arg);
	loop_stop(l);
}

/* -- deferred calls -- */

static void test_defer_in_order(void **state)
{
	(void)state;
	loop_defer(l, note, "a");
	loop_defer(l, note, "b");
	loop_defer(l, note, "a");
	assert_trace("");
	loop_turn(l, -1);
	assert_trace("aba");
	loop_turn(l, 0);
	assert_trace("");
}

static void defer_two(void *arg)
{
	note(arg);
	loop_defer(l, note, "x");
	loop_defer(l, note, "y");
}

static void test_deferred_meanwhile_runs_this_turn(void **state)
{
	(void)state;
	loop_defer(l, defer_two, "1");
	loop_defer(l, defer_two, "2");
	loop_turn(l, 0);
	assert_trace("12xyxy");
}

static void undefer_b(void *arg)
{
	note(arg);
	loop_undefer(l, note, "b");
}

static void test_undefer(void **state)
{
	static char other_b[] = "b";

	(void)state;
	loop_defer(l, note, "b");
	loop_defer(l, undefer_b, "u");
	loop_defer(l, note, "a");
	loop_defer(l, note, "b");
	loop_defer(l, note, other_b);
	loop_defer(l, stop, "b");
	loop_defer(l, note, "b");
	loop_turn(l, 0);
	assert_trace("buabb");
	loop_defer(l, note, "b");
	loop_undefer(l, note, "b");
	loop_undefer(l, note, "never deferred");
	loop_turn(l, 0);
	assert_trace("");
}

/* The ring wraps and grows while it is neither empty nor at its beginning. */
static int next_out, next_in, burst;

static void count_out(void *arg)
{
	int i;

	assert_int_equal((intptr_t)arg, next_out);
	next_out++;
	for (i = 0; i < burst && next_in < 100000; i++, next_in++)
		loop_defer(l, count_out, (void *)(intptr_t)next_in);
}

static void test_defer_many(void **state)
{
	(void)state;
	next_in = next_out = 0;
	for (burst = 1; burst < 4; burst++) {
		for (; next_in < burst * 1000; next_in++)
			loop_defer(l, count_out, (void *)(intptr_t)next_in);
		while (next_out < burst * 1000)
			loop_turn(l, 0);
	}
	while (next_out < next_in)
		loop_turn(l, -1);
	assert_int_equal(next_out, 100000);
}

static int spins;

static void spin(void *arg)
{
	spins++;
	loop_defer(l, spin, arg);
}

static void on_read(void *arg, uint32_t events)
{
	assert_true(events & EPOLLIN);
	note(arg);
}

static struct watch *watch(int fd, uint32_t events, watch_fn *fn, void *arg)
{
	struct err e = {0};
	struct watch *w = watch_new(l, fd, events, fn, arg, &e);

	if (!w)
		fail_msg("%s", e.text);
	return w;
}

/* A call that defers itself for ever starves neither sockets nor the caller,
 * and the loop does not sleep on it. */
static void test_endless_defer_leaves_room(void **state)
{
	struct watch *w;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	w = watch(fds[0], EPOLLIN, on_read, "r");
	spins = 0;
	loop_defer(l, spin, NULL);
	loop_turn(l, -1);
	assert_in_range(spins, 2, 10000);
	assert_int_equal(write(fds[1], "x", 1), 1);
	loop_turn(l, -1);
	assert_trace("r");
	watch_free(w);
	close(fds[0]);
	close(fds[1]);
}

/* -- posted calls -- */

static void *post_from_thread(void *arg)
{
	usleep(20000);
	loop_post(l, note, "a");
	loop_post(l, note, "b");
	loop_post(l, stop, arg);
	return NULL;
}

static void test_post_wakes(void **state)
{
	pthread_t t;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(
			pthread_create(&t, NULL, post_from_thread, "c"), 0);
		loop_run(l);
		pthread_join(t, NULL);
		assert_trace("abc");
	}
}

enum { POSTERS = 4, POSTS = 20000 };

static int posted[POSTERS], posted_all;

static void count_post(void *arg)
{
	int v = (int)(intptr_t)arg;

	/* First in, first out for each thread. */
	assert_int_equal(v / POSTERS, posted[v % POSTERS]);
	posted[v % POSTERS]++;
	if (++posted_all == POSTERS * POSTS)
		loop_stop(l);
}

static void *post_many(void *arg)
{
	int i;

	for (i = 0; i < POSTS; i++)
		loop_post(l, count_post, (void *)(i * POSTERS + (intptr_t)arg));
	return NULL;
}

static void test_post_loses_nothing(void **state)
{
	pthread_t t[POSTERS];
	int i;

	(void)state;
	for (i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, post_many,
						(void *)(intptr_t)i),
				 0);
	loop_run(l);
	for (i = 0; i < POSTERS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(posted_all, POSTERS * POSTS);
}

static void test_undefer_drops_posted(void **state)
{
	(void)state;
	loop_post(l, note, "a");
	loop_post(l, note, "b");
	loop_undefer(l, note, "a");
	loop_turn(l, 0);
	assert_trace("b");
	loop_post(l, note, "c");
	loop_turn(l, -1);
	assert_trace("c");
}

/* -- hooks -- */

static int hook_has_more;

static bool hook(void *arg)
{
	note(arg);
	return hook_has_more-- > 0;
}

static void defer_d(void *arg)
{
	note(arg);
	loop_defer(l, note, "d");
}

static void test_hooks_run_last_and_decide(void **state)
{
	(void)state;
	hook_has_more = 0;
	loop_before_wait(l, hook, "h");
	loop_before_wait(l, hook, "i");
	/* They are asked before the first wait. */
	loop_turn(l, -1);
	assert_trace("hi");
	loop_defer(l, defer_d, "1");
	loop_turn(l, -1);
	assert_trace("1dhi");
	/* All are asked, whatever the first one says; true: no wait. */
	hook_has_more = 1;
	loop_defer(l, note, "2");
	loop_turn(l, -1);
	assert_trace("2hi");
	loop_turn(l, -1);
	assert_trace("hi");
}

static bool stopping_hook(void *arg)
{
	stop(arg);
	return false;
}

static void test_stop(void **state)
{
	(void)state;
	loop_stop(l);
	loop_run(l); /* told before it began */
	assert_trace("");
	loop_defer(l, stop, "s");
	loop_defer(l, note, "a"); /* the turn is finished */
	loop_run(l);
	assert_trace("sa");
	loop_before_wait(l, stopping_hook, "h");
	loop_run(l);
	assert_trace("h");
}

/* -- watches -- */

static struct watch *pair[2];
static int pair_fd[2][2];

static void open_pair(void)
{
	int i;

	for (i = 0; i < 2; i++)
		assert_int_equal(
			socketpair(AF_UNIX, SOCK_STREAM, 0, pair_fd[i]), 0);
}

static void close_pair(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		watch_free(pair[i]);
		pair[i] = NULL;
		close(pair_fd[i][0]);
		close(pair_fd[i][1]);
	}
}

static void test_watch_levels_and_edges(void **state)
{
	struct err e = {0};

	(void)state;
	open_pair();
	pair[0] = watch(pair_fd[0][0], EPOLLIN, on_read, "l");
	pair[1] = watch(pair_fd[1][0], EPOLLIN | EPOLLET, on_read, "e");
	loop_turn(l, 0);
	assert_trace("");
	assert_int_equal(write(pair_fd[0][1], "x", 1), 1);
	loop_turn(l, 1000);
	loop_turn(l, 1000);
	assert_trace("ll");
	assert_int_equal(watch_set(pair[0], 0, &e), 0);
	loop_turn(l, 0);
	assert_trace("");
	assert_int_equal(watch_set(pair[0], EPOLLIN, &e), 0);
	assert_int_equal(watch_set(pair[0], EPOLLIN, &e), 0);
	loop_turn(l, 1000);
	assert_trace("l");
	watch_set(pair[0], 0, &e);

	assert_int_equal(write(pair_fd[1][1], "x", 1), 1);
	loop_turn(l, 1000);
	loop_turn(l, 0);
	assert_trace("e");
	/* Setting an edge again arms it again. */
	assert_int_equal(watch_set(pair[1], EPOLLIN | EPOLLET, &e), 0);
	loop_turn(l, 0);
	assert_trace("e");
	close_pair();
}

static uint32_t seen_events;

static void on_any(void *arg, uint32_t events)
{
	note(arg);
	seen_events = events;
}

static void test_hang_up_is_seen(void **state)
{
	(void)state;
	open_pair();
	pair[0] = watch(pair_fd[0][0], EPOLLIN | EPOLLRDHUP, on_any, "g");
	shutdown(pair_fd[0][1], SHUT_WR);
	loop_turn(l, 1000);
	assert_trace("g");
	assert_true(seen_events & EPOLLRDHUP);
	close_pair();
}

/* Whichever comes first frees the other one and itself. */
static void free_both(void *arg, uint32_t events)
{
	(void)events;
	note(arg);
	watch_free(pair[0]);
	watch_free(pair[1]);
	pair[0] = pair[1] = NULL;
}

static void test_freed_watch_is_not_called(void **state)
{
	(void)state;
	open_pair();
	pair[0] = watch(pair_fd[0][0], EPOLLIN, free_both, "f");
	pair[1] = watch(pair_fd[1][0], EPOLLIN, free_both, "f");
	assert_int_equal(write(pair_fd[0][1], "x", 1), 1);
	assert_int_equal(write(pair_fd[1][1], "x", 1), 1);
	loop_turn(l, 1000);
	loop_turn(l, 0);
	assert_trace("f");
	close_pair();
}

/* A new watch on a descriptor whose old one was freed on the same turn. */
static void replace_other(void *arg, uint32_t events)
{
	int other = *(char *)arg == '1' ? 0 : 1;

	(void)events;
	note(arg);
	watch_free(pair[other]);
	pair[other] = watch(pair_fd[other][0], EPOLLIN, on_read, "n");
	watch_set(pair[!other], 0, NULL);
}

static void test_replaced_watch_sees_next_turn(void **state)
{
	(void)state;
	open_pair();
	pair[0] = watch(pair_fd[0][0], EPOLLIN, replace_other, "0");
	pair[1] = watch(pair_fd[1][0], EPOLLIN, replace_other, "1");
	assert_int_equal(write(pair_fd[0][1], "x", 1), 1);
	assert_int_equal(write(pair_fd[1][1], "x", 1), 1);
	loop_turn(l, 1000);
	assert_int_equal(strlen(trace), 1);
	trace[0] = '\0';
	loop_turn(l, 0);
	assert_trace("n");
	close_pair();
}

static void test_watch_faults(void **state)
{
	struct err e = {0};
	struct watch *w, *again;

	(void)state;
	assert_null(watch_new(l, -1, EPOLLIN, on_any, "x", &e));
	assert_int_equal(e.kind, ERR_SYS);
	watch_free(NULL);
	open_pair();
	w = watch(pair_fd[0][0], EPOLLIN, on_any, "x");
	memset(&e, 0, sizeof(e));
	again = watch_new(l, pair_fd[0][0], EPOLLIN, on_any, "x", &e);
	assert_null(again);
	assert_int_equal(e.kind, ERR_SYS);
	watch_free(w);
	w = watch(pair_fd[0][0], EPOLLIN, on_any, "x");
	watch_free(w);
	close_pair();
}

/* More ready descriptors than one wait fetches: all come, none twice. */
static int many_seen[400];

static void count_ready(void *arg, uint32_t events)
{
	(void)events;
	++*(int *)arg;
}

static void test_many_ready(void **state)
{
	enum { N = 400 };
	struct watch *w[N];
	int fds[N][2], i;

	(void)state;
	for (i = 0; i < N; i++) {
		assert_int_equal(pipe(fds[i]), 0);
		w[i] = watch(fds[i][0], EPOLLIN | EPOLLET, count_ready,
			     &many_seen[i]);
		assert_int_equal(write(fds[i][1], "x", 1), 1);
	}
	for (i = 0; i < 10; i++)
		loop_turn(l, 0);
	for (i = 0; i < N; i++) {
		assert_int_equal(many_seen[i], 1);
		watch_free(w[i]);
		close(fds[i][0]);
		close(fds[i][1]);
	}
}

/* -- deadlines -- */

static void test_deadlines_in_order(void **state)
{
	struct deadline d[5] = {0};

	(void)state;
	deadline_set(&d[0], l, clock_us + 30, note, "c");
	deadline_set(&d[1], l, clock_us + 10, note, "a");
	deadline_set(&d[2], l, clock_us + 20, note, "b");
	deadline_set(&d[3], l, clock_us + 20, note, "B");
	deadline_set(&d[4], l, clock_us + 40, note, "d");
	assert_true(deadline_is_set(&d[1]));
	loop_turn(l, 0);
	assert_trace("");
	clock_us += 9;
	loop_turn(l, 0);
	assert_trace("");
	clock_us += 1; /* due means: reached */
	loop_turn(l, 0);
	assert_trace("a");
	assert_false(deadline_is_set(&d[1]));
	clock_us += 20;
	loop_turn(l, 0);
	assert_trace("bBc");
	deadline_clear(&d[4]);
	deadline_clear(&d[4]);
	assert_false(deadline_is_set(&d[4]));
	clock_us += 100;
	loop_turn(l, 0);
	assert_trace("");
}

static void test_deadline_moves(void **state)
{
	struct deadline a = {0}, b = {0};

	(void)state;
	deadline_set(&a, l, clock_us + 10, note, "a");
	deadline_set(&b, l, clock_us + 20, note, "b");
	deadline_set(&a, l, clock_us + 30, note, "A");
	clock_us += 25;
	loop_turn(l, 0);
	assert_trace("b");
	deadline_set(&a, l, clock_us + 1, note, "x");
	clock_us += 1;
	loop_turn(l, 0);
	assert_trace("x");
	clock_us += 100;
	loop_turn(l, 0);
	assert_trace("");
}

static struct deadline self, other, third;

static void set_self_in_the_past(void *arg)
{
	note(arg);
	assert_false(deadline_is_set(&self));
	deadline_set(&self, l, clock_us - 500, set_self_in_the_past, "p");
}

static void test_past_is_next_turn(void **state)
{
	int i;

	(void)state;
	deadline_set(&self, l, 0, set_self_in_the_past, "p");
	for (i = 0; i < 3; i++) {
		loop_turn(l, -1); /* does not wait */
		assert_trace("p");
	}
	deadline_clear(&self);
}

static void clear_move_and_set(void *arg)
{
	note(arg);
	deadline_clear(&other);
	deadline_set(&third, l, clock_us + 5, note, "3");
	deadline_set(&self, l, clock_us + 7, note, "s");
	deadline_clear(&self);
	deadline_set(&self, l, clock_us + 9, note, "S");
}

static void test_callbacks_change_the_heap(void **state)
{
	(void)state;
	deadline_set(&self, l, clock_us + 1, clear_move_and_set, "c");
	deadline_set(&other, l, clock_us + 2, note, "o");
	deadline_set(&third, l, clock_us + 3, note, "t");
	clock_us += 10;
	loop_turn(l, 0);
	assert_trace("c");
	clock_us += 5;
	loop_turn(l, 0);
	assert_trace("3");
	clock_us += 4;
	loop_turn(l, 0);
	assert_trace("S");
}

static void set_self_now(void *arg, uint32_t events)
{
	on_read(arg, events);
	deadline_set(&self, l, 0, note, "d");
	loop_defer(l, note, "q");
}

/* Readiness, deadlines, deferred calls, hooks; and a deadline set on this
 * turn waits for the next. */
static void test_order_within_a_turn(void **state)
{
	struct deadline d = {0};

	(void)state;
	open_pair();
	hook_has_more = 0;
	loop_before_wait(l, hook, "h");
	loop_turn(l, 0);
	trace[0] = '\0';
	pair[0] = watch(pair_fd[0][0], EPOLLIN | EPOLLET, set_self_now, "r");
	assert_int_equal(write(pair_fd[0][1], "x", 1), 1);
	deadline_set(&d, l, clock_us, note, "t");
	loop_defer(l, note, "p");
	loop_turn(l, 0);
	assert_trace("rtpqh");
	loop_turn(l, 0);
	assert_trace("dh");
	close_pair();
}

/* 10,000 random deadlines, some moved, some cleared, against a sorted list. */
enum { MANY = 10000 };

static struct {
	struct deadline d;
	int64_t at_us;
	int seq; /* when it was set last; 0: cleared */
} many[MANY];

static int order[MANY], n_order, n_fired, seq;

static void on_many(void *arg)
{
	intptr_t i = (intptr_t)arg;

	assert_true(n_fired < n_order);
	assert_int_equal(i, order[n_fired]);
	assert_true(many[i].at_us <= clock_us);
	n_fired++;
}

static void set_many(int i)
{
	many[i].at_us = clock_us + random() % 5000;
	many[i].seq = ++seq;
	deadline_set(&many[i].d, l, many[i].at_us, on_many,
		     (void *)(intptr_t)i);
}

static int by_time_then_seq(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	if (many[x].at_us != many[y].at_us)
		return many[x].at_us < many[y].at_us ? -1 : 1;
	return many[x].seq < many[y].seq ? -1 : 1;
}

static void test_random_against_sorted(void **state)
{
	int64_t end_us = clock_us + 5000;
	int i, j;

	(void)state;
	srandom(7);
	for (i = 0; i < MANY; i++)
		set_many(i);
	for (i = 0; i < MANY; i++) {
		j = (int)(random() % MANY);
		if (random() % 2) {
			set_many(j);
		} else {
			deadline_clear(&many[j].d);
			many[j].seq = 0;
		}
	}
	for (i = 0; i < MANY; i++)
		if (many[i].seq)
			order[n_order++] = i;
	qsort(order, (size_t)n_order, sizeof(*order), by_time_then_seq);
	while (clock_us < end_us) {
		clock_us += random() % 20;
		loop_turn(l, 0);
		if (n_fired < n_order)
			assert_true(many[order[n_fired]].at_us > clock_us);
	}
	assert_int_equal(n_fired, n_order);
	assert_in_range(n_order, MANY / 3, MANY);
}

/* With the real clock: neither early nor much too late. */
static void test_waits_for_a_deadline(void **state)
{
	static const int64_t waits_us[] = {1, 300, 1500, 20000};
	struct deadline d = {0};
	int64_t at_us, late_us;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(waits_us) / sizeof(*waits_us); i++) {
		at_us = now_us() + waits_us[i];
		deadline_set(&d, l, at_us, stop, "d");
		loop_run(l);
		late_us = now_us() - at_us;
		assert_true(late_us >= 0);
		assert_true(late_us < 500000);
		assert_true(loop_now_us(l) >= at_us);
		assert_trace("d");
	}
	deadline_set(&d, l, INT64_MAX, note, "n");
	loop_turn(l, 1);
	deadline_set(&d, l, now_us() + 100000000, note, "n");
	at_us = now_us();
	loop_turn(l, 5);
	assert_true(now_us() - at_us < 500000);
	deadline_clear(&d);
	assert_trace("");
}

static bool count_turn(void *arg)
{
	++*(int *)arg;
	return false;
}

/* Rounding the wait down would spin through the last millisecond. */
static void test_a_wait_is_one_turn(void **state)
{
	struct deadline d = {0};
	int turns = 0;

	(void)state;
	loop_before_wait(l, count_turn, &turns);
	loop_turn(l, 0);
	turns = 0;
	deadline_set(&d, l, now_us() + 2900, stop, "d");
	loop_run(l);
	assert_in_range(turns, 1, 2);
}

/* -- signals -- */

static struct signals *sigs;
static int last_signal;

static void on_signal(void *arg, int signo)
{
	note(arg);
	last_signal = signo;
	if (signo == SIGTERM) {
		signals_free(sigs);
		sigs = NULL;
		loop_stop(l);
	}
}

static void test_signals(void **state)
{
	static const int all[] = {SIGHUP, SIGUSR1, SIGINT};
	struct err e = {0};
	size_t i;
	int fds[2];

	(void)state;
	signals_block();
	sigs = signals_new(l, on_signal, "s", &e);
	assert_non_null(sigs);
	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		kill(getpid(), all[i]);
		loop_turn(l, 1000);
		assert_int_equal(last_signal, all[i]);
		assert_trace("s");
	}
	kill(getpid(), SIGHUP);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGTERM);
	loop_run(l); /* until the last one, which frees them */
	assert_trace("sss");
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(write(fds[1], "x", 1), -1); /* and we live */
	close(fds[1]);
	signals_free(NULL);
}

#define REAL(f)	   cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define STOPPED(f) cmocka_unit_test_setup_teardown(f, set_up_stopped, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REAL(test_defer_in_order),
		REAL(test_deferred_meanwhile_runs_this_turn),
		REAL(test_undefer),
		REAL(test_defer_many),
		REAL(test_endless_defer_leaves_room),
		REAL(test_post_wakes),
		REAL(test_post_loses_nothing),
		REAL(test_undefer_drops_posted),
		REAL(test_hooks_run_last_and_decide),
		REAL(test_stop),
		REAL(test_watch_levels_and_edges),
		REAL(test_hang_up_is_seen),
		REAL(test_freed_watch_is_not_called),
		REAL(test_replaced_watch_sees_next_turn),
		REAL(test_watch_faults),
		REAL(test_many_ready),
		STOPPED(test_deadlines_in_order),
		STOPPED(test_deadline_moves),
		STOPPED(test_past_is_next_turn),
		STOPPED(test_callbacks_change_the_heap),
		STOPPED(test_order_within_a_turn),
		STOPPED(test_random_against_sorted),
		REAL(test_waits_for_a_deadline),
		REAL(test_a_wait_is_one_turn),
		REAL(test_signals),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
