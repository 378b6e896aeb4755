/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as OpenAI clients read them, and as all kinds of servers write them.
 */
#include "chat/chat_error.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/jscan.h"
#include "chat/chat_scan.h"

/* ---- writing ------------------------------------------------------------- */

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "\"%s\":", name);
	if (!text) {
		buf_adds(out, "null");
		return;
	}
	buf_adds(out, "\"");
	jtext_escape(span_of(text), out);
	buf_adds(out, "\"");
}

int chat_error_write(struct buf *out, const char *message, const char *type,
		     const char *param, const char *code)
{
	buf_adds(out, "{\"error\":{");
	add_text(out, "message", message ? message : "");
	buf_adds(out, ",");
	add_text(out, "type", type);
	buf_adds(out, ",");
	add_text(out, "param", param);
	buf_adds(out, ",");
	add_text(out, "code", code);
	return buf_adds(out, "}}");
}

/* ---- finding the text ---------------------------------------------------- */

#define READ_MOST 4096 /* bytes of a message that are looked at */
#define NESTED	  6    /* arrays and objects around a message, at most */

static bool is_json(struct span body)
{
	struct jscan s;

	jscan_init(&s, body, JSCAN_DEPTH);
	return jscan_value(&s, NULL) == 0 && jscan_end(&s) == 0;
}

static struct span first_element(struct span array)
{
	struct span value = {NULL, 0};
	struct jscan s;

	jscan_init(&s, array, JSCAN_DEPTH);
	if (jscan_enter(&s, '[') == 0 && jscan_element(&s) > 0)
		jscan_value(&s, &value);
	return value;
}

/* The first member, in this order of names, that is not null. */
static struct span first_of(struct span object, const char *const *names)
{
	struct span value = {NULL, 0};

	for (; *names && !chat_is_given(value); names++)
		value = chat_member_of(object, *names);
	return value;
}

/* One step inwards, to what holds the message. */
static struct span inwards(struct span value)
{
	static const char *const names[] = {
		"error", "message", "detail", "msg", "error_description", NULL};

	return value.p[0] == '[' ? first_element(value)
				 : first_of(value, names);
}

static void add_unescaped(struct span value, struct buf *out)
{
	if (value.n >= 2 && value.p[0] == '"')
		jtext_unescape((struct span){value.p + 1, value.n - 2}, out);
}

static void find_message(struct span value, struct buf *out)
{
	for (int i = 0; i < NESTED && value.n; i++) {
		if (value.p[0] == '"') {
			add_unescaped(value, out);
			return;
		}
		value = inwards(value);
	}
}

static void find_code(struct span value, struct buf *out)
{
	static const char *const names[] = {"code", "error_type", NULL};
	struct span inner, code;

	if (value.p[0] == '[')
		value = first_element(value);
	inner = chat_member_of(value, "error");
	if (inner.n && inner.p[0] == '{')
		value = inner;
	code = first_of(value, names);
	if (code.n && code.p[0] != '"') {
		code = chat_member_of(value, "type");
		if (span_is(code, "\"invalid_request_error\""))
			return;
	}
	add_unescaped(code, out);
}

static const char *find(struct span text, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= text.n; i++) {
		if (strncasecmp(text.p + i, what, n) == 0)
			return text.p + i;
	}
	return NULL;
}

/* A page's title, or else its text without the tags. */
static void add_html(struct span page, struct buf *out)
{
	const char *title = find(page, "<title>"), *end = page.p + page.n;
	const char *close = find(page, "</title>");
	bool in_tag = false;

	if (title && close && title < close) {
		title += strlen("<title>");
		buf_add(out, title, (size_t)(close - title));
		return;
	}
	for (const char *p = page.p; p < end; p++) {
		if (*p == '<' || *p == '>') {
			in_tag = *p == '<';
			buf_adds(out, " ");
		} else if (!in_tag) {
			buf_add(out, p, 1);
		}
	}
}

/* ---- cleaning it --------------------------------------------------------- */

/* Bytes of s that could be one key. */
static size_t key_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || (s[n] && strchr("_-*", s[n])) ||
	       (s[n] == '.' && isalnum((unsigned char)s[n + 1])))
		n++;
	return n;
}

