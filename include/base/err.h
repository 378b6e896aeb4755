/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first fault of an operation.
 *
 * A fallible function returns 0 or -1 (a constructor: NULL) and takes a
 * struct err last. Zero-initialise it; it then holds no fault.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

enum err_kind {
	ERR_NONE = 0,
	ERR_USAGE,    /* command line */
	ERR_CONF,     /* configuration */
	ERR_SYS,      /* operating system or library refused */
	ERR_LIMIT,    /* a size, count or depth bound was passed */
	ERR_PARSE,    /* bytes are not what they should be */
	ERR_CONNECT,  /* nothing was sent: refused, no route, no name */
	ERR_TLS,      /* certificate or protocol of the peer */
	ERR_TIMEOUT,  /* a deadline of ours passed */
	ERR_UPSTREAM, /* the peer broke off or answered garbage */
	ERR_STATUS,   /* the peer answered with an error status */
	ERR_GONE,     /* the client left */
	ERR_INTERNAL,
};

struct err {
	enum err_kind kind; /* decides the HTTP status */
	char text[240];	    /* for people; never a key, never prompt text */
};

/* Fills e unless it already holds a fault (the first one wins). e may be
 * NULL. Control bytes in the text become '?'. Returns -1. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_vset(struct err *e, enum err_kind kind, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static inline bool err_is_set(const struct err *e)
{
	return e->kind != ERR_NONE;
}

/* A word for logs: "timeout", "connect", ... */
const char *err_kind_name(enum err_kind kind);

#endif
