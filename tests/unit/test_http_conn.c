/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that are slow or leave.
 */
#include "http_rig.h"

static int64_t end_after(struct peer *p, const char *drip)
{
	int64_t from_us = now_us();
	size_t i = 0;

	for (;;) {
		turn_for(p->rig, 10000);
		if (is_over(p))
			return now_us() - from_us;
		assert_true(now_us() - from_us < 5 * SECOND);
		if (drip[i] && send(p->fd, &drip[i++], 1, MSG_NOSIGNAL) < 0)
			return now_us() - from_us;
	}
}

static void assert_about(int64_t us, int64_t want_us)
{
	assert_in_range(us, want_us - 20000, want_us + 150000);
}

static void test_slow_senders(void **state)
{
	static const char drip[] = "GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaa"
				   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct http_server_limits limits = usual;
	struct reply re = {0};
	struct rig r;
	struct peer p;

	(void)state;
	limits.header_us = 200000;
	limits.body_us = 300000;
	limits.idle_us = 400000;
	rig_start(&r, &limits);
	/* Nothing, or a head byte by byte. */
	p = dial(&r);
	assert_about(end_after(&p, ""), 200000);
	hang_up(&p, false);
	p = dial(&r);
	assert_about(end_after(&p, drip), 200000);
	hang_up(&p, false);
	/* A body byte by byte. */
	p = dial(&r);
	say(&p, "POST / HTTP/1.1\r\n" HOST "Content-Length: 999\r\n\r\n");
	assert_about(end_after(&p, drip), 300000);
	hang_up(&p, false);
	/* One that is thrown away: no difference. */
	p = dial(&r);
	say(&p, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 999\r\n\r\n");
	assert_about(end_after(&p, drip), 300000);
	hang_up(&p, false);
	/* Nothing after the first request. */
	p = dial(&r);
	say(&p, GET("/"));
	assert_int_equal(reply_of(&p, &re), 200);
	assert_about(end_after(&p, ""), 400000);
	hang_up(&p, false);
	/* The head of a later request. */
	p = dial(&r);
	say(&p, GET("/"));
	assert_int_equal(reply_of(&p, &re), 200);
	say(&p, "GET / HTTP/1.1\r\n");
	assert_about(end_after(&p, drip + 16), 200000);
	hang_up(&p, false);
	/* Who waits for us has all the time. */
	p = dial(&r);
	say(&p, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx");
	TURN_UNTIL(&r, r.n_held == 1);
	turn_for(&r, 700000);
	http_reply(r.held[0], 200, NULL, 0, NULL, false);
	assert_int_equal(reply_of(&p, &re), 200);
	hang_up(&p, false);
	assert_int_equal(r.gones, 0);
	buf_release(&re.body);
	rig_stop(&r);
}

enum leave { LEAVE_FIN, LEAVE_RESET, LEAVE_HALF, LEAVES };

static void leave(struct peer *p, enum leave how)
{
	if (how == LEAVE_HALF)
		shutdown(p->fd, SHUT_WR);
	else
		hang_up(p, how == LEAVE_RESET);
}

/* Waiting for an answer, and between two pieces of one. */
static void test_gone(void **state)
{
	int64_t from_us;
	unsigned how;
	struct rig r;
	struct peer p;
	int streams;

	(void)state;
	rig_start(&r, &usual);
	for (how = 0; how < 2 * LEAVES; how++) {
		streams = how >= LEAVES;
		p = dial(&r);
		say(&p, streams ? GET("/stream") : GET("/hold"));
		TURN_UNTIL(&r, r.n_held == 1);
		if (streams) {
			http_stream_write(r.held[0], span_of("data"));
			turn_for(&r, 10000);
		}
		assert_int_equal(r.gones, how);
		from_us = now_us();
		leave(&p, how % LEAVES);
		TURN_UNTIL(&r, r.gones == how + 1);
		assert_true(r.gone_us - from_us < 50000);
		TURN_UNTIL(&r, r.dones == how + 1);
		if (how % LEAVES == LEAVE_HALF) {
			TURN_UNTIL(&r, is_over(&p));
			hang_up(&p, false);
		}
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
	}
	rig_stop(&r);
}

/* The owner lets go later than it is told, or never hears. */
static void test_gone_and_kept(void **state)
{
	unsigned how;
	struct rig r;
	struct peer p;

	(void)state;
	rig_start(&r, &usual);
	r.keep_on_gone = true;
	for (how = 0; how < LEAVES; how++) {
		p = dial(&r);
		say(&p, GET("/stream"));
		TURN_UNTIL(&r, r.n_held == 1);
		leave(&p, how);
		TURN_UNTIL(&r, r.gones == 3 * how + 1);
		turn_for(&r, 5000);
		/* Writes into the void, until the library notices, too. */
		http_stream_write(r.held[0], span_of("data"));
		turn_for(&r, 5000);
		http_stream_write(r.held[0], span_of("data"));
		turn_for(&r, 5000);
		assert_int_equal(r.dones, 3 * how);
		if (how == LEAVE_RESET)
			http_stream_close(r.held[0]);
		else
			http_stream_cut(r.held[0]);
		TURN_UNTIL(&r, r.dones == 3 * how + 1);
		assert_int_equal(r.gones, 3 * how + 1); /* once */
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		/* A reply to nobody. */
		p = dial(&r);
		say(&p, GET("/hold"));
		TURN_UNTIL(&r, r.n_held == 1);
		leave(&p, how);
		TURN_UNTIL(&r, r.gones == 3 * how + 2);
		http_reply(r.held[0], 200, NULL, 0, NULL, false);
		TURN_UNTIL(&r, r.dones == 3 * how + 2);
		assert_int_equal(r.gones, 3 * how + 2);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		/* One that never hears, until the server ends. */
		p = dial(&r);
		say(&p, GET("/hold"));
		TURN_UNTIL(&r, r.n_held == 1);
		leave(&p, how);
		TURN_UNTIL(&r, r.gones == 3 * how + 3);
		http_stream_cut(r.held[0]);
		TURN_UNTIL(&r, r.dones == 3 * how + 3);
		assert_int_equal(r.gones, 3 * how + 3);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
	}
	rig_stop(&r);
}

/* Leaving before the request is whole, with its last byte, or after the
 * answer: no owner is told. */
static void test_not_gone(void **state)
{
	struct reply re = {0};
	unsigned how;
	struct rig r;
	struct peer p;

	(void)state;
	rig_start(&r, &usual);
	for (how = 0; how < LEAVES; how++) {
		p = dial(&r);
		say(&p,
		    "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nx");
		turn_for(&r, 2000);
		leave(&p, how);
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		assert_int_equal(r.requests, 0);
	}
	for (how = 0; how < LEAVES; how++) {
		p = dial(&r);
		TURN_UNTIL(&r, http_server_connections(r.server) == 1);
		assert_true(send(p.fd, GET("/"), strlen(GET("/")), 0) > 0);
		leave(&p, how);
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		assert_int_equal(r.requests, 0);
	}
	for (how = 0; how < LEAVES; how++) {
		p = dial(&r);
		say(&p, GET("/"));
		assert_int_equal(reply_of(&p, &re), 200);
		leave(&p, how);
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
		if (how == LEAVE_HALF)
			hang_up(&p, false);
		assert_int_equal(r.requests, how + 1);
	}
	/* A stream of which all was read but the end. */
	p = dial(&r);
	say(&p, GET("/stream"));
	TURN_UNTIL(&r, r.n_held == 1);
	http_stream_write(r.held[0], span_of("data: [DONE]\n\n"));
	TURN_UNTIL(&r, (hear(&p), find(&p.in, 0, "DONE")));
	http_stream_close(r.held[0]);
	hang_up(&p, true);
	TURN_UNTIL(&r, r.dones == LEAVES + 1);
	assert_int_equal(r.gones, 0);
	buf_release(&re.body);
	rig_stop(&r);
}

/* The kernel still squeezes some bytes in when it probes the full window. */
static void assert_stalled(int64_t us)
{
	assert_in_range(us, 280000, 1500000);
}

/* Who does not read is gone after write_us; who reads slowly is not. */
static void test_slow_readers(void **state)
{
	static char block[100000];
	struct http_server_limits limits = usual;
	int64_t from_us;
	struct buf body;
	struct rig r;
	struct peer p;
	int i;

	(void)state;
	limits.write_us = 300000;
	rig_start(&r, &limits);
	p = dial(&r);
	say(&p, GET("/stream"));
	TURN_UNTIL(&r, r.n_held == 1);
	/* Nothing to send is no reason. */
	turn_for(&r, 500000);
	assert_int_equal(r.gones, 0);
	while (http_stream_write(r.held[0],
				 (struct span){block, sizeof(block)}) <
	       HTTP_STREAM_HIGH)
		loop_turn(r.loop, 0);
	from_us = now_us();
	TURN_UNTIL(&r, r.gones == 1);
	assert_stalled(r.gone_us - from_us);
	TURN_UNTIL(&r, r.dones == 1);
	hang_up(&p, false);
	/* A whole answer. */
	p = dial(&r);
	say(&p, GET("/hold"));
	TURN_UNTIL(&r, r.n_held == 1);
	buf_init(&body, 0);
	for (i = 0; i < 100; i++)
		buf_add(&body, block, sizeof(block));
	http_reply(r.held[0], 200, NULL, 0, &body, false);
	from_us = now_us();
	TURN_UNTIL(&r, r.dones == 2);
	assert_int_equal(r.gones, 2);
	assert_stalled(now_us() - from_us);
	hang_up(&p, false);
	/* Slow but not dead: 100 KB each 50 ms. */
	p = dial(&r);
	say(&p, GET("/hold"));
	TURN_UNTIL(&r, r.n_held == 1);
	for (i = 0; i < 100; i++)
		buf_add(&body, block, sizeof(block));
	http_reply(r.held[0], 200, NULL, 0, &body, false);
	from_us = now_us();
	while (now_us() - from_us < 1000000) {
		turn_for(&r, 50000);
		for (i = 0; i < 4; i++)
			hear(&p);
	}
	TURN_UNTIL(&r, (hear(&p), r.dones == 3));
	assert_int_equal(r.gones, 2);
	hang_up(&p, false);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_senders),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_gone_and_kept),
		cmocka_unit_test(test_not_gone),
		cmocka_unit_test(test_slow_readers),
	};

	return cmocka_run_group_tests_name("http_conn", tests, NULL, NULL);
}
