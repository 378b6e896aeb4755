/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the questions are, for whoever watches.
 */
#ifndef CTL_EVAL_PROGRESS_H
#define CTL_EVAL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

enum eval_watch {
	EVAL_WATCH_NONE,
	EVAL_WATCH_BAR,	  /* one line of a terminal, drawn anew */
	EVAL_WATCH_LINES, /* a line now and then */
};

struct eval_progress {
	FILE *to;
	enum eval_watch watch;
	bool drawn; /* the bar stands where the next text goes */
};

/* EVAL_WATCH_NONE when quiet, else by what `to` is. */
void eval_progress_init(struct eval_progress *p, FILE *to, bool quiet);

struct eval_state {
	size_t done, total, failed;
	int64_t spent_pusd;
	int64_t elapsed_us;
};

/* Appends "123 of 300, 2.1/s, 0.0123 USD, 1:24 left, 2 failed"; what is not
 * known yet or 0 is left out. Pure. */
void eval_progress_write(const struct eval_state *s, struct buf *out);

/* How long to wait before the next one; 0: for ever. */
int64_t eval_progress_every_us(const struct eval_progress *p);
void eval_progress_show(struct eval_progress *p, const struct eval_state *s);
/* The last one: it stays. */
void eval_progress_end(struct eval_progress *p, const struct eval_state *s);

/* "frugalctl eval: TEXT", a line of its own, quiet or not. */
void eval_progress_say(struct eval_progress *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
