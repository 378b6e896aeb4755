/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of question and reply as signals (`words.*`): they carry the topic.
 * Pure.
 *
 * A word is a longest run of ASCII letters, digits and bytes from 0x80 on;
 * ASCII letters are taken in lower case. Its hash is FNV-1a (32 bits: basis
 * 2166136261, prime 16777619) over "q " for the question's or "r " for the
 * reply's, and its bytes; its bucket is (hash ^ hash >> 16) mod N. Each of the
 * k distinct buckets has the value 1/sqrt(k), however often its words are
 * there, so a set has length 1 whatever the texts' lengths.
 *
 * Artifacts hold weights of buckets: this never changes.
 */
#ifndef VERIFY_WORDS_H
#define VERIFY_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/span.h"
#include "chat/chat.h"

#define WORDS_BUCKETS	   1024 /* the usual N */
#define WORDS_BUCKETS_MOST 65536

struct word_set {
	uint16_t *bucket; /* n of them, rising */
	size_t n;
	double value; /* of each; 0 when there is none */
};

/* n_buckets: a power of two up to WORDS_BUCKETS_MOST. Of the arena. */
void words_read(struct word_set *w, struct arena *a, struct span question,
		struct span reply, size_t n_buckets);

/* What the user asked: the text of all messages with the role user, string
 * contents and parts of type text, in order, each followed by a newline;
 * unescaped. n 0 when there is none. Of the arena. */
struct span words_question(const struct chat_request *rq, struct arena *a);

#endif
