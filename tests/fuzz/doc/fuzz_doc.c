/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text is a tree as promised or a list of faults, and so is what is read
 * from it as a configuration.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "conf/conf_read.h"
#include "conf/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct opts {
	bool refusal;
	int span;
	struct conf_strings names;
};

/* clang-format off */
static const struct conf_key keys[] = {
	{ "refusal", CONF_BOOL, offsetof(struct opts, refusal),
	  .fallback = "false" },
	{ "span", CONF_ENUM, offsetof(struct opts, span),
	  .fallback = "all", .words = "all,answer" },
	{ "names", CONF_STRINGS, offsetof(struct opts, names),
	  .optional = true },
	{ NULL },
};
/* clang-format on */
static const struct conf_verifier rules = {"rules", keys, sizeof(struct opts),
					   NULL};
static const struct conf_verifier logprob = {"logprob", keys,
					     sizeof(struct opts), NULL};
static const struct conf_verifier *const known[] = {&rules, &logprob, NULL};

static void check_node(const struct doc_node *n, int depth)
{
	assert(depth <= DOC_MAX_DEPTH + 1); /* scalars stand one deeper */
	assert(n->line >= 1);
	assert((n->kind == DOC_SCALAR) == (n->text != NULL));
	assert(n->kind != DOC_SCALAR || !n->child);
	for (const struct doc_node *c = n->child; c; c = c->next) {
		assert((n->kind == DOC_MAP) == (c->key != NULL));
		check_node(c, depth + 1);
	}
}

static void count(void *arg, int line, const char *text)
{
	assert(line >= 1 && *text);
	++*(size_t *)arg;
}

static void check_doc(struct span text)
{
	size_t faults = 0;
	struct doc *d = doc_parse(text, count, &faults);

	assert(d || faults > 0);
	if (d) {
		assert(doc_root(d)->kind == DOC_MAP);
		check_node(doc_root(d), 1);
	}
	doc_free(d);
}

/* Lines of "f:LINE: ...", ascending, fit for a terminal. */
static void check_told(const struct buf *b)
{
	long last = 0;

	for (size_t i = 0, start = 0; i < b->n; i++) {
		unsigned char c = (unsigned char)b->p[i];

		assert(c == '\n' || (c >= ' ' && c != 0x7f));
		if (c != '\n')
			continue;
		assert(i - start > 4 && memcmp(b->p + start, "f:", 2) == 0);
		if (b->p[start + 2] != ' ') {
			long line = strtol(b->p + start + 2, NULL, 10);

			assert(line >= last && line >= 1);
			last = line;
		}
		start = i + 1;
	}
	assert(b->n == 0 || b->p[b->n - 1] == '\n');
}

static void check_conf(const struct conf *c)
{
	assert(c->n_backends > 0 && c->listen.n > 0);
	for (size_t i = 0; i < c->n_backends; i++)
		assert(*c->backends[i].base_url && *c->backends[i].model);
	for (size_t i = 0; i < c->n_cascades; i++) {
		const struct conf_cascade *k = &c->cascades[i];
		struct conf_target t = conf_lookup(c, span_of(k->name));

		assert(t.cascade == k);
		assert(k->n_tiers > 0 && k->n_tiers == k->tier_names.n);
		assert(k->threshold >= 0 && k->threshold <= 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	/* Of its own, so that reading past it is seen. */
	char *copy = malloc(n ? n : 1);
	struct span text = {copy, n};
	struct buf faults, warnings;
	struct conf *c;

	assert(copy);
	if (n)
		memcpy(copy, p, n);
	check_doc(text);
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	c = conf_read_text(text, "f", known, &faults, &warnings);
	assert((c == NULL) == (faults.n > 0));
	check_told(&faults);
	check_told(&warnings);
	if (c)
		check_conf(c);
	conf_free(c);
	buf_release(&faults);
	buf_release(&warnings);
	free(copy);
	return 0;
}
