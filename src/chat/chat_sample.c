/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is taken out of the client's body, and the one member put in.
 */
#include "chat/chat_sample.h"

#include <math.h>

#include "base/fixed.h"
#include "base/jscan.h"
#include "chat/splice.h"

static bool is_dropped(struct span key)
{
	static const char *const names[] = {
		"stream_options", "top_logprobs",
		"temperature",	  "logprobs",
		"stream",	  "top_p",
		"top_k",	  "min_p",
		"seed",		  "n",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (jscan_key_is(key, names[i]))
			return true;
	return false;
}

int chat_sample_write(const struct chat_request *rq, double temperature,
		      struct arena *a, struct buf *out)
{
	char text[FIXED_ROOM];
	struct fresh fresh = {0};
	struct span key, value;
	struct splices e;
	struct jscan s;

	splices_init(&e, rq->body, a);
	jscan_init(&s, rq->body, JSCAN_DEPTH);
	jscan_enter(&s, '{');
	while (jscan_member(&s, &key) > 0 && jscan_value(&s, &value) == 0)
		if (is_dropped(key))
			splices_remove(&e, (size_t)(key.p - rq->body.p) - 1,
				       (size_t)(value.p - rq->body.p) +
					       value.n);
	fresh_word(&e, &fresh, "temperature",
		   fixed_short(text, llround(temperature * 1e6), 6));
	splices_insert(&e, rq->first_at - 1, &fresh);
	return splices_apply(&e, out);
}
