/* CSV as others write it: what is right is read, what is wrong stays recognisable, each cell with
 * its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/csv.h"

static unsigned char memory[1 << 20];
static struct xn_arena arena;
static struct xn_source source;
static struct xn_csv csv;

static void
start(const char *text, size_t size)
{
	xn_arena_init(&arena, memory, sizeof(memory));
	source = (struct xn_source){.path = "-", .bytes = text, .size = size};
	xn_csv_open(&csv, &arena, &source);
}

static void
read_text(const char *text)
{
	start(text, strlen(text));
}

static void
expect_row(const char *first, const char *second)
{
	assert_true(xn_csv_next(&csv));
	assert_string_equal(csv.fields[0].text, first);
	assert_string_equal(csv.fields[1].text, second);
}

static void
expect_place(unsigned column, unsigned line, unsigned at, unsigned width)
{
	assert_int_equal(csv.fields[column].mark.line, line);
	assert_int_equal(csv.fields[column].mark.column, at);
	assert_int_equal(csv.fields[column].mark.width, width);
}

static void
rows_are_read_by_the_names_of_the_head(void **state)
{
	(void)state;
	read_text("\xef\xbb\xbftime,\"power\"\r\n1,2\r\n\r\n3,\r\n5,\"6\"");
	assert_int_equal(xn_csv_column(&csv, "time"), 0);
	assert_int_equal(xn_csv_column(&csv, "power"), 1);
	assert_int_equal(xn_csv_column(&csv, "none"), -1);
	expect_row("1", "2");
	assert_string_equal(xn_csv_field(&csv, "power")->text, "2");
	expect_row("3", "");
	expect_place(0, 4, 1, 1);
	expect_row("5", "6");
	assert_false(xn_csv_next(&csv));
}

static void
quotes_end_with_the_cell_whatever_ends_the_line(void **state)
{
	(void)state;
	read_text("a,b\r\n\"1\",\"2\"\r\n\"a \"\"b\"\"\",\"c,d\"\n\"\",\"\"\"\"\r\nx,\"y\"\r");
	expect_row("1", "2");
	expect_row("a \"b\"", "c,d");
	expect_row("", "\"");
	expect_row("x", "y");
	assert_false(xn_csv_next(&csv));
}

static void
a_cell_of_more_lines_moves_what_follows(void **state)
{
	(void)state;
	read_text("a,b\nđ,\"x\ny\r\nzz\",3\n5,6\n");
	expect_row("đ", "x\ny\r\nzz");
	expect_place(1, 2, 3, 1);
	expect_row("5", "6");
	expect_place(1, 5, 3, 1);
	read_text("a,b,c\n\"x\nyy\",\"b b\",3\n");
	expect_row("x\nyy", "b b");
	expect_place(1, 3, 5, 5);
	expect_place(2, 3, 11, 1);
}

static void
quotes_that_are_wrong_stay_in_the_cell(void **state)
{
	(void)state;
	read_text("a,b\n\"1\"2,3\nx\"y,\"4\n5,6\n");
	expect_row("\"1\"2", "3");
	expect_row("x\"y", "\"4");
	expect_row("5", "6");
	assert_false(xn_csv_next(&csv));
}

static void
a_row_of_another_width_is_filled_or_cut(void **state)
{
	char text[400] = "a,b\n1\n2,3,4\n";

	(void)state;
	read_text(text);
	expect_row("1", "");
	expect_place(1, 2, 1, 1);
	expect_row("2", "3");
	for (int i = 0; i < 100; i++)
		strcat(text, "7,");
	read_text(text);
	assert_true(xn_csv_next(&csv) && xn_csv_next(&csv));
	expect_row("7", "7");
	assert_false(xn_csv_next(&csv));
}

static void
bad_bytes_and_long_cells_are_no_numbers(void **state)
{
	static char text[3 * XN_CSV_CELL_MAX];
	static const char nul[] = "a,b\n1\0002,\xff\n3,4";

	(void)state;
	start(nul, sizeof(nul) - 1);
	expect_row("1\x1a"
		   "2",
	    "\xff");
	expect_place(1, 2, 5, 1);
	expect_row("3", "4");
	memset(text, '1', sizeof(text) - 1);
	memcpy(text, "a,b\n1,", 6);
	memcpy(text + sizeof(text) - 5, "\n5,6", 4);
	read_text(text);
	assert_true(xn_csv_next(&csv));
	assert_int_equal(strlen(csv.fields[1].text), XN_CSV_CELL_MAX + 3);
	assert_string_equal(csv.fields[1].text + XN_CSV_CELL_MAX, "\u2026");
	expect_row("5", "6");
	memcpy(text, "a,b\n1,\"", 7); /* a quote that nothing closes, over its line only */
	read_text(text);
	assert_true(xn_csv_next(&csv));
	expect_row("5", "6");
}

static void
nothing_is_no_row(void **state)
{
	(void)state;
	read_text("");
	assert_int_equal(xn_csv_column(&csv, "a"), -1);
	assert_false(xn_csv_next(&csv));
	read_text("a,b");
	assert_false(xn_csv_next(&csv));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_read_by_the_names_of_the_head),
	    cmocka_unit_test(quotes_end_with_the_cell_whatever_ends_the_line),
	    cmocka_unit_test(a_cell_of_more_lines_moves_what_follows),
	    cmocka_unit_test(quotes_that_are_wrong_stay_in_the_cell),
	    cmocka_unit_test(a_row_of_another_width_is_filled_or_cut),
	    cmocka_unit_test(bad_bytes_and_long_cells_are_no_numbers),
	    cmocka_unit_test(nothing_is_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
