#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "agents/snmp_engine.h"

static char dir[64];
static char file[80];

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/xanh-engine-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/engine", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	chmod(dir, 0700);
	unlink(file);
	rmdir(file);
	return rmdir(dir);
}

static void
write_file(const char *text)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void
the_id_stays_and_boots_rise_with_every_start(void **state)
{
	struct xn_snmp_engine first, next;

	(void)state;
	assert_int_equal(xn_snmp_engine_start(dir, &first, NULL), XN_OK);
	assert_int_equal(first.boots, 1);
	for (uint32_t boots = 2; boots < 12; boots++) {
		assert_int_equal(xn_snmp_engine_start(dir, &next, NULL), XN_OK);
		assert_int_equal(next.size, first.size);
		assert_memory_equal(next.id, first.id, first.size);
		assert_int_equal(next.boots, boots);
	}
}

static void
two_agents_are_two_engines(void **state)
{
	struct xn_snmp_engine one, other;

	(void)state;
	assert_int_equal(xn_snmp_engine_start(dir, &one, NULL), XN_OK);
	unlink(file);
	assert_int_equal(xn_snmp_engine_start(dir, &other, NULL), XN_OK);
	assert_memory_not_equal(one.id, other.id, one.size);
}

static void
a_damaged_file_makes_a_new_engine(void **state)
{
	static const char *const texts[] = {"", "\n", "80001f8805",
	    "80001f8805000102030405060708090a0b", "80001f8805000102030405060708090a0b 0\n",
	    "80001f8805000102030405060708090a0b -3\n", "80001f8805000102030405060708090a0b 7",
	    "80001f8805000102030405060708090a0b 7\nx 9\n",
	    "80001f8805000102030405060708090a0b 2147483646\n",
	    "80001f88050001 2030405060708090a0b 7\n", "00001f8805000102030405060708090a0b 7\n"};
	struct xn_snmp_engine engine;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(texts[i]);
		assert_int_equal(xn_snmp_engine_start(dir, &engine, NULL), XN_OK);
		assert_int_equal(engine.boots, 1);
	}
	write_file("80001f8805000102030405060708090a0b 7\n");
	assert_int_equal(xn_snmp_engine_start(dir, &engine, NULL), XN_OK);
	assert_int_equal(engine.boots, 8);
	assert_memory_equal(engine.id, "\x80\x00\x1f\x88\x05\x00\x01\x02\x03\x04\x05", 11);
}

static void
what_cannot_be_kept_is_a_new_engine_and_said(void **state)
{
	struct xn_snmp_engine engine;
	struct xn_error err;

	(void)state;
	assert_int_equal(mkdir(file, 0700), 0); /* in the way, also of root */
	assert_true(xn_snmp_engine_start(dir, &engine, &err) < 0);
	assert_int_equal(engine.boots, 1);
	assert_in_range(engine.size, 5, 32);
	assert_non_null(strstr(err.text, dir));
	assert_int_equal(xn_snmp_engine_start("/dev/null/none", &engine, &err), XN_ESYSTEM);
	assert_int_equal(engine.boots, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		the_id_stays_and_boots_rise_with_every_start, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(two_agents_are_two_engines, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_damaged_file_makes_a_new_engine, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_cannot_be_kept_is_a_new_engine_and_said, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
