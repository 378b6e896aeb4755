/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to one backend for a verifier: written, asked, booked and read.
 * What verifiers that ask a model have in common.
 *
 * Whatever keeps the answer away is a fault: "timeout", "connect", "status",
 * "garbage", "internal", ...
 */
#ifndef VERIFY_INQUIRY_H
#define VERIFY_INQUIRY_H

#include "base/buf.h"
#include "verify/verifier.h"

struct inquiry_ops {
	const char *verifier;
	bool want_tokens; /* log-probs of the answer */
	const char *(*mode)(const void *opts); /* NULL: there is but one */
	struct backend *(*whom)(const struct verify_case *c, const void *opts);
	/* Appends a body for chat_request_read(). nonce: 32 hex digits of this
	 * inquiry alone. -1: there is nothing to ask (a fault, "internal"), or
	 * v was given a kind: that is the verdict, and nobody is asked. */
	int (*write)(const struct verify_case *c, const void *opts,
		     const char *nonce, struct buf *out, struct verdict *v);
	/* Judges c->reply by the answer; fills kind, lack, why, score and
	 * signals. */
	void (*read)(const struct verify_case *c, const void *opts,
		     const char *nonce, const struct chat_reply *answer,
		     struct verdict *v);
};

/* Of what is written beside the client's messages, about; for prices. */
#define INQUIRY_BYTES 256

/* As the functions of a verifier's table. ops outlives it. */
struct verification *inquiry_start(const struct inquiry_ops *ops,
				   const struct verify_case *c,
				   const void *opts, verify_done_fn *done,
				   void *arg);
void inquiry_reply(struct verification *v, const struct verify_case *c);
void inquiry_free(struct verification *v);

/* So far, in pico-USD; of a call that is out as if it were aborted now. */
int64_t inquiry_cost(const struct verification *v);

/* What an answer of so many bytes will cost, about, with so many bytes of our own
 * in the question (INQUIRY_BYTES, where they are few), by the prices as
 * configured: nothing where there are none. c->reply may be NULL. */
int64_t inquiry_price(const struct backend *b, const struct verify_case *c,
		      size_t own_bytes, size_t answer_bytes);

/* What is asked about: the text or the calls of the reply's first choice, as
 * JSON the message where it has both. n 0: there is no reply yet, or nothing in
 * it. */
struct span inquiry_proposal(const struct verify_case *c);

/* At run time, the backend of the configuration. */
struct backend *inquiry_backend(const struct verify_case *c,
				const struct conf_backend *conf);

#endif
