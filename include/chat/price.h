/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens to money: int64 pico-USD, checked arithmetic. Pure.
 *
 * A price in micro-USD per million tokens is the same number of pico-USD per
 * token, so cost = tokens * price with no division.
 */
#ifndef CHAT_PRICE_H
#define CHAT_PRICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/chat.h"

struct price {
	int64_t input, output, cached_input; /* pico-USD per token */
};

/* Saturates at INT64_MAX instead of overflowing; negative counts are 0;
 * cached tokens are part of prompt and at most that. */
int64_t price_of(const struct price *p, const struct chat_usage *u);
int64_t price_add(int64_t a, int64_t b); /* saturating */

/* Where the backend did not say: about four bytes a token, rounded up. */
void price_estimate(struct chat_usage *u, size_t prompt_bytes,
		    size_t completion_bytes);

/* Writes pico-USD as USD, exact, without trailing zeros ("0.0000312"). */
void price_text(int64_t pusd, char out[32]);

#endif
