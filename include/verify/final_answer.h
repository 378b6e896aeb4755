/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The final answer in the text of a reply: what is left when greeting,
 * reasoning and wrapping are taken off. Pure, and linear in the text's length.
 *
 * Looked for in this order; the first that is there is it:
 *
 * 1. JSON: the whole text, or what is between the last pair of ``` fences that
 *    holds it, or from the first line on that begins with {, when that is one
 *    JSON object or array. Text that begins like an object and is none was cut:
 *    it is a line, all of it.
 * 2. The last \boxed{...} or \fbox{...}, up to its closing brace.
 * 3. What one sentence says:
 *    a. the last one that names its answer: "the answer ... is X", "Answer: X",
 *       "#### 42", "X is the answer"; with nothing behind the words, the one
 *       that follows;
 *    b. else the last one that draws a conclusion: it begins with So,
 *       Therefore, Thus, Hence, Finally or In conclusion;
 *    c. else the last one.
 *    In it the answer stands behind the last "=", else behind the last verb
 *    that states (is, are, was, were, be, equals, gives, has, have, represents,
 *    means, becomes, ":") of the main clause; of "X is larger than Y" it is X;
 *    else it is all of the main clause. What is **bold** there goes before what
 *    is not. Articles, "about" and the like in front, and quotes, emphasis and
 *    punctuation around it are taken off. It is a letter ("B", "(B)", "B. ...",
 *    "B) ..."), a number when it begins with one that begins no list, or a
 * line.
 *
 * Words are English; in other languages structure alone decides. Sentences:
 * verify/prose. Numbers: verify/number.
 */
#ifndef VERIFY_FINAL_ANSWER_H
#define VERIFY_FINAL_ANSWER_H

#include <stdbool.h>

#include "base/span.h"
#include "chat/chat.h"

enum answer_kind {
	ANSWER_NONE,   /* nothing but white space and punctuation */
	ANSWER_LETTER, /* of a choice: text is the one letter */
	ANSWER_NUMBER, /* text is the number with sign and units */
	ANSWER_BOXED,  /* text is the inside of the braces */
	ANSWER_JSON,   /* text is one JSON object or array */
	ANSWER_LINE,   /* text is words */
	ANSWER_TOOL,   /* text is the tool calls' JSON, not the content */
};

/* All spans point into the content (ANSWER_TOOL: into the body). */
struct final_answer {
	enum answer_kind kind;
	struct span text;      /* without the wrapping; n 0: NONE only */
	struct span passage;   /* the main clause it stands in; JSON, BOXED and
				  TOOL: text */
	struct span lead;      /* the main clause of the first sentence */
	struct span lead_text; /* what stands for the answer in it; 3 only */
	/* What it is when a number is wanted: of the sentence, else of the last
	 * sentence that has one; n 0: there is none. */
	struct span number;
	bool named; /* 2 and 3a: the reply itself says which it is */
	bool bare;  /* 3: the content is nothing but the answer, but for
		       fillers and, behind a number, 32 bytes of units */
	bool cut;   /* 1: an object that does not end */
};

void final_answer_find(struct span content, struct final_answer *out);

/* Its text alone, in less than half the time; n 0: there is none. */
struct span final_answer_text(struct span content);

/* Of a whole choice: tool calls are the answer when there are any. */
void final_answer_of(const struct chat_choice *c, struct final_answer *out);

const char *answer_kind_name(enum answer_kind k); /* "letter", ... */

#endif
