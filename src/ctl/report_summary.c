/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences of a report, wrapped, and its policies as a table.
 */
#include "ctl/report_summary.h"

#include <string.h>

#include "ctl/amount.h"
#include "ctl/report_words.h"

#define INDENT	11
#define COLUMNS 79

typedef void say_fn(struct buf *out, const struct report_view *v);

/* Columns that UTF-8 takes, near enough. */
static size_t width_of(const char *s, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++)
		width += ((unsigned char)s[i] & 0xc0) != 0x80;
	return width;
}

/* Words are kept whole; lines after the first are indented. */
static void wrap(FILE *to, const char *text)
{
	size_t column = INDENT;

	while (*text) {
		size_t n = strcspn(text, " "), width = width_of(text, n);

		if (column > INDENT && column + 1 + width > COLUMNS) {
			fprintf(to, "\n%*s", INDENT, "");
			column = INDENT;
		} else if (column > INDENT) {
			fputc(' ', to);
			column++;
		}
		fwrite(text, 1, n, to);
		column += width;
		text += n + (text[n] == ' ');
	}
	fputc('\n', to);
}

static void say(FILE *to, const struct report_view *v, const char *what,
		say_fn *sentence)
{
	struct buf b;

	buf_init(&b, 0);
	sentence(&b, v);
	if (buf_add(&b, "", 1) == 0 && b.n > 1) {
		fprintf(to, "%-*s", INDENT, what);
		wrap(to, b.p);
	}
	buf_release(&b);
}

/* Padding by width, for signs that are longer than a byte. */
static void cell(FILE *to, const char *text, size_t width)
{
	size_t has = width_of(text, strlen(text));

	fprintf(to, "%*s%s", (int)(has < width ? width - has : 0), "", text);
}

static void row(FILE *to, const struct report_policy *p)
{
	size_t has = width_of(p->name, strlen(p->name));

	fprintf(to, "%*s%s%*s", INDENT, "", p->name,
		(int)(has < 20 ? 20 - has : 0), "");
	cell(to, amount_share(p->accepted).s, 9);
	cell(to, amount_share(p->checked).s, 9);
	cell(to, amount_share(p->risk.at).s, 9);
	cell(to, amount_usd(p->cost.at).s, 10);
	cell(to, amount_usd(p->check_usd).s, 11);
	fputc('\n', to);
}

static void table(FILE *to, const struct report_view *v)
{
	if (!report_has(v, REPORT_EXPENSIVE))
		return;
	fprintf(to, "%-*s%-20s%9s%9s%9s%10s%11s\n", INDENT, "per 1,000",
		"policy", "cheap", "checked", "lost", "cost", "verifying");
	for (size_t i = 0; i < REPORT_NWHICH; i++)
		if (report_has(v, i))
			row(to, &v->policies[i]);
}

void report_summary(const struct report_view *v, FILE *to)
{
	say(to, v, "verdict", report_say_verdict);
	say(to, v, "standing", report_say_standing);
	say(to, v, "lost", report_say_loss);
	say(to, v, "check", report_say_check);
	table(to, v);
	for (size_t k = 0; k < v->n_reliability; k++)
		fprintf(to, "%-*s%s: ECE %s (%s), AUROC %s, n %s\n", INDENT,
			k ? "" : "confidence", v->reliability[k].name,
			amount_decimal(v->reliability[k].ece.at).s,
			amount_decimal_range(v->reliability[k].ece.low,
					     v->reliability[k].ece.high)
				.s,
			amount_decimal(v->reliability[k].auroc).s,
			amount_count(v->reliability[k].n).s);
	say(to, v, "beware", report_say_warning);
}
