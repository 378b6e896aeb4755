/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is counted is shown, exactly, in the text format.
 */
#include "base/metric.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct metric_family requests = {
	.name = "requests_total",
	.help = "Requests \"served\".\nBy \\outcome.",
	.type = METRIC_COUNTER,
	.labels = "cascade,outcome",
	.scale = 1,
};

static const struct metric_family running = {
	.name = "running",
	.help = "Running.",
	.type = METRIC_GAUGE,
	.labels = "",
	.scale = 1,
};

static const double second_bounds[] = {0.005, 0.1, 1, 2.5, 30};

static const struct metric_family seconds = {
	.name = "seconds",
	.help = "Time.",
	.type = METRIC_HISTOGRAM,
	.labels = "backend",
	.scale = 1e-6,
	.bounds = second_bounds,
	.n_bounds = 5,
};

static const char *const ab[] = {"a", "b", NULL};
static const char *const ac[] = {"a", "c", NULL};
static const char *const big[] = {"big", NULL};

static void assert_written(struct metric_set *s, const char *text)
{
	struct buf b;

	buf_init(&b, 0);
	assert_int_equal(metric_write(s, &b), 0);
	buf_add(&b, "", 1);
	assert_string_equal(b.p, text);
	buf_release(&b);
}

static void test_nothing(void **state)
{
	struct metric_set *s = metric_set_new();

	(void)state;
	assert_written(s, "");
	metric_set_free(s);
	metric_set_free(NULL);
}

static void test_one_series_for_one_name(void **state)
{
	struct metric_set *s = metric_set_new();
	struct metric *m = metric_get(s, &requests, ab);

	(void)state;
	assert_int_equal(metric_value(m), 0);
	metric_add(m, 1);
	metric_add(m, 41);
	assert_ptr_equal(metric_get(s, &requests, ab), m);
	assert_int_equal(metric_value(metric_get(s, &requests, ab)), 42);
	assert_ptr_not_equal(metric_get(s, &requests, ac), m);
	assert_int_equal(metric_value(metric_get(s, &requests, ac)), 0);
	metric_set_free(s);
}

/* Two values must not run into one another: ("a,b", "") is not ("a", "b,"). */
static void test_values_stay_apart(void **state)
{
	static const char *const lists[][3] = {
		{"x", "y", NULL},   {"x\",outcome=\"y", "", NULL},
		{"", "x", NULL},    {"x", "", NULL},
		{"x\\", "y", NULL}, {"x", "\\y", NULL},
		{"x\n", "y", NULL}, {"x\\n", "y", NULL},
	};
	enum { N = sizeof(lists) / sizeof(*lists) };
	struct metric_set *s = metric_set_new();
	struct metric *m[N];
	size_t i, j;

	(void)state;
	for (i = 0; i < N; i++) {
		m[i] = metric_get(s, &requests, lists[i]);
		for (j = 0; j < i; j++)
			assert_ptr_not_equal(m[i], m[j]);
	}
	metric_set_free(s);
}

static void test_text(void **state)
{
	static const char *const odd[] = {"a\\b\"c\nd", "\xc3\xbc", NULL};
	struct metric_set *s = metric_set_new();

	(void)state;
	metric_add(metric_get(s, &requests, ac), 3);
	metric_set_to(metric_get(s, &running, NULL), 7);
	metric_add(metric_get(s, &running, NULL), -9);
	metric_add(metric_get(s, &requests, ab), 12);
	metric_get(s, &requests, odd);
	assert_written(
		s,
		"# HELP requests_total Requests \"served\".\\nBy \\\\outcome.\n"
		"# TYPE requests_total counter\n"
		"requests_total{cascade=\"a\",outcome=\"c\"} 3\n"
		"requests_total{cascade=\"a\",outcome=\"b\"} 12\n"
		"requests_total{cascade=\"a\\\\b\\\"c\\nd\","
		"outcome=\"\xc3\xbc\"} 0\n"
		"# HELP running Running.\n"
		"# TYPE running gauge\n"
		"running -2\n");
	metric_set_free(s);
}

