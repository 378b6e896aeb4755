/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts as text.
 */
#include "verify/verdict.h"

#include <math.h>

const char *verdict_kind_name(enum verdict_kind k)
{
	static const char *const names[] = {
		[VERDICT_NONE] = "none",
		[VERDICT_PASS] = "pass",
		[VERDICT_REJECT] = "reject",
		[VERDICT_SCORE] = "score",
	};

	return names[k];
}

int verdict_signals_write(const struct verdict *v, struct buf *out)
{
	buf_adds(out, "{");
	for (size_t i = 0; i < v->n_signals; i++) {
		const struct signal *s = &v->signals[i];

		buf_addf(out, "%s\"%s\":", i ? "," : "", s->name);
		if (isfinite(s->value))
			buf_addf(out, "%.7g", s->value);
		else
			buf_adds(out, "null");
	}
	return buf_adds(out, "}");
}
