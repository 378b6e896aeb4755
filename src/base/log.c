/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts one line together and writes it with one write(2), without waiting.
 *
 * The descriptor's number never changes once a destination of our own is
 * open: another one is moved onto it by dup3(), so a thread that is about to
 * write always writes to something, and files need no lock.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/now.h"

#define LINE_MOST   4096 /* PIPE_BUF: a pipe takes it whole or not at all */
#define SECOND_SIZE 20	 /* "2026-11-24T09:52:02" and a NUL */

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static char *path; /* under open_lock; NULL: stderr */

static atomic_int out_fd = STDERR_FILENO;
static atomic_bool is_file; /* a regular file, which never makes us wait */
static atomic_int out_level = LOG_INFO;
static atomic_uint_least64_t dropped;

/* Held from asking whether there is room until the line is written, so that
 * two threads do not take the same room. Nothing waits inside. */
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;

/* The descriptor for `to` takes the place of the present one. */
static int install(const char *to, int fd, struct err *err)
{
	int old = atomic_load(&out_fd);
	struct stat st;

	if (fd == old)
		return 0;
	atomic_store(&is_file, false);
	if (old == STDERR_FILENO)
		atomic_store(&out_fd, fd);
	else if (dup3(fd, old, O_CLOEXEC) < 0)
		return err_set(err, ERR_SYS, "%s: %s", to, strerror(errno));
	else if (fd != STDERR_FILENO)
		close(fd);
	fd = atomic_load(&out_fd);
	atomic_store(&is_file, fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
	return 0;
}

static int open_file(const char *to, struct err *err)
{
	/* O_NONBLOCK: a FIFO without a reader is a fault, not a wait. */
	int fd = open(to,
		      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			      O_NONBLOCK,
		      0640);

	if (fd < 0)
		return err_set(err, ERR_SYS, "%s: %s", to, strerror(errno));
	if (install(to, fd, err) < 0) {
		close(fd);
		return -1;
	}
	return 0;
}

int log_open(const char *to, enum log_level level, struct err *err)
{
	int rc;

	if (to && strcmp(to, "stderr") == 0)
		to = NULL;
	pthread_mutex_lock(&open_lock);
	if (to)
		rc = open_file(to, err);
	else
		rc = install("stderr", STDERR_FILENO, err);
	if (rc == 0) {
		free(path);
		path = mem_dup(to);
		atomic_store(&out_level, level);
	}
	pthread_mutex_unlock(&open_lock);
	return rc;
}

int log_reopen(struct err *err)
{
	int rc = 0;

	pthread_mutex_lock(&open_lock);
	if (path)
		rc = open_file(path, err);
	pthread_mutex_unlock(&open_lock);
	return rc;
}

enum log_level log_level_get(void)
{
	return (enum log_level)atomic_load_explicit(&out_level,
						    memory_order_relaxed);
}

uint64_t log_dropped(void)
{
	return atomic_load_explicit(&dropped, memory_order_relaxed);
}

static void write_once(int fd, const char *line, size_t n)
{
	ssize_t put;

	do
		put = write(fd, line, n);
	while (put < 0 && errno == EINTR);
	if (put != (ssize_t)n)
		atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}

static void write_if_room(int fd, const char *line, size_t n)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	pthread_mutex_lock(&write_lock);
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT))
		write_once(fd, line, n);
	else
		atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
	pthread_mutex_unlock(&write_lock);
}

/* The calendar is worked out once a second and thread. */
static int put_head(char *line, size_t room, enum log_level level)
{
	static _Thread_local time_t second = -1;
	static _Thread_local char text[SECOND_SIZE];
	int64_t us = now_wall_us();
	time_t s = us / 1000000;
	struct tm tm;

	if (s != second) {
		gmtime_r(&s, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
		second = s;
	}
	return snprintf(line, room, "%s.%03dZ %s ", text,
			(int)(us / 1000 % 1000), level_names[level]);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MOST];
	size_t n, i;
	va_list ap;
	int more;

	if (level > log_level_get())
		return;
	n = (size_t)put_head(line, sizeof(line), level);
	va_start(ap, fmt);
	more = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (more > 0)
		n += (size_t)more;
	if (n > sizeof(line) - 1)
		n = sizeof(line) - 1;
	for (i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	if (atomic_load(&is_file))
		write_once(atomic_load(&out_fd), line, n);
	else
		write_if_room(atomic_load(&out_fd), line, n);
}

static bool is_bare(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

/* The escape of one byte inside quotes; its length. */
static size_t escape(char out[5], unsigned char c)
{
	if (c == '"' || c == '\\')
		return (size_t)snprintf(out, 5, "\\%c", c);
	if (c == '\n')
		return (size_t)snprintf(out, 5, "\\n");
	if (c < 0x20 || c >= 0x7f)
		return (size_t)snprintf(out, 5, "\\x%02X", c);
	out[0] = (char)c;
	return 1;
}

static void quote(char *out, size_t room, const char *s)
{
	size_t n = 0, len;
	char e[5];

	out[n++] = '"';
	for (; *s; s++) {
		len = escape(e, (unsigned char)*s);
		if (n + len + 2 > room) /* the quote and the NUL */
			break;
		memcpy(out + n, e, len);
		n += len;
	}
	out[n++] = '"';
	out[n] = '\0';
}

const char *log_value(char *out, size_t room, const char *s)
{
	size_t n = 0;

	if (room == 0)
		return "";
	while (s && is_bare((unsigned char)s[n]))
		n++;
	if (n > 0 && s[n] == '\0')
		snprintf(out, room, "%s", s);
	else if (room >= 3)
		quote(out, room, s ? s : "");
	else
		out[0] = '\0';
	return out;
}
