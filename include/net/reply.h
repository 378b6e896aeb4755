/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend's reply, head and body, in bytes that come cut anywhere.
 */
#ifndef NET_REPLY_H
#define NET_REPLY_H

#include "base/buf.h"
#include "net/reply_body.h"
#include "net/reply_head.h"

/* Zeroed before the first byte. */
struct reply {
	struct reply_head head;
	struct reply_body body; /* once the head is final */
	struct buf part;	/* the beginning of a line of the head */
	struct buf fields;	/* name NUL value NUL ..., of the head */
	bool begun;		/* a byte has come */
};

void reply_release(struct reply *r);

/* Takes bytes off *in: lines of the head, or up to and with the next bytes of
 * the body, which are *bytes, a part of *in. It returns when the head has
 * become final, so that this is seen before any of the body. To be called
 * until *in is empty or the reply is whole. ERR_UPSTREAM: no HTTP of ours;
 * ERR_SYS: no memory. */
int reply_take(struct reply *r, struct span *in, struct span *bytes,
	       struct err *err);

/* No bytes will follow. ERR_UPSTREAM: the reply is not whole. */
int reply_close(struct reply *r, struct err *err);

bool reply_is_whole(const struct reply *r);

/* Of the final head, the last of several; NULL when absent. */
const char *reply_field_find(const struct reply *r, const char *name);

#endif
