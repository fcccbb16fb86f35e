#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/index.h"

static const uint32_t row[] = {2, 7, 5};

/* Whether the row 2.7.5 fits. */
static bool
fits(const char *pattern)
{
	struct xn_index index;

	return xn_index_match(pattern, row, 3, &index);
}

/* What the row 2.7.5 is called by a point of that name. */
static const char *
called(const char *pattern, const char *name, const char *label)
{
	static char text[64];
	struct xn_index index;

	assert_true(xn_index_match(pattern, row, 3, &index));
	return xn_index_name(&index, name, label, text, sizeof(text)) ? text : "(none)";
}

static void
a_pattern_goes_part_by_part(void **state)
{
	(void)state;
	assert_true(fits(NULL));
	assert_true(fits("2.7.5"));
	assert_true(fits("*.7.*"));
	assert_true(fits("!3.!6.!4"));
	assert_true(fits("{pdu}.{n!6}.{kind:5-5}"));
	assert_true(fits("{pdu:2-}.{n:0-7}.*"));
	assert_false(fits("2.7.4"));
	assert_false(fits("!2.*.*"));
	assert_false(fits("{pdu!2}.*.*"));
	assert_false(fits("{pdu:3-}.*.*"));
	assert_false(fits("*.{n:8-9}.*"));
}

static void
a_row_has_as_many_numbers_as_the_pattern(void **state)
{
	(void)state;
	assert_false(fits("2.7"));
	assert_false(fits("2.7.5.1"));
	assert_false(fits(""));
	assert_true(fits("**"));
	assert_true(fits("2.**"));
	assert_true(fits("2.7.5.**"));
	assert_false(fits("3.**"));
	assert_false(fits("2.7.5.0.**"));
}

static void
what_is_no_pattern_is_refused(void **state)
{
	static const char *const wrong[] = {".", "1.", ".1", "1..2", "x", "-1", "1 2", "4294967296",
	    "99999999999999999999", "!", "!x", "!*", "**.1", "***", "*1", "1*", "{}", "{n", "{n}}",
	    "{n}x", "{n!}", "{n:}", "{n:3}", "{n:-3}", "{n:3-x}", "{n:5-3}", "{N}",
	    "{a_word_too_long_}", "{a}.{b}.{c}.{d}.{e}.{f}.{g}.{h}.{i}"};
	static const char *const right[] = {"", "0", "4294967295", "*", "**", "!0", "{n}", "{n!5}",
	    "{n:3-}", "{n:3-3}", "{a_word_of_15_ch}", "{a}.{b}.{c}.{d}.{e}.{f}.{g}.{h}",
	    "{a}.{b}.{c}.{d}.{e}.{f}.{g}.{h}.**"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (xn_index_check(wrong[i]))
			fail_msg("taken: %s", wrong[i]);
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		if (!xn_index_check(right[i]))
			fail_msg("refused: %s", right[i]);
}

/* Patterns are checked when a profile is read, but nothing bad may come of one that was not. */
static void
a_wrong_pattern_fits_nothing_and_fills_nothing(void **state)
{
	static const char *const wrong[] = {
	    "{n", "{n}{n}{n}", "{n}x", "2.7.5.", "2..", "***", "{}", "!", "99999999999999999999"};
	struct xn_index index;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct xn_oid oid = {.count = 0};

		assert_false(fits(wrong[i]));
		assert_true(xn_index_match("**", row, 3, &index));
		if (xn_index_append(&index, wrong[i], &oid))
			fail_msg("filled: %s", wrong[i]);
	}
}

static void
holes_have_the_numbers_that_stood_there(void **state)
{
	(void)state;
	assert_string_equal(called(NULL, "outlet.{n}.current", ""), "outlet.5.current");
	assert_string_equal(called("{pdu}.{n}.5", "pdu.{pdu}.outlet.{n}", ""), "pdu.2.outlet.7");
	assert_string_equal(called(NULL, "{1}-{2}-{3}", ""), "2-7-5");
	assert_string_equal(called(NULL, "a.{4}", ""), "(none)");
	assert_string_equal(called(NULL, "a.{0}", ""), "(none)");
	assert_string_equal(called("{x}.*.*", "a.{y}", ""), "(none)");
	assert_string_equal(called(NULL, "whole", ""), "whole");
}

static void
a_row_without_numbers_has_no_holes(void **state)
{
	struct xn_index index;
	uint32_t value;

	(void)state;
	assert_true(xn_index_match("**", row, 0, &index));
	assert_false(xn_index_hole(&index, "n", 1, &value));
	assert_false(xn_index_hole(&index, "1", 1, &value));
}

