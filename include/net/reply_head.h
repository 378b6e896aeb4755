/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges the head of a backend's reply, line by line. Pure.
 *
 * libcurl is lenient where leniency lets one reply pass for another's: it
 * takes the last of two lengths, a length beside a coding, and hands encoded
 * bodies over as they are. Here all of that is a fault.
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
	uint64_t length;
	bool in_block; /* a status line was seen, its empty line not */
	size_t n;      /* bytes so far */
};

/* The next line, its end included. Once the head is final, further lines are
 * trailers and are passed over. Faults are of kind ERR_UPSTREAM. */
int reply_head_line(struct reply_head *h, struct span line, struct err *err);

#endif
