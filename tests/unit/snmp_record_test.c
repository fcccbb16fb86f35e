#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/snmp_record.h"
#include "tests/lib/shelf.h"

static struct shelf shelf;
static unsigned told;

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
	shelf_close(&shelf);
	return 0;
}

static void
on_progress(unsigned objects)
{
	told = objects;
}

/* What a device of that walk is recorded as; to be freed. */
static char *
recorded(const char *walk, unsigned *ret_objects)
{
	char url[160];
	char *text = NULL;
	size_t size;
	struct xn_error err = {.code = XN_OK};
	FILE *out = open_memstream(&text, &size);

	snprintf(url, sizeof(url), "replay:%s", shelf_put(&shelf, "device.snmprec", walk));
	if (xn_snmp_record(url, out, on_progress, ret_objects, &err) < 0)
		fail_msg("%s", err.text);
	fclose(out);
	return text;
}

static void
what_the_device_says_is_written_as_it_would_be_read(void **state)
{
	static const char *const walk = "1.3.6.1.2.1.1.1.0|4|Acme PDU | v2\n"
					"1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1\n"
					"1.3.6.1.2.1.1.3.0|67|12345\n"
					"1.3.6.1.2.1.33.1.2.1.0|2|-2\n"
					"1.3.6.1.2.1.47.1.1.1.1.2.1|4|\n"
					"1.3.6.1.2.1.99.1.1.1.4.1|2|230\n"
					"1.3.6.1.4.1.9.1.1.0|65|4294967295\n"
					"1.3.6.1.4.1.9.1.2.0|66|7\n"
					"1.3.6.1.4.1.9.1.3.0|70|18446744073709551615\n"
					"1.3.6.1.4.1.9.1.4.0|4x|00ff0a\n";
	unsigned objects = 0;
	char *text = recorded(walk, &objects);

	(void)state;
	assert_string_equal(text, walk);
	assert_int_equal(objects, 10);
	free(text);
}

static void
people_and_places_stay_out(void **state)
{
	unsigned objects = 0;
	char *text = recorded("1.3.6.1.2.1.1.4.0|4|Nguyen Van A, 090 123\n"
			      "1.3.6.1.2.1.1.5.0|4|pdu-hanoi-3\n"
			      "1.3.6.1.2.1.1.6.0|4|Hanoi, rack 3\n"
			      "1.3.6.1.2.1.1.7.0|2|72\n"
			      "1.3.6.1.4.1.9.1.0|4|alarms to noc@example.vn\n"
			      "1.3.6.1.4.1.9.2.0|4x|006e6f634061\n"
			      "1.3.6.1.4.1.9.3.0|64|10.0.0.1\n",
	    &objects);

	(void)state;
	assert_string_equal(text, "1.3.6.1.2.1.1.7.0|2|72\n");
	assert_int_equal(objects, 1);
	free(text);
}

static void
what_lets_somebody_in_stays_out(void **state)
{
	unsigned objects = 0;
	char *text = recorded("1.3.6.1.4.1.9.1.0|4|public\n"
			      "1.3.6.1.4.1.9.2.0|4|PRIVATE\n"
			      "1.3.6.1.4.1.9.3.0|4|admin\n"
			      "1.3.6.1.4.1.9.4.0|4|write\n"
			      "1.3.6.1.4.1.9.5.0|4|publicly known\n"
			      "1.3.6.1.4.1.9.6.0|4x|7075626c6963\n",
	    &objects);

	(void)state;
	assert_string_equal(text, "1.3.6.1.4.1.9.5.0|4|publicly known\n");
	free(text);
}

static void
other_trees_are_not_walked(void **state)
{
	unsigned objects = 0;
	char *text = recorded("1.3.6.1.2.1.2.1.0|2|3\n"       /* interfaces */
			      "1.3.6.1.2.1.4.20.1.1.1|2|1\n"  /* addresses */
			      "1.3.6.1.6.3.16.1.2.1|4|user\n" /* users */
			      "1.3.6.1.4.1.9.1.0|2|1\n",
	    &objects);

	(void)state;
	assert_string_equal(text, "1.3.6.1.4.1.9.1.0|2|1\n");
	free(text);
}

static void
progress_is_told_now_and_then(void **state)
{
	static char walk[1200 * 32];
	unsigned objects = 0;
	size_t used = 0;

	(void)state;
	for (unsigned i = 0; i < 1200; i++)
		used +=
		    (size_t)snprintf(walk + used, sizeof(walk) - used, "1.3.6.1.4.1.9.%u|2|1\n", i);
	free(recorded(walk, &objects));
	assert_int_equal(objects, 1200);
	assert_int_equal(told, 1000);
}

static void
only_snmp_is_recorded(void **state)
{
	unsigned objects = 0;
	struct xn_error err = {.code = XN_OK};

	(void)state;
	assert_int_equal(
	    xn_snmp_record("modbus://127.0.0.1", stderr, NULL, &objects, &err), XN_EINVALID);
	assert_int_equal(
	    xn_snmp_record("replay:/nonexistent", stderr, NULL, &objects, &err), XN_EREAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_device_says_is_written_as_it_would_be_read),
	    cmocka_unit_test(people_and_places_stay_out),
	    cmocka_unit_test(what_lets_somebody_in_stays_out),
	    cmocka_unit_test(other_trees_are_not_walked),
	    cmocka_unit_test(progress_is_told_now_and_then),
	    cmocka_unit_test(only_snmp_is_recorded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
