/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Axes are round, nothing leaves them, and what is not known is not drawn.
 */
#include "ctl/svg.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/svg_label.h"

static struct buf out;

static int set_up(void **state)
{
	(void)state;
	buf_init(&out, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&out);
	return 0;
}

static const char *text(void)
{
	assert_int_equal(buf_add(&out, "", 1), 0);
	out.n--;
	return out.p;
}

/* 10 to 110 from left to right, 120 to 20 from bottom to top. */
static struct svg_plot unit_plot(void)
{
	return (struct svg_plot){
		.id = "p",
		.left = 10,
		.top = 20,
		.width = 100,
		.height = 100,
		.x = {.from = 0, .to = 1, .step = 0.5, .title = "x (unit)"},
		.y = {.from = 0, .to = 1, .step = 0.5, .title = "y"}};
}

static void check_axis(double from, double to, double is_from, double is_to,
		       double step)
{
	struct svg_axis a = svg_axis_of(from, to, 5, SVG_PLAIN, "");

	assert_true(fabs(a.from - is_from) < 1e-9);
	assert_true(fabs(a.to - is_to) < 1e-9);
	assert_true(fabs(a.step - step) < 1e-9);
}

static void test_axis(void **state)
{
	(void)state;
	check_axis(0, 1, 0, 1, 0.2);
	check_axis(0, 0.97, 0, 1, 0.2);
	check_axis(0.31, 0.93, 0.2, 1, 0.2);
	check_axis(0, 1234, 0, 1250, 250);
	check_axis(0, 0.0003, 0, 0.0003, 0.0001);
	check_axis(0, 0, 0, 1, 0.2);
	check_axis(5, 3, 5, 6, 0.2);
	check_axis(NAN, NAN, 0, 1, 0.2);
	check_axis(0, INFINITY, 0, 1, 0.2);
}

static void test_ticks(void **state)
{
	struct svg_axis a = svg_axis_of(0, 0.05, 5, SVG_SHARE, "");

	(void)state;
	assert_int_equal(svg_axis_ticks(&a), 6);
	assert_string_equal(svg_axis_text(&a, svg_axis_tick(&a, 0)).s,
			    "0\u00a0%");
	assert_string_equal(svg_axis_text(&a, svg_axis_tick(&a, 5)).s,
			    "5\u00a0%");
	a = svg_axis_of(0, 0.0125, 5, SVG_SHARE, "");
	assert_string_equal(svg_axis_text(&a, svg_axis_tick(&a, 1)).s,
			    "0.25\u00a0%");
	a = svg_axis_of(0, 1, 5, SVG_USD, "");
	assert_string_equal(svg_axis_text(&a, svg_axis_tick(&a, 1)).s, "$0.20");
	a.step = 1e-9;
	assert_int_equal(svg_axis_ticks(&a), 50);
}

static void test_frame(void **state)
{
	struct svg_plot p = unit_plot();

	(void)state;
	svg_open(&out, "p", 120, 140, "T & co", "said <here>");
	svg_frame(&out, &p);
	svg_close(&out);
	assert_non_null(strstr(text(), "<title id=\"p-t\">T &amp; co</title>"));
	assert_non_null(strstr(text(), "said &lt;here&gt;"));
	assert_non_null(strstr(text(), ">x (unit)</text>"));
	assert_non_null(strstr(text(), ">0.5</text>"));
	assert_non_null(strstr(text(), "aria-labelledby=\"p-t p-d\""));
}

static void test_line_breaks_where_unknown(void **state)
{
	struct svg_plot p = unit_plot();
	const struct svg_xy v[] = {
		{0, 0}, {0.5, 1}, {NAN, 0}, {1, INFINITY}, {1, 0.25}};

	(void)state;
	svg_line(&out, &p, v, 5, "line");
	assert_string_equal(text(),
			    "<path class=\"line\" clip-path=\"url(#p-area)\" "
			    "d=\"M10.0 120.0L60.0 20.0M110.0 95.0\"/>\n");
	buf_clear(&out);
	svg_line(&out, &p, v + 2, 2, "line");
	svg_line(&out, &p, v, 0, "line");
	svg_band(&out, &p, v + 2, v + 2, 2, "band");
	assert_int_equal(out.n, 0);
}

static void test_nothing_leaves_the_axes(void **state)
{
	struct svg_plot p = unit_plot();

	(void)state;
	svg_whisker(&out, &p, (struct svg_xy){0.5, -4}, (struct svg_xy){0.5, 4},
		    "w");
	assert_string_equal(
		text(), "<path class=\"w\" d=\"M60.0 120.0L60.0 20.0\"/>\n");
	buf_clear(&out);
	svg_mark(&out, &p, (struct svg_xy){2, 2}, SVG_DISC, "m");
	assert_non_null(strstr(text(), "cx=\"110.0\" cy=\"20.0\""));
	buf_clear(&out);
	svg_bar(&out, &p, (struct svg_xy){-1, 0}, (struct svg_xy){0.5, 9}, "b");
	assert_string_equal(text(), "<rect class=\"b\" x=\"10.0\" y=\"20.0\" "
				    "width=\"50.0\" height=\"100.0\"/>\n");
	buf_clear(&out);
	svg_mark(&out, &p, (struct svg_xy){NAN, 0}, SVG_SQUARE, "m");
	svg_whisker(&out, &p, (struct svg_xy){0, NAN}, (struct svg_xy){0, 1},
		    "w");
	svg_bar(&out, &p, (struct svg_xy){0, 0}, (struct svg_xy){1, NAN}, "b");
	assert_int_equal(out.n, 0);
}

/* The x of the first text after `from`. */
static double text_x(const char *from)
{
	const char *at = strstr(from, "<text x=\"");

	assert_non_null(at);
	return strtod(at + 9, NULL);
}

static void test_labels_keep_off(void **state)
{
	struct svg_taken taken = {.n = 0};
	struct svg_plot p = unit_plot();
	const struct svg_xy at = {0.5, 0.5}, line[] = {{0.5, 0.5}, {1, 0.5}};
	size_t first;

	(void)state;
	svg_avoid(&taken, &p, at);
	svg_label(&out, &p, &taken, at, "label", "ab");
	assert_true(text_x(text()) > 60); /* to the right, where it is free */
	first = out.n;
	svg_label(&out, &p, &taken, at, "label", "ab");
	assert_true(text_x(text() + first) < 60); /* that one is taken */

	taken.n = 0;
	buf_clear(&out);
	svg_avoid_line(&taken, &p, line, 2);
	svg_label(&out, &p, &taken, at, "label", "ab");
	assert_true(text_x(text()) < 60); /* a line goes there */
}

static void test_crowd(void **state)
{
	struct svg_taken taken = {.n = 0};
	struct svg_plot p = unit_plot();

	(void)state;
	for (int i = 0; i < 2000; i++)
		svg_label(&out, &p, &taken, (struct svg_xy){0.5, 0.5}, "label",
			  "a label that is wider than the plot itself");
	assert_false(out.failed);
}

static void test_legend_wraps(void **state)
{
	const struct svg_key keys[] = {{"a", "first"}, {"b", "second"}};

	(void)state;
	assert_true(svg_legend(&out, 0, 10, 500, keys, 2) < 11);
	assert_true(svg_legend(&out, 0, 10, 90, keys, 2) > 20);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_axis),
		TEST(test_ticks),
		TEST(test_frame),
		TEST(test_line_breaks_where_unknown),
		TEST(test_nothing_leaves_the_axes),
		TEST(test_labels_keep_off),
		TEST(test_crowd),
		TEST(test_legend_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
