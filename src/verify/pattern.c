/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles into an arena, and matches within limits.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "verify/pattern.h"

#include <pcre2.h>

#define STEPS_MOST 100000 /* from one place of the text */
#define DEPTH_MOST 10000
#define HEAP_KIB   4096
#define SHOWN_MOST 64 /* bytes of a pattern in a fault */

struct pattern {
	pcre2_code *code;
};

static void *arena_malloc(size_t n, void *arena)
{
	return arena_get(arena, n);
}

static void arena_keep(void *p, void *arena)
{
	(void)p;
	(void)arena;
}

static int refuse(struct err *err, struct span text, int code, size_t at)
{
	char why[120];

	if (pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why)) < 0)
		why[0] = '\0';
	return err_set(err, ERR_CONF,
		       "the pattern %.*s is no regular expression: %s, at byte "
		       "%zu",
		       (int)(text.n < SHOWN_MOST ? text.n : SHOWN_MOST), text.p,
		       why, at);
}

struct pattern *pattern_new(struct span text, struct arena *a, struct err *err)
{
	pcre2_general_context *memory =
		pcre2_general_context_create(arena_malloc, arena_keep, a);
	pcre2_compile_context *context = pcre2_compile_context_create(memory);
	struct pattern *p = arena_get(a, sizeof(*p));
	PCRE2_SIZE at = 0;
	int code = 0;

	p->code = pcre2_compile((PCRE2_SPTR)text.p, text.n,
				PCRE2_CASELESS | PCRE2_UTF | PCRE2_UCP |
					PCRE2_MATCH_INVALID_UTF,
				&code, &at, context);
	if (!p->code) {
		refuse(err, text, code, at);
		return NULL;
	}
	return p;
}

enum pattern_found pattern_find(const struct pattern *p, struct span text)
{
	pcre2_match_context *limits;
	pcre2_match_data *data;
	int rc = PCRE2_ERROR_NOMEMORY;

	if (text.n > PATTERN_TEXT_MOST)
		return PATTERN_FAULT;
	limits = pcre2_match_context_create(NULL);
	data = pcre2_match_data_create(1, NULL);
	if (limits && data) {
		pcre2_set_match_limit(limits, STEPS_MOST);
		pcre2_set_depth_limit(limits, DEPTH_MOST);
		pcre2_set_heap_limit(limits, HEAP_KIB);
		rc = pcre2_match(p->code, (PCRE2_SPTR)(text.n ? text.p : ""),
				 text.n, 0, 0, data, limits);
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(limits);
	if (rc == PCRE2_ERROR_NOMATCH)
		return PATTERN_ABSENT;
	return rc < 0 ? PATTERN_FAULT : PATTERN_FOUND;
}
