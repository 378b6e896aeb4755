/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests and random bytes, by OpenSSL.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define DIGEST_SIZE 32

struct digest {
	uint8_t b[DIGEST_SIZE];
};

/* SHA-256. */
void digest_of(struct span bytes, struct digest *out);

/* The same of bytes that come in pieces. */
struct digest_sum;

struct digest_sum *digest_sum_new(void);
void digest_sum_add(struct digest_sum *s, struct span more);
/* Of all there was so far; more may follow. */
void digest_sum_get(const struct digest_sum *s, struct digest *out);
void digest_sum_free(struct digest_sum *s); /* NULL is fine */

/* In constant time. */
bool digest_equal(const struct digest *a, const struct digest *b);
/* 64 lower-case hex digits and a NUL. */
void digest_hex(const struct digest *d, char out[2 * DIGEST_SIZE + 1]);
/* Accepts upper and lower case; -1 unless exactly 64 hex digits. */
int digest_parse(struct span hex, struct digest *out);

/* n random bytes as 2n lower-case hex digits and a NUL. Aborts when the
 * system has no randomness. */
void digest_random_hex(char *out, size_t n);

/* Overwrites with zeros; the compiler may not leave it out. */
void digest_cleanse(void *p, size_t n);

#endif