static void
a_label_becomes_part_of_a_name(void **state)
{
	static const struct {
		const char *label;
		const char *name;
	} cases[] = {
	    {"Rack 7 Inlet", "t.rack-7-inlet"},
	    {"  A&B -- C  ", "t.a-b-c"},
	    {"cpu0.dimm1", "t.cpu0.dimm1"},
	    {"..a..b..", "t.a.b"},
	    {"Nhi\xe1\xbb\x87t \xc4\x91\xe1\xbb\x99", "t.nhi-t"},
	    {"", "(none)"},
	    {"---", "(none)"},
	    {"\xff\xfe", "(none)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(called(NULL, "t.{name}", cases[i].label), cases[i].name);
}

static void
a_name_longer_than_its_room_is_cut(void **state)
{
	struct xn_index index;
	char label[512];
	char text[16];

	(void)state;
	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	assert_true(xn_index_match(NULL, row, 3, &index));
	assert_true(xn_index_name(&index, "{name}.{n}", label, text, sizeof(text)));
	assert_string_equal(text, "xxxxxxxxxxxxxxx");
	assert_true(xn_index_name(&index, "0123456789abc.{n}{n}{n}", "", text, sizeof(text)));
	assert_string_equal(text, "0123456789abc.5");
}

static void
a_companion_stands_where_the_holes_say(void **state)
{
	struct xn_index index;
	struct xn_oid oid;
	char text[128];

	(void)state;
	assert_true(xn_index_match("{pdu}.{n}.5", row, 3, &index));
	assert_true(xn_oid_parse("1.3", &oid));
	assert_true(xn_index_append(&index, NULL, &oid));
	xn_oid_print(&oid, text, sizeof(text));
	assert_string_equal(text, "1.3.2.7.5");
	assert_true(xn_oid_parse("1.3", &oid));
	assert_true(xn_index_append(&index, "{n}.0.{pdu}", &oid));
	xn_oid_print(&oid, text, sizeof(text));
	assert_string_equal(text, "1.3.7.0.2");
	assert_true(xn_oid_parse("1.3", &oid));
	assert_true(xn_index_append(&index, "{1}.{2}", &oid));
	xn_oid_print(&oid, text, sizeof(text));
	assert_string_equal(text, "1.3.2.7");
	assert_false(xn_index_append(&index, "{rack}", &oid));
	assert_false(xn_index_append(&index, "*", &oid));
	assert_false(xn_index_append(&index, "!3", &oid));
	assert_false(xn_index_append(&index, "**", &oid));
}

static void
an_oid_that_is_full_takes_no_more(void **state)
{
	struct xn_index index;
	struct xn_oid oid = {.count = XN_OID_MAX - 3};

	(void)state;
	assert_true(xn_index_match(NULL, row, 3, &index));
	assert_true(xn_index_append(&index, NULL, &oid));
	assert_int_equal(oid.count, XN_OID_MAX);
	assert_false(xn_index_append(&index, "1", &oid));
	assert_int_equal(oid.count, XN_OID_MAX);
}

/* What a profile promises of its companions and names is checked against its index. */
static void
a_hole_has_to_be_one_of_the_index(void **state)
{
	(void)state;
	assert_true(xn_index_fills("{pdu}.{n}.5", "{n}.{pdu}"));
	assert_true(xn_index_fills(NULL, "{n}"));
	assert_true(xn_index_fills(NULL, "{1}.3"));
	assert_true(xn_index_fills("{unit!0}.{k:3-}", "{k}.{unit}"));
	assert_false(xn_index_fills("{pdu}.{n}", "{rack}"));
	assert_false(xn_index_fills(NULL, "{pdu}"));
	assert_false(xn_index_fills("{pdu}.{n}", "*"));
	assert_false(xn_index_fills("{pdu}.{n}", "{n}.**"));
	assert_false(xn_index_fills("{pdu}.{n}", "!2"));
	assert_false(xn_index_fills("{pdu}.{n}", "{n"));
	assert_true(xn_index_names("{pdu}.{n}", "pdu.{pdu}.{name}.{n}.{2}"));
	assert_true(xn_index_names(NULL, "whole"));
	assert_false(xn_index_names("{pdu}.{n}", "rack.{rack}"));
	assert_false(xn_index_names(NULL, "{pdu}"));
	assert_false(xn_index_names(NULL, "{n"));
	assert_false(xn_index_names(NULL, "{}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pattern_goes_part_by_part),
	    cmocka_unit_test(a_row_has_as_many_numbers_as_the_pattern),
	    cmocka_unit_test(what_is_no_pattern_is_refused),
	    cmocka_unit_test(a_wrong_pattern_fits_nothing_and_fills_nothing),
	    cmocka_unit_test(holes_have_the_numbers_that_stood_there),
	    cmocka_unit_test(a_row_without_numbers_has_no_holes),
	    cmocka_unit_test(a_label_becomes_part_of_a_name),
	    cmocka_unit_test(a_name_longer_than_its_room_is_cut),
	    cmocka_unit_test(a_companion_stands_where_the_holes_say),
	    cmocka_unit_test(an_oid_that_is_full_takes_no_more),
	    cmocka_unit_test(a_hole_has_to_be_one_of_the_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
