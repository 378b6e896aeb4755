/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the text: all spans lie in it, of whole code points where it has
 * none but whole ones, and there is an answer exactly when its kind says so.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/jtext.h"
#include "verify/final_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

static bool is_utf8(struct span s)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		n = jtext_utf8_length(s.p + i, s.p + s.n);
		if (n == 0)
			return false;
	}
	return true;
}

static void check_part(struct span part, struct span whole, bool utf8)
{
	if (part.n == 0)
		return;
	check(part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
	check(!utf8 || is_utf8(part));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span content = {(const char *)p, n};
	bool utf8 = is_utf8(content);
	struct final_answer f;

	final_answer_find(content, &f);
	check((f.kind == ANSWER_NONE) == (f.text.n == 0));
	check_part(f.text, content, utf8);
	check_part(f.passage, content, utf8);
	check_part(f.lead, content, utf8);
	check_part(f.lead_text, content, utf8);
	check_part(f.number, content, utf8);
	return 0;
}
