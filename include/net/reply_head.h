/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges the head of a backend's reply, line by line. Pure.
 *
 * Strict where leniency would let one reply pass for another's: two lengths, a
 * length beside a coding, a coding or an encoding that was not asked for,
 * folded lines and NULs are faults.
 */
#ifndef NET_REPLY_HEAD_H
#define NET_REPLY_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define REPLY_HEAD_MOST 65536 /* bytes, interim heads included */

/* Zeroed before the first line. */
struct reply_head {
	int status;	 /* 0 before; of an interim head only until it ends */
	bool is_final;	 /* whole, not 1xx, and nothing wrong with it */
	bool has_length; /* Content-Length */
	bool has_coding; /* Transfer-Encoding: chunked */
	bool keeps;	 /* final, and the peer lets the connection stand */
	uint64_t length;
	bool is_old;	/* HTTP/1.0 */
	bool says_keep; /* by its version or by Connection */
	bool says_close;
	bool in_block; /* a status line was seen, its empty line not */
	size_t n;      /* bytes so far */
};

/* Both are parts of the line they were found in. */
struct reply_field {
	struct span name;
	struct span value; /* without blanks around it */
};

/* The next line, its end included; there is none after a final head. *field is
 * what it holds, and has no name when it is not a header line. Faults are of
 * kind ERR_UPSTREAM. */
int reply_head_line(struct reply_head *h, struct span line,
		    struct reply_field *field, struct err *err);

#endif
