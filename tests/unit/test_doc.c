/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML to a tree: what is read, what is refused, and that it ends.
 */
#include "conf/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "patience.h"
#include "base/buf.h"

static void note(void *arg, int line, const char *text)
{
	buf_addf(arg, "%d: %s\n", line, text);
}

static void write_node(const struct doc_node *n, struct buf *out)
{
	static const char open[] = " {[", close[] = " }]";

	if (n->key)
		buf_addf(out, "%s@%d=", n->key, n->key_line);
	if (n->kind == DOC_SCALAR) {
		buf_addf(out, "%s%s%s@%d", n->quoted ? "'" : "", n->text,
			 n->quoted ? "'" : "", n->line);
		return;
	}
	buf_addf(out, "%c", open[n->kind]);
	for (const struct doc_node *c = n->child; c; c = c->next) {
		write_node(c, out);
		if (c->next)
			buf_adds(out, " ");
	}
	buf_addf(out, "%c", close[n->kind]);
}

/* The tree in one line, and behind it the faults. */
static void assert_read(struct span text, const char *wanted)
{
	struct buf tree, faults;
	struct doc *d;

	buf_init(&tree, 0);
	buf_init(&faults, 0);
	d = doc_parse(text, note, &faults);
	if (d)
		write_node(doc_root(d), &tree);
	buf_adds(&tree, "|");
	buf_add_span(&tree, buf_span(&faults));
	buf_add(&tree, "", 1);
	assert_string_equal(tree.p, wanted);
	doc_free(d);
	buf_release(&tree);
	buf_release(&faults);
}

