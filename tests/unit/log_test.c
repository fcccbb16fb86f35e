#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/log.h"

static char line[XN_LOG_LINE_SIZE];

static void
a_line_says_priority_unit_and_fields(void **state)
{
	(void)state;
	xn_log_format(XN_LOG_WARNING, "bus",
	    XN_FIELDS(XN_TEXT("dev", "pdu-a"), XN_NUMBER("age_s", 21),
		XN_TEXT("last", "no reply in 500 ms"), XN_TEXT("why", "")),
	    line);
	assert_string_equal(
	    line, "<4>unit=bus dev=pdu-a age_s=21 last=\"no reply in 500 ms\" why=\"\"\n");
}

static void
a_device_cannot_drive_a_terminal_or_forge_a_line(void **state)
{
	(void)state;
	xn_log_format(XN_LOG_ERROR, "bus",
	    XN_FIELDS(XN_TEXT("a", "x\n<2>unit=fake"), XN_TEXT("b", "\x1b[2J\x7f"),
		XN_TEXT("c", "\xc2\x9b"), XN_TEXT("lone", "\x9b"), XN_TEXT("d", "say \"hi\" \\"),
		XN_TEXT("e", "Tết")),
	    line);
	assert_string_equal(line,
	    "<3>unit=bus a=\"x\\x0a<2>unit=fake\" b=\"\\x1b[2J\\x7f\" c=\"\\xc2\\x9b\" "
	    "lone=\"\\x9b\" "
	    "d=\"say \\\"hi\\\" \\\\\" e=\"Tết\"\n");
}

static void
a_line_too_long_is_cut_and_still_one_line(void **state)
{
	char text[2 * XN_LOG_LINE_SIZE];
	size_t length;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	length = xn_log_format(
	    XN_LOG_INFO, "u", XN_FIELDS(XN_TEXT("long", text), XN_TEXT("spaced", text)), line);
	assert_true(length < XN_LOG_LINE_SIZE);
	assert_ptr_equal(strchr(line, '\n'), line + length - 1);
}

static void
a_fault_is_said_once_and_again_when_it_ends(void **state)
{
	struct xn_log_repeat repeat = {0};
	char said[4096] = {0};
	int keep = dup(STDERR_FILENO);
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	dup2(fds[1], STDERR_FILENO);
	xn_log_over(&repeat, "bus", XN_TEXT("state", "good")); /* there was no fault: silence */
	for (int i = 0; i < 100; i++)
		xn_log_fault(&repeat, XN_LOG_WARNING, "bus", XN_TEXT("state", "silent"));
	xn_log_over(&repeat, "bus", XN_TEXT("state", "good"));
	xn_log_over(&repeat, "bus", XN_TEXT("state", "good"));
	dup2(keep, STDERR_FILENO);
	assert_true(read(fds[0], said, sizeof(said) - 1) > 0);
	close(fds[0]);
	close(fds[1]);
	close(keep);
	assert_string_equal(said, "<4>unit=bus state=silent\n<5>unit=bus state=good times=100\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_says_priority_unit_and_fields),
	    cmocka_unit_test(a_device_cannot_drive_a_terminal_or_forge_a_line),
	    cmocka_unit_test(a_line_too_long_is_cut_and_still_one_line),
	    cmocka_unit_test(a_fault_is_said_once_and_again_when_it_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
