/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines arrive whole and clean, or are dropped and counted.
 */
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/now.h"

static char dir[] = "/tmp/test_log.XXXXXX";
static char file[100], moved[100], fifo[100];

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/log", dir);
	snprintf(moved, sizeof(moved), "%s/log.1", dir);
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(file);
	unlink(moved);
	unlink(fifo);
	return rmdir(dir);
}

static void open_log(const char *to, enum log_level level)
{
	struct err e = {0};

	if (log_open(to, level, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(log_level_get(), level);
}

/* What a file holds; free() it. */
static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	assert_non_null(f);
	if (getdelim(&text, &room, '\0', f) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(f);
	return text;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" does not match %s", text, pattern);
	regfree(&re);
}

#define STAMP                                                                  \
	"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"

static void test_levels_and_format(void **state)
{
	struct stat st;
	char *text;

	(void)state;
	unlink(file);
	umask(0);
	open_log(file, LOG_INFO);
	log_line(LOG_DEBUG, "n=%d", 0);
	log_line(LOG_INFO, "n=%d", 1);
	log_line(LOG_WARN, "n=%d", 2);
	log_line(LOG_ERROR, "n=%d s=%s", 3, "x");
	open_log(file, LOG_DEBUG);
	log_line(LOG_DEBUG, "n=4");
	open_log(file, LOG_ERROR);
	log_line(LOG_WARN, "n=5");
	text = slurp(file);
	assert_matches(text, "^" STAMP " info n=1\n" STAMP " warn n=2\n" STAMP
			     " error n=3 s=x\n" STAMP " debug n=4\n$");
	free(text);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void test_time_is_now_in_utc(void **state)
{
	time_t before = now_wall_us() / 1000000, after, at;
	struct tm tm = {0};
	char *text;

	(void)state;
	unlink(file);
	open_log(file, LOG_INFO);
	log_line(LOG_INFO, "x");
	after = now_wall_us() / 1000000;
	text = slurp(file);
	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm));
	at = timegm(&tm);
	assert_in_range(at, before, after);
	free(text);
}

static void test_control_bytes_and_length(void **state)
{
	char *big = malloc(10000), *text;

	(void)state;
	memset(big, 'b', 9999);
	big[9999] = '\0';
	unlink(file);
	open_log(file, LOG_INFO);
	log_line(LOG_INFO, "a\nb\x1b[0m\x7f\t\r.\xc3\xbc");
	log_line(LOG_INFO, "%s", big);
	text = slurp(file);
	assert_matches(text, " info a[?]b[?]\\[0m[?][?][?]\\.\xc3\xbc\n");
	assert_int_equal(strlen(strchr(text, '\n') + 1), 4096);
	assert_string_equal(text + strlen(text) - 3, "bb\n");
	free(text);
	free(big);
}

/* Every line is in one of the two files, whole. */
static void test_reopen_after_rotation(void **state)
{
	struct err e = {0};
	char *old, *new;

	(void)state;
	unlink(file);
	open_log(file, LOG_INFO);
	log_line(LOG_INFO, "n=1");
	assert_int_equal(rename(file, moved), 0);
	log_line(LOG_INFO, "n=2");
	assert_int_equal(log_reopen(&e), 0);
	log_line(LOG_INFO, "n=3");
	old = slurp(moved);
	new = slurp(file);
	assert_matches(old, "^" STAMP " info n=1\n" STAMP " info n=2\n$");
	assert_matches(new, "^" STAMP " info n=3\n$");
	free(old);
	free(new);
}

static void test_old_one_stays_on_failure(void **state)
{
	struct err e = {0};
	char *text;

	(void)state;
	unlink(file);
	open_log(file, LOG_INFO);
	assert_int_equal(log_open("/nowhere/at/all", LOG_DEBUG, &e), -1);
	assert_int_equal(e.kind, ERR_SYS);
	assert_non_null(strstr(e.text, "/nowhere/at/all"));
	assert_int_equal(log_level_get(), LOG_INFO);
	log_line(LOG_INFO, "still here");
	text = slurp(file);
	assert_matches(text, "still here\n$");
	free(text);
	assert_int_equal(log_reopen(&(struct err){0}), 0);
}

static void test_full_disk_is_counted(void **state)
{
	uint64_t before;

	(void)state;
	open_log("/dev/full", LOG_INFO);
	before = log_dropped();
	log_line(LOG_INFO, "x");
	log_line(LOG_INFO, "x");
	assert_int_equal(log_dropped(), before + 2);
	open_log(file, LOG_INFO);
	log_line(LOG_INFO, "x");
	assert_int_equal(log_dropped(), before + 2);
}

