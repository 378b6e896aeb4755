/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign names in a page stay text.
 */
#include "ctl/markup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BAD "\xef\xbf\xbd"

static void check_text(const char *text, const char *expected)
{
	struct buf b;

	buf_init(&b, 0);
	markup_text(&b, text);
	buf_add(&b, "", 1);
	assert_string_equal(b.p, expected);
	buf_release(&b);
}

static void test_text(void **state)
{
	(void)state;
	check_text("", "");
	check_text("plain name", "plain name");
	check_text("<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;");
	check_text("\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80",
		   "\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80");
}

static void test_unfit(void **state)
{
	(void)state;
	check_text("a\x01z\x7f\n", "a" BAD "z" BAD BAD);
	check_text("a\xff\xc3z", "a" BAD BAD "z");
	check_text("\xc2\x9b", BAD);		    /* a C1 control */
	check_text("\xe2\x80\xae", BAD);	    /* right-to-left override */
	check_text("\xe2\x80\xa8", BAD);	    /* line separator */
	check_text("\xe2\x81\xa6x", BAD "x");	    /* isolate */
	check_text("\xef\xbf\xbf", BAD);	    /* no character */
	check_text("\xe2\x80\xa6", "\xe2\x80\xa6"); /* an ellipsis is one */
}

static void test_name_is_cut(void **state)
{
	struct buf b;
	char name[200];

	(void)state;
	memset(name, '<', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	buf_init(&b, 0);
	markup_name(&b, name);
	assert_int_equal(b.n, 60 * strlen("&lt;") + strlen("\u2026"));
	buf_clear(&b);
	name[60] = '\0';
	markup_name(&b, name);
	assert_int_equal(b.n, 60 * strlen("&lt;"));
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_unfit),
		cmocka_unit_test(test_name_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
