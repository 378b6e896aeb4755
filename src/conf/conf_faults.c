/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps faults with their lines and writes them in the order of the file.
 */
#include "conf/conf_faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct fault {
	int line;
	int number; /* keeps the sort stable */
	char *text;
};

struct conf_faults {
	struct fault *v;
	size_t n, room;
};

struct conf_faults *conf_faults_new(void)
{
	return mem_new(sizeof(struct conf_faults));
}

void conf_faults_free(struct conf_faults *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].text);
	free(f->v);
	free(f);
}

size_t conf_faults_count(const struct conf_faults *f)
{
	return f->n;
}

/* Keys are cut: an unknown one may be as long as the file. */
static void add_place(struct buf *out, const struct conf_place *at)
{
	if (!at)
		return;
	add_place(out, at->in);
	buf_addf(out, "%s%.128s", at->in ? "." : "", at->key);
}

static char *blank_controls(char *s)
{
	for (char *c = s; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return s;
}

static char *text_of(const struct conf_place *at, const char *why)
{
	struct buf path;
	char *text;

	buf_init(&path, 0);
	add_place(&path, at);
	text = mem_printf("%.*s%s%s", (int)path.n, path.n ? path.p : "",
			  path.n ? ": " : "", why);
	buf_release(&path);
	return blank_controls(text);
}

void conf_faults_add(struct conf_faults *f, int line,
		     const struct conf_place *at, const char *fmt, ...)
{
	char why[480];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (f->n == f->room) {
		f->room = f->room ? 2 * f->room : 16;
		f->v = mem_resize(f->v, f->room, sizeof(*f->v));
	}
	f->v[f->n] = (struct fault){line, (int)f->n, text_of(at, why)};
	f->n++;
}

static int by_line(const void *a, const void *b)
{
	const struct fault *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

void conf_faults_write(struct conf_faults *f, const char *name, struct buf *out)
{
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), by_line);
	for (size_t i = 0; i < f->n; i++) {
		buf_addf(out, "%s:", name);
		if (f->v[i].line > 0)
			buf_addf(out, "%d:", f->v[i].line);
		buf_addf(out, " %s\n", f->v[i].text);
	}
}
