/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record holds of one verifier that asks somebody: the attempts that it
 * made about the reply of the first tier. Nothing is judged.
 */
#ifndef CTL_ASKED_H
#define CTL_ASKED_H

#include "chat/chat.h"
#include "ctl/askers.h"
#include "ctl/record.h"

struct asked {
	/* In the order of the record. */
	const struct record_attempt **attempts;
	size_t n_attempts;
	/* Of those that came well; none unless each of them can be read. */
	const struct chat_reply **replies;
	size_t n_replies;
	double usd; /* of all attempts; NaN: of one it is not known, or there
		     * is none */
};

/* Lives in a, borrows from rec. Attempts count that name the verifier and the
 * backend that it is configured to ask, and neither another mode nor another
 * reply. */
struct asked asked_find(const struct asker *asker, const struct conf_cascade *c,
			const struct record *rec, struct arena *a);

/* A reply is there, with a status of success. */
bool asked_came_well(const struct record_attempt *t);
/* Reads the response of an attempt. False: there is none, or it is no sound
 * reply. */
bool asked_reply_read(const struct record_attempt *t, struct arena *a,
		      struct chat_reply *out);
/* As recorded, else usage by price, else NaN. reply may be NULL. */
double asked_usd(const struct record_attempt *t, const struct conf_backend *b,
		 const struct chat_reply *reply);

#endif
