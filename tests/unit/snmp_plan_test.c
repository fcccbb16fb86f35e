#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/snmp_plan.h"
#include "drivers/snmp_recording.h"
#include "tests/lib/shelf.h"

#define ACME "1.3.6.1.4.1.9."

static struct shelf shelf;
static struct xn_layout *layout;

static int
set_up(void **state)
{
	(void)state;
	shelf_open(&shelf);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	xn_layout_drop(layout, NULL);
	layout = NULL;
	shelf_close(&shelf);
	return 0;
}

/* What walks and a GET of the device would give. */
static void
fill(struct xn_survey *survey, const struct xn_recording *device)
{
	for (unsigned i = 0; i < survey->object_count; i++) {
		struct xn_oid oid = {.count = survey->objects[i].count};
		struct xn_snmp_value value;

		memcpy(oid.id, survey->objects[i].id, oid.count * sizeof(oid.id[0]));
		value = xn_recording_get(device, &oid);
		xn_survey_take_object(survey, i, &value);
	}
	for (unsigned i = 0; i < survey->column_count; i++) {
		struct xn_oid root = {.count = survey->columns[i].count};
		struct xn_snmp_value value;
		struct xn_oid at;

		memcpy(root.id, survey->columns[i].id, root.count * sizeof(root.id[0]));
		at = root;
		while (xn_recording_next(device, &at, &at, &value) && xn_oid_under(&at, &root))
			xn_survey_take_row(survey, i, &at, &value);
	}
}

/* The objects of a device, each `OID|tag|value` below 1.3.6.1.4.1.9. */
static struct xn_recording *
device_of(const char *rows)
{
	static char text[1 << 16];
	struct xn_recording *device;
	struct xn_error err = {.code = XN_OK};
	size_t used = 0;

	text[0] = '\0';
	for (const char *line = rows; *line != '\0'; line += strcspn(line, "\n") + 1)
		used += (size_t)snprintf(text + used, sizeof(text) - used, ACME "%.*s\n",
		    (int)strcspn(line, "\n"), line);
	if (xn_recording_open(&device, shelf_put(&shelf, "device", text), &err) < 0)
		fail_msg("%s", err.text);
	return device;
}

/* Plans the points of a profile for a device; the layout stays until the next one. */
static const struct xn_snmp_reads *
plan(const char *points, const char *rows)
{
	const struct xn_profile *profile;
	struct xn_recording *device = device_of(rows);
	struct xn_survey *survey;
	char text[4096];

	snprintf(text, sizeof(text), SHELF_HEAD "points:\n%s", points);
	shelf_put(&shelf, "acme.yaml", text);
	xn_layout_drop(layout, NULL);
	shelf_load(&shelf);
	profile = shelf_profile(&shelf, "acme");
	survey = xn_survey_new(profile);
	fill(survey, device);
	layout = xn_snmp_plan(profile, survey);
	xn_survey_free(survey);
	xn_recording_close(device);
	return layout->reads;
}

/* The plan as lines: name, OID below 1.3.6.1.4.1.9, what a raw count is worth. */
static const char *
planned(const char *points, const char *rows)
{
	static const char *const degrees[] = {
	    [XN_CELSIUS] = "", [XN_FAHRENHEIT] = " F", [XN_KELVIN] = " K"};
	static char text[4096];
	size_t used = 0;

	plan(points, rows);
	text[0] = '\0';
	for (unsigned i = 0; i < layout->count; i++) {
		const struct xn_scale *scale = &layout->points[i].rule->scale;

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s %ld/%ld%s\n",
		    layout->points[i].name, layout->points[i].source + strlen(ACME), scale->num,
		    scale->den, degrees[scale->degrees]);
	}
	return text;
}

/* ---- which rows ---- */

static void
each_row_of_a_column_is_a_point(void **state)
{
	(void)state;
	assert_string_equal(planned("  - {point: input.realpower, class: power, oid: .1.0, unit: "
				    "10 W}\n"
				    "  - {point: \"outlet.{n}.current\", class: current, column: "
				    ".2.1, unit: 0.1 A}\n",
				"1.0|2|5\n2.1.1|2|13\n2.1.7|2|0\n2.2.1|2|99\n"),
	    "input.realpower 1.0 10/1\n"
	    "outlet.1.current 2.1.1 1/10\n"
	    "outlet.7.current 2.1.7 1/10\n");
}

