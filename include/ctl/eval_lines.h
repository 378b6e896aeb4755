/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The questions of a file of JSON Lines, all of it read and checked before any
 * of them is asked.
 *
 * A line is the body of a chat request: `messages`, and whatever else of the
 * protocol is to be sent; it goes out as it stands. `model`, `stream` and
 * `stream_options` are not the line's to say and are left out. Four members
 * are for us and never sent:
 *
 *	id         text; a question of another id is another question
 *	reference  text: the right answer, for labels
 *	comparator by which replies are held against it; with `regex` the
 *	           reference is the pattern
 *	topic      for your own sorting
 *
 * null is the same as absent, and of these the last one counts. What a
 * cascade sends to its last tier unasked (`n` above 1, audio, ...) makes no
 * pair and is a fault.
 */
#ifndef CTL_EVAL_LINES_H
#define CTL_EVAL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/span.h"
#include "verify/comparator.h"

#define EVAL_LINE_MOST ((size_t)1 << 20) /* bytes */

struct eval_line {
	struct span body; /* a request to `want.cascade`, for
			   * chat_request_read() */
	/* p NULL: none. */
	struct span id, reference;
	enum comparator compare; /* of the reference */
};

struct eval_lines {
	struct arena *arena; /* owns everything below */
	struct eval_line *v; /* in the order of the file */
	size_t n, room;
	bool torn; /* a last line was passed over: it has no end and is no
		    * whole JSON */
};

struct eval_lines_want {
	const char *cascade;
	/* For lines that say none. A judge stands for what can be told without
	 * it, as in comparator_same(). */
	enum comparator compare;
	int64_t max_tokens; /* for lines that say none; 0: nothing is added */
	int max_depth;
};

/* As lines_read(): "FILE:LINE: reference must be ..." (ERR_PARSE), ERR_SYS
 * where the file cannot be read. */
int eval_lines_read(struct eval_lines *l, const char *path,
		    const struct eval_lines_want *w, struct err *err);
/* Also after a fault. */
void eval_lines_release(struct eval_lines *l);

#endif
