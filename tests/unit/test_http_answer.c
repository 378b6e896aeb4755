/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out: streams, their segments, their back-pressure.
 */
#include "http_rig.h"

static void test_head(void **state)
{
	struct reply re = {0};
	struct rig r;
	struct peer p;
	int i;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	for (i = 0; i < 2; i++) {
		say(&p, "HEAD /h HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, got(&p, &re, true));
		assert_non_null(strstr(re.head, "Content-Length: 10\r\n"));
		say(&p, "HEAD /stream HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(&r, r.n_held == 1);
		assert_int_equal(
			http_stream_write(r.held[0], span_of("unseen")), 0);
		http_stream_close(r.held[0]);
		TURN_UNTIL(&r, got(&p, &re, true));
		assert_non_null(strstr(re.head, "text/event-stream\r\n"));
	}
	/* No stray byte of a body came between. */
	turn_for(&r, 5000);
	hear(&p);
	assert_int_equal(p.in.n, 0);
	say(&p, "HEAD /stream HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&r, r.n_held == 1);
	http_stream_cut(r.held[0]);
	TURN_UNTIL(&r, is_over(&p));
	assert_int_equal(p.in.n, 0);
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static unsigned data_segments(const struct peer *p)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	assert_int_equal(getsockopt(p->fd, IPPROTO_TCP, TCP_INFO, &info, &size),
			 0);
	return info.tcpi_data_segs_in;
}

static void test_stream(void **state)
{
	struct reply re = {0};
	int64_t trickle_us = INT64_MAX;
	int64_t end_us = INT64_MAX;
	int64_t from_us;
	unsigned before;
	struct rig r;
	struct peer p;
	int i, k;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	/* The first request of a connection differs: the library sets socket
	 * options with its first bytes. */
	for (k = 0; k < 3; k++) {
		before = data_segments(&p);
		say(&p, GET("/stream"));
		TURN_UNTIL(&r, r.n_held == 1);
		/* The head does not wait for bytes that do not come. */
		TURN_UNTIL(&r, (hear(&p), find(&p.in, 0, "\r\n\r\n")));
		assert_int_equal(data_segments(&p), before + 1);
		from_us = now_us();
		for (i = 0; i < 5; i++) {
			http_stream_write(r.held[0], span_of("data: x\n\n"));
			TURN_UNTIL(&r, data_segments(&p) ==
					       before + 2 + (unsigned)i);
		}
		trickle_us = least(trickle_us, now_us() - from_us);
		from_us = now_us();
		http_stream_write(r.held[0], span_of("data: [DONE]\n\n"));
		http_stream_close(r.held[0]);
		assert_int_equal(reply_of(&p, &re), 200);
		end_us = least(end_us, now_us() - from_us);
		assert_int_equal(data_segments(&p), before + 7);
		assert_int_equal(re.body.n, 5 * 9 + 14);
		assert_non_null(strstr(re.head, "text/event-stream\r\n"));
		assert_null(strstr(re.head, "Content-Length"));
	}
	/* The quickest of three, as other programs run beside this one.
	 * Nagle's rule would make it 5 times 40 ms, a cork 200. */
	assert_true(trickle_us < 150000);
	assert_true(end_us < 100000);
	/* Nothing but head and end. */
	say(&p, GET("/stream"));
	TURN_UNTIL(&r, r.n_held == 1);
	http_stream_close(r.held[0]);
	assert_int_equal(reply_of(&p, &re), 200);
	assert_int_equal(re.body.n, 0);
	/* The head goes with the first bytes. */
	before = data_segments(&p);
	say(&p, GET("/stream+"));
	TURN_UNTIL(&r, (hear(&p), find(&p.in, 0, "data: x")));
	assert_int_equal(data_segments(&p), before + 1);
	http_stream_close(r.held[0]);
	assert_int_equal(reply_of(&p, &re), 200);
	assert_int_equal(data_segments(&p), before + 2);
	/* And all goes with it when all is there. */
	before = data_segments(&p);
	say(&p, GET("/stream++"));
	assert_int_equal(reply_of(&p, &re), 200);
	assert_true(body_is(&re, "data: x\n\n"));
	assert_int_equal(data_segments(&p), before + 1);
	assert_int_equal(r.gones + r.drains, 0);
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

static void test_stream_cut(void **state)
{
	struct rig r;
	struct peer p;
	int how;

	(void)state;
	rig_start(&r, &usual);
	/* Before the head, after it, between pieces, while sending. */
	for (how = 0; how < 5; how++) {
		p = dial(&r);
		say(&p, how == 0 ? GET("/hold") : GET("/stream"));
		TURN_UNTIL(&r, r.n_held == 1);
		turn_for(&r, how == 1 ? 0 : 2000);
		if (how >= 3)
			http_stream_write(r.held[0], span_of("data: x\n\n"));
		if (how == 3)
			turn_for(&r, 2000);
		while (how == 4 &&
		       http_stream_write(
			       r.held[0],
			       (struct span){(char[10000]){0}, 10000}) <
			       4 * HTTP_STREAM_HIGH)
			loop_turn(r.loop, 0);
		http_stream_cut(r.held[0]);
		TURN_UNTIL(&r, is_over(&p));
		assert_null(find(&p.in, 0, "\r\n0\r\n"));
		if (how == 3)
			assert_non_null(find(&p.in, 0, "data: x"));
		hang_up(&p, false);
		TURN_UNTIL(&r, r.dones == (unsigned)how + 1);
	}
	assert_int_equal(r.gones, 0);
	rig_stop(&r);
}

/* 8 MB through a client that does not read at first: held back above the
 * mark, one on_drain() a time, every byte in its place. */
static void test_back_pressure(void **state)
{
	enum { WORDS = 2048, TOTAL = 8 * 1024 * 1024 };
	static uint32_t words[WORDS];
	uint32_t next = 0, want = 0, word;
	struct reply re = {0};
	size_t put = 0, left = 0;
	unsigned drains = 0;
	struct rig r;
	struct peer p;
	bool reads = false;

	(void)state;
	rig_start(&r, &usual);
	p = dial(&r);
	say(&p, GET("/stream"));
	TURN_UNTIL(&r, r.n_held == 1);
	while (put < TOTAL) {
		if (left < HTTP_STREAM_HIGH || r.drains > drains) {
			drains = r.drains;
			for (int i = 0; i < WORDS; i++)
				words[i] = next++;
			left = http_stream_write(
				r.held[0],
				(struct span){(char *)words, sizeof(words)});
			put += sizeof(words);
			assert_true(left < HTTP_STREAM_HIGH + sizeof(words));
		} else if (!reads) {
			turn_for(&r, 50000);
			assert_int_equal(r.drains, drains);
			reads = true;
		}
		loop_turn(r.loop, 0);
		if (reads)
			hear(&p);
	}
	http_stream_close(r.held[0]);
	assert_int_equal(reply_of(&p, &re), 200);
	assert_int_equal(re.body.n, TOTAL);
	for (size_t i = 0; i < TOTAL; i += 4) {
		memcpy(&word, re.body.p + i, 4);
		assert_true(word == want++);
	}
	assert_true(reads && r.drains > 0);
	hang_up(&p, false);
	buf_release(&re.body);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_cut),
		cmocka_unit_test(test_back_pressure),
	};

	return cmocka_run_group_tests_name("http_answer", tests, NULL, NULL);
}
