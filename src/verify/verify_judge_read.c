/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader: whatever is not as asked for is a fault.
 */
#include "verify/verify_judge_read.h"

#include "base/jscan.h"

/* Objects in the object are none that were asked for. */
#define DEPTH 1

static const char *read_object(struct span text, const char *member,
			       struct span *nonce, struct span *value)
{
	struct span key, *to;
	struct jscan s;
	int rc;

	jscan_init(&s, text, DEPTH);
	jscan_enter(&s, '{');
	while ((rc = jscan_member(&s, &key)) > 0) {
		to = jscan_key_is(key, "nonce")	 ? nonce
		     : jscan_key_is(key, member) ? value
						 : NULL;
		if (!to || to->n > 0 || jscan_value(&s, to) < 0)
			return "garbage";
	}
	if (jscan_end(&s) < 0 || nonce->n == 0 || value->n == 0)
		return "garbage";
	return NULL;
}

static bool is_string_of(struct span value, const char *text)
{
	return value.p[0] == '"' &&
	       jscan_key_is((struct span){value.p + 1, value.n - 2}, text);
}

static const char *read_member(const struct chat_reply *answer,
			       const char *nonce, const char *member,
			       struct span *value)
{
	const struct chat_choice *c = answer->choices;
	struct span said = {NULL, 0};
	const char *why;

	*value = said;
	if (answer->n_choices != 1)
		return "choices";
	if (!span_is(c->finish, "stop"))
		return "finish";
	if (c->tool_calls.n || c->function_call.n || c->refusal.n)
		return "garbage";
	why = read_object(c->content, member, &said, value);
	if (!why && !is_string_of(said, nonce))
		why = "nonce";
	return why;
}

const char *verify_judge_read_grade(const struct chat_reply *answer,
				    const char *nonce, int *grade)
{
	struct span value;
	const char *why = read_member(answer, nonce, "grade", &value);
	int64_t n;

	if (why)
		return why;
	if (!jscan_int64(value, &n) || n < 0 || n > VERIFY_JUDGE_TOP)
		return "range";
	*grade = (int)n;
	return NULL;
}

const char *verify_judge_read_same(const struct chat_reply *answer,
				   const char *nonce, bool *same)
{
	struct span value;
	const char *why = read_member(answer, nonce, "same", &value);

	if (why)
		return why;
	if (!span_is(value, "true") && !span_is(value, "false"))
		return "range";
	*same = span_is(value, "true");
	return NULL;
}
