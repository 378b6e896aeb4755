/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server as a whole: drain, end, limits, many clients, two loops.
 */
#include "http_rig.h"

static void test_drain(void **state)
{
	struct reply re = {0};
	struct peer idle, kept, busy, late;
	int64_t from_us;
	struct rig r;

	(void)state;
	rig_start(&r, &usual);
	idle = dial(&r);
	kept = dial(&r);
	busy = dial(&r);
	late = dial(&r);
	say(&kept, GET("/"));
	assert_int_equal(reply_of(&kept, &re), 200);
	say(&busy, GET("/hold"));
	TURN_UNTIL(&r, r.n_held == 1);
	from_us = now_us();
	http_server_drain(r.server);
	say(&late, GET("/"));
	assert_int_equal(reply_of(&late, &re), 200);
	assert_non_null(strstr(re.head, "Connection: close\r\n"));
	TURN_UNTIL(&r, is_over(&late));
	TURN_UNTIL(&r, is_over(&idle));
	TURN_UNTIL(&r, is_over(&kept));
	assert_true(now_us() - from_us < 2 * SECOND);
	TURN_UNTIL(&r, http_server_connections(r.server) == 1);
	/* Nobody takes this one; it waits for the next process. */
	hang_up(&idle, false);
	idle = dial(&r);
	turn_for(&r, 20000);
	assert_int_equal(http_server_connections(r.server), 1);
	http_stream_open(r.held[0], 200, NULL, 0);
	http_stream_write(r.held[0], span_of("x"));
	http_stream_close(r.held[0]);
	assert_int_equal(reply_of(&busy, &re), 200);
	assert_non_null(strstr(re.head, "Connection: close\r\n"));
	TURN_UNTIL(&r, is_over(&busy));
	TURN_UNTIL(&r, http_server_connections(r.server) == 0);
	hang_up(&idle, false);
	hang_up(&kept, false);
	hang_up(&busy, false);
	hang_up(&late, false);
	buf_release(&re.body);
	rig_stop(&r);
}

