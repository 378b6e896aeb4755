/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts in integers, shows decimals.
 *
 * A value is stored as an integer and its scale is a power of ten, so what is
 * written is exact: digits with a point between them, no floating point.
 */
#include "base/metric.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fixed.h"
#include "base/map.h"
#include "base/mem.h"

#define DECIMALS_MOST 18

struct metric {
	const struct family *family;
	char *labels; /* a="x",b="y" */
	struct metric *next;
	atomic_int_least64_t value; /* histogram: the sum */
	/* Histogram: observations by bucket, not yet added up; the last one
	 * has no bound. */
	atomic_int_least64_t buckets[];
};

struct family {
	const struct metric_family *f;
	int decimals;
	int64_t *bounds; /* in stored units */
	struct metric *first;
	struct metric **last_next;
	struct family *next;
};

struct metric_set {
	pthread_mutex_t lock; /* all but the atomics */
	struct map *families; /* by name */
	struct map *series;   /* by name{labels} */
	struct family *first;
	struct family **last_next;
};

struct metric_set *metric_set_new(void)
{
	struct metric_set *s = mem_new(sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	s->families = map_new();
	s->series = map_new();
	s->last_next = &s->first;
	return s;
}

static void family_free(struct family *fam)
{
	struct metric *m;

	while ((m = fam->first)) {
		fam->first = m->next;
		free(m->labels);
		free(m);
	}
	free(fam->bounds);
	free(fam);
}

void metric_set_free(struct metric_set *s)
{
	struct family *fam;

	if (!s)
		return;
	while ((fam = s->first)) {
		s->first = fam->next;
		family_free(fam);
	}
	map_free(s->families);
	map_free(s->series);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* How many digits stand behind the point. */
static int decimals_of(double scale)
{
	int n = (int)lround(-log10(scale));

	assert(n >= 0 && n <= DECIMALS_MOST);
	assert(fabs(scale * pow(10, n) - 1) < 1e-9);
	return n;
}

static struct family *family_get(struct metric_set *s,
				 const struct metric_family *f)
{
	struct family *fam = map_find(s->families, span_of(f->name));
	size_t i;

	if (fam) {
		assert(fam->f->type == f->type);
		return fam;
	}
	fam = mem_new(sizeof(*fam));
	fam->f = f;
	fam->decimals = decimals_of(f->scale);
	fam->last_next = &fam->first;
	fam->bounds = mem_array(f->n_bounds, sizeof(*fam->bounds));
	for (i = 0; i < f->n_bounds; i++)
		fam->bounds[i] = llround(f->bounds[i] * pow(10, fam->decimals));
	map_put(s->families, span_of(f->name), fam);
	*s->last_next = fam;
	s->last_next = &fam->next;
	return fam;
}

/* The inside of a quoted label value, or a help text. */
static void put_escaped(struct buf *b, const char *s, bool in_quotes)
{
	for (; *s; s++) {
		if (*s == '\n')
			buf_adds(b, "\\n");
		else if (*s == '\\' || (*s == '"' && in_quotes))
			buf_addf(b, "\\%c", *s);
		else
			buf_add(b, s, 1);
	}
}

/* a="x",b="y" from "a,b" and { "x", "y", NULL } */
static void put_labels(struct buf *b, const char *names,
		       const char *const *values)
{
	size_t n;

	while (names && *names) {
		assert(values && *values);
		n = strcspn(names, ",");
		buf_add(b, names, n);
		buf_adds(b, "=\"");
		put_escaped(b, *values++, true);
		names += n;
		buf_adds(b, *names ? "\"," : "\"");
		if (*names)
			names++;
	}
	assert(!values || !*values);
}

static struct metric *series_new(struct family *fam, struct span labels)
{
	size_t n_buckets = 0;
	struct metric *m;

	if (fam->f->type == METRIC_HISTOGRAM)
		n_buckets = fam->f->n_bounds + 1;
	m = mem_new(sizeof(*m) + n_buckets * sizeof(m->buckets[0]));
	m->family = fam;
	m->labels = mem_dup_span(labels);
	*fam->last_next = m;
	fam->last_next = &m->next;
	return m;
}

struct metric *metric_get(struct metric_set *s, const struct metric_family *f,
			  const char *const *values)
{
	struct span labels;
	struct metric *m;
	struct buf key;
	size_t at;

	buf_init(&key, 0);
	buf_addf(&key, "%s{", f->name);
	at = key.n;
	put_labels(&key, f->labels, values);
	assert(!key.failed);
	labels = (struct span){key.p + at, key.n - at};

	pthread_mutex_lock(&s->lock);
	m = map_find(s->series, buf_span(&key));
	if (!m) {
		m = series_new(family_get(s, f), labels);
		map_put(s->series, buf_span(&key), m);
	}
	pthread_mutex_unlock(&s->lock);
	buf_release(&key);
	return m;
}

static void add(atomic_int_least64_t *to, int64_t v)
{
	atomic_fetch_add_explicit(to, v, memory_order_relaxed);
}

static int64_t load(const atomic_int_least64_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

void metric_add(struct metric *m, int64_t v)
{
	assert(m->family->f->type != METRIC_HISTOGRAM);
	add(&m->value, v);
}

void metric_set_to(struct metric *m, int64_t v)
{
	assert(m->family->f->type != METRIC_HISTOGRAM);
	atomic_store_explicit(&m->value, v, memory_order_relaxed);
}

void metric_observe(struct metric *m, int64_t v)
{
	const struct family *fam = m->family;
	size_t i = 0;

	assert(fam->f->type == METRIC_HISTOGRAM);
	while (i < fam->f->n_bounds && v > fam->bounds[i])
		i++;
	add(&m->buckets[i], 1);
	add(&m->value, v);
}

int64_t metric_value(const struct metric *m)
{
	int64_t n = 0;
	size_t i;

	if (m->family->f->type != METRIC_HISTOGRAM)
		return load(&m->value);
	for (i = 0; i <= m->family->f->n_bounds; i++)
		n += load(&m->buckets[i]);
	return n;
}

static void put_number(struct buf *b, int64_t v, int decimals)
{
	char text[FIXED_ROOM];

	buf_adds(b, fixed_short(text, v, decimals));
}

static void write_bucket(const struct metric *m, size_t i, int64_t so_far,
			 struct buf *out)
{
	const struct family *fam = m->family;

	buf_addf(out, "%s_bucket{%s%sle=\"", fam->f->name, m->labels,
		 *m->labels ? "," : "");
	if (i < fam->f->n_bounds)
		put_number(out, fam->bounds[i], fam->decimals);
	else
		buf_adds(out, "+Inf");
	buf_addf(out, "\"} %lld\n", (long long)so_far);
}

static void write_line(const struct metric *m, const char *suffix, int64_t v,
		       int decimals, struct buf *out)
{
	buf_addf(out, "%s%s", m->family->f->name, suffix);
	if (*m->labels)
		buf_addf(out, "{%s}", m->labels);
	buf_adds(out, " ");
	put_number(out, v, decimals);
	buf_adds(out, "\n");
}

static void write_series(const struct metric *m, struct buf *out)
{
	const struct family *fam = m->family;
	int64_t so_far = 0;
	size_t i;

	if (fam->f->type != METRIC_HISTOGRAM) {
		write_line(m, "", load(&m->value), fam->decimals, out);
		return;
	}
	for (i = 0; i <= fam->f->n_bounds; i++) {
		so_far += load(&m->buckets[i]);
		write_bucket(m, i, so_far, out);
	}
	write_line(m, "_sum", load(&m->value), fam->decimals, out);
	/* Not counted again: it has to equal the last bucket. */
	write_line(m, "_count", so_far, 0, out);
}

static void write_family(const struct family *fam, struct buf *out)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	const struct metric *m;

	buf_addf(out, "# HELP %s ", fam->f->name);
	put_escaped(out, fam->f->help, false);
	buf_addf(out, "\n# TYPE %s %s\n", fam->f->name, types[fam->f->type]);
	for (m = fam->first; m; m = m->next)
		write_series(m, out);
}

int metric_write(struct metric_set *s, struct buf *out)
{
	const struct family *fam;

	pthread_mutex_lock(&s->lock);
	for (fam = s->first; fam; fam = fam->next)
		write_family(fam, out);
	pthread_mutex_unlock(&s->lock);
	return out->failed ? -1 : 0;
}
