#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/url.h"

static int
parse(const char *text, struct xn_url *ret_url)
{
	struct xn_error err = {0};
	int code = xn_url_parse(text, ret_url, &err);

	assert_true(code == XN_OK || err.text[0] != '\0');
	return code;
}

static void
a_plain_snmp_url_gets_the_usual_port_and_version(void **state)
{
	struct xn_url url;

	(void)state;
	assert_int_equal(parse("snmp://10.20.7.11?community=public", &url), XN_OK);
	assert_int_equal(url.scheme, XN_URL_SNMP);
	assert_string_equal(url.host, "10.20.7.11");
	assert_int_equal(url.port, 161);
	assert_int_equal(url.version, 2);
	assert_string_equal(url.community, "public");
}

static void
values_are_percent_decoded_and_a_plus_stays_a_plus(void **state)
{
	struct xn_url url;

	(void)state;
	assert_int_equal(parse("snmp://h:1161?community=a%20b+c%26d&version=1", &url), XN_OK);
	assert_string_equal(url.community, "a b+c&d");
	assert_int_equal(url.port, 1161);
	assert_int_equal(url.version, 1);
}

static void
version_3_takes_user_keys_and_context(void **state)
{
	struct xn_url url;

	(void)state;
	assert_int_equal(
	    parse("snmp://[::1]:1161?version=3&user=xanh&auth=SHA-256&authpass=12345678"
		  "&priv=AES&privpass=87654321&context=c",
		&url),
	    XN_OK);
	assert_string_equal(url.host, "::1");
	assert_int_equal(url.auth, XN_AUTH_SHA256);
	assert_int_equal(url.priv, XN_PRIV_AES);
	assert_string_equal(url.priv_pass, "87654321");
	assert_string_equal(url.context, "c");
}

static void
modbus_urls_carry_unit_base_and_the_serial_line(void **state)
{
	struct xn_url url;

	(void)state;
	assert_int_equal(parse("modbus://meter:1502/?unit=0&base=4096", &url), XN_OK);
	assert_int_equal(url.port, 1502);
	assert_int_equal(url.unit, 0);
	assert_true(url.has_base);
	assert_int_equal(url.base, 4096);
	assert_int_equal(
	    parse("modbus-rtu:/dev/ttyUSB0?baud=19200&parity=even&unit=3", &url), XN_OK);
	assert_string_equal(url.host, "/dev/ttyUSB0");
	assert_int_equal(url.baud, 19200);
	assert_int_equal(url.parity, 'E');
	assert_int_equal(url.unit, 3);
}

static void
an_at_sign_reads_the_secret_from_a_file(void **state)
{
	char path[] = "/tmp/xanh-url-test-XXXXXX";
	char text[128];
	int fd = mkstemp(path);
	struct xn_url url;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "s3cret\n", 7), 7);
	close(fd);
	snprintf(text, sizeof(text), "snmp://h?community=@%s", path);
	assert_int_equal(parse(text, &url), XN_OK);
	assert_string_equal(url.community, "s3cret");
	unlink(path);
	assert_int_equal(parse(text, &url), XN_EREAD);
}

static void
wrong_urls_are_refused_and_never_quote_a_secret(void **state)
{
	static const char *const bad[] = {
	    "",
	    "http://h",
	    "snmp://",
	    "snmp://:161?community=c",
	    "snmp://h",
	    "snmp://h?community=",
	    "snmp://h:0?community=c",
	    "snmp://h:65536?community=c",
	    "snmp://h?community=c&community=d",
	    "snmp://h?community=c&colour=red",
	    "snmp://h?community=%zz",
	    "snmp://h?community=a%00b",
	    "snmp://h?version=4&community=c",
	    "snmp://h?version=3",
	    "snmp://h?version=3&user=u&auth=ROT13&authpass=hunter2hunter2",
	    "snmp://h?version=3&user=u&auth=SHA&authpass=hunter2",
	    "snmp://h?version=3&user=u&priv=AES&privpass=hunter2hunter2",
	    "snmp://h?community=c&unit=1",
	    "modbus://h?unit=256",
	    "modbus://h?unit=-1",
	    "modbus://h?unit=",
	    "modbus://h?parity=none",
	    "modbus://[::1?unit=1",
	    "modbus-rtu:",
	    "modbus-rtu:/dev/tty?parity=mark",
	    "modbus-rtu:/dev/tty?baud=1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct xn_error err = {0};
		struct xn_url url;

		if (xn_url_parse(bad[i], &url, &err) != XN_EINVALID)
			fail_msg("taken: %s", bad[i]);
		assert_null(strstr(err.text, "hunter2"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plain_snmp_url_gets_the_usual_port_and_version),
	    cmocka_unit_test(values_are_percent_decoded_and_a_plus_stays_a_plus),
	    cmocka_unit_test(version_3_takes_user_keys_and_context),
	    cmocka_unit_test(modbus_urls_carry_unit_base_and_the_serial_line),
	    cmocka_unit_test(an_at_sign_reads_the_secret_from_a_file),
	    cmocka_unit_test(wrong_urls_are_refused_and_never_quote_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