static void
an_object_that_is_not_there_is_shown_unless_it_is_optional(void **state)
{
	(void)state;
	assert_string_equal(planned("  - {point: a, class: power, oid: .1.0}\n"
				    "  - {point: b, class: power, oid: .2.0, optional: yes}\n"
				    "  - {point: \"c.{n}\", class: power, column: .3}\n",
				"9.0|2|1\n"),
	    "a 1.0 1/1\n");
}

static void
only_rows_that_fit_the_index_are_meant(void **state)
{
	(void)state;
	assert_string_equal(planned("  - {point: \"pdu.{pdu}.phase.{n}\", class: voltage, column: "
				    ".2, index: \"{pdu}.{n:2-}.5\"}\n",
				"2.1.1.5|2|1\n2.1.2.5|2|1\n2.1.3.4|2|1\n2.2.3.5|2|1\n2.4|2|1\n"),
	    "pdu.1.phase.2 2.1.2.5 1/1\n"
	    "pdu.2.phase.3 2.2.3.5 1/1\n");
}

static void
conditions_are_numbers_ranges_and_texts(void **state)
{
	static const struct {
		const char *condition;
		const char *rows; /* that are points */
	} cases[] = {
	    {"is: [1, 0x5]", "1 5 "},
	    {"not: [1, 5]", "2 3 4 6 "},
	    {"is: [\"<3\"]", "1 2 "},
	    {"is: [\">3\"]", "5 "},
	    {"is: [\"*\"]", "1 2 3 5 6 "},
	    {"is: [\"spare*\"]", "6 "},
	    {"not: [\"*\"]", "4 "},
	    {"not: [\"SPARE*\"]", "1 2 3 4 5 "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char points[256];
		char rows[64];
		size_t used = 0;

		snprintf(points, sizeof(points),
		    "  - {point: \"{n}\", class: power, column: .2, when: {column: .3, index: "
		    "\"{n}\", %s}}\n",
		    cases[i].condition);
		/* Row 4 has no companion; row 6 has a text, as row 5 a number in a text. */
		plan(points,
		    "2.1|2|0\n2.2|2|0\n2.3|2|0\n2.4|2|0\n2.5|2|0\n2.6|2|0\n"
		    "3.1|2|1\n3.2|2|2\n3.3|2|3\n3.5|4|5\n3.6|4|Spare slot\n");
		rows[0] = '\0';
		for (unsigned k = 0; k < layout->count; k++)
			used += (size_t)snprintf(
			    rows + used, sizeof(rows) - used, "%s ", layout->points[k].name);
		if (strcmp(rows, cases[i].rows) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].condition, rows, cases[i].rows);
	}
}

static void
all_conditions_have_to_hold(void **state)
{
	(void)state;
	assert_string_equal(
	    planned(
		"  - {point: \"x.{a}.{n}\", class: power, column: .2, index: \"{a}.{n}\", when: "
		"[{column: .3, is: [1]}, {column: .4, index: \"{a}\", not: [0]}, {oid: .5.0, "
		"is: [\"PDU*\"]}]}\n",
		"2.1.1|2|0\n2.1.2|2|0\n2.2.1|2|0\n3.1.1|2|1\n3.1.2|2|2\n3.2.1|2|1\n"
		"4.1|2|7\n4.2|2|0\n5.0|4|PDU 9000\n"),
	    "x.1.1 2.1.1 1/1\n");
}

static void
a_probe_that_is_not_plugged_in_is_shown(void **state)
{
	static const char *const rows = "2.1|2|210\n3.1|2|1\n3.2|2|1\n3.3|2|9\n";

	(void)state;
	assert_string_equal(planned("  - {point: \"t.{n}\", class: temperature, column: .2, when: "
				    "{column: .3, is: [1]}}\n",
				rows),
	    "t.1 2.1 1/1\nt.2 2.2 1/1\n");
	assert_string_equal(planned("  - {point: \"t.{n}\", class: temperature, column: .2, when: "
				    "{column: .3, is: [1]}, optional: yes}\n",
				rows),
	    "t.1 2.1 1/1\n");
}

/* ---- names ---- */

