/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the first fault of an operation and makes its text fit for a log.
 */
#include "base/err.h"

#include <stdio.h>

static void blank_control_bytes(char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f)
			*s = '?';
	}
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, kind, fmt, ap);
	va_end(ap);
	return -1;
}

int err_vset(struct err *e, enum err_kind kind, const char *fmt, va_list ap)
{
	if (!e || err_is_set(e))
		return -1;
	e->kind = kind;
	if (vsnprintf(e->text, sizeof(e->text), fmt, ap) < 0)
		e->text[0] = '\0';
	blank_control_bytes(e->text);
	return -1;
}

const char *err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return "none";
	case ERR_USAGE:
		return "usage";
	case ERR_CONF:
		return "conf";
	case ERR_SYS:
		return "sys";
	case ERR_LIMIT:
		return "limit";
	case ERR_PARSE:
		return "parse";
	case ERR_CONNECT:
		return "connect";
	case ERR_TLS:
		return "tls";
	case ERR_TIMEOUT:
		return "timeout";
	case ERR_UPSTREAM:
		return "upstream";
	case ERR_STATUS:
		return "status";
	case ERR_GONE:
		return "gone";
	case ERR_INTERNAL:
		return "internal";
	}
	return "unknown";
}
