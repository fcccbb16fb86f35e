#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/snmp_recording.h"
#include "tests/lib/shelf.h"

static struct shelf shelf;
static struct xn_recording *recording;
static struct xn_error err;

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
	xn_recording_close(recording);
	recording = NULL;
	shelf_close(&shelf);
	return 0;
}

static void
open_text(const char *text)
{
	xn_recording_close(recording);
	recording = NULL;
	if (xn_recording_open(&recording, shelf_put(&shelf, "a.snmprec", text), &err) < 0)
		fail_msg("%s", err.text);
}

static struct xn_snmp_value
get(const char *text)
{
	struct xn_oid oid;

	assert_true(xn_oid_parse(text, &oid));
	return xn_recording_get(recording, &oid);
}

/* The OID behind this one; "": the end. */
static const char *
behind(const char *text)
{
	static char next[XN_OID_MAX * 11];
	struct xn_snmp_value value;
	struct xn_oid oid;

	assert_true(xn_oid_parse(text, &oid));
	next[0] = '\0';
	if (xn_recording_next(recording, &oid, &oid, &value))
		xn_oid_print(&oid, next, sizeof(next));
	return next;
}

static bool
is_text(struct xn_snmp_value value, const char *text, size_t size)
{
	return value.tag == XN_SNMP_TEXT && value.size == size &&
	    memcmp(value.text, text, size) == 0;
}

static void
every_kind_of_value_is_given_as_the_device_would(void **state)
{
	(void)state;
	open_text("1.1|2|-13\n1.2|65|4294967295\n1.3|66|7\n1.4|67|8640000\n"
		  "1.5|70|18446744073709551615\n1.6|4|Rack|7 = good\n1.7|6|1.3.6.1.4.1.9\n"
		  "1.8|4|\n1.9|64|10.0.0.1\n");
	assert_int_equal(get("1.1").integer, -13);
	assert_int_equal(get("1.2").integer, 4294967295);
	assert_int_equal(get("1.3").tag, XN_SNMP_GAUGE);
	assert_int_equal(get("1.4").integer, 8640000);
	assert_int_equal((uint64_t)get("1.5").integer, UINT64_MAX);
	assert_true(is_text(get("1.6"), "Rack|7 = good", 13));
	assert_int_equal(get("1.7").tag, XN_SNMP_OID);
	assert_true(is_text(get("1.8"), "", 0));
	assert_int_equal(get("1.9").tag, 64);
	assert_int_equal(get("1").tag, XN_SNMP_NO_INSTANCE);
	assert_int_equal(get("1.1.0").tag, XN_SNMP_NO_INSTANCE);
}

static void
bytes_may_be_hexadecimal(void **state)
{
	(void)state;
	open_text("1.1|4x|00ffC0\n1.2|4x|\n1.3|4x|4142\n");
	assert_true(is_text(get("1.1"), "\x00\xff\xc0", 3));
	assert_true(is_text(get("1.2"), "", 0));
	assert_true(is_text(get("1.3"), "AB", 2));
}

static void
rows_are_in_the_order_of_a_walk_whatever_the_files(void **state)
{
	(void)state;
	open_text("1.10|2|3\n1.2|2|1\n1.2.1|2|2\n");
	assert_string_equal(behind("1"), "1.2");
	assert_string_equal(behind("1.2"), "1.2.1");
	assert_string_equal(behind("1.2.0"), "1.2.1");
	assert_string_equal(behind("1.2.1"), "1.10");
	assert_string_equal(behind("1.10"), "");
	assert_string_equal(behind("2"), "");
}

static void
a_row_that_is_there_twice_does_not_hold_a_walk_up(void **state)
{
	(void)state;
	open_text("1.1|2|1\n1.1|2|1\n1.1|2|1\n1.2|2|2\n");
	assert_string_equal(behind("1"), "1.1");
	assert_string_equal(behind("1.1"), "1.2");
	assert_int_equal(get("1.1").integer, 1);
}

static void
comments_blank_lines_and_ends_of_dos_are_passed_over(void **state)
{
	(void)state;
	open_text("# a walk of a PDU\r\n\r\n1.1|4|good\r\n\n1.2|2|7");
	assert_true(is_text(get("1.1"), "good", 4));
	assert_int_equal(get("1.2").integer, 7);
	open_text("");
	assert_string_equal(behind("1"), "");
}

/* snmpsim's variations stand in recordings from elsewhere; an absent value is never 0. */
static void
a_number_that_is_none_is_nothing(void **state)
{
	(void)state;
	open_text(
	    "1.1|2:random|1..7\n1.2|2|\n1.3|65|12x\n1.4|70|99999999999999999999\n1.5|121|3.5\n"
	    "1.6|66e|initial=3\n");
	for (const char *const *oid =
		 (const char *const[]){"1.1", "1.2", "1.3", "1.4", "1.5", "1.6", NULL};
	     *oid != NULL; oid++)
		assert_int_equal(get(*oid).tag, XN_SNMP_NULL);
}

static void
the_first_line_that_is_none_is_told(void **state)
{
	static const char *const wrong[] = {"1.2", "1.2|2", "|2|1", "x|2|1", "1..2|2|1", "1.2||1",
	    "1.2|x|1", "1.2|256|1", "1.2|-1|1", "1.2|4x|0", "1.2|4x|0g",
	    "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25.26.27.28.29.30.31."
	    "32."
	    "33|2|1"};
	struct xn_recording *other;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *path;

		snprintf(text, sizeof(text), "1.1|2|1\n# fine\n%s\nalso wrong\n", wrong[i]);
		path = shelf_put(&shelf, "wrong.snmprec", text);
		if (xn_recording_open(&other, path, &err) != XN_EINVALID)
			fail_msg("taken: %s", wrong[i]);
		snprintf(
		    text, sizeof(text), "%s:3: not OID|tag|value, a line of a recorded walk", path);
		assert_string_equal(err.text, text);
	}
}

static void
what_is_no_file_of_text_is_told(void **state)
{
	struct xn_recording *other;
	const char *path = shelf_put(&shelf, "bytes.snmprec", "1.1|2|1\n");
	FILE *file = fopen(path, "ae");

	(void)state;
	fwrite("1.2|4|a\0b\n1.3|2|1\n", 1, 18, file);
	fclose(file);
	assert_int_equal(xn_recording_open(&other, path, &err), XN_EINVALID);
	assert_non_null(strstr(err.text, "not a text"));
	assert_int_equal(xn_recording_open(&other, shelf.dir, &err), XN_EREAD);
	assert_int_equal(xn_recording_open(&other, "/dev/zero", &err), XN_EREAD);
	assert_int_equal(xn_recording_open(&other, "/nonexistent", &err), XN_EREAD);
	path = shelf_put(&shelf, "huge.snmprec", "");
	assert_int_equal(truncate(path, (64 << 20) + 1), 0);
	assert_int_equal(xn_recording_open(&other, path, &err), XN_EREAD);
	assert_non_null(strstr(err.text, "64 MiB"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_of_value_is_given_as_the_device_would),
	    cmocka_unit_test(bytes_may_be_hexadecimal),
	    cmocka_unit_test(rows_are_in_the_order_of_a_walk_whatever_the_files),
	    cmocka_unit_test(a_row_that_is_there_twice_does_not_hold_a_walk_up),
	    cmocka_unit_test(comments_blank_lines_and_ends_of_dos_are_passed_over),
	    cmocka_unit_test(a_number_that_is_none_is_nothing),
	    cmocka_unit_test(the_first_line_that_is_none_is_told),
	    cmocka_unit_test(what_is_no_file_of_text_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
