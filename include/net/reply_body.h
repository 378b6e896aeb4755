/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the body of a backend's reply in the bytes that follow its head,
 * however they are cut: by Content-Length, by chunks, or up to the close of
 * the connection (RFC 9112, 6.3 and 7.1). Pure.
 *
 * Strict where leniency would let one reply pass for another's: sizes of
 * chunks are hexadecimal digits only, lines end by CR LF, a body that breaks
 * off is a fault. Extensions of chunks and trailers are passed over.
 */
#ifndef NET_REPLY_BODY_H
#define NET_REPLY_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define REPLY_CHUNK_LINE_MOST 4096 /* bytes, size and extensions */
#define REPLY_TRAILERS_MOST   8192 /* bytes in all */

struct reply_head;

enum reply_body_state {
	REPLY_BODY_WHOLE, /* nothing more belongs to it */
	REPLY_BODY_LENGTH,
	REPLY_BODY_CLOSE,
	/* of chunks */
	REPLY_BODY_SIZE,
	REPLY_BODY_EXTENSION,
	REPLY_BODY_SIZE_LF,
	REPLY_BODY_DATA,
	REPLY_BODY_DATA_CR,
	REPLY_BODY_DATA_LF,
	REPLY_BODY_TRAILERS, /* at the start of a line */
	REPLY_BODY_TRAILER,
	REPLY_BODY_TRAILER_LF,
	REPLY_BODY_LAST_LF,
};

struct reply_body {
	enum reply_body_state state;
	uint64_t left; /* bytes of the body, or of the chunk */
	size_t digits; /* of the chunk's size */
	size_t n;      /* bytes of the chunk's line, or of all trailers */
};

/* head is final. */
void reply_body_init(struct reply_body *b, const struct reply_head *head);

/* Takes bytes off *in up to and with the next ones of the body, which are
 * *bytes, a part of *in (none: more is needed, or the body is whole). To be
 * called until *in is empty or the body is whole; what is left of *in then is
 * not of this reply. Faults are of kind ERR_UPSTREAM. */
int reply_body_take(struct reply_body *b, struct span *in, struct span *bytes,
		    struct err *err);

/* No bytes will follow: is the body whole? ERR_UPSTREAM: it is not. */
int reply_body_close(struct reply_body *b, struct err *err);

#endif
