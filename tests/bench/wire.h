/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of HTTP/1.1 as stub and load generator need: finding ends.
 *
 * Both talk to programs under test on loopback, not to strangers.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Bytes of the head, its empty line included; 0 while it is not complete. */
static inline size_t wire_head(const char *p, size_t n)
{
	const char *e = memmem(p, n, "\r\n\r\n", 4);

	return e ? (size_t)(e - p) + 4 : 0;
}

/* The value of a header in a complete head; NULL when it is absent. It ends
 * at the '\r'. name has its colon: "Content-Length:". */
static inline const char *wire_header(const char *p, size_t head,
				      const char *name)
{
	size_t len = strlen(name);
	const char *end = p + head;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		if ((size_t)(end - p) < len)
			return NULL;
		if (strncasecmp(p, name, len) != 0)
			continue;
		p += len;
		return p + strspn(p, " \t");
	}
	return NULL;
}

/* Bytes of a chunked body; 0 while it is not complete. No trailers. *data
 * gets the bytes without the framing. */
static inline size_t wire_chunks(const char *p, size_t n, size_t *data)
{
	size_t at = 0, sum = 0;

	for (;;) {
		const char *eol = memchr(p + at, '\n', n - at);
		size_t len;

		if (eol == NULL)
			return 0;
		len = strtoul(p + at, NULL, 16);
		at = (size_t)(eol - p) + 1;
		if (n - at < len + 2)
			return 0;
		at += len + 2;
		sum += len;
		if (len == 0)
			break;
	}
	*data = sum;
	return at;
}

static inline int64_t wire_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

#endif