static void
rows_are_called_by_their_label_or_else_their_number(void **state)
{
	(void)state;
	assert_string_equal(
	    planned("  - {point: \"{name}.temperature\", class: temperature, column: .2, name: "
		    ".3}\n",
		"2.1|2|1\n2.2|2|1\n2.3|2|1\n2.4|2|1\n2.5|2|1\n"
		"3.1|4|Rack 7 (Inlet)\n3.2|4|\n3.4|4|---\n3.5|4|Rack 7 Inlet\n"),
	    "rack-7-inlet.temperature 2.1 1/1\n"
	    "2.temperature 2.2 1/1\n"
	    "3.temperature 2.3 1/1\n"
	    "4.temperature 2.4 1/1\n"
	    "rack-7-inlet.temperature.2 2.5 1/1\n");
}

static void
the_first_row_may_have_a_name_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(
	    planned("  - {point: \"ambient.{n}.temperature\", first: ambient.temperature, class: "
		    "temperature, column: .2}\n"
		    "  - {point: \"m.{pdu}.{n}\", first: \"m.{pdu}\", class: power, column: .3, "
		    "index: \"{pdu}.{n}\"}\n"
		    "  - {point: \"f.{n}.{name}\", first: \"f.{name}\", class: power, column: .4, "
		    "name: .5}\n",
		"2.1|2|1\n2.2|2|1\n3.4.1|2|1\n3.4.2|2|1\n4.1|2|1\n"),
	    "ambient.temperature 2.1 1/1\n"
	    "ambient.2.temperature 2.2 1/1\n"
	    "m.4 3.4.1 1/1\n"
	    "m.4.2 3.4.2 1/1\n"
	    "f.1 4.1 1/1\n");
}

static void
of_points_of_one_name_the_first_that_is_there_is_meant(void **state)
{
	static const char *const objects =
	    "  - {point: a, class: power, oid: .1.0, optional: yes}\n"
	    "  - {point: a, class: power, oid: .2.0, unit: 10 W}\n";
	static const char *const columns = "  - {point: \"a.{n}\", class: power, column: .1}\n"
					   "  - {point: \"a.{n}\", class: power, column: .2}\n";

	(void)state;
	assert_string_equal(planned(objects, "1.0|2|1\n2.0|2|1\n"), "a 1.0 1/1\n");
	assert_string_equal(planned(objects, "2.0|2|1\n"), "a 2.0 10/1\n");
	assert_string_equal(planned(objects, "3.0|2|1\n"), "a 2.0 10/1\n");
	assert_string_equal(planned(columns, "1.1|2|1\n2.1|2|1\n2.2|2|1\n"),
	    "a.1 1.1 1/1\n"
	    "a.2 2.2 1/1\n");
}

/* ---- units ---- */

static void
a_mixed_table_is_one_point_per_class(void **state)
{
	(void)state;
	assert_string_equal(
	    planned("  - {point: \"s.{n}\", class: temperature, column: .2, unit_from: .3}\n"
		    "  - {point: \"s.{n}\", class: voltage, column: .2, unit_from: .3}\n",
		"2.1|2|1\n2.2|2|1\n2.3|2|1\n2.4|2|1\n2.5|2|1\n"
		"3.1|4|V\n3.2|4| degF \n3.3|4|rpm\n3.4|4|0.1 degC\n"),
	    "s.2 2.2 1/1 F\n"
	    "s.4 2.4 1/10\n"
	    "s.1 2.1 1/1\n");
}

static void
a_unit_is_told_by_words_and_by_a_default(void **state)
{
	static const char *const points =
	    "  - {point: \"t.{n}\", class: temperature, column: .2, unit_from: {oid: .3.0, words: "
	    "{1: 0.1 degC, F*: 0.1 degF, 9: none}, default: degC}}\n";

	(void)state;
	assert_string_equal(planned(points, "2.1|2|1\n3.0|2|1\n"), "t.1 2.1 1/10\n");
	assert_string_equal(planned(points, "2.1|2|1\n3.0|4|fahrenheit\n"), "t.1 2.1 1/10 F\n");
	assert_string_equal(planned(points, "2.1|2|1\n3.0|2|4\n"), "t.1 2.1 1/1\n");
	assert_string_equal(planned(points, "2.1|2|1\n"), "t.1 2.1 1/1\n");
	assert_string_equal(planned(points, "2.1|2|1\n3.0|2|9\n"), "");
}

