/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line an event, `time level key=value ...`, one write each.
 *
 * Safe from every thread. A line never blocks the caller: when the reader of
 * a pipe or terminal is behind, the line is dropped and counted. Text must
 * hold no key and no prompt; log_value() quotes what others wrote.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* to: NULL or "stderr", else a path, opened for appending, mode 0640. The
 * old destination stays when the new one cannot be opened. */
int log_open(const char *to, enum log_level level, struct err *err);
int log_reopen(struct err *err); /* after rotation; stderr: nothing to do */
enum log_level log_level_get(void);
uint64_t log_dropped(void);

/* At most 4 KiB a line; what is longer is cut. Control bytes become '?'. */
void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Writes s into out as a bare word when it is one, else in double quotes with
 * \" \\ \n \xHH escapes (so it is ASCII); NULL as "". Cut to fit, never inside
 * an escape. Returns out. */
const char *log_value(char *out, size_t room, const char *s);

#endif
