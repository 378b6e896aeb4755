/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what a command is to work on.
 */
#include "ctl/sources.h"

#include <inttypes.h>
#include <string.h>

#include "ctl/ledger_records.h"
#include "verify/words.h"

static int say(const struct args_command *c, const struct err *err)
{
	fprintf(stderr, "frugalctl %s: %s\n", c->name, err->text);
	return err->kind == ERR_CONF ? ARGS_USAGE : ARGS_CANNOT;
}

static int read_files(struct sources *f, const struct args *a, struct err *err)
{
	for (size_t i = 0; i < a->n_records; i++)
		if (records_read(f->records, a->records[i], err) < 0)
			return -1;
	return 0;
}

static int read_any(struct sources *f, const struct args *a,
		    const struct subject *s, struct err *err)
{
	if (a->n_records)
		return read_files(f, a, err);
	f->ledger = s->conf->ledger.path;
	if (!f->ledger)
		return err_set(err, ERR_CONF,
			       "%s: has no `ledger`; name files with --records",
			       s->conf->path);
	return ledger_records_read(f->records, f->ledger, s->cascade->name,
				   &f->textless, err);
}

/* ---- nothing there ------------------------------------------------------- */

static void add_whys(const struct sources *f, char *text, size_t room)
{
	const struct records_passed *p = records_passed(f->records);
	size_t n = 0;

	text[0] = '\0';
	for (; p->why && n < room; p++)
		n += (size_t)snprintf(text + n, room - n, "%s%zu %s",
				      n ? ", " : ": ", p->n, p->why);
}

static int refuse_nothing(const struct sources *f, const struct args_command *c,
			  const struct subject *s)
{
	const char *others = records_backends(f->records);
	struct err err = {0};
	char whys[160];

	add_whys(f, whys, sizeof(whys));
	if (*others)
		err_set(&err, ERR_SYS,
			"no row can be used%s; the first tier is %s, the rows "
			"name %s",
			whys, s->cascade->tiers[0]->name, others);
	else
		err_set(&err, ERR_SYS, "no row can be used%s",
			*whys ? whys : ": there is none");
	return say(c, &err);
}

int sources_read(struct sources *f, const struct args_command *c,
		 const struct args *a, const struct subject *s, bool every)
{
	const struct records_want want = {
		.conf = s->made ? NULL : s->conf,
		.cascade = s->cascade,
		.n_words = s->artifact ? s->artifact->heads.n_words
				       : WORDS_BUCKETS,
		.every = every,
	};
	struct err err = {0};
	int rc = 0;

	*f = (struct sources){.records = records_new(&want)};
	if (read_any(f, a, s, &err) < 0)
		rc = say(c, &err);
	else
		f->samples = records_samples(f->records);
	if (rc == 0 && f->samples->n == 0 && !every)
		rc = refuse_nothing(f, c, s);
	if (rc != 0)
		sources_close(f);
	return rc;
}

void sources_close(struct sources *f)
{
	records_free(f->records);
	*f = (struct sources){.records = NULL};
}

/* ---- for people ---------------------------------------------------------- */

static size_t count_barred(const struct samples *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].barred != NULL;
	return n;
}

static size_t count_enforced(const struct samples *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].mode == SAMPLE_ENFORCE;
	return n;
}

static size_t count_absent(const struct samples *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].check_absent;
	return n;
}

static size_t count_repeated(const struct samples *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].repeats;
	return n;
}

/* More than a tenth is too many to pass over in silence. */
static void print_repeated(const struct samples *s, FILE *to)
{
	size_t n = count_repeated(s);

	if (n == 0)
		return;
	fprintf(to, "           %zu repeat%s the question of an earlier row\n",
		n, n == 1 ? "s" : "");
	if (10 * n > s->n)
		fputs("           the limits take rows to be independent: with "
		      "so many repeats\n           they are narrower than they "
		      "should be\n",
		      to);
}

void sources_print(const struct sources *f, FILE *to)
{
	const struct records_passed *p = records_passed(f->records);
	size_t barred = count_barred(f->samples);
	size_t enforced = count_enforced(f->samples);
	size_t absent = count_absent(f->samples);

	fprintf(to, "read       %zu rows", f->samples->n);
	if (f->ledger)
		fprintf(to, " of %s", f->ledger);
	fputs("\n", to);
	for (; p->why; p++)
		fprintf(to, "           passed over: %zu %s\n", p->n, p->why);
	if (f->textless)
		fprintf(to,
			"           %" PRId64 " whose texts were not stored: "
			"words are no signals then\n",
			f->textless);
	if (barred)
		fprintf(to,
			"           %zu escalate unasked: a gate, no usable "
			"log-probs, no reply\n",
			barred);
	if (absent)
		fprintf(to,
			"           %zu were never checked: where a check "
			"would "
			"be asked\n           their loss counts\n",
			absent);
	if (enforced)
		fprintf(to,
			"           %zu of an enforcing cascade: may fit, "
			"never certify\n",
			enforced);
	print_repeated(f->samples, to);
}
