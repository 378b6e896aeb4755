/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tokens cost, in whole pico-USD.
 */
#include "chat/price.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/fixed.h"

int64_t price_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

static int64_t cost(int64_t tokens, int64_t each)
{
	int64_t all;

	if (tokens <= 0)
		return 0;
	if (__builtin_mul_overflow(tokens, each, &all))
		return each < 0 ? INT64_MIN : INT64_MAX;
	return all;
}

static int64_t at_least_0(int64_t v)
{
	return v < 0 ? 0 : v;
}

int64_t price_of(const struct price *p, const struct chat_usage *u)
{
	int64_t prompt = at_least_0(u->prompt), cached = at_least_0(u->cached);

	if (cached > prompt)
		cached = prompt;
	return price_add(price_add(cost(prompt - cached, p->input),
				   cost(cached, p->cached_input)),
			 cost(u->completion, p->output));
}

static int64_t tokens_in(size_t bytes)
{
	size_t tokens = bytes / 4 + (bytes % 4 != 0);

	return tokens > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)tokens;
}

void price_estimate(struct chat_usage *u, size_t prompt_bytes,
		    size_t completion_bytes)
{
	*u = (struct chat_usage){
		.there = true,
		.prompt = tokens_in(prompt_bytes),
		.completion = tokens_in(completion_bytes),
	};
	u->total = u->prompt + u->completion;
}

void price_text(int64_t pusd, char out[32])
{
	fixed_short(out, pusd, 12);
}
