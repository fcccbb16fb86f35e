#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/paper.h"

static struct xn_arena arena;

static const struct xn_field fields[] = {
    {"at", {"Thời điểm", "Time"}, XN_FIELD_INSTANT, 0, "", true, false},
    {"day", {"Ngày", "Day"}, XN_FIELD_DATE, 0, "", false, false},
    {"name", {"Tên", "Name"}, XN_FIELD_TEXT, 0, "", false, true},
    {"e_kwh", {"Điện năng", "Energy"}, XN_FIELD_NUMBER, 3, "kWh", true, false},
    {"vms", {"Máy ảo", "VMs"}, XN_FIELD_NUMBER, 0, "", false, false},
};

static struct xn_document *
two_rows(void)
{
	struct xn_document *document = paper_new(&arena, 0, 1);
	struct xn_table *table;
	struct xn_cell *row;

	document->tables = NULL;
	table = xn_document_table(document, "t", "Bảng", "Table", fields, 5);
	row = xn_table_row(document, table);
	row[0] = (struct xn_cell){.scaled = 1793466000000};
	row[1] = (struct xn_cell){.scaled = 1793466000000};
	row[2] = (struct xn_cell){.text = "=1+1, \"tủ\"\nhai"};
	row[3] = (struct xn_cell){.scaled = -1234567, .estimated = true};
	row[4] = (struct xn_cell){.scaled = 12345};
	xn_table_row(document, table);
	return document;
}

static void
csv_is_that_of_rfc_4180(void **state)
{
	size_t size;
	char *bytes = paper_written(two_rows(), XN_REPORT_CSV, XN_LANGUAGE_EN, &size);

	(void)state;
	assert_string_equal(bytes,
	    "at,day,name,e_kwh,vms\r\n"
	    "2026-11-01T00:00:00+07:00,2026-11-01,\"=1+1, \"\"tủ\"\"\nhai\",-1234.567,12345\r\n"
	    ",,,,\r\n");
	free(bytes);
}

static json_t *
described(void)
{
	struct xn_error err = {0};
	char *bytes = NULL;
	size_t size;
	FILE *out = open_memstream(&bytes, &size);
	json_t *json;

	assert_non_null(out);
	assert_int_equal(xn_report_csvw(two_rows(), NULL, "t.csv", out, &err), XN_OK);
	fclose(out);
	json = json_loads(bytes, 0, NULL);
	free(bytes);
	assert_non_null(json);
	return json;
}

static void
its_metadata_names_each_column_in_both_languages(void **state)
{
	json_t *json = described(), *columns, *column, *titles;

	(void)state;
	assert_string_equal(
	    json_string_value(json_object_get(json, "@context")), "http://www.w3.org/ns/csvw");
	assert_string_equal(json_string_value(json_object_get(json, "url")), "t.csv");
	columns = json_object_get(json_object_get(json, "tableSchema"), "columns");
	assert_int_equal(json_array_size(columns), 5);
	for (size_t i = 0; i < 5; i++) {
		column = json_array_get(columns, i);
		titles = json_object_get(column, "titles");
		assert_string_equal(
		    json_string_value(json_object_get(column, "name")), fields[i].name);
		assert_string_equal(json_string_value(json_object_get(titles, "vi")),
		    fields[i].title[XN_LANGUAGE_VI]);
		assert_string_equal(json_string_value(json_object_get(titles, "en")),
		    fields[i].title[XN_LANGUAGE_EN]);
		assert_true(
		    json_is_true(json_object_get(column, "required")) == fields[i].required);
	}
	json_decref(json);
}

static void
its_metadata_says_what_a_value_is(void **state)
{
	json_t *json = described(), *columns, *energy;

	(void)state;
	columns = json_object_get(json_object_get(json, "tableSchema"), "columns");
	energy = json_array_get(columns, 3);
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(columns, 0), "datatype")),
	    "dateTimeStamp");
	assert_string_equal(
	    json_string_value(json_object_get(json_object_get(energy, "datatype"), "format")),
	    "0.000");
	assert_string_equal(json_string_value(json_object_get(energy, "schema:unitText")), "kWh");
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(columns, 4), "datatype")), "integer");
	json_decref(json);
}

static void
json_keeps_what_is_not_known_and_what_was_estimated(void **state)
{
	size_t size;
	char *bytes = paper_written(two_rows(), XN_REPORT_JSON, XN_LANGUAGE_EN, &size);
	json_t *json = json_loads(bytes, 0, NULL), *rows, *row;

	(void)state;
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "schema")), "xanh.report/1");
	rows = json_object_get(json_array_get(json_object_get(json, "tables"), 0), "rows");
	assert_int_equal(json_array_size(rows), 2);
	row = json_array_get(rows, 0);
	assert_non_null(strstr(bytes, "\"e_kwh\": -1234.567,"));
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(row, "_estimated"), 0)), "e_kwh");
	row = json_array_get(rows, 1);
	assert_true(json_is_null(json_object_get(row, "e_kwh")));
	assert_null(json_object_get(row, "_estimated"));
	json_decref(json);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(csv_is_that_of_rfc_4180),
	    cmocka_unit_test(its_metadata_names_each_column_in_both_languages),
	    cmocka_unit_test(its_metadata_says_what_a_value_is),
	    cmocka_unit_test(json_keeps_what_is_not_known_and_what_was_estimated),
	};

	xn_arena_map(&arena, 16 << 20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
