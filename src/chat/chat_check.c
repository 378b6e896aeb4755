/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a check's instruction goes in the client's messages.
 */
#include "chat/chat_check.h"

#include "base/jscan.h"
#include "chat/chat_scan.h"

const char *chat_check_instruction(enum chat_check_mode mode)
{
	if (mode == CHAT_CHECK_BLIND)
		return "\nReply with the final answer only, no working.";
	return "\nProposed answer, as a JSON string: @"
	       "\nIs the proposed answer right? Reply with one word, yes or no.";
}

static bool is_string(struct span value)
{
	return value.n > 0 && value.p[0] == '"';
}

static bool says(struct span value, const char *word)
{
	return is_string(value) &&
	       jscan_key_is((struct span){value.p + 1, value.n - 2}, word);
}

/* The content of the last user message; n 0: there is none. */
static struct span last_user_content(struct span messages)
{
	struct span message, content = {NULL, 0};
	struct jscan s;

	jscan_init(&s, messages, JSCAN_DEPTH);
	jscan_enter(&s, '[');
	while (jscan_element(&s) > 0 && jscan_value(&s, &message) == 0)
		if (says(chat_member_of(message, "role"), "user"))
			content = chat_member_of(message, "content");
	return content;
}

/* The text of the last part of type text; n 0: there is none. */
static struct span last_text(struct span parts)
{
	struct span part, text, last = {NULL, 0};
	struct jscan s;

	jscan_init(&s, parts, JSCAN_DEPTH);
	jscan_enter(&s, '[');
	while (jscan_element(&s) > 0 && jscan_value(&s, &part) == 0) {
		text = chat_member_of(part, "text");
		if (is_string(text) &&
		    says(chat_member_of(part, "type"), "text"))
			last = text;
	}
	return last;
}

static bool is_empty(struct span list)
{
	struct jscan s;

	jscan_init(&s, list, JSCAN_DEPTH);
	jscan_enter(&s, '[');
	return jscan_element(&s) == 0;
}

/* Where the instruction goes, and what must stand around it there. */
struct place {
	struct span end_of; /* before the last byte of this value */
	const char *before, *behind;
};

static struct place find_place(struct span messages)
{
	struct span content = last_user_content(messages), text;

	if (is_string(content))
		return (struct place){content, "", ""};
	if (content.n == 0 || content.p[0] != '[')
		return (struct place){
			messages, "{\"role\":\"user\",\"content\":\"", "\"}"};
	text = last_text(content);
	if (text.n > 0)
		return (struct place){text, "", ""};
	return (struct place){content, "{\"type\":\"text\",\"text\":\"",
			      "\"}"};
}

static void add_proposal(struct span proposal, struct buf *out)
{
	struct buf string;

	buf_init(&string, out->cap);
	buf_adds(&string, "\"");
	jtext_escape(proposal, &string);
	buf_adds(&string, "\"");
	jtext_escape(buf_span(&string), out);
	out->failed = out->failed || string.failed;
	buf_release(&string);
}

static void add_instruction(enum chat_check_mode mode, struct span proposal,
			    struct buf *out)
{
	const char *text = chat_check_instruction(mode);
	size_t n = strcspn(text, "@");

	jtext_escape((struct span){text, n}, out);
	if (text[n] == '\0')
		return;
	add_proposal(proposal, out);
	jtext_escape(span_of(text + n + 1), out);
}

int chat_check_write(const struct chat_request *rq, enum chat_check_mode mode,
		     struct span proposal, struct buf *out)
{
	struct span messages = rq->messages;
	struct place to = find_place(messages);
	size_t at = (size_t)(to.end_of.p - messages.p) + to.end_of.n - 1;

	buf_adds(out, "{\"model\":\"check\",\"messages\":");
	buf_add(out, messages.p, at);
	if (*to.before && !is_empty(to.end_of))
		buf_adds(out, ",");
	buf_adds(out, to.before);
	add_instruction(mode, proposal, out);
	buf_adds(out, to.behind);
	buf_add(out, messages.p + at, messages.n - at);
	return buf_addf(out, ",\"temperature\":0,\"max_tokens\":%d}",
			mode == CHAT_CHECK_BLIND ? 16 : 1);
}