static void test_fifo_without_reader_is_refused(void **state)
{
	struct err e = {0};

	(void)state;
	unlink(fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(log_open(fifo, LOG_INFO, &e), -1);
	assert_int_equal(e.kind, ERR_SYS);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* Reads all there is; each line has to be "... n=NUMBER pppp". */
static size_t drain(int fd, size_t n_pad)
{
	static const size_t room = 4 << 20; /* all lines of any test */
	char *text = calloc(1, room), *line, *end;
	size_t n = 0, lines;
	ssize_t got;

	while ((got = read(fd, text + n, room - 1 - n)) > 0)
		n += (size_t)got;
	lines = count_lines(text);
	for (line = text; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		assert_matches(line, "^" STAMP " info n=[0-9]+ p+$");
		assert_int_equal(strlen(strrchr(line, ' ')), n_pad + 1);
	}
	free(text);
	return lines;
}

static void write_many(int n, int n_pad)
{
	char pad[4000];
	int i;

	memset(pad, 'p', sizeof(pad));
	for (i = 0; i < n; i++)
		log_line(LOG_INFO, "n=%d %.*s", i, n_pad, pad);
}

/* A reader that sleeps costs lines, never time; then they come again. */
static void test_slow_reader_of_a_fifo(void **state)
{
	uint64_t before = log_dropped();
	size_t came;
	int fd;

	(void)state;
	unlink(fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	fd = open(fifo, O_RDONLY | O_NONBLOCK);
	open_log(fifo, LOG_INFO);
	write_many(1000, 1000);
	came = drain(fd, 1000);
	assert_in_range(came, 10, 999);
	assert_int_equal(came + (log_dropped() - before), 1000);
	write_many(5, 1000);
	assert_int_equal(drain(fd, 1000), 5);
	open_log(file, LOG_INFO);
	close(fd);
}

static void *write_some(void *arg)
{
	(void)arg;
	write_many(500, 900);
	return NULL;
}

/* The same with an inherited blocking pipe as stderr, and four threads. */
static void test_slow_reader_of_stderr(void **state)
{
	int fds[2], keep = dup(STDERR_FILENO), i;
	uint64_t before = log_dropped();
	pthread_t t[4];
	size_t came;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	open_log("stderr", LOG_INFO);
	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, write_some, NULL);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(log_reopen(&(struct err){0}), 0);
	dup2(keep, STDERR_FILENO);
	close(keep);
	open_log(file, LOG_INFO);
	came = drain(fds[0], 900);
	assert_in_range(came, 10, 1999);
	assert_int_equal(came + (log_dropped() - before), 2000);
	close(fds[0]);
}

/* Rotation under four writers: no line is lost, none is torn. A line may
 * still go to an old file for a moment, so they are read at the end. */
static void test_rotation_under_writers(void **state)
{
	enum { N = 20 };
	struct err e = {0};
	pthread_t t[4];
	size_t lines = 0;
	int fds[N + 1], i;

	(void)state;
	unlink(file);
	open_log(file, LOG_INFO);
	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, write_some, NULL);
	for (i = 0; i < N; i++) {
		usleep(300);
		fds[i] = open(file, O_RDONLY);
		assert_int_equal(unlink(file), 0);
		assert_int_equal(log_reopen(&e), 0);
	}
	fds[N] = open(file, O_RDONLY);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i <= N; i++) {
		lines += drain(fds[i], 900);
		close(fds[i]);
	}
	assert_int_equal(lines, 2000);
}

static void assert_value(const char *in, size_t room, const char *expect)
{
	char out[100];

	memset(out, '#', sizeof(out));
	assert_ptr_equal(log_value(out, room, in), out);
	assert_string_equal(out, expect);
	assert_true(strlen(out) < room);
	assert_int_equal(out[room], '#');
}

static void test_value(void **state)
{
	(void)state;
	assert_value("word", 99, "word");
	assert_value("a/b:c-d_e.f", 99, "a/b:c-d_e.f");
	assert_value("", 99, "\"\"");
	assert_value(NULL, 99, "\"\"");
	assert_value("two words", 99, "\"two words\"");
	assert_value("a=b", 99, "\"a=b\"");
	assert_value("say \"hi\"", 99, "\"say \\\"hi\\\"\"");
	assert_value("back\\slash", 99, "\"back\\\\slash\"");
	assert_value("a\nb\r\x01\x7f", 99, "\"a\\nb\\x0D\\x01\\x7F\"");
	assert_value("gr\xc3\xbc", 99, "\"gr\\xC3\\xBC\"");
}

/* At every room: inside it, closed, and no escape cut in two. */
static void test_value_is_cut_to_fit(void **state)
{
	static const char *const cuts[] = {"",
					   "",
					   "",
					   "\"\"",
					   "\"a\"",
					   "\"a\"",
					   "\"a\\n\"",
					   "\"a\\n\"",
					   "\"a\\n\"",
					   "\"a\\n\"",
					   "\"a\\n\\x01\"",
					   "\"a\\n\\x01b\""};
	size_t room;

	(void)state;
	for (room = 1; room < sizeof(cuts) / sizeof(*cuts); room++)
		assert_value("a\n\x01"
			     "b",
			     room, cuts[room]);
	assert_value("word", 3, "wo");
	assert_value("word", 1, "");
	assert_string_equal(log_value(NULL, 0, "word"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels_and_format),
		cmocka_unit_test(test_time_is_now_in_utc),
		cmocka_unit_test(test_control_bytes_and_length),
		cmocka_unit_test(test_reopen_after_rotation),
		cmocka_unit_test(test_old_one_stays_on_failure),
		cmocka_unit_test(test_full_disk_is_counted),
		cmocka_unit_test(test_fifo_without_reader_is_refused),
		cmocka_unit_test(test_slow_reader_of_a_fifo),
		cmocka_unit_test(test_slow_reader_of_stderr),
		cmocka_unit_test(test_rotation_under_writers),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_value_is_cut_to_fit),
	};

	return cmocka_run_group_tests_name("log", tests, set_up, tear_down);
}
