/* The writers on whole reports. With XANH_PAPERS=DIR the reports are left there, for the
 * judge of tests/integration/report_writers.t, who reads them with other people's tools. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/paper.h"

static struct xn_arena arena;
static const char *const endings[] = {"csv", "json", "xlsx", "pdf"};

static void
keep(const char *name, enum xn_report_format format, enum xn_language language, const char *bytes,
    size_t size)
{
	const char *folder = getenv("XANH_PAPERS");
	char path[512];
	FILE *file;

	if (!folder)
		return;
	snprintf(path, sizeof(path), "%s/%s.%s.%s", folder, name,
	    language == XN_LANGUAGE_VI ? "vi" : "en", endings[format]);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* In all formats and both languages, each twice: the same bytes. */
static void
write_all(const struct xn_document *document, const char *name)
{
	for (enum xn_report_format format = XN_REPORT_CSV; format <= XN_REPORT_PDF; format++)
		for (enum xn_language language = 0; language < XN_LANGUAGE_COUNT; language++) {
			size_t size, size_again;
			char *bytes = paper_written(document, format, language, &size);
			char *again = paper_written(document, format, language, &size_again);

			assert_int_equal(size, size_again);
			assert_memory_equal(bytes, again, size);
			keep(name, format, language, bytes, size);
			free(bytes);
			free(again);
		}
}

static struct xn_document *
fresh(uint32_t rows)
{
	xn_arena_reset(&arena);
	return paper_new(&arena, rows, 7);
}

static void
a_month_of_a_site_is_written_the_same_twice(void **state)
{
	struct xn_document *document = fresh(200);

	(void)state;
	paper_charts(document, 7);
	write_all(document, "month");
}

static void
numbers_of_all_sizes_are_written(void **state)
{
	struct xn_document *document = fresh(3);

	(void)state;
	document->tables = NULL;
	document->state = "frozen";
	paper_numbers(document, 400, 11);
	write_all(document, "numbers");
}

static void
tables_of_no_row_and_of_one_are_written(void **state)
{
	struct xn_document *document = fresh(0);
	struct xn_table *empty = document->tables;

	(void)state;
	paper_numbers(document, 1, 3);
	xn_document_chart(document, XN_CHART_BARS, empty, 0, "Trống", "Empty")->y_count = 1;
	write_all(document, "small");
}

/* Names of devices and VMs come from outside. */
static void
hostile_texts_are_made_safe(void **state)
{
	struct xn_document *document = fresh(8);
	static const char *const texts[] = {
	    "=HYPERLINK(\"http://x\",\"y\")", "+1,2\r\n\"quoted\"",
	    "bell \a, escape \x1b[31m, \x7f", "broken \xff\xfe\xc0\xaf\xed\xa0\x80 UTF-8",
	    "<b>&amp;]]></b> _x0041_",
	    "Đie\xcc\xa3\xcc\x82n na\xcc\x86ng",               /* letters and marks apart */
	    "数据中心 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", NULL, /* very long */
	};
	char *longest = malloc(100001);

	(void)state;
	assert_non_null(longest);
	for (size_t i = 0; i < 100000; i++)
		longest[i] = i % 9 == 8 ? ' ' : 'm';
	longest[100000] = '\0';
	for (size_t i = 0; i < 8; i++) {
		struct xn_cell *row = document->tables->cells + i * PAPER_COLUMNS;
		const char *text = texts[i] ? texts[i] : longest;

		row[PAPER_NOTE] = (struct xn_cell){.text = text};
		row[PAPER_RACK] = (struct xn_cell){.text = text};
	}
	xn_document_remark(document, true, texts[3], longest);
	write_all(document, "hostile");
	free(longest);
}

static void
a_table_wider_than_a_page_is_made_smaller(void **state)
{
	static struct xn_field fields[30];
	struct xn_document *document = fresh(0);
	struct xn_table *table;

	(void)state;
	for (size_t i = 0; i < 30; i++)
		fields[i] = (struct xn_field){xn_text(&arena, "n%zu", i), {"Điện năng", "Energy"},
		    XN_FIELD_NUMBER, 3, "kWh", false, false};
	table = xn_document_table(document, "wide", "Rộng", "Wide", fields, 30);
	for (int64_t i = 0; i < 120; i++) {
		struct xn_cell *row = xn_table_row(document, table);

		for (size_t j = 0; j < 30; j++)
			row[j] = (struct xn_cell){.scaled = 1234567 * i};
	}
	table->pdf_rows_max = 100;
	write_all(document, "wide");
}