/* In every state a request can be in. */
static void test_end(void **state)
{
	static char block[100000];
	struct peer p[7];
	struct rig r;
	size_t i;

	(void)state;
	rig_start(&r, &usual);
	for (i = 0; i < 7; i++)
		p[i] = dial(&r);
	say(&p[1], "GET / HTTP");
	say(&p[2], "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nx");
	say(&p[3], GET("/hold"));
	say(&p[4], GET("/stream"));
	TURN_UNTIL(&r, r.n_held == 2);
	say(&p[5], GET("/stream"));
	TURN_UNTIL(&r, r.n_held == 3);
	while (http_stream_write(r.held[2],
				 (struct span){block, sizeof(block)}) <
	       HTTP_STREAM_HIGH)
		loop_turn(r.loop, 0);
	say(&p[6], "HEAD /stream HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 4);
	/* An answer that is not out yet. */
	http_reply(r.held[0], 200, NULL, 0, NULL, false);
	rig_stop(&r);
	assert_int_equal(r.gones, 0);
	for (i = 0; i < 7; i++)
		hang_up(&p[i], false);
}

static void test_max_connections(void **state)
{
	struct http_server_limits limits = usual;
	struct reply re = {0};
	struct peer p[4];
	struct rig r;
	size_t i;

	(void)state;
	limits.max_connections = 3;
	rig_start(&r, &limits);
	for (i = 0; i < 4; i++) {
		p[i] = dial(&r);
		say(&p[i], GET("/"));
		if (i < 3)
			assert_int_equal(reply_of(&p[i], &re), 200);
	}
	turn_for(&r, 20000);
	assert_int_equal(http_server_connections(r.server), 3);
	hang_up(&p[1], false);
	assert_int_equal(reply_of(&p[3], &re), 200);
	assert_int_equal(http_server_connections(r.server), 3);
	limits.max_connections = 5;
	http_server_set_limits(r.server, &limits);
	p[1] = dial(&r);
	say(&p[1], GET("/"));
	assert_int_equal(reply_of(&p[1], &re), 200);
	for (i = 0; i < 4; i++)
		hang_up(&p[i], false);
	buf_release(&re.body);
	r.limits.memory_used = NULL;
	rig_stop(&r);
}

/* More than one daemon of the library holds. */
static void test_many(void **state)
{
	enum { N = 600 };
	static struct peer p[N];
	struct reply re = {0};
	struct rig r;
	int i, k;

	(void)state;
	rig_start(&r, &usual);
	for (k = 0; k < 2; k++) {
		for (i = 0; i < N; i++) {
			p[i] = dial(&r);
			say(&p[i], GET("/"));
		}
		for (i = 0; i < N; i++)
			assert_int_equal(reply_of(&p[i], &re), 200);
		assert_int_equal(http_server_connections(r.server), N);
		for (i = 0; i < N; i++)
			hang_up(&p[i], i % 2);
		TURN_UNTIL(&r, http_server_connections(r.server) == 0);
	}
	assert_int_equal(r.requests, 2 * N);
	buf_release(&re.body);
	rig_stop(&r);
}

/* An owner that does anything at any time. */
static void owner_acts(struct rig *r, unsigned dice)
{
	static char block[50000];
	struct http_request *rq;

	if (r->n_held == 0)
		return;
	rq = r->held[dice % r->n_held];
	switch (dice / 64 % 4) {
	case 0:
		http_stream_cut(rq);
		break;
	case 1:
		http_stream_open(rq, 200, NULL, 0);
		http_stream_write(rq, (struct span){block, dice % 50000});
		if (dice & 1)
			loop_turn(r->loop, 0);
		/* The client may have left, then it was cut in on_gone(). */
		if (is_held(r, rq))
			http_stream_close(rq);
		break;
	case 2:
		/* Stays open until the client leaves or the server ends. */
		http_stream_open(rq, 200, NULL, 0);
		break;
	default:
		http_reply(rq, 200, NULL, 0, NULL, dice % 3 == 0);
		break;
	}
	let_go(r, rq);
}

static void test_random(void **state)
{
	enum { PEERS = 8, ROUNDS = 5000 };
	static const char *const texts[] = {
		GET("/"),
		GET("/hold"),
		"POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nabcd",
		"POST /hold HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabcd",
		"POST / HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		GET("/refuse"),
		"GET /hold HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST
		"\r\n",
		"GET / HTTP/1.1\r\n\r\n",
	};
	struct peer p[PEERS];
	bool used[PEERS] = {false};
	unsigned seed = 1, dice, i;
	struct rig r;
	int round;

	(void)state;
	rig_start(&r, &usual);
	for (round = 0; round < ROUNDS; round++) {
		dice = (unsigned)rand_r(&seed);
		i = dice % PEERS;
		if (!used[i]) {
			p[i] = dial(&r);
			used[i] = true;
		} else if (dice / 8 % 3 == 0) {
			hang_up(&p[i], dice & 1024);
			used[i] = false;
		} else {
			(void)!send(p[i].fd, texts[dice / 32 % 8],
				    strlen(texts[dice / 32 % 8]), MSG_NOSIGNAL);
		}
		if (used[i])
			hear(&p[i]);
		if (dice / 512 % 2)
			loop_turn(r.loop, 0);
		if (dice / 1024 % 3 == 0)
			owner_acts(&r, (unsigned)rand_r(&seed));
	}
	assert_true(r.requests > 500 && r.gones > 100);
	rig_stop(&r);
	for (i = 0; i < PEERS; i++)
		if (used[i])
			hang_up(&p[i], false);
}

/* Two loops take from one socket; each has its own server. */
static void *serve(void *arg)
{
	struct rig *r = arg;

	loop_run(r->loop);
	return NULL;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void ask_once(const struct sockaddr_in *at)
{
	static const char text[] =
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
	char bytes[1000];
	ssize_t n;
	int i, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)at, sizeof(*at)),
			 0);
	for (i = 0; i < 3; i++) {
		assert_true(send(fd, text, sizeof(text) - 1, 0) > 0);
		n = recv(fd, bytes, sizeof(bytes) - 1, 0);
		assert_true(n > 0);
		bytes[n] = '\0';
		assert_non_null(strstr(bytes, "POST / 3 abc"));
	}
	close(fd);
}

static void test_two_loops(void **state)
{
	struct err err = {0};
	pthread_t threads[2];
	struct rig r[2];
	int i;

	(void)state;
	rig_start(&r[0], &usual);
	r[1] = r[0];
	r[1].loop = loop_new(&err);
	r[1].listen_fd = dup(r[0].listen_fd);
	r[0].limits.memory_used = r[1].limits.memory_used = &r[0].memory_used;
	r[1].server = http_server_new(r[1].loop, r[0].listen_fd, &r[1].limits,
				      &ops, &r[1], &err);
	assert_non_null(r[1].server);
	for (i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, serve, &r[i]), 0);
	for (i = 0; i < 200; i++)
		ask_once(&r[0].at);
	for (i = 0; i < 2; i++)
		loop_post(r[i].loop, stop, r[i].loop);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(r[0].requests + r[1].requests, 600);
	assert_true(r[0].requests > 0 && r[1].requests > 0);
	/* One ends; the other still serves. */
	rig_stop(&r[1]);
	assert_int_equal(once(&r[0], GET("/"), strlen(GET("/")), NULL), 200);
	rig_stop(&r[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_max_connections),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_two_loops),
	};

	return cmocka_run_group_tests_name("http_server", tests, NULL, NULL);
}
