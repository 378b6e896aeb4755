/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells how far the questions are: a bar on a terminal, else lines.
 */
#include "ctl/eval_progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

#define SECOND	  INT64_C(1000000)
#define BAR_US	  (SECOND / 4)
#define LINES_US  (10 * SECOND)
#define BAR_CELLS 20
#define CLEAR	  "\r\033[K"

void eval_progress_init(struct eval_progress *p, FILE *to, bool quiet)
{
	*p = (struct eval_progress){.to = to};
	if (!quiet)
		p->watch =
			isatty(fileno(to)) ? EVAL_WATCH_BAR : EVAL_WATCH_LINES;
}

/* ---- the text ------------------------------------------------------------ */

/* "1:24", "2:00:05". */
static void write_time(struct buf *b, double seconds)
{
	int64_t s = (int64_t)(seconds + 0.5);

	if (s >= 3600)
		buf_addf(b, "%" PRId64 ":%02d:%02d", s / 3600,
			 (int)(s / 60 % 60), (int)(s % 60));
	else
		buf_addf(b, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

static void write_pace(struct buf *b, const struct eval_state *s)
{
	double rate = (double)s->done * (double)SECOND / (double)s->elapsed_us;

	buf_addf(b, ", %.*f/s", rate < 10 ? 1 : 0, rate);
	if (s->spent_pusd > 0)
		buf_addf(b, ", %.4g USD", (double)s->spent_pusd * 1e-12);
	if (s->done < s->total) {
		buf_adds(b, ", ");
		write_time(b, (double)(s->total - s->done) / rate);
		buf_adds(b, " left");
	}
}

void eval_progress_write(const struct eval_state *s, struct buf *out)
{
	buf_addf(out, "%zu of %zu", s->done, s->total);
	if (s->done > 0 && s->elapsed_us > 0)
		write_pace(out, s);
	if (s->failed > 0)
		buf_addf(out, ", %zu failed", s->failed);
}

/* ---- on the way ---------------------------------------------------------- */

int64_t eval_progress_every_us(const struct eval_progress *p)
{
	switch (p->watch) {
	case EVAL_WATCH_BAR:
		return BAR_US;
	case EVAL_WATCH_LINES:
		return LINES_US;
	case EVAL_WATCH_NONE:
		break;
	}
	return 0;
}

static void write_bar(const struct eval_state *s, struct buf *b)
{
	size_t full = s->total ? BAR_CELLS * s->done / s->total : BAR_CELLS;

	buf_adds(b, CLEAR "[");
	for (size_t i = 0; i < BAR_CELLS; i++)
		buf_adds(b, i < full ? "#" : ".");
	buf_adds(b, "] ");
}

void eval_progress_show(struct eval_progress *p, const struct eval_state *s)
{
	struct buf b;

	if (p->watch == EVAL_WATCH_NONE)
		return;
	buf_init(&b, 0);
	p->drawn = p->watch == EVAL_WATCH_BAR;
	if (p->drawn)
		write_bar(s, &b);
	else
		buf_adds(&b, "frugalctl eval: ");
	eval_progress_write(s, &b);
	buf_adds(&b, p->drawn ? "" : "\n");
	fwrite(b.p, 1, b.n, p->to);
	fflush(p->to);
	buf_release(&b);
}

void eval_progress_end(struct eval_progress *p, const struct eval_state *s)
{
	eval_progress_show(p, s);
	if (p->drawn)
		fputs("\n", p->to);
	p->drawn = false;
}

void eval_progress_say(struct eval_progress *p, const char *fmt, ...)
{
	va_list ap;

	fprintf(p->to, "%sfrugalctl eval: ", p->drawn ? CLEAR : "");
	va_start(ap, fmt);
	vfprintf(p->to, fmt, ap);
	va_end(ap);
	fputs("\n", p->to);
	p->drawn = false;
}