/* A long run of letters and digits both is no word. */
static bool looks_random(const char *s, size_t n)
{
	bool letter = false, digit = false;

	for (size_t i = 0; i < n; i++) {
		letter |= isalpha((unsigned char)s[i]) != 0;
		digit |= isdigit((unsigned char)s[i]) != 0;
		if (s[i] == '-' || s[i] == '.')
			return false;
	}
	return n >= 32 && letter && digit;
}

/* Length of the key at s, and how much of it may stay; 0 when it is none. */
static size_t secret_at(const char *s, size_t *stays)
{
	static const char *const begins[] = {"sk-",  "sk_",  "gsk_", "hf_",
					     "AIza", "xai-", "key-", "eyJ"};
	size_t n = key_length(s);

	*stays = 0;
	if (strncasecmp(s, "bearer ", 7) == 0) {
		*stays = 7;
		return 7 + strcspn(s + 7, " \"',;");
	}
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		size_t known = strlen(begins[i]);

		if (strncmp(s, begins[i], known) == 0 && n >= known + 6) {
			*stays = known;
			return n;
		}
	}
	return looks_random(s, n) ? n : 0;
}

/* text is NUL-terminated; a key is looked for where a word begins. */
static void blot(const char *text, struct buf *out)
{
	bool in_word = false;
	size_t n, stays;

	while (*text) {
		n = in_word ? 0 : secret_at(text, &stays);
		if (n) {
			buf_add(out, text, stays);
			buf_adds(out, "***");
			text += n;
			continue;
		}
		in_word = isalnum((unsigned char)*text);
		buf_add(out, text++, 1);
	}
}

/* Valid UTF-8, with runs of white space and control bytes made one space. */
static void add_clean(struct span text, struct buf *out)
{
	struct buf escaped, valid;

	buf_init(&escaped, 0);
	buf_init(&valid, 0);
	jtext_escape(text, &escaped);
	jtext_unescape(buf_span(&escaped), &valid);
	for (size_t i = 0; i < valid.n; i++) {
		unsigned char c = (unsigned char)valid.p[i];

		if (c > ' ' && c != 0x7f)
			buf_add(out, &valid.p[i], 1);
		else if (out->n && out->p[out->n - 1] != ' ')
			buf_adds(out, " ");
	}
	if (out->n && out->p[out->n - 1] == ' ')
		out->n--;
	buf_release(&escaped);
	buf_release(&valid);
}

/* As much of text as fits, cut between code points. */
static void fill(char *to, size_t room, struct span text)
{
	size_t n = text.n < room ? text.n : room - 1;

	while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	if (n)
		memcpy(to, text.p, n);
	to[n] = '\0';
}

static void fill_clean(char *to, size_t room, struct span text)
{
	struct buf clean, blotted;

	buf_init(&clean, 0);
	buf_init(&blotted, 0);
	if (text.n > READ_MOST)
		text.n = READ_MOST;
	add_clean(text, &clean);
	if (buf_add(&clean, "", 1) == 0)
		blot(clean.p, &blotted);
	fill(to, room, buf_span(&blotted));
	buf_release(&clean);
	buf_release(&blotted);
}

void chat_error_read(struct span body, char *message, size_t room, char *code,
		     size_t code_room)
{
	struct buf text, word;

	buf_init(&text, 0);
	buf_init(&word, 0);
	while (body.n && isspace((unsigned char)*body.p))
		body = (struct span){body.p + 1, body.n - 1};
	if (is_json(body)) {
		find_message(body, &text);
		find_code(body, &word);
	} else if (body.n && *body.p == '<') {
		add_html(body, &text);
	} else {
		buf_add_span(&text, body);
	}
	fill_clean(message, room, buf_span(&text));
	fill_clean(code, code_room, buf_span(&word));
	buf_release(&text);
	buf_release(&word);
}

void chat_error_param(struct span body, char *param, size_t room)
{
	struct span error, value = {NULL, 0};
	struct buf text;

	buf_init(&text, 0);
	if (is_json(body)) {
		error = chat_member_of(body, "error");
		value = chat_member_of(error.n ? error : body, "param");
	}
	if (value.n)
		add_unescaped(value, &text);
	fill_clean(param, room, buf_span(&text));
	buf_release(&text);
}