/* Below zero, all the same, one only, none at all, and far apart. */
static void
charts_of_odd_values_are_drawn(void **state)
{
	static const struct xn_field fields[] = {
	    {"name", {"Tên", "Name"}, XN_FIELD_TEXT, 0, "", false, true},
	    {"below", {"Dưới", "Below"}, XN_FIELD_NUMBER, 1, "W", false, false},
	    {"same", {"Bằng", "Same"}, XN_FIELD_NUMBER, 2, "W", false, false},
	    {"one", {"Một", "One"}, XN_FIELD_NUMBER, 0, "W", false, false},
	    {"none", {"Không", "None"}, XN_FIELD_NUMBER, 18, "W", false, false},
	    {"far", {"Xa", "Far"}, XN_FIELD_NUMBER, 0, "W", false, false},
	};
	struct xn_document *document = fresh(0);
	struct xn_table *table = xn_document_table(document, "odd", "Lạ", "Odd", fields, 6);

	(void)state;
	for (int64_t i = 0; i < 12; i++) {
		struct xn_cell *row = xn_table_row(document, table);

		row[0] = (struct xn_cell){.text = xn_text(&arena, "máy %d", (int)i)};
		row[1] = (struct xn_cell){.scaled = 37 * i - 200, .estimated = i == 3};
		row[2] = (struct xn_cell){.scaled = 4200};
		if (i == 5)
			row[3] = (struct xn_cell){.scaled = 5};
		row[5] = (struct xn_cell){.scaled = i % 2 ? INT64_MAX : INT64_MIN};
	}
	for (enum xn_chart_kind kind = XN_CHART_BARS; kind <= XN_CHART_LINES; kind++)
		for (uint32_t column = 1; column < 6; column++) {
			struct xn_chart *chart =
			    xn_document_chart(document, kind, table, 0, "Biểu đồ", "Chart");

			chart->y_count = 2;
			chart->y[0] = column;
			chart->y[1] = column == 1 ? 3 : 4;
		}
	write_all(document, "odd");
}

static void
line_ends_do_not_outgrow_a_page(void **state)
{
	struct xn_document *document = fresh(3);
	char lines[600];

	(void)state;
	memset(lines, '\n', sizeof(lines));
	lines[sizeof(lines) - 1] = '\0';
	document->tables->cells[PAPER_NOTE] = (struct xn_cell){.text = lines};
	xn_document_remark(document, true, lines, lines);
	write_all(document, "lines");
}

static void
what_cannot_be_written_is_an_error(void **state)
{
	struct xn_document *document = fresh(100);
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	for (enum xn_language language = 0; language < XN_LANGUAGE_COUNT; language++) {
		struct xn_error err = {0};

		assert_int_equal(xn_report_csv(document, NULL, full, &err), XN_ESYSTEM);
		assert_int_equal(xn_report_json(document, full, &err), XN_ESYSTEM);
		assert_int_equal(xn_report_xlsx(document, language, full, &err), XN_ESYSTEM);
		assert_int_equal(xn_report_pdf(document, language, full, &err), XN_ESYSTEM);
		assert_string_not_equal(err.text, "");
	}
	fclose(full);
}

static void
a_report_without_a_table_is_no_csv(void **state)
{
	struct xn_document *document = fresh(0);
	struct xn_error err = {0};

	(void)state;
	document->tables = NULL;
	assert_int_equal(xn_report_csv(document, NULL, stderr, &err), XN_EINVALID);
	assert_int_equal(xn_report_csvw(document, NULL, "x.csv", stderr, &err), XN_EINVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_month_of_a_site_is_written_the_same_twice),
	    cmocka_unit_test(numbers_of_all_sizes_are_written),
	    cmocka_unit_test(tables_of_no_row_and_of_one_are_written),
	    cmocka_unit_test(hostile_texts_are_made_safe),
	    cmocka_unit_test(a_table_wider_than_a_page_is_made_smaller),
	    cmocka_unit_test(charts_of_odd_values_are_drawn),
	    cmocka_unit_test(line_ends_do_not_outgrow_a_page),
	    cmocka_unit_test(what_cannot_be_written_is_an_error),
	    cmocka_unit_test(a_report_without_a_table_is_no_csv),
	};

	if (getenv("XANH_PAPERS_LOCALE") && !setlocale(LC_ALL, getenv("XANH_PAPERS_LOCALE")))
		return 1;
	xn_arena_map(&arena, 64 << 20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
