/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, its hex form, random names and wiping, all by OpenSSL.
 */
#include "base/digest.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/mem.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256; /* until the process ends */

/* Looking it up by name costs more than digesting a key. */
static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void digest_of(struct span bytes, struct digest *out)
{
	unsigned int n = 0;
	int ok;

	pthread_once(&once, fetch_sha256);
	ok = EVP_Digest(bytes.n ? bytes.p : "", bytes.n, out->b, &n, sha256,
			NULL);
	assert(ok == 1 && n == DIGEST_SIZE);
}

struct digest_sum {
	EVP_MD_CTX *ctx;
};

struct digest_sum *digest_sum_new(void)
{
	struct digest_sum *s = mem_new(sizeof(*s));
	int ok;

	pthread_once(&once, fetch_sha256);
	s->ctx = EVP_MD_CTX_new();
	ok = s->ctx && EVP_DigestInit_ex2(s->ctx, sha256, NULL);
	assert(ok == 1);
	return s;
}

void digest_sum_add(struct digest_sum *s, struct span more)
{
	int ok = EVP_DigestUpdate(s->ctx, more.n ? more.p : "", more.n);

	assert(ok == 1);
}

void digest_sum_get(const struct digest_sum *s, struct digest *out)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	unsigned int n = 0;
	int ok = copy && EVP_MD_CTX_copy_ex(copy, s->ctx) &&
		 EVP_DigestFinal_ex(copy, out->b, &n);

	assert(ok == 1 && n == DIGEST_SIZE);
	EVP_MD_CTX_free(copy);
}

void digest_sum_free(struct digest_sum *s)
{
	if (!s)
		return;
	EVP_MD_CTX_free(s->ctx);
	free(s);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return CRYPTO_memcmp(a->b, b->b, DIGEST_SIZE) == 0;
}

static void put_hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

void digest_hex(const struct digest *d, char out[2 * DIGEST_SIZE + 1])
{
	put_hex(d->b, DIGEST_SIZE, out);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int digest_parse(struct span hex, struct digest *out)
{
	struct digest d;
	int high, low;
	size_t i;

	if (hex.n != 2 * DIGEST_SIZE)
		return -1;
	for (i = 0; i < DIGEST_SIZE; i++) {
		high = digit_value(hex.p[2 * i]);
		low = digit_value(hex.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return -1;
		d.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = d;
	return 0;
}

/* Drawn in advance, a thread its own, because each draw of a few bytes costs
 * as much as one of hundreds. What was given out is wiped. */
static void draw(uint8_t *out, size_t n)
{
	static _Thread_local uint8_t pool[512];
	static _Thread_local size_t left;

	if (n > left) {
		if (RAND_bytes(pool, sizeof(pool)) != 1) {
			fputs("error msg=\"no random bytes\"\n", stderr);
			abort();
		}
		left = sizeof(pool);
	}
	left -= n;
	memcpy(out, pool + left, n);
	OPENSSL_cleanse(pool + left, n);
}

void digest_random_hex(char *out, size_t n)
{
	uint8_t bytes[64];
	size_t some;

	*out = '\0';
	for (; n > 0; n -= some, out += 2 * some) {
		some = n < sizeof(bytes) ? n : sizeof(bytes);
		draw(bytes, some);
		put_hex(bytes, some, out);
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
}

void digest_cleanse(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
