/* Which devices of a site may call, and by what they are known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agents/address.h"
#include "agents/traps.h"

static char dir[64];
static struct xn_traps *traps;
static int port;
static unsigned calls[4];

static void
write_secret(const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A port that was free a moment ago. */
static int
free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/xanh-traps-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	write_secret("green", "green\n");
	write_secret("blue", "blue\n");
	write_secret("auth", "authauth1\n");
	write_secret("short", "short\n");
	memset(calls, 0, sizeof(calls));
	port = free_port();
	return xn_traps_open(&traps, port, dir, NULL);
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"green", "blue", "auth", "short", "engine"};
	char path[128];

	(void)state;
	xn_traps_close(traps);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static void
on_call(void *context, uint32_t device)
{
	(void)context;
	calls[device]++;
}

/* A version 1 trap without anything in it. */
static void
trap_from(const char *from, const char *community)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	uint8_t bytes[64] = {
	    0x30, (uint8_t)(7 + strlen(community)), 2, 1, 0, 4, (uint8_t)strlen(community)};
	size_t size = 7 + strlen(community);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memcpy(bytes + 7, community, strlen(community));
	bytes[size++] = 0xa4;
	bytes[size++] = 0;
	inet_pton(AF_INET, from, &at.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	at.sin_port = htons((uint16_t)port);
	assert_int_equal(sendto(fd, bytes, size, 0, (struct sockaddr *)&at, sizeof(at)), size);
	close(fd);
	xn_traps_take(traps, 1000000, on_call, NULL);
}

static struct xn_site_device
device(const char *address, int version, const char *community)
{
	return (struct xn_site_device){.name = "dev",
	    .address = address,
	    .snmp = {.version = version, .community = community}};
}

static void
a_device_is_known_by_the_settings_it_is_polled_with(void **state)
{
	struct xn_site_device pdu = device("snmp://127.0.0.2:1161", 2, "green");
	struct xn_site_device ups = device("snmp://127.0.0.3", 1, "blue");

	(void)state;
	xn_traps_add(traps, 1, &pdu, dir);
	xn_traps_add(traps, 2, &ups, dir);
	trap_from("127.0.0.2", "blue");
	trap_from("127.0.0.3", "green");
	assert_int_equal(calls[1] + calls[2], 0);
	trap_from("127.0.0.2", "green");
	trap_from("127.0.0.3", "blue");
	assert_int_equal(calls[1], 1);
	assert_int_equal(calls[2], 1);
}

static void
a_modbus_device_with_snmp_settings_can_call(void **state)
{
	struct xn_site_device meter = device("modbus://127.0.0.2:502?unit=1", 2, "green");
	struct xn_site_device mute = device("modbus://127.0.0.3:502?unit=1", 0, NULL);

	(void)state;
	xn_traps_add(traps, 1, &meter, dir);
	xn_traps_add(traps, 2, &mute, dir);
	trap_from("127.0.0.2", "green");
	trap_from("127.0.0.3", "green");
	assert_int_equal(calls[1], 1);
	assert_int_equal(calls[2], 0);
}

static void
devices_that_cannot_call_are_no_fault(void **state)
{
	struct xn_site_device named = device("snmp://pdu.example", 2, "green");
	struct xn_site_device serial = device("modbus-rtu:/dev/ttyS0?unit=3", 2, "green");
	struct xn_site_device lost = device("snmp://127.0.0.2", 2, "nowhere");
	struct xn_site_device good = device("snmp://127.0.0.3", 2, "green");

	(void)state;
	xn_traps_add(traps, 0, &named, dir);
	xn_traps_add(traps, 1, &serial, dir);
	xn_traps_add(traps, 2, &lost, dir); /* said in the log; it cannot be polled either */
	xn_traps_add(traps, 3, &good, dir);
	trap_from("127.0.0.3", "green");
	assert_int_equal(calls[3], 1);
}

static void
the_settings_of_version_3_come_with_their_secrets(void **state)
{
	struct xn_site_device pdu = {.name = "pdu",
	    .address = "snmp://[::1]:1161",
	    .snmp = {.version = 3, .user = "xanh", .auth_protocol = "sha256", .auth = "auth"}};
	struct xn_error err;
	struct xn_url url;

	(void)state;
	assert_int_equal(xn_address_caller(&pdu, dir, &url, &err), XN_OK);
	assert_string_equal(url.host, "::1");
	assert_int_equal(url.version, 3);
	assert_string_equal(url.user, "xanh");
	assert_int_equal(url.auth, XN_AUTH_SHA256);
	assert_string_equal(url.auth_pass, "authauth1");
	pdu.address = "modbus://[::1]:502?unit=1";
	assert_int_equal(xn_address_caller(&pdu, dir, &url, &err), XN_OK);
	assert_string_equal(url.host, "::1");
	pdu.snmp.auth = "short";
	assert_int_equal(xn_address_caller(&pdu, dir, &url, &err), XN_EINVALID);
	assert_null(strstr(err.text, "short"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_device_is_known_by_the_settings_it_is_polled_with, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_modbus_device_with_snmp_settings_can_call, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		devices_that_cannot_call_are_no_fault, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		the_settings_of_version_3_come_with_their_secrets, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
