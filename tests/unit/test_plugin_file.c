/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which shared objects are loaded, and which are refused for whose sake.
 */
#include "verify/plugin_file.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

static char *folder; /* of this test, below /tmp */

static char *in_folder(const char *name)
{
	return mem_printf("%s/%s", folder, name);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Compiles `table`, the value of a table, with what stands before it. */
static char *build(const char *name, const char *before, const char *table)
{
	char *c = in_folder("source.c"), *so = in_folder(name), *tmp, *text;
	char *const argv[] = {"cc",	   "-shared", "-fPIC",
			      "-Iinclude", "-o",      (tmp = in_folder("new")),
			      c,	   NULL};
	int status = -1;
	pid_t pid;

	text = mem_printf("#include <frugald/verifier.h>\n%s\n"
			  "const struct frugald_verifier *frugald_verifier("
			  "void)\n{ return %s; }\n",
			  before, table);
	write_file(c, text);
	pid = fork();
	if (pid == 0) {
		execvp("cc", argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(rename(tmp, so), 0);
	free(text);
	free(tmp);
	free(c);
	return so;
}

#define JUDGE                                                                  \
	"static int judge(void *s, const struct frugald_case *c,\n"            \
	"struct frugald_verdict *v) { (void)s; (void)c; (void)v; return 0; }"
static char *build_named(const char *file, const char *name)
{
	char *before = mem_printf(
		JUDGE "\nstatic const struct frugald_verifier t = "
		      "{FRUGALD_VERIFIER_ABI, sizeof(t), \"%s\", 0, 0, judge};",
		name);
	char *so = build(file, before, "&t");

	free(before);
	return so;
}

static void assert_refused(const char *path, const char *word)
{
	struct err err = {0};
	struct plugin_file *f = plugin_file_open(path, &err);

	if (f)
		fail_msg("%s was loaded", path);
	if (!strstr(err.text, word) || !strstr(err.text, "`path`"))
		fail_msg("%s, without %s", err.text, word);
}

static struct plugin_file *open_good(const char *path)
{
	struct err err = {0};
	struct plugin_file *f = plugin_file_open(path, &err);

	if (!f)
		fail_msg("%s", err.text);
	return f;
}

static void assert_loads(const char *path)
{
	plugin_file_close(open_good(path));
}

static const char *name_of(const struct plugin_file *f)
{
	return plugin_file_table(f)->name;
}

static int set_up(void **state)
{
	char path[] = "/tmp/frugald-plugin-XXXXXX";

	(void)state;
	folder = mem_dup(mkdtemp(path));
	return folder ? 0 : -1;
}

static int tear_down(void **state)
{
	char *const argv[] = {"rm", "-rf", folder, NULL};
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		execvp("rm", argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	free(folder);
	return 0;
}

static void test_loads(void **state)
{
	char *so = build_named("good.so", "good");
	char *spelled = in_folder("//./good.so");
	struct plugin_file *f = open_good(so);

	(void)state;
	assert_string_equal(name_of(f), "good");
	assert_int_equal(plugin_file_table(f)->abi, FRUGALD_VERIFIER_ABI);
	plugin_file_close(f);
	plugin_file_close(NULL);
	assert_loads(spelled);
	free(spelled);
	free(so);
}

static void test_paths(void **state)
{
	static const struct {
		const char *path;
		bool good;
	} rows[] = {
		{"/a", true},	       {"/a/b.so", true},
		{"//a//b.so", true},   {"/a/..b/c...so", true},
		{"a.so", false},       {"./a.so", false},
		{"/a/../b.so", false}, {"/..", false},
		{"/a/b.so/..", false}, {"/", false},
		{"/a/b.so/", false},   {"/..//a", false},
	};
	char *endless = mem_new(5000);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		int rc = plugin_file_check_path(rows[i].path, &err);

		if ((rc == 0) != rows[i].good)
			fail_msg("%s: %s", rows[i].path, err.text);
		assert_int_equal(err_is_set(&err), rc < 0);
	}
	memset(endless, 'a', 4999);
	endless[0] = '/';
	assert_refused(endless, "not that of a file");
	endless[300] = '\0';
	assert_refused(endless, "too long");
	assert_refused("mine.so", "absolute");
	assert_refused("/tmp/../tmp/mine.so", "`..`");
	free(endless);
}

static void test_not_a_file(void **state)
{
	char *so = build_named("good.so", "good");
	char *none = in_folder("none.so"), *link = in_folder("link.so");
	char *fifo = in_folder("fifo.so"), *below = in_folder("good.so/x.so");

	(void)state;
	assert_int_equal(symlink(so, link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_refused(none, "No such file");
	assert_refused(link, "symbolic link");
	assert_refused(fifo, "no regular file");
	assert_refused(folder, "no regular file");
	assert_refused("/dev/null", "/dev/null");
	assert_refused(below, "no folder");
	free(below);
	free(fifo);
	free(link);
	free(none);
	free(so);
}

static void test_link_on_the_way(void **state)
{
	char *real = in_folder("real"), *link = in_folder("link");
	char *by_link = in_folder("link/good.so");

	(void)state;
	assert_int_equal(mkdir(real, 0755), 0);
	assert_int_equal(symlink(real, link), 0);
	free(build_named("real/good.so", "good"));
	assert_refused(by_link, "symbolic link");
	free(by_link);
	free(link);
	free(real);
}

static void test_who_can_write_the_file(void **state)
{
	char *so = build_named("good.so", "good");

	(void)state;
	chmod(so, 0775);
	assert_refused(so, "go-w");
	chmod(so, 0757);
	assert_refused(so, "go-w");
	chmod(so, 0555);
	assert_loads(so);
	if (geteuid() == 0) {
		assert_int_equal(chown(so, 4711, 0), 0);
		assert_refused(so, "belongs to user 4711");
	}
	free(so);
}

static void test_who_can_write_the_folder(void **state)
{
	char *so = build_named("good.so", "good");

	(void)state;
	chmod(folder, 0777);
	assert_refused(so, "go-w");
	chmod(folder, 01777); /* anyone may put a file there */
	assert_refused(so, "go-w");
	chmod(folder, 0770);
	assert_refused(so, "go-w");
	chmod(folder, 0755);
	assert_loads(so);
	if (geteuid() == 0) {
		assert_int_equal(chown(folder, 4711, 0), 0);
		assert_refused(so, "belongs to user 4711");
		assert_int_equal(chown(folder, 0, 0), 0);
	}
	free(so);
}

static void test_who_can_write_above(void **state)
{
	char *middle = in_folder("middle"), *inner = in_folder("middle/inner");
	char *so;

	(void)state;
	assert_int_equal(mkdir(middle, 0755), 0);
	assert_int_equal(mkdir(inner, 0755), 0);
	so = build_named("middle/inner/good.so", "good");
	assert_loads(so);
	chmod(middle, 0777);
	assert_refused(so, "middle can be written by others");
	chmod(middle, 01777); /* as /tmp */
	assert_loads(so);
	chmod(middle, 01775);
	assert_loads(so);
	if (geteuid() == 0) {
		assert_int_equal(chown(middle, 4711, 0), 0);
		assert_refused(so, "belongs to user 4711");
	}
	free(so);
	free(inner);
	free(middle);
}

static void test_no_library(void **state)
{
	char *so = in_folder("text.so"), *empty = in_folder("empty.so");
	struct err err = {0};

	(void)state;
	write_file(so, "#!/bin/sh\nexit 0\n");
	write_file(empty, "");
	chmod(so, 0755);
	chmod(empty, 0755);
	assert_refused(so, "does not load");
	assert_refused(empty, "does not load");
	plugin_file_open(so, &err);
	assert_null(strstr(err.text, "/proc/"));
	free(empty);
	free(so);
}

static void assert_table_refused(const char *before, const char *table,
				 const char *word)
{
	char *so = build("bad.so", before, table);

	assert_refused(so, word);
	free(so);
}

static void test_tables(void **state)
{
	(void)state;
	assert_table_refused("", "NULL", "no table");
	assert_table_refused(
		JUDGE "static struct frugald_verifier t = {2, sizeof(t), "
		      "\"x\", 0, 0, judge};",
		"&t", "ABI 2");
	assert_table_refused(JUDGE "static struct frugald_verifier t = {1, 24, "
				   "\"x\", 0, 0, judge};",
			     "&t", "24 bytes");
	assert_table_refused(
		JUDGE "static struct frugald_verifier t = {1, sizeof(t), 0, "
		      "0, 0, judge};",
		"&t", "a name");
	assert_table_refused(
		"static struct frugald_verifier t = {1, sizeof(t), \"x\"};",
		"&t", "judge()");
	assert_table_refused("#define frugald_verifier hidden", "NULL",
			     "exports no frugald_verifier()");
	assert_table_refused("extern int nowhere(void); int f(void) "
			     "{ return nowhere(); }",
			     "NULL", "nowhere");
}

/* A plugin that was made for a later frugald of the same ABI. */
static void test_a_larger_table(void **state)
{
	char *so = build("large.so",
			 JUDGE "static struct { struct frugald_verifier v; "
			       "int more; } t = {{1, sizeof(t), \"x\", 0, 0, "
			       "judge}, 1};",
			 "&t.v");

	(void)state;
	assert_loads(so);
	free(so);
}

/* Under the same path, while the old one is in use. */
static void test_replaced(void **state)
{
	char *so = build_named("same.so", "old");
	struct plugin_file *old = open_good(so), *new_one, *again;

	(void)state;
	free(build_named("same.so", "new"));
	new_one = open_good(so);
	again = open_good(so);
	assert_string_equal(name_of(old), "old");
	assert_string_equal(name_of(new_one), "new");
	assert_ptr_equal(plugin_file_table(new_one), plugin_file_table(again));
	plugin_file_close(old);
	assert_string_equal(name_of(new_one), "new");
	plugin_file_close(new_one);
	assert_string_equal(name_of(again), "new");
	plugin_file_close(again);
	free(so);
}

/* The descriptor has the same number again, and the library never went away. */
static void test_replaced_one_that_stays(void **state)
{
	static const char *const names[] = {"one", "two", "three"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *so = build_named("same.so", names[i]);
		struct plugin_file *f = open_good(so);
		void *stays = dlopen(so, RTLD_NOW | RTLD_NODELETE);

		assert_string_equal(name_of(f), names[i]);
		plugin_file_close(f);
		dlclose(stays);
		free(so);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_loads),
		TEST(test_paths),
		TEST(test_not_a_file),
		TEST(test_link_on_the_way),
		TEST(test_who_can_write_the_file),
		TEST(test_who_can_write_the_folder),
		TEST(test_who_can_write_above),
		TEST(test_no_library),
		TEST(test_tables),
		TEST(test_a_larger_table),
		TEST(test_replaced),
		TEST(test_replaced_one_that_stays),
	};

	return cmocka_run_group_tests_name("plugin_file", tests, NULL, NULL);
}