static void test_trees(void **state)
{
	static const char *const t[][2] = {
		{"a: 1", "{a@1=1@1}|"},
		{"a: 1\nb: two words\n", "{a@1=1@1 b@2=two words@2}|"},
		{"\n\n# x\na:\n  b: 1\n", "{a@4={b@5=1@5}}|"},
		{"a: [1, [2], {b: 3}]", "{a@1=[1@1 [2@1] {b@1=3@1}]}|"},
		{"a:\n- 1\n- b: 2\n  c: 3\n", "{a@1=[1@2 {b@3=2@3 c@4=3@4}]}|"},
		{"a: 'x'\nb: \"y\"\nc: |\n  z\n",
		 "{a@1='x'@1 b@2='y'@2 c@3='z\n'@3}|"},
		{"a:\nb: ~\n", "{a@1=@1 b@2=~@2}|"},
		{"a: \"\"\n", "{a@1=''@1}|"},
		{"{}", "{}|"},
		{"a: []\nb: {}\n", "{a@1=[] b@2={}}|"},
		{"--- \na: 1\n...\n", "{a@2=1@2}|"},
		{"%YAML 1.1\n---\na: 1\n", "{a@3=1@3}|"},
		{"\xef\xbb\xbf"
		 "a: 1\n",
		 "{a@1=1@1}|"},
		{"a: \xc3\xa9\n", "{a@1=\xc3\xa9@1}|"},
		{"a: 1 # no\nb: x#y\n", "{a@1=1@1 b@2=x#y@2}|"},
		{"a: 1\r\nb: 2\r\n", "{a@1=1@1 b@2=2@2}|"},
		{"{\"a\": {\"b\": [\"c\", true]}}",
		 "{a@1={b@1=['c'@1 true@1]}}|"},
		{"<<: {a: 1}\n", "{<<@1={a@1=1@1}}|"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_read(span_of(t[i][0]), t[i][1]);
}

#define EMPTY "|1: the file says nothing; it needs at least `backends`\n"
#define NO_MAP                                                                 \
	": the file must be a mapping of keys, like "                          \
	"`listen: 127.0.0.1:8080`\n"
#define ALIAS                                                                  \
	": an alias (*) is not taken here; write the value out, or put a "     \
	"pattern in quotes\n"

static void test_faults(void **state)
{
	static const char *const t[][2] = {
		{"", EMPTY},
		{"\n\n", EMPTY},
		{"# only\n# comments\n", EMPTY},
		{"\xef\xbb\xbf", EMPTY},
		{"word", "|1" NO_MAP},
		{"\n- a\n", "|2" NO_MAP},
		{"---\n", "|2" NO_MAP},
		{"a: 1\n---\nb: 2\n",
		 "|2: a second document (---) starts here; keep one\n"},
		{"a: &x 1\n", "{a@1=1@1}|1: an anchor (&) is not taken here; "
			      "write the value out\n"},
		{"a: &x {b: 1}\n", "{a@1={b@1=1@1}}|1: an anchor (&) is not "
				   "taken here; write the value out\n"},
		{"a: &x [*x]\n",
		 "|1: an anchor (&) is not taken here; write the value out\n"
		 "1" ALIAS},
		{"a: 1\nb: *x\n", "|2" ALIAS},
		{"match: [*]\n", "|1" ALIAS},
		{"a: !!python/object:os.system x\n",
		 "{a@1=x@1}|1: a tag (!) is not taken here; write the plain "
		 "value\n"},
		{"a: !x [1]\n", "{a@1=[1@1]}|1: a tag (!) is not taken here; "
				"write the plain value\n"},
		{"&k a: 1\n", "{a@1=1@1}|1: an anchor (&) is not taken here; "
			      "write the value out\n"},
		{"a: 1\nb: 2\na: 3\n",
		 "{a@1=1@1 b@2=2@2 a@3=3@3}|3: a: is here twice, first on line "
		 "1; keep one\n"},
		{"a: 1\n\"a\": 2\na: 3\n",
		 "{a@1=1@1 a@2=2@2 a@3=3@3}|"
		 "2: a: is here twice, first on line 1; keep one\n"
		 "3: a: is here twice, first on line 1; keep one\n"},
		{"x:\n  y:\n  - z: {b: 1,\n  b: 2}\n",
		 "{x@1={y@2=[{z@3={b@3=1@3 b@4=2@4}}]}}|4: x.y.z.b: is here "
		 "twice, first on line 3; keep one\n"},
		{"[a]: 1\n", "|1: a key must be one plain word\n"},
		{"a: 1\n? [b]\n: 1\n", "|2: a key must be one plain word\n"},
		{"a: {[b]: 1}\n", "|1: a key must be one plain word\n"},
		{"a: 1\n*x : 2\n", "|2: a key must be one plain word\n"},
		{"a: \"x\\0y\"\n", "|1: a NUL character; remove it\n"},
		{"\"x\\0y\": 1\n", "|1: a NUL character; remove it\n"},
		{"a:\n\tb: 1\n",
		 "|2: a tab, `%`, `@` or a backquote where a value should "
		 "start; indent with spaces, put such text in quotes\n"},
		{"a: @x\n",
		 "|1: a tab, `%`, `@` or a backquote where a value should "
		 "start; indent with spaces, put such text in quotes\n"},
		{"a: [1, 2\nb: 3\n",
		 "|2: did not find expected ',' or ']' while parsing a flow "
		 "sequence (from line 1)\n"},
		{"a: 1\n b: 2\n",
		 "|2: mapping values are not allowed in this context\n"},
		{"a: 'x\n",
		 "|2: found unexpected end of stream while scanning a quoted "
		 "scalar (from line 1)\n"},
		{"a: 1\nb: \xff\n", "|2: invalid leading UTF-8 octet; the file "
				    "must be UTF-8 text\n"},
		{"a: 1\n\nb: \x01\n",
		 "|3: control characters are not allowed; the file must be "
		 "UTF-8 text\n"},
		{"\xff\xfe"
		 "a\0",
		 "|1: invalid leading UTF-8 octet; the file "
		 "must be UTF-8 text\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_read(span_of(t[i][0]), t[i][1]);
	assert_read((struct span){"a: \0", 4},
		    "|1: control characters are not allowed; the file must be "
		    "UTF-8 text\n");
	assert_read((struct span){NULL, 0}, EMPTY);
}

/* "a: " and n lists in each other, on one line or as a block. */
static struct buf nested(const char *open, const char *close, int n)
{
	struct buf b;

	buf_init(&b, 0);
	buf_adds(&b, "a:\n  ");
	for (int i = 0; i < n; i++)
		buf_adds(&b, open);
	buf_adds(&b, "x");
	for (int i = 0; i < n; i++)
		buf_adds(&b, close);
	return b;
}

static void test_depth(void **state)
{
	static const char *const t[][2] = {
		{"[", "]"}, {"- ", ""}, {"{k: ", "}"}};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		/* The file itself is a mapping: one level. */
		struct buf fits = nested(t[i][0], t[i][1], DOC_MAX_DEPTH - 1);
		struct buf not = nested(t[i][0], t[i][1], DOC_MAX_DEPTH);
		struct buf faults;
		struct doc *d;

		buf_init(&faults, 0);
		d = doc_parse(buf_span(&fits), note, &faults);
		assert_non_null(d);
		assert_int_equal(faults.n, 0);
		doc_free(d);
		assert_read(buf_span(&not ), "|2: nested deeper than 32\n");
		buf_release(&fits);
		buf_release(&not );
	}
}

static struct buf repeated(const char *start, const char *piece, size_t n)
{
	struct buf b;

	buf_init(&b, 0);
	buf_adds(&b, start);
	while (b.n < n)
		buf_adds(&b, piece);
	b.n = n;
	return b;
}

static void test_size(void **state)
{
	struct buf b = repeated("a: 1\n", "#", DOC_MAX_BYTES);

	(void)state;
	assert_read(buf_span(&b), "{a@1=1@1}|");
	buf_adds(&b, "#");
	assert_read(buf_span(&b), "|1: longer than 256 KiB\n");
	buf_release(&b);
}

static void count(void *arg, int line, const char *text)
{
	(void)line;
	(void)text;
	++*(size_t *)arg;
}

static void assert_ends(struct span text)
{
	size_t n = 0;

	give_up_after(10);
	doc_free(doc_parse(text, count, &n));
	give_up_after(0);
}

/* libyaml alone takes 28 s for the first. */
static void test_brackets_are_refused_at_once(void **state)
{
	struct buf b = repeated("", "[", 100 * 1024);

	(void)state;
	assert_read(buf_span(&b), "|1" NO_MAP);
	assert_ends(buf_span(&b));
	buf_release(&b);
	b = repeated("a: ", "[", 100 * 1024);
	assert_read(buf_span(&b), "|1: nested deeper than 32\n");
	assert_ends(buf_span(&b));
	buf_release(&b);
}

/* Nothing of the greatest size takes long, sanitizers or not. */
static void test_no_text_takes_long(void **state)
{
	static const char *const pieces[] = {
		"[",	 "{",	    "[{",    "{[",   "- ",    "? ",    "[? ",
		"{? ",	 "{a: ",    "[a, ",  "[[],", "[],",   "a:\n ", "[\n",
		"{?\n",	 "? - ",    "{\"",   "- [",  "[-",    "!",     "!!",
		"[!a ",	 "&a ",	    "[&a ",  "*a ",  "\"",    "'",     "|",
		"a: ",	 "\n",	    "\t",    "a",    "- a\n", ":",     "% ",
		"%a\n",	 "---\n",   "? a\n", "\r",   "-\n",   " ",     "a:\n",
		"x: \n", "{a: 1, ", "'a': ", "a, ",  "a\n",
	};
	static const char *const starts[] = {"", "a: ", "a: [", "a:\n- "};

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		for (size_t k = 0; k < sizeof(starts) / sizeof(starts[0]);
		     k++) {
			struct buf b =
				repeated(starts[k], pieces[i], DOC_MAX_BYTES);

			assert_ends(buf_span(&b));
			buf_release(&b);
		}
}

static void test_many_keys(void **state)
{
	struct buf b;
	size_t faults = 0;
	struct doc *d;

	(void)state;
	buf_init(&b, 0);
	for (int i = 0; i < 30000; i++)
		buf_addf(&b, "%x:\n", i);
	assert_ends(buf_span(&b));
	buf_adds(&b, "7:\n");
	d = doc_parse(buf_span(&b), count, &faults);
	assert_int_equal(faults, 1);
	assert_int_equal(doc_find(doc_root(d), "752f")->line, 30000);
	doc_free(d);
	buf_release(&b);
}

static void test_find_and_items(void **state)
{
	struct buf faults;
	struct doc *d;
	const struct doc_node *root, *list, *one, *item;

	(void)state;
	buf_init(&faults, 0);
	d = doc_parse(span_of("a: [x, y]\nb: z\nc: {d: 1}\ne: []"), note,
		      &faults);
	assert_non_null(d);
	root = doc_root(d);
	list = doc_find(root, "a");
	one = doc_find(root, "b");
	assert_null(doc_find(root, "nope"));
	assert_null(doc_find(NULL, "a"));
	assert_null(doc_find(list, "x"));
	assert_null(doc_find(one, "z"));
	item = doc_item(list, NULL);
	assert_string_equal(item->text, "x");
	item = doc_item(list, item);
	assert_string_equal(item->text, "y");
	assert_null(doc_item(list, item));
	assert_ptr_equal(doc_item(one, NULL), one);
	assert_null(doc_item(one, one));
	assert_null(doc_item(doc_find(root, "e"), NULL));
	assert_null(doc_item(NULL, NULL));
	doc_free(d);
	doc_free(NULL);
	assert_int_equal(faults.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_brackets_are_refused_at_once),
		cmocka_unit_test(test_no_text_takes_long),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_find_and_items),
	};

	return cmocka_run_group_tests_name("doc", tests, NULL, NULL);
}
