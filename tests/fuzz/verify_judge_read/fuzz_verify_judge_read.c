/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a backend replies: it is graded only where its judge says so in
 * form, and what it is shown as can be read by others. A byte 0xff stands
 * between the reply's text and the judge's reply.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"
#include "chat/chat_judge.h"
#include "verify/fold.h"
#include "verify/suspect.h"
#include "verify/verify_judge_read.h"

#define DEPTH 64
#define NONCE "0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

/* It does not grow, and what was folded is seen as what it is. */
static void check_fold(struct span text)
{
	struct buf b;

	buf_init(&b, text.n ? text.n : 1);
	check(fold_text(text, &b) == 0);
	buf_release(&b);
	check(suspect(text) == suspect(text));
}

/* The question is a request, whatever was put into it. */
static void check_question(struct span text, struct arena *a)
{
	static const char body[] = "{\"model\":\"m\",\"messages\":[]}";
	struct chat_request rq;
	struct chat_fault why;
	struct buf b;

	chat_request_read(&rq, span_of(body), DEPTH, a, &why);
	buf_init(&b, 0);
	check(chat_judge_grade(&rq, text,
			       &(struct chat_judge_form){NONCE, true},
			       &b) == 0);
	check(chat_request_read(&rq, buf_span(&b), DEPTH, a, &why) == 0);
	buf_release(&b);
}

/* A grade is in the text, with the nonce. */
static void check_answer(const struct chat_reply *r)
{
	int grade = -1;
	const char *why = verify_judge_read_grade(r, NONCE, &grade);
	bool same;

	check(why ? grade == -1 : grade >= 0 && grade <= VERIFY_JUDGE_TOP);
	if (why)
		verify_judge_read_same(r, NONCE, &same);
	else /* it has one member or the other */
		check(r->n_choices == 1 &&
		      span_is(r->choices->finish, "stop") &&
		      verify_judge_read_same(r, NONCE, &same));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *cut = n ? memchr(p, 0xff, n) : NULL;
	size_t n_text = cut ? (size_t)(cut - p) : n;
	struct arena *a = arena_new();
	struct chat_reply r;
	struct chat_fault why;
	char *text = malloc(n_text + 1), *body = malloc(n - n_text + 1);

	if (n_text)
		memcpy(text, p, n_text);
	check_fold((struct span){text, n_text});
	check_question((struct span){text, n_text}, a);
	if (cut) {
		memcpy(body, cut + 1, n - n_text - 1);
		if (chat_reply_read(&r, (struct span){body, n - n_text - 1},
				    DEPTH, false, a, &why) == 0 &&
		    !r.error.n)
			check_answer(&r);
	}
	free(text);
	free(body);
	arena_free(a);
	return 0;
}