static void test_histogram(void **state)
{
	static const int64_t seen[] = {-5,	0,	 5000,	   5001,
				       99999,	100000,	 1000000,  1000001,
				       2500000, 2500001, 30000000, 30000001};
	struct metric_set *s = metric_set_new();
	struct metric *m = metric_get(s, &seconds, big);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(seen) / sizeof(*seen); i++)
		metric_observe(m, seen[i]);
	assert_int_equal(metric_value(m), 12);
	assert_written(s, "# HELP seconds Time.\n"
			  "# TYPE seconds histogram\n"
			  "seconds_bucket{backend=\"big\",le=\"0.005\"} 3\n"
			  "seconds_bucket{backend=\"big\",le=\"0.1\"} 6\n"
			  "seconds_bucket{backend=\"big\",le=\"1\"} 7\n"
			  "seconds_bucket{backend=\"big\",le=\"2.5\"} 9\n"
			  "seconds_bucket{backend=\"big\",le=\"30\"} 11\n"
			  "seconds_bucket{backend=\"big\",le=\"+Inf\"} 12\n"
			  "seconds_sum{backend=\"big\"} 67.209998\n"
			  "seconds_count{backend=\"big\"} 12\n");
	metric_set_free(s);
}

static void test_histogram_without_labels_or_bounds(void **state)
{
	static const struct metric_family bare = {
		.name = "bare",
		.help = "",
		.type = METRIC_HISTOGRAM,
		.scale = 1,
	};
	struct metric_set *s = metric_set_new();

	(void)state;
	metric_observe(metric_get(s, &bare, NULL), 4);
	assert_written(s, "# HELP bare \n"
			  "# TYPE bare histogram\n"
			  "bare_bucket{le=\"+Inf\"} 1\n"
			  "bare_sum 4\n"
			  "bare_count 1\n");
	metric_set_free(s);
}

static void test_numbers_are_exact(void **state)
{
	static const struct {
		double scale;
		int64_t stored;
		const char *shown;
	} rows[] = {
		{1, 0, "0"},
		{1, 100, "100"},
		{1, INT64_MAX, "9223372036854775807"},
		{1, INT64_MIN, "-9223372036854775808"},
		{1e-3, 1500, "1.5"},
		{1e-3, 1000, "1"},
		{1e-3, 7, "0.007"},
		{1e-6, 0, "0"},
		{1e-6, 123456789, "123.456789"},
		{1e-6, -10, "-0.00001"},
		{1e-12, 1, "0.000000000001"},
		{1e-12, INT64_MAX, "9223372.036854775807"},
		{1e-12, 150000000000, "0.15"},
		{1e-18, INT64_MIN, "-9.223372036854775808"},
		{0.1, 25, "2.5"},
	};
	struct metric_family f = running;
	struct metric_set *s;
	char text[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		f.scale = rows[i].scale;
		s = metric_set_new();
		metric_set_to(metric_get(s, &f, NULL), rows[i].stored);
		strcpy(text, "# HELP running Running.\n"
			     "# TYPE running gauge\nrunning ");
		strcat(text, rows[i].shown);
		strcat(text, "\n");
		assert_written(s, text);
		metric_set_free(s);
	}
}

static void test_full_buffer_is_a_fault(void **state)
{
	struct metric_set *s = metric_set_new();
	struct buf b;

	(void)state;
	metric_get(s, &running, NULL);
	buf_init(&b, 10);
	assert_int_equal(metric_write(s, &b), -1);
	buf_release(&b);
	metric_set_free(s);
}

struct shared {
	struct metric_set *s;
	struct metric *counter;
};

static void *count_up(void *arg)
{
	struct shared *sh = arg;
	struct buf b;
	int i;

	buf_init(&b, 0);
	for (i = 0; i < 20000; i++) {
		metric_add(sh->counter, 1);
		metric_observe(metric_get(sh->s, &seconds, big), i);
		if (i % 1000 == 0)
			metric_write(sh->s, &b);
	}
	buf_release(&b);
	return NULL;
}

static void test_threads_lose_nothing(void **state)
{
	struct shared sh;
	pthread_t t[4];
	int i;

	(void)state;
	sh.s = metric_set_new();
	sh.counter = metric_get(sh.s, &requests, ab);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, count_up, &sh), 0);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(metric_value(sh.counter), 80000);
	assert_int_equal(metric_value(metric_get(sh.s, &seconds, big)), 80000);
	metric_set_free(sh.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_one_series_for_one_name),
		cmocka_unit_test(test_values_stay_apart),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_histogram_without_labels_or_bounds),
		cmocka_unit_test(test_numbers_are_exact),
		cmocka_unit_test(test_full_buffer_is_a_fault),
		cmocka_unit_test(test_threads_lose_nothing),
	};

	return cmocka_run_group_tests_name("metric", tests, NULL, NULL);
}
