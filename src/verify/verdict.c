/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts as text.
 */
#include "verify/verdict.h"

#include <math.h>

#include "base/fixed.h"

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

/* To a millionth, which is what backends give. */
static void write_value(double v, struct buf *out)
{
	char text[FIXED_ROOM];

	if (fabs(v) < 1e12)
		buf_adds(out, fixed_short(text, llround(v * 1e6), 6));
	else if (isfinite(v))
		buf_addf(out, "%.7g", v);
	else
		buf_adds(out, "null");
}

int verdict_signals_write(const struct verdict *v, struct buf *out)
{
	buf_adds(out, "{");
	for (size_t i = 0; i < v->n_signals; i++) {
		const struct signal *s = &v->signals[i];

		buf_adds(out, i ? ",\"" : "\"");
		buf_adds(out, s->name);
		buf_adds(out, "\":");
		write_value(s->value, out);
	}
	return buf_adds(out, "}");
}
