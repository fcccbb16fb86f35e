#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/modbus_recording.h"

static char path[64];

static void
write_file(const char *text)
{
	FILE *out;

	snprintf(path, sizeof(path), "/tmp/xanh-modbus-recording-%d", getpid());
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static int
remove_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void
what_is_written_is_read_again(void **state)
{
	struct xn_modbus_recording *recording = xn_modbus_recording_new();
	struct xn_error err;
	uint16_t values[2];
	char text[256] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	xn_modbus_recording_put(recording, XN_MODBUS_INPUT, 65535, 7);
	xn_modbus_recording_put(recording, XN_MODBUS_HOLDING, 3060, 0x1234);
	xn_modbus_recording_put(recording, XN_MODBUS_HOLDING, 3059, 0x42bb);
	xn_modbus_recording_put(recording, XN_MODBUS_COIL, 0, 1);
	assert_int_equal(xn_modbus_recording_write(recording, out), 4);
	fclose(out);
	xn_modbus_recording_free(recording);
	assert_string_equal(text,
	    "space,register,value\ncoil,0,0x0001\nholding,3059,0x42bb\n"
	    "holding,3060,0x1234\ninput,65535,0x0007\n");
	write_file(text);
	assert_true(xn_modbus_is_recording(path));
	assert_int_equal(xn_modbus_recording_open(&recording, path, &err), XN_OK);
	assert_int_equal(
	    xn_modbus_recording_read(recording, XN_MODBUS_HOLDING, 3059, 2, values), XN_OK);
	assert_int_equal(values[1], 0x1234);
	/* As a device refuses what reaches beyond. */
	assert_int_equal(
	    xn_modbus_recording_read(recording, XN_MODBUS_HOLDING, 3060, 2, values), 2);
	assert_int_equal(
	    xn_modbus_recording_read(recording, XN_MODBUS_INPUT, 65535, 1, values), XN_OK);
	assert_int_equal(xn_modbus_recording_read(recording, XN_MODBUS_INPUT, 3059, 1, values), 2);
	xn_modbus_recording_free(recording);
}

static void
a_dump_without_spaces_is_both(void **state)
{
	struct xn_modbus_recording *recording;
	struct xn_error err;
	uint16_t value;

	(void)state;
	write_file("register,value\r\n29,0x506f\r\n30,30583\r\n");
	assert_true(xn_modbus_is_recording(path));
	assert_int_equal(xn_modbus_recording_open(&recording, path, &err), XN_OK);
	assert_int_equal(
	    xn_modbus_recording_read(recording, XN_MODBUS_HOLDING, 29, 1, &value), XN_OK);
	assert_int_equal(value, 0x506f);
	assert_int_equal(
	    xn_modbus_recording_read(recording, XN_MODBUS_INPUT, 30, 1, &value), XN_OK);
	assert_int_equal(value, 30583);
	assert_false(xn_modbus_recording_has(recording, XN_MODBUS_COIL, 29));
	xn_modbus_recording_free(recording);
}

static void
the_first_wrong_line_is_named(void **state)
{
	static const char *const lines[] = {"holding,1", "register,1,2", "holding,65536,1",
	    "holding,1,65536", "holding,-1,1", "holding,1,-1", "holding,1,2,3", "1,2", "",
	    "holding,,2", "holding,1,0x"};
	struct xn_modbus_recording *recording;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct xn_error err = {0};
		char text[128];

		snprintf(text, sizeof(text), "space,register,value\nholding,0,0\n%s\n", lines[i]);
		write_file(text);
		if (xn_modbus_recording_open(&recording, path, &err) != XN_EINVALID)
			fail_msg("taken: %s", lines[i]);
		assert_non_null(strstr(err.text, ":3: "));
	}
}

static void
other_files_are_no_recordings(void **state)
{
	struct xn_modbus_recording *recording;
	struct xn_error err;

	(void)state;
	write_file("1.3.6.1.2.1.1.1.0|4|a device\n");
	assert_false(xn_modbus_is_recording(path));
	assert_int_equal(xn_modbus_recording_open(&recording, path, &err), XN_EINVALID);
	unlink(path);
	assert_false(xn_modbus_is_recording(path));
	assert_int_equal(xn_modbus_recording_open(&recording, path, &err), XN_EREAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(what_is_written_is_read_again, remove_file),
	    cmocka_unit_test_teardown(a_dump_without_spaces_is_both, remove_file),
	    cmocka_unit_test_teardown(the_first_wrong_line_is_named, remove_file),
	    cmocka_unit_test(other_files_are_no_recordings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
