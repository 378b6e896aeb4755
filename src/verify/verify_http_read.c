/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a scorer's answer.
 */
#include "verify/verify_http_read.h"

#include <stdbool.h>

#include "base/jscan.h"

enum member { MEMBER_SCORE = 1, MEMBER_REASON = 2 };

static enum member member_of(struct span key)
{
	if (jscan_key_is(key, "reason"))
		return MEMBER_REASON;
	return jscan_key_is(key, "score") ? MEMBER_SCORE : 0;
}

static int read_value(struct jscan *s, enum member m,
		      struct verify_http_said *out)
{
	if (m == MEMBER_REASON)
		return jscan_string(s, &out->reason);
	if (jscan_peek(s) != JSCAN_NUMBER)
		return jscan_fail(s, "`score` is not a number");
	return jscan_number(s, &out->score);
}

static int read_member(struct jscan *s, struct span key, unsigned *seen,
		       struct verify_http_said *out)
{
	enum member m = member_of(key);

	if (!m)
		return jscan_fail(s, "a member beside `score` and `reason`");
	if (*seen & m)
		return jscan_fail(s, "a member is there twice");
	*seen |= m;
	return read_value(s, m, out);
}

static void read_object(struct jscan *s, struct verify_http_said *out)
{
	unsigned seen = 0;
	struct span key;
	int rc;

	if (jscan_enter(s, '{') < 0)
		return;
	while ((rc = jscan_member(s, &key)) > 0)
		if (read_member(s, key, &seen, out) < 0)
			return;
	if (rc == 0 && jscan_end(s) == 0 && !(seen & MEMBER_SCORE))
		jscan_fail(s, "no `score`");
}

static void fail(struct verify_http_said *out, const char *fault,
		 const char *detail)
{
	*out = (struct verify_http_said){.fault = fault, .detail = detail};
}

void verify_http_read(int status, struct span body,
		      struct verify_http_said *out)
{
	struct jscan s;

	*out = (struct verify_http_said){.score = 0};
	if (status != 200) {
		fail(out, "status", "a status other than 200");
		return;
	}
	jscan_init(&s, body, 1);
	read_object(&s, out);
	if (s.why)
		fail(out, "garbage", s.why);
	else if (!(out->score >= 0 && out->score <= 1))
		fail(out, "range", "`score` is not in [0, 1]");
	else
		out->score += 0.0; /* -0 is 0 */
}