static void
of_rows_that_are_one_point_degc_and_the_finest_stays(void **state)
{
	static const char *const point =
	    "  - {point: supply.temperature, class: temperature, column: .2, unit_from: .3}\n";

	(void)state;
	assert_string_equal(
	    planned(
		point, "2.1|2|1\n2.2|2|1\n2.3|2|1\n3.1|4|0.1 degF\n3.2|4|degC\n3.3|4|0.1 degC\n"),
	    "supply.temperature 2.3 1/10\n");
	assert_string_equal(planned(point, "2.1|2|1\n2.2|2|1\n3.1|4|degF\n3.2|4|0.01 degF\n"),
	    "supply.temperature 2.2 1/100 F\n");
}

/* ---- scales ---- */

/* The scale that a companion of this value makes of 10 W; "": no row. */
static const char *
scaled(const char *as, const char *value)
{
	static char scale[64];
	char points[256];
	char rows[128];
	const char *text;

	snprintf(points, sizeof(points),
	    "  - {point: \"p{n}\", class: power, column: .2, unit: 10 W, scale_from: {column: .3, "
	    "%s}}\n",
	    as);
	snprintf(
	    rows, sizeof(rows), "2.1|2|1\n%s%s\n", value[0] != '\0' ? "3.1|" : "3.2|2|1", value);
	text = planned(points, rows);
	snprintf(scale, sizeof(scale), "%s", text[0] != '\0' ? text + strlen("p1 2.1 ") : "");
	scale[strcspn(scale, "\n")] = '\0';
	return scale;
}

static void
each_kind_of_scale_does_its_sum(void **state)
{
	(void)state;
	assert_string_equal(scaled("as: divisor", "2|100"), "10/100");
	assert_string_equal(scaled("as: divisor", "2|0"), "10/1");
	assert_string_equal(scaled("as: divisor", "2|-10"), "");
	assert_string_equal(scaled("as: digits", "2|3"), "10/1000");
	assert_string_equal(scaled("as: digits", "2|0"), "10/1");
	assert_string_equal(scaled("as: digits", "2|-2"), "1000/1");
	assert_string_equal(scaled("as: digits", "4| 2"), "10/100");
	assert_string_equal(scaled("as: exponent", "2|-1"), "10/10");
	assert_string_equal(scaled("as: exponent", "2|3"), "10000/1");
	assert_string_equal(scaled("as: signed", "2|-100"), "10/100");
	assert_string_equal(scaled("as: signed", "2|100"), "1000/1");
	assert_string_equal(scaled("as: signed", "2|0"), "10/1");
	assert_string_equal(
	    scaled("as: words, words: {8: 0.001, 9: 1, k*: 1000}", "2|8"), "10/1000");
	assert_string_equal(
	    scaled("as: words, words: {8: 0.001, 9: 1, k*: 1000}", "4|kilo"), "10000/1");
	assert_string_equal(scaled("as: words, words: {8: 0.001, 9: 1}", "2|7"), "");
}

static void
a_row_whose_scale_is_missing_is_none(void **state)
{
	(void)state;
	assert_string_equal(scaled("as: divisor", ""), "");
	assert_string_equal(scaled("as: words, words: {8: 0.001}", ""), "");
	assert_string_equal(scaled("as: digits", "4|many"), "");
}

static void
a_scale_that_no_device_has_is_none(void **state)
{
	static const char *const values[] = {"2|-9223372036854775808", "2|9223372036854775807",
	    "70|9223372036854775808", "4|99999999999999999", "4|-99999999999999999"};

	(void)state;
	for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
		assert_string_equal(scaled("as: digits", values[k]), "");
		assert_string_equal(scaled("as: exponent", values[k]), "");
	}
	assert_string_equal(scaled("as: signed", "2|9223372036854775807"), "");
	assert_string_equal(scaled("as: divisor", "2|-9223372036854775808"), "");
	/* Nor is one that an unplugged probe's row has. */
	assert_string_equal(
	    planned("  - {point: \"p{n}\", class: power, column: .2, unit: 10 W, when: {column: "
		    ".3, is: [\"*\"]}, scale_from: {column: .3, as: signed}}\n",
		"3.1|2|9223372036854775807\n"),
	    "p1 2.1 10/1\n");
	assert_string_equal(scaled("as: digits", "2|13"), "");
	assert_string_equal(scaled("as: exponent", "2|12"), "10000000000000/1");
}

/* ---- what is read with every poll ---- */

