/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration files that come with it: they are right, and the sample
 * and the manual page show every key there is, with its default.
 */
#include "conf/conf_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "conf/doc.h"
#include "verify/verifiers.h"

static struct buf faults, warnings;

static const char *text_of(struct buf *b)
{
	buf_add(b, "", 1);
	b->n--;
	return b->p;
}

static struct conf *read_path(const char *path)
{
	buf_clear(&faults);
	buf_clear(&warnings);
	return conf_read(path, verifier_confs(), &faults, &warnings);
}

static char *load(const char *path)
{
	static char text[128 * 1024];
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		fail_msg("%s: run from the root of the tree", path);
	n = fread(text, 1, sizeof(text) - 1, f);
	assert_true(n < sizeof(text) - 1);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* Takes the # off the keys that the sample file shows with their default. */
static void uncomment(char *text)
{
	bool start = true;

	for (char *c = text; *c; c++) {
		bool item = c[0] == '#' && c[1] == '-' && c[2] == ' ';

		if (start && (item || (c[0] == '#' && c[1] >= 'a' &&
				       c[1] <= 'z')))
			memmove(c, c + 1, strlen(c));
		start = *c == '\n' || (start && *c == ' ');
	}
}

static void test_files_load(void **state)
{
	static const char *const paths[] = {
		"config/frugald.yaml", "config/minimal.yaml",
		"config/openai.yaml", "config/demo.yaml"};

	(void)state;
	setenv("OPENAI_API_KEY", "sk-x", 1);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct conf *c = read_path(paths[i]);

		assert_string_equal(text_of(&faults), "");
		assert_string_equal(text_of(&warnings), "");
		assert_non_null(c);
		conf_free(c);
	}
}

struct search {
	const struct doc_node *root; /* of the sample file */
	const char *manual;
	size_t keys;
};

/* Some value at that path; NAME is any entry, a list is of one-entry maps. */
static const struct doc_node *find_path(const struct doc_node *n,
					const char *path)
{
	size_t len = strcspn(path, ".");
	const char *rest = path[len] ? path + len + 1 : NULL;

	if (n->kind == DOC_SCALAR)
		return NULL;
	for (const struct doc_node *c = n->child; c; c = c->next) {
		const struct doc_node *found = c;

		if (n->kind == DOC_LIST)
			found = find_path(c, path);
		else if (strncmp(path, "NAME", len) != 0 &&
			 (strlen(c->key) != len || memcmp(c->key, path, len)))
			continue;
		else if (rest)
			found = find_path(c, rest);
		if (found)
			return found;
	}
	return NULL;
}

static void check_manual(const char *manual, const char *path,
			 const struct conf_key *k)
{
	char *head = mem_printf("\\fB%s\\fR (", path);
	const char *at = strstr(manual, head), *type_end;
	char wanted[160];

	if (!at)
		fail_msg("not in the manual page: %s", path);
	type_end = strstr(at, ")\n");
	assert_non_null(type_end);
	snprintf(wanted, sizeof(wanted), ", default %s)\n",
		 k->fallback ? k->fallback : "");
	if (k->fallback &&
	    strncmp(type_end + 2 - strlen(wanted), wanted, strlen(wanted)) != 0)
		fail_msg("another default in the manual page: %s", path);
	free(head);
}

static void check_key(void *arg, const char *path, const struct conf_key *k)
{
	struct search *s = arg;
	const struct doc_node *n = find_path(s->root, path);

	s->keys++;
	if (!n)
		fail_msg("not in the sample file: %s", path);
	check_manual(s->manual, path, k);
	if (k->type != CONF_SECTION && k->type != CONF_ENTRIES && k->help)
		assert_true(strlen(k->help) > 5);
}

static void no_fault(void *arg, int line, const char *text)
{
	(void)arg;
	fail_msg("config/frugald.yaml:%d: %s", line, text);
}

static void test_every_key_is_shown(void **state)
{
	char *sample = mem_dup(load("config/frugald.yaml"));
	struct search s = {.manual = load("config/frugald.yaml.5")};
	struct doc *d;

	(void)state;
	uncomment(sample);
	d = doc_parse(span_of(sample), no_fault, NULL);
	assert_non_null(d);
	s.root = doc_root(d);
	conf_each_key(verifier_confs(), check_key, &s);
	assert_true(s.keys > 60);
	doc_free(d);
	free(sample);
}

/* What the sample file shows as a default is one. */
static void test_sample_shows_defaults(void **state)
{
	char *sample = mem_dup(load("config/frugald.yaml"));
	struct conf *shows, *c;

	(void)state;
	setenv("OPENAI_API_KEY", "sk-x", 1);
	setenv("SCORER_KEY", "sk-x", 1);
	c = read_path("config/frugald.yaml");
	uncomment(sample);
	shows = conf_read_text(span_of(sample), "f", verifier_confs(), &faults,
			       &warnings);
	assert_string_equal(text_of(&faults), "");
	assert_non_null(shows);
	assert_memory_equal(&shows->limits, &c->limits, sizeof(c->limits));
	assert_int_equal(shows->reply.usage, c->reply.usage);
	assert_int_equal(shows->reply.commit_after_us,
			 c->reply.commit_after_us);
	assert_int_equal(shows->reply.keepalive, c->reply.keepalive);
	assert_int_equal(shows->reply.keepalive_every_us,
			 c->reply.keepalive_every_us);
	assert_int_equal(shows->reply.slice, c->reply.slice);
	assert_int_equal(shows->workers, c->workers);
	assert_int_equal(shows->ledger.keep_us, c->ledger.keep_us);
	assert_int_equal(shows->backends[0].idle_us, c->backends[0].idle_us);
	assert_int_equal(shows->backends[0].total_us, c->backends[0].total_us);
	assert_int_equal(shows->n_keys, 1);
	assert_int_equal(c->n_keys, 0);
	conf_free(shows);
	conf_free(c);
	free(sample);
}

static int set_up(void **state)
{
	(void)state;
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&faults);
	buf_release(&warnings);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_load),
		cmocka_unit_test(test_every_key_is_shown),
		cmocka_unit_test(test_sample_shows_defaults),
	};

	return cmocka_run_group_tests_name("manual", tests, set_up, tear_down);
}
