#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/reports/words.h"
#include "tests/lib/paper.h"

static struct xn_arena arena;

static const char *
number(int64_t scaled, int decimals, enum xn_language language, bool grouped)
{
	static char text[XN_NUMBER_TEXT_MAX];
	struct xn_field field = {.kind = XN_FIELD_NUMBER, .decimals = decimals};
	struct xn_cell cell = {.scaled = scaled};

	xn_document_number(text, sizeof(text), &field, &cell, language, grouped);
	return text;
}

static void
a_number_is_written_as_its_language_does(void **state)
{
	(void)state;
	assert_string_equal(number(12345678, 1, XN_LANGUAGE_VI, true), "1.234.567,8");
	assert_string_equal(number(12345678, 1, XN_LANGUAGE_EN, true), "1,234,567.8");
	assert_string_equal(number(12345678, 1, XN_LANGUAGE_EN, false), "1234567.8");
	assert_string_equal(number(123456, 0, XN_LANGUAGE_VI, true), "123.456");
	assert_string_equal(number(-999, 0, XN_LANGUAGE_EN, true), "-999");
	assert_string_equal(number(-5, 3, XN_LANGUAGE_EN, true), "-0.005");
	assert_string_equal(number(0, 3, XN_LANGUAGE_VI, true), "0,000");
}

static void
the_widest_numbers_fit(void **state)
{
	(void)state;
	assert_string_equal(
	    number(INT64_MIN, 0, XN_LANGUAGE_EN, true), "-9,223,372,036,854,775,808");
	assert_string_equal(number(INT64_MIN, 18, XN_LANGUAGE_VI, true), "-9,223372036854775808");
	assert_string_equal(number(INT64_MAX, 3, XN_LANGUAGE_EN, false), "9223372036854775.807");
}

static void
what_is_not_known_is_not_zero(void **state)
{
	char text[XN_NUMBER_TEXT_MAX] = "x";
	struct xn_field field = {.kind = XN_FIELD_NUMBER};
	struct xn_cell cell = {.none = true};

	(void)state;
	xn_document_number(text, sizeof(text), &field, &cell, XN_LANGUAGE_EN, true);
	assert_string_equal(text, "");
}

static void
rows_keep_their_values_as_the_table_grows(void **state)
{
	struct xn_document *document = paper_new(&arena, 1000, 1);
	struct xn_document *again = paper_new(&arena, 100, 1);

	(void)state;
	assert_int_equal(document->tables->row_count, 1000);
	for (uint32_t i = 0; i < 100u * PAPER_COLUMNS; i++) {
		assert_int_equal(document->tables->cells[i].scaled, again->tables->cells[i].scaled);
		assert_int_equal(document->tables->cells[i].none, again->tables->cells[i].none);
	}
}

static void
a_text_is_cut_between_characters(void **state)
{
	char text[12];

	(void)state;
	xn_document_text(text, sizeof(text), "Điện năng");
	assert_string_equal(text, "Điện …");
	xn_document_text(text, sizeof(text), "short");
	assert_string_equal(text, "short");
	assert_int_equal(xn_document_text(text, sizeof(text), ""), 0);
}

static void
bad_bytes_and_control_characters_are_replaced(void **state)
{
	char text[64];

	(void)state;
	xn_document_text(text, sizeof(text),
	    "a\x01"
	    "b\x1b[31m\xff\xc0\xaf.");
	assert_string_equal(text,
	    "a\xef\xbf\xbd"
	    "b\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd.");
	xn_document_text(text, sizeof(text), "tab\tline\n\xef\xbf\xbe");
	assert_string_equal(text, "tab\tline\n\xef\xbf\xbd");
}

static void
times_are_those_of_the_site(void **state)
{
	struct xn_document document = {.utc_offset_s = 7 * 3600};
	char text[XN_TIME_TEXT_MAX];

	(void)state;
	xn_document_time(text, &document, XN_FIELD_INSTANT, 1793466000000);
	assert_string_equal(text, "2026-11-01T00:00:00+07:00");
	xn_document_time(text, &document, XN_FIELD_DATE, 1793466000000);
	assert_string_equal(text, "2026-11-01");
	xn_document_time(text, &document, XN_FIELD_INSTANT, -1);
	assert_string_equal(text, "1970-01-01T06:59:59.999+07:00");
	document.utc_offset_s = -(3 * 3600 + 1800);
	xn_document_time(text, &document, XN_FIELD_INSTANT, 0);
	assert_string_equal(text, "1969-12-31T20:30:00-03:30");
}

static void
a_period_of_whole_days_names_its_last_day(void **state)
{
	struct xn_document *document = paper_new(&arena, 0, 1);
	char text[XN_PERIOD_TEXT_MAX];

	(void)state;
	xn_word_period(text, document, XN_LANGUAGE_VI);
	assert_string_equal(text, "01/11/2026 – 30/11/2026 (UTC+07:00)");
	xn_word_period(text, document, XN_LANGUAGE_EN);
	assert_string_equal(text, "2026-11-01 – 2026-11-30 (UTC+07:00)");
	document->to.ms = document->from.ms + 86400000;
	xn_word_period(text, document, XN_LANGUAGE_VI);
	assert_string_equal(text, "01/11/2026 (UTC+07:00)");
	document->to.ms -= 900000;
	xn_word_period(text, document, XN_LANGUAGE_EN);
	assert_string_equal(text, "2026-11-01 00:00 – 2026-11-01 23:45 (UTC+07:00)");
}

static void
every_word_is_there_in_both_languages(void **state)
{
	(void)state;
	for (enum xn_word word = 0; word < XN_WORD_COUNT; word++)
		for (enum xn_language language = 0; language < XN_LANGUAGE_COUNT; language++)
			assert_non_null(xn_word(word, language));
}

static void
a_unit_stands_behind_a_title_once(void **state)
{
	struct xn_field field = {.title = {"Điện năng", "Energy (kWh)"}, .unit = "kWh"};
	char text[64];

	(void)state;
	xn_word_field(text, sizeof(text), &field, XN_LANGUAGE_VI);
	assert_string_equal(text, "Điện năng (kWh)");
	xn_word_field(text, sizeof(text), &field, XN_LANGUAGE_EN);
	assert_string_equal(text, "Energy (kWh)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_number_is_written_as_its_language_does),
	    cmocka_unit_test(the_widest_numbers_fit),
	    cmocka_unit_test(what_is_not_known_is_not_zero),
	    cmocka_unit_test(rows_keep_their_values_as_the_table_grows),
	    cmocka_unit_test(a_text_is_cut_between_characters),
	    cmocka_unit_test(bad_bytes_and_control_characters_are_replaced),
	    cmocka_unit_test(times_are_those_of_the_site),
	    cmocka_unit_test(a_period_of_whole_days_names_its_last_day),
	    cmocka_unit_test(every_word_is_there_in_both_languages),
	    cmocka_unit_test(a_unit_stands_behind_a_title_once),
	};

	xn_arena_map(&arena, 64 << 20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