/* The list as lines: who of the guards stands where, then the points with their guards. */
static const char *
listed(const struct xn_snmp_reads *reads)
{
	static char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = XN_SNMP_IDENTITY; i < reads->count; i++) {
		unsigned point = i - XN_SNMP_IDENTITY - reads->guard_count;
		struct xn_oid oid = {.count = reads->oids[i].count};
		char name[XN_OID_MAX * 11];

		memcpy(oid.id, reads->oids[i].id, oid.count * sizeof(oid.id[0]));
		xn_oid_print(&oid, name, sizeof(name));
		used +=
		    (size_t)snprintf(text + used, sizeof(text) - used, "%s", name + strlen(ACME));
		for (unsigned k = 0;
		     i >= XN_SNMP_IDENTITY + reads->guard_count && k < XN_SNMP_POINT_GUARDS; k++) {
			uint16_t guard = reads->point_guards[point][k];

			used += (size_t)snprintf(text + used, sizeof(text) - used,
			    guard == XN_SNMP_NO_GUARD ? " -" : " %u", guard);
		}
		used += (size_t)snprintf(text + used, sizeof(text) - used, "\n");
	}
	return text;
}

static void
what_a_reading_rests_on_is_read_before_it_and_once(void **state)
{
	static const char *const points =
	    "  - {point: \"{name}.t\", class: temperature, column: .2, name: .5, unit_from: {oid: "
	    ".3.0, words: {1: degC}, default: degF}, valid: {column: .4, is: [1]}, scale_from: "
	    "{oid: .6.0, as: digits}}\n";

	(void)state;
	/* valid, name, unit, scale */
	assert_string_equal(
	    listed(plan(points, "2.1|2|1\n2.2|2|1\n3.0|2|1\n4.1|2|2\n5.1|4|a\n5.2|4|b\n6.0|2|1\n")),
	    "4.1\n5.1\n3.0\n6.0\n4.2\n5.2\n"
	    "2.1 0 1 2 3\n"
	    "2.2 4 5 2 3\n");
	/* A unit by default has nothing to be guarded. */
	assert_string_equal(listed(plan(points, "2.1|2|1\n4.1|2|1\n5.1|4|a\n6.0|2|1\n")),
	    "4.1\n5.1\n6.0\n"
	    "2.1 0 1 - 2\n");
}

static void
prints_tell_values_apart(void **state)
{
	struct xn_snmp_value one = {.tag = XN_SNMP_REAL, .real = 0.1};
	struct xn_snmp_value other = {.tag = XN_SNMP_REAL, .real = 0.2};

	(void)state;
	assert_true(xn_snmp_print(&one) != xn_snmp_print(&other));
	one = (struct xn_snmp_value){.tag = XN_SNMP_INTEGER, .integer = 1};
	other = (struct xn_snmp_value){.tag = XN_SNMP_INTEGER, .integer = 256};
	assert_true(xn_snmp_print(&one) != xn_snmp_print(&other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row_of_a_column_is_a_point),
	    cmocka_unit_test(an_object_that_is_not_there_is_shown_unless_it_is_optional),
	    cmocka_unit_test(only_rows_that_fit_the_index_are_meant),
	    cmocka_unit_test(conditions_are_numbers_ranges_and_texts),
	    cmocka_unit_test(all_conditions_have_to_hold),
	    cmocka_unit_test(a_probe_that_is_not_plugged_in_is_shown),
	    cmocka_unit_test(rows_are_called_by_their_label_or_else_their_number),
	    cmocka_unit_test(the_first_row_may_have_a_name_of_its_own),
	    cmocka_unit_test(of_points_of_one_name_the_first_that_is_there_is_meant),
	    cmocka_unit_test(a_mixed_table_is_one_point_per_class),
	    cmocka_unit_test(a_unit_is_told_by_words_and_by_a_default),
	    cmocka_unit_test(of_rows_that_are_one_point_degc_and_the_finest_stays),
	    cmocka_unit_test(each_kind_of_scale_does_its_sum),
	    cmocka_unit_test(a_row_whose_scale_is_missing_is_none),
	    cmocka_unit_test(a_scale_that_no_device_has_is_none),
	    cmocka_unit_test(what_a_reading_rests_on_is_read_before_it_and_once),
	    cmocka_unit_test(prints_tell_values_apart),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
