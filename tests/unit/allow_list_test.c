#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/allow_list.h"

struct reading {
	struct xn_arena arena;
	struct xn_problems problems;
	struct xn_allow_list *list;
	char said[2048]; /* what is printed of the problems */
};

/* Reads a list from text, as a file of its own. */
static void
read_list(struct reading *reading, const char *text)
{
	char path[] = "/tmp/xanh-allow-XXXXXX";
	int fd = mkstemp(path);
	struct xn_error err;
	FILE *out;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	xn_arena_map(&reading->arena, 32 << 20);
	xn_problems_init(&reading->problems, &reading->arena);
	assert_int_equal(
	    xn_allow_list_read(&reading->arena, path, &reading->problems, &reading->list, &err),
	    XN_OK);
	memset(reading->said, 0, sizeof(reading->said));
	out = fmemopen(reading->said, sizeof(reading->said) - 1, "w");
	xn_problems_print(&reading->problems, out);
	fclose(out);
	unlink(path);
}

static void
forget(struct reading *reading)
{
	xn_arena_unmap(&reading->arena);
}

#define HEAD "kind: allow-list\nallow:\n"

static void
a_row_names_device_place_range_and_rate(void **state)
{
	struct reading reading;
	const struct xn_allowed *row;

	(void)state;
	read_list(&reading,
	    HEAD "  - {device: crac-2, name: supply.setpoint, holding: 0x3f2, type: i16, "
		 "least: -50, most: 270, per_hour: 4, apart: 5 min}\n"
		 "  - {device: crac-2, name: stop, coil: 1000, multiple: true, least: 0, most: 1, "
		 "per_hour: 2, apart: 60 s}\n"
		 "  - {device: pdu-a, name: outlet.3, oid: 1.3.6.1.4.1.318.1.1.4.4.2.1.3.3, "
		 "least: 1, most: 2, per_hour: 6, apart: 30 s}\n");
	assert_string_equal(reading.said, "");
	assert_int_equal(reading.list->count, 3);
	row = xn_allow_list_find(reading.list, "crac-2", "supply.setpoint");
	assert_int_equal(row->address, 1010);
	assert_int_equal(row->type, XN_I16);
	assert_int_equal(row->least, -50);
	assert_int_equal(row->per_hour, 4);
	assert_int_equal(row->apart.ms, 300000);
	assert_true(xn_allow_list_find(reading.list, "crac-2", "stop")->multiple);
	assert_int_equal(xn_allow_list_find(reading.list, "pdu-a", "outlet.3")->kind, XN_ALLOW_OID);
	assert_null(xn_allow_list_find(reading.list, "pdu-a", "outlet.4"));
	assert_null(xn_allow_list_find(reading.list, "pdu-b", "outlet.3"));
	forget(&reading);
}

/* Each mistake is said where it stands, and no list comes of it. */
static void
every_mistake_is_said_with_its_place(void **state)
{
	static const struct {
		const char *row;
		const char *said;
	} rows[] = {
	    {"{device: d, name: n, holding: 1, least: 0, most: 1, per_hour: 1}", "'apart'"},
	    {"{device: d, name: n, holding: 1, least: 0, most: 1, apart: 1 s}", "'per_hour'"},
	    {"{device: d, name: n, least: 0, most: 1, per_hour: 1, apart: 1 s}", "one of coil"},
	    {"{device: d, name: n, coil: 1, holding: 1, least: 0, most: 1, per_hour: 1, apart: 1 "
	     "s}",
		"one of coil"},
	    {"{device: d, name: n, coil: 1, least: 0, most: 2, per_hour: 1, apart: 1 s}",
		"most: a whole number from 0 to 1"},
	    {"{device: d, name: n, holding: 1, least: -1, most: 2, per_hour: 1, apart: 1 s}",
		"least: a whole number from 0 to 65535"},
	    {"{device: d, name: n, holding: 1, least: 5, most: 2, per_hour: 1, apart: 1 s}",
		"most is below least"},
	    {"{device: d, name: n, holding: 70000, least: 0, most: 2, per_hour: 1, apart: 1 s}",
		"holding: a whole number"},
	    {"{device: d, name: n, holding: 65535, type: u32, least: 0, most: 2, per_hour: 1, "
	     "apart: 1 s}",
		"beyond 65535"},
	    {"{device: d, name: n, holding: 1, type: f32, least: 0, most: 2, per_hour: 1, apart: 1 "
	     "s}",
		"f32"},
	    {"{device: d, name: n, oid: 1.x, least: 0, most: 2, per_hour: 1, apart: 1 s}",
		"numeric OID"},
	    {"{device: d, name: n, coil: 1, least: 0, most: 1, per_hour: 0, apart: 1 s}",
		"per_hour: a whole number from 1"},
	    {"{device: d, name: n, coil: 1, least: 0, most: 1, per_hour: 1, apart: 0 s}",
		"at least 1 s"},
	    {"{device: d, name: a, coil: 1, least: 0, most: 1, per_hour: 1, apart: 1 s}\n"
	     "  - {device: d, name: b, coil: 1, least: 0, most: 1, per_hour: 1, apart: 1 s}",
		"same place as a"},
	    {"{device: d, name: a, coil: 1, least: 0, most: 1, per_hour: 1, apart: 1 s}\n"
	     "  - {device: d, name: a, coil: 2, least: 0, most: 1, per_hour: 1, apart: 1 s}",
		"there twice"},
	    {"{device: d, name: n, coil: 1, least: 0, most: 1, per_hour: 1, apart: 1 s, rang: 1}",
		"unknown key 'rang'"},
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading reading;

		snprintf(text, sizeof(text), HEAD "  - %s\n", rows[i].row);
		read_list(&reading, text);
		assert_null(reading.list);
		if (strstr(reading.said, rows[i].said) == NULL ||
		    strstr(reading.said, strchr(rows[i].row, '\n') != NULL ? ":4:" : ":3:") == NULL)
			fail_msg("%s\nsaid: %s", rows[i].row, reading.said);
		forget(&reading);
	}
}

static void
an_empty_list_allows_nothing_and_other_files_are_none(void **state)
{
	struct reading reading;

	(void)state;
	read_list(&reading, "kind: allow-list\nallow: []\n");
	assert_non_null(reading.list);
	assert_int_equal(reading.list->count, 0);
	forget(&reading);
	read_list(&reading, "kind: policy\nallow: []\n");
	assert_null(reading.list);
	forget(&reading);
	read_list(&reading, "kind: allow-list\nallow: []\n---\nkind: allow-list\nallow: []\n");
	assert_null(reading.list);
	forget(&reading);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_row_names_device_place_range_and_rate),
	    cmocka_unit_test(every_mistake_is_said_with_its_place),
	    cmocka_unit_test(an_empty_list_allows_nothing_and_other_files_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
