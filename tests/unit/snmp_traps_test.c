/* The trap receiver with real packets on loopback: our own bytes, and those of snmptrap and
 * snmpinform. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/loop.h"
#include "drivers/snmp_library.h"
#include "drivers/snmp_traps.h"
#include "tests/lib/dice.h"

/* upsOnBattery of an APC card (PowerNet, enterprise 318, specific 5). */
#define TRAP_OID      "1.3.6.1.4.1.318.0.5"
#define ENGINE        "0x80001f8804646576696365"
#define OTHER_ENGINE  "0x80001f88046f74686572"
#define POLLED_ENGINE "0x80001f8804706f6c6c"
#define V3_URL        "?version=3&user=xanh&auth=SHA&authpass=authauth1&priv=AES&privpass=privpriv1"

static const uint8_t device_engine[] = {0x80, 0x00, 0x1f, 0x88, 0x04, 'd', 'e', 'v', 'i', 'c', 'e'};
/* Clocks of engines are the process's: a story that moves one on has its own. */
static const uint8_t other_engine[] = {0x80, 0x00, 0x1f, 0x88, 0x04, 'o', 't', 'h', 'e', 'r'};
static const uint8_t polled_engine[] = {0x80, 0x00, 0x1f, 0x88, 0x04, 'p', 'o', 'l', 'l'};
static struct xn_snmp_engine engine = {
    .id = {0x80, 0x00, 0x1f, 0x88, 0x04, 'x', 'a', 'n', 'h'}, .size = 9, .boots = 1};

static struct xn_snmp_traps *traps;
static unsigned calls[8]; /* by device */
static char refusal[128]; /* the last */
static int64_t now_ms;

static void
on_call(void *context, uint32_t device)
{
	(void)context;
	assert_in_range(device, 0, 7);
	calls[device]++;
}

static void
on_refusal(void *context, uint32_t device, const char *why)
{
	(void)context;
	snprintf(refusal, sizeof(refusal), "%u: %s", device, why);
}

static const struct xn_trap_listener listener = {.called = on_call, .refused = on_refusal};

static int64_t
take(void)
{
	return xn_snmp_traps_take(traps, now_ms, &listener);
}

static int
set_up(void **state)
{
	(void)state;
	memset(calls, 0, sizeof(calls));
	refusal[0] = '\0';
	now_ms = 1000000;
	return xn_snmp_traps_open(&traps, 0, &engine, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	xn_snmp_traps_close(traps);
	return 0;
}

static void
add(uint32_t device, const char *url)
{
	struct xn_url parsed;

	assert_int_equal(xn_url_parse(url, &parsed, NULL), XN_OK);
	assert_int_equal(xn_snmp_traps_add(traps, device, &parsed, NULL), XN_OK);
}

/* ---- senders ---- */

/* A socket at `from` whose packets go to the receiver at `to`. */
static int
dial(const char *from, const char *to)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	inet_pton(AF_INET, from, &at.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	inet_pton(AF_INET, to, &at.sin_addr);
	at.sin_port = htons((uint16_t)xn_snmp_traps_port(traps));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void
send_from(const char *from, const void *bytes, size_t size)
{
	int fd = dial(from, "127.0.0.1");

	assert_int_equal(send(fd, bytes, size, 0), size);
	close(fd);
}

/* A trap or inform of version 2c (or the empty PDU of another tag), without variables. */
static size_t
notification(const char *community, uint8_t tag, uint8_t request, uint8_t ret_bytes[256])
{
	uint8_t pdu[] = {
	    tag, 0x0b, 0x02, 0x01, request, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x00};
	size_t length = strlen(community);
	uint8_t head[] = {
	    0x30, (uint8_t)(5 + length + sizeof(pdu)), 0x02, 0x01, 0x01, 0x04, (uint8_t)length};

	memcpy(ret_bytes, head, sizeof(head));
	memcpy(ret_bytes + sizeof(head), community, length);
	memcpy(ret_bytes + sizeof(head) + length, pdu, sizeof(pdu));
	return sizeof(head) + length + sizeof(pdu);
}

static void
trap_from(const char *from, const char *community)
{
	uint8_t bytes[256];

	send_from(from, bytes, notification(community, 0xa7, 1, bytes));
}

/* Runs a command line, and takes what comes until it ends: its exit code. */
static int
run_line(const char *line)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		setenv("MIBS", "", 1);
		setenv("SNMPCONFPATH", "/dev/null/none", 1);
		setenv("SNMP_PERSISTENT_DIR", "/dev/null/none", 1);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct pollfd waiting = {.fd = xn_snmp_traps_fd(traps), .events = POLLIN};

		poll(&waiting, 1, 10);
		take();
	}
	take();
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* snmptrap or snmpinform with these words, before the receiver's address and the trap. */
static int
run(const char *command, const char *options)
{
	char line[1024];

	snprintf(line, sizeof(line),
	    "exec %s -t 1 -r 1 %s udp:127.0.0.1:%d '' " TRAP_OID " >/dev/null 2>&1", command,
	    options, xn_snmp_traps_port(traps));
	return run_line(line);
}

static void
need_commands(void)
{
	if (system("command -v snmptrap >/dev/null && command -v snmpinform >/dev/null") != 0) {
		print_message("snmptrap is not installed (package snmp)\n");
		skip();
	}
}

#define SOON  "-t 0.4 -r 0 "
#define KEYS  "-u xanh -a SHA -A authauth1 -x AES -X privpriv1 -l authPriv "
#define TIMES "-e " ENGINE " -Z 3,4000 "

/* An authPriv trap of `device`'s engine and user "xanh", whose digest is wrong. */
static const uint8_t forged[] = {0x30, 0x53, 0x02, 0x01, 0x03, 0x30, 0x0f, 0x02, 0x02, 0x01, 0x02,
    0x02, 0x03, 0x00, 0xff, 0xe3, 0x04, 0x01, 0x03, 0x02, 0x01, 0x03, 0x04, 0x33, 0x30, 0x31, 0x04,
    0x0b, 0x80, 0x00, 0x1f, 0x88, 0x04, 'd', 'e', 'v', 'i', 'c', 'e', 0x02, 0x01, 0x07, 0x02, 0x01,
    0x63, 0x04, 0x04, 'x', 'a', 'n', 'h', 0x04, 0x0c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x04,
    0x08, 1, 2, 3, 4, 5, 6, 7, 8, 0x04, 0x08, 9, 9, 9, 9, 9, 9, 9, 9};

/* ---- stories ---- */

static void
a_trap_of_the_devices_address_and_community_is_told(void **state)
{
	(void)state;
	add(1, "snmp://127.0.0.1?community=green");
	add(2, "snmp://127.0.0.2?community=green");
	trap_from("127.0.0.1", "green");
	take();
	assert_int_equal(calls[1], 1);
	assert_int_equal(calls[2], 0);
	assert_string_equal(refusal, "");
}

static void
another_community_is_refused_however_near_it_is(void **state)
{
	static const char *const others[] = {
	    "", "g", "gree", "greem", "greens", "Green", "green\x01", "public"};
	uint8_t bytes[256];
	size_t size;

	(void)state;
	add(1, "snmp://127.0.0.1?community=green");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		trap_from("127.0.0.1", others[i]);
	size = notification("green.", 0xa7, 1, bytes);
	bytes[12] = '\0'; /* a sixth letter that a comparison of texts would not see */
	send_from("127.0.0.1", bytes, size);
	take();
	assert_int_equal(calls[1], 0);
	assert_string_equal(refusal, "1: another community");
	assert_int_equal(
	    xn_snmp_traps_counts(traps).refused, sizeof(others) / sizeof(others[0]) + 1);
}

static void
a_stranger_is_not_even_read(void **state)
{
	(void)state;
	add(1, "snmp://127.0.0.1?community=green");
	trap_from("127.0.0.9", "green");
	take();
	assert_int_equal(calls[1], 0);
	assert_int_equal(xn_snmp_traps_counts(traps).strangers, 1);
	assert_string_equal(refusal, "");
}

static void
a_device_that_has_only_a_name_cannot_call(void **state)
{
	struct xn_url url;

	(void)state;
	assert_int_equal(xn_url_parse("snmp://localhost?community=green", &url, NULL), XN_OK);
	assert_int_equal(xn_snmp_traps_add(traps, 1, &url, NULL), XN_ENOTFOUND);
}

static void
devices_behind_one_address_are_told_apart_by_community(void **state)
{
	(void)state;
	add(1, "snmp://127.0.0.1?community=green");
	add(2, "snmp://127.0.0.1?community=blue&version=1");
	add(3, "snmp://127.0.0.1?community=blue");
	trap_from("127.0.0.1", "blue");
	take();
	assert_int_equal(calls[1], 0);
	assert_int_equal(calls[2], 1);
	assert_int_equal(calls[3], 1);
}

static void
of_devices_behind_one_address_the_nearest_is_refused(void **state)
{
	(void)state;
	add(1, "snmp://127.0.0.1?community=green");
	add(2, "snmp://127.0.0.1?version=3&user=root");
	send_from("127.0.0.1", forged, sizeof(forged));
	take();
	assert_string_equal(refusal, "2: another SNMPv3 user");
	trap_from("127.0.0.1", "blue");
	take();
	assert_string_equal(refusal, "1: another community");
}

static void
a_device_of_version_2c_is_not_heard_by_version_3(void **state)
{
	(void)state;
	add(1, "snmp://127.0.0.1?community=green");
	send_from("127.0.0.1", forged, sizeof(forged));
	take();
	assert_string_equal(refusal, "1: SNMPv3, which is not its version");
}

static void
ipv6_is_heard_on_the_same_port(void **state)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	uint8_t bytes[256];
	size_t size = notification("green", 0xa7, 1, bytes);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	add(1, "snmp://[::1]?community=green");
	to.sin6_port = htons((uint16_t)xn_snmp_traps_port(traps));
	if (sendto(fd, bytes, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		print_message("no IPv6 here: %s\n", strerror(errno));
		skip();
	}
	close(fd);
	take();
	assert_int_equal(calls[1], 1);
}

static void
an_inform_is_answered_from_the_address_it_was_sent_to(void **state)
{
	uint8_t bytes[256], wanted[256], got[256];
	size_t size = notification("green", 0xa6, 77, bytes);
	int fd;

	(void)state;
	notification("green", 0xa2, 77, wanted); /* a Response of the same request */
	add(1, "snmp://127.0.0.1?community=green");
	fd = dial("127.0.0.1", "127.0.0.3"); /* takes nothing from another address */
	assert_int_equal(send(fd, bytes, size, 0), size);
	take();
	assert_int_equal(calls[1], 1);
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), size);
	assert_memory_equal(got, wanted, size);
	size = notification("grey", 0xa6, 78, bytes);
	assert_int_equal(send(fd, bytes, size, 0), size);
	take();
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
	close(fd);
}

static void
what_comes_in_the_pause_is_told_once_when_it_ends(void **state)
{
	(void)state;
	add(1, "snmp://127.0.0.1?community=green");
	trap_from("127.0.0.1", "green");
	assert_true(take() == INT64_MAX);
	assert_int_equal(calls[1], 1);
	now_ms += 500;
	for (int i = 0; i < 3; i++)
		trap_from("127.0.0.1", "green");
	assert_int_equal(take(), 1500);
	now_ms += 1499;
	assert_int_equal(take(), 1);
	assert_int_equal(calls[1], 1);
	now_ms += 1;
	assert_true(take() == INT64_MAX);
	assert_int_equal(calls[1], 2);
	now_ms += 60000;
	assert_true(take() == INT64_MAX);
	assert_int_equal(calls[1], 2);
}

static void
no_more_callers_than_there_is_room_for(void **state)
{
	struct xn_url url;

	(void)state;
	assert_int_equal(xn_url_parse("snmp://127.0.0.1?community=green", &url, NULL), XN_OK);
	for (unsigned i = 0; i < XN_TRAP_CALLERS_MAX; i++)
		assert_int_equal(xn_snmp_traps_add(traps, i, &url, NULL), XN_OK);
	assert_int_equal(xn_snmp_traps_add(traps, 7, &url, NULL), XN_EFULL);
}

static void
real_traps_and_informs_of_versions_1_and_2c_are_understood(void **state)
{
	(void)state;
	need_commands();
	add(1, "snmp://127.0.0.1?community=green");
	assert_int_equal(run("snmptrap", "-v2c -c green"), 0);
	assert_int_equal(calls[1], 1);
	now_ms += XN_TRAP_PAUSE_MS;
	assert_int_equal(run("snmpinform", "-v2c -c green"), 0);
	assert_int_equal(calls[1], 2);
	assert_int_equal(xn_snmp_traps_counts(traps).answered, 1);
	now_ms += XN_TRAP_PAUSE_MS;
	assert_int_not_equal(run("snmpinform", SOON "-v2c -c grey"), 0);
	assert_int_equal(calls[1], 2);
}

static void
a_real_trap_of_version_1_is_understood(void **state)
{
	char line[256];

	(void)state;
	need_commands();
	add(1, "snmp://127.0.0.1?community=green");
	snprintf(line, sizeof(line),
	    "exec snmptrap -v1 -c green udp:127.0.0.1:%d 1.3.6.1.4.1.318 127.0.0.1 6 5 4711 "
	    "2>/dev/null",
	    xn_snmp_traps_port(traps));
	assert_int_equal(run_line(line), 0);
	assert_int_equal(calls[1], 1);
}

static void
a_trap_of_version_3_counts_once_the_engine_is_known(void **state)
{
	(void)state;
	need_commands();
	add(1, "snmp://127.0.0.1" V3_URL);
	assert_int_equal(run("snmptrap", "-v3 " KEYS TIMES), 0);
	assert_int_equal(calls[1], 0);
	assert_string_equal(refusal, "1: another SNMPv3 engine, or the device was never read");
	xn_snmp_traps_engine(traps, 1, device_engine, sizeof(device_engine));
	assert_int_equal(run("snmptrap", "-v3 " KEYS TIMES), 0);
	assert_int_equal(calls[1], 1);
}

/* What `options` send is refused in these words, and told to nobody. */
static void
expect_refusal(const char *options, const char *words)
{
	refusal[0] = '\0';
	now_ms += XN_TRAP_PAUSE_MS;
	assert_int_equal(run("snmptrap", options), 0);
	assert_string_equal(refusal, words);
	assert_int_equal(calls[1], 0);
}

static void
a_trap_of_version_3_with_anything_wrong_is_refused(void **state)
{
	(void)state;
	need_commands();
	add(1, "snmp://127.0.0.1" V3_URL);
	add(2, "snmp://127.0.0.2" V3_URL);
	xn_snmp_traps_engine(traps, 1, device_engine, sizeof(device_engine));
	expect_refusal("-v3 " TIMES "-u xanh -a SHA -A authauth2 -x AES -X privpriv1 -l authPriv",
	    "1: wrong SNMPv3 key");
	expect_refusal("-v3 " TIMES "-u xanh -a SHA -A authauth1 -x AES -X privpriv2 -l authPriv",
	    "1: wrong SNMPv3 privacy key, or an old packet");
	expect_refusal("-v3 " TIMES "-u xanh -a SHA -A authauth1 -l authNoPriv",
	    "1: below the device's SNMPv3 security level");
	expect_refusal(
	    "-v3 " TIMES "-u xanh -l noAuthNoPriv", "1: below the device's SNMPv3 security level");
	expect_refusal("-v3 " TIMES "-u root -a SHA -A authauth1 -x AES -X privpriv1 -l authPriv",
	    "1: another SNMPv3 user");
	expect_refusal("-v3 -e " OTHER_ENGINE " -Z 3,4000 " KEYS,
	    "1: another SNMPv3 engine, or the device was never read");
	expect_refusal("-v2c -c xanh", "1: not SNMPv3");
	assert_int_equal(run("snmptrap", "-v3 " KEYS TIMES), 0);
	assert_int_equal(calls[1], 1); /* the right one still counts */
	assert_int_equal(calls[2], 0);
}

/*
 * Without privacy the library hands a packet with a wrong key on as if it were read: this is the
 * place where it would be believed.
 */
static void
a_wrong_key_without_privacy_is_refused_too(void **state)
{
	(void)state;
	need_commands();
	add(1, "snmp://127.0.0.1?version=3&user=xanh&auth=SHA256&authpass=authauth1");
	xn_snmp_traps_engine(traps, 1, device_engine, sizeof(device_engine));
	expect_refusal(
	    "-v3 " TIMES "-u xanh -a SHA-256 -A authauth2 -l authNoPriv", "1: wrong SNMPv3 key");
	assert_int_equal(
	    run("snmptrap", "-v3 " TIMES "-u xanh -a SHA-256 -A authauth1 -l authNoPriv"), 0);
	assert_int_equal(calls[1], 1);
}

static void
a_recorded_trap_is_not_believed_again(void **state)
{
	(void)state;
	need_commands();
	add(1, "snmp://127.0.0.1" V3_URL);
	xn_snmp_traps_engine(traps, 1, other_engine, sizeof(other_engine));
	assert_int_equal(run("snmptrap", "-v3 " KEYS "-e " OTHER_ENGINE " -Z 9,8000"), 0);
	assert_int_equal(calls[1], 1);
	calls[1] = 0;
	expect_refusal("-v3 " KEYS "-e " OTHER_ENGINE " -Z 9,7000",
	    "1: wrong SNMPv3 privacy key, or an old packet");
	expect_refusal("-v3 " KEYS "-e " OTHER_ENGINE " -Z 8,9000",
	    "1: wrong SNMPv3 privacy key, or an old packet");
}

/* The clock by which a poll of this engine would be sent. */
static u_int
boots_of(const uint8_t *id, size_t size)
{
	u_int boots, time;

	xn_snmp_library_lock();
	assert_int_equal(get_enginetime(id, (u_int)size, &boots, &time, TRUE), SNMPERR_SUCCESS);
	xn_snmp_library_unlock();
	return boots;
}

static void
a_trap_does_not_move_the_clock_that_polling_goes_by(void **state)
{
	(void)state;
	need_commands();
	add(1, "snmp://127.0.0.1" V3_URL);
	xn_snmp_traps_engine(traps, 1, polled_engine, sizeof(polled_engine));
	xn_snmp_library_lock();
	set_enginetime(polled_engine, sizeof(polled_engine), 20, 100, TRUE); /* as a poll does */
	xn_snmp_library_unlock();
	assert_int_equal(run("snmptrap", "-v3 " KEYS "-e " POLLED_ENGINE " -Z 7000,5"), 0);
	assert_int_equal(calls[1], 1);
	assert_int_equal(boots_of(polled_engine, sizeof(polled_engine)), 20);
}

/* Two cards of one engine, as some are made: the poller has entered the other one's user. */
static void
the_pollers_user_is_neither_used_nor_lost(void **state)
{
	struct xn_snmp_keys keys;
	netsnmp_session session;
	struct xn_url url;

	(void)state;
	need_commands();
	assert_int_equal(
	    xn_url_parse(
		"snmp://127.0.0.2?version=3&user=xanh&auth=SHA&authpass=another1", &url, NULL),
	    XN_OK);
	xn_snmp_library_lock();
	assert_int_equal(xn_snmp_keys_derive(&url, &keys, NULL), XN_OK);
	snmp_sess_init(&session);
	xn_snmp_keys_use(&keys, &url, &session);
	session.securityEngineID = netsnmp_memdup(device_engine, sizeof(device_engine));
	session.securityEngineIDLen = sizeof(device_engine);
	assert_int_equal(usm_create_user_from_session(&session), SNMPERR_SUCCESS);
	free(session.securityEngineID);
	xn_snmp_library_unlock();
	add(1, "snmp://127.0.0.1" V3_URL);
	xn_snmp_traps_engine(traps, 1, device_engine, sizeof(device_engine));
	assert_int_equal(run("snmptrap", "-v3 " KEYS TIMES), 0);
	assert_int_equal(calls[1], 1);
	xn_snmp_library_lock();
	assert_int_equal(usm_get_user(device_engine, sizeof(device_engine), "xanh")->privKeyLen, 0);
	xn_snmp_library_unlock();
}

static void
an_inform_of_version_3_is_answered(void **state)
{
	(void)state;
	need_commands();
	add(1, "snmp://127.0.0.1" V3_URL);
	assert_int_equal(run("snmpinform", "-v3 " KEYS), 0);
	assert_int_equal(calls[1], 1);
	now_ms += XN_TRAP_PAUSE_MS;
	assert_int_not_equal(
	    run("snmpinform",
		SOON "-v3 -u xanh -a SHA -A authauth2 -x AES -X privpriv1 -l authPriv"),
	    0);
	assert_string_equal(refusal, "1: wrong SNMPv3 key");
	now_ms += XN_TRAP_PAUSE_MS;
	assert_int_not_equal(
	    run("snmpinform",
		SOON "-v3 -u root -a SHA -A authauth1 -x AES -X privpriv1 -l authPriv"),
	    0);
	assert_int_equal(calls[1], 1);
}

/* Two devices may use one name with different passphrases: each key is good at its own address. */
static void
a_user_of_one_device_is_not_the_user_of_another(void **state)
{
	(void)state;
	need_commands();
	add(2, "snmp://127.0.0.2?version=3&user=xanh&auth=SHA&authpass=authauth9");
	add(1, "snmp://127.0.0.1" V3_URL);
	assert_int_equal(run("snmpinform", "-v3 " KEYS), 0);
	assert_int_not_equal(run("snmpinform",
				 SOON "-v3 -u xanh -a SHA -A authauth9 -l authNoPriv "
				      "--clientaddr=127.0.0.1"),
	    0);
	assert_int_equal(run("snmpinform",
			     "-v3 -u xanh -a SHA -A authauth9 -l authNoPriv "
			     "--clientaddr=127.0.0.2"),
	    0);
	assert_int_equal(calls[1], 1);
	assert_int_equal(calls[2], 1);
}

/* ---- a sender that remembers ---- */

/* To the sender, the receiver has been up for an hour longer. */
static void
let_an_hour_pass(void)
{
	u_int boots, time;

	if (get_enginetime(engine.id, (u_int)engine.size, &boots, &time, TRUE) == SNMPERR_SUCCESS)
		set_enginetime(engine.id, (u_int)engine.size, boots, time + 3600, TRUE);
}

/*
 * In a process of its own: one session, which finds our engine once, and an inform for each byte
 * that comes down the pipe. Answers 'y' or 'n'.
 */
static void
inform_on_order(int port, int orders, int answers)
{
	static const u_char own[] = {0x80, 0x00, 0x1f, 0x88, 0x04, 's', 'e', 'n', 'd'};
	static const oid up_time[] = {1, 3, 6, 1, 2, 1, 1, 3, 0};
	static const oid trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
	struct xn_snmp_keys keys;
	netsnmp_session session;
	struct xn_url url;
	char peer[64], order;
	void *handle;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the story */
	xn_snmp_library_lock();
	set_exact_engineID(own, sizeof(own));
	xn_url_parse("snmp://127.0.0.1" V3_URL, &url, NULL);
	snmp_sess_init(&session);
	snprintf(peer, sizeof(peer), "udp:127.0.0.1:%d", port);
	session.peername = peer;
	session.retries = 2;
	session.timeout = 400000;
	xn_snmp_keys_derive(&url, &keys, NULL);
	xn_snmp_keys_use(&keys, &url, &session);
	handle = snmp_sess_open(&session);
	while (handle != NULL && read(orders, &order, 1) == 1) {
		netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_INFORM);
		netsnmp_pdu *reply = NULL;
		u_long ticks = 4711;
		int result;

		snmp_pdu_add_variable(
		    pdu, up_time, OID_LENGTH(up_time), ASN_TIMETICKS, &ticks, sizeof(ticks));
		snmp_pdu_add_variable(
		    pdu, trap_oid, OID_LENGTH(trap_oid), ASN_OBJECT_ID, up_time, sizeof(up_time));
		result = snmp_sess_synch_response(handle, pdu, &reply);
		order = result == STAT_SUCCESS && reply->command == SNMP_MSG_RESPONSE ? 'y' : 'n';
		if (reply != NULL)
			snmp_free_pdu(reply);
		let_an_hour_pass();
		if (write(answers, &order, 1) != 1)
			break;
	}
	_exit(0);
}

/* Orders an inform, and takes until the sender says how it went: 'y', or 'n', or nothing in time.
 */
static char
inform_goes(int orders, int answers)
{
	struct pollfd waiting[] = {
	    {.fd = answers, .events = POLLIN}, {.fd = xn_snmp_traps_fd(traps), .events = POLLIN}};
	char word = 'i';

	assert_int_equal(write(orders, &word, 1), 1);
	for (int turns = 0; turns < 500 && waiting[0].revents == 0; turns++) {
		poll(waiting, 2, 10);
		take();
	}
	return waiting[0].revents == POLLIN && read(answers, &word, 1) == 1 ? word : 'n';
}

static void
start_again(uint32_t boots)
{
	struct xn_snmp_engine again = engine;
	int port = xn_snmp_traps_port(traps);

	again.boots = boots;
	xn_snmp_traps_close(traps);
	traps = NULL;
	assert_int_equal(xn_snmp_traps_open(&traps, port, &again, NULL), XN_OK);
	add(1, "snmp://127.0.0.1" V3_URL);
	now_ms += XN_TRAP_PAUSE_MS;
}

static void
informs_survive_a_restart_with_the_next_boots_and_only_so(void **state)
{
	int orders[2], answers[2];
	pid_t child;

	(void)state;
	add(1, "snmp://127.0.0.1" V3_URL);
	assert_int_equal(pipe(orders) | pipe(answers), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int port = xn_snmp_traps_port(traps);

		close(xn_snmp_traps_fd(traps)); /* or the port stays taken */
		close(orders[1]);
		inform_on_order(port, orders[0], answers[1]);
	}
	assert_int_equal(inform_goes(orders[1], answers[0]), 'y');
	assert_int_equal(calls[1], 1);
	start_again(2);
	assert_int_equal(inform_goes(orders[1], answers[0]), 'y');
	assert_int_equal(calls[1], 2);
	start_again(2); /* as if boots were not kept */
	assert_int_equal(inform_goes(orders[1], answers[0]), 'n');
	assert_int_equal(calls[1], 2);
	start_again(3);
	assert_int_equal(inform_goes(orders[1], answers[0]), 'y');
	assert_int_equal(calls[1], 3);
	for (int i = 0; i < 2; i++) {
		close(orders[i]);
		close(answers[i]);
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* ---- bursts and bad bytes ---- */

static void
while_another_thread_is_in_the_library_nothing_waits(void **state)
{
	(void)state;
	need_commands();
	add(1, "snmp://127.0.0.1" V3_URL);
	add(2, "snmp://127.0.0.2?community=green");
	xn_snmp_traps_engine(traps, 1, device_engine, sizeof(device_engine));
	xn_snmp_library_lock(); /* here, for the poller's thread */
	assert_int_equal(run("snmptrap", "-v3 " KEYS TIMES), 0);
	trap_from("127.0.0.2", "green");
	assert_int_equal(take(), XN_TRAP_RETRY_MS);
	assert_int_equal(calls[1], 0);
	assert_int_equal(calls[2], 1);
	xn_snmp_library_unlock();
	assert_true(take() == INT64_MAX);
	assert_int_equal(calls[1], 1);
}

#define SENDERS 4

struct flood {
	int fds[SENDERS];
	uint8_t bytes[SENDERS][256];
	size_t sizes[SENDERS];
};

/* A device gone mad, a guesser, a stranger and a forger. */
static void *
pour(void *argument)
{
	struct flood *flood = argument;

	for (int i = 0; i < 20000; i++)
		if (send(flood->fds[i % SENDERS], flood->bytes[i % SENDERS],
			flood->sizes[i % SENDERS], 0) < 0)
			break;
	return NULL;
}

static int64_t
cpu_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

static void
in_a_flood_of_20000_the_others_are_heard_and_no_turn_is_long(void **state)
{
	struct flood flood = {
	    .fds = {dial("127.0.0.3", "127.0.0.1"), dial("127.0.0.4", "127.0.0.1"),
		dial("127.0.0.5", "127.0.0.1"), dial("127.0.0.6", "127.0.0.1")}};
	int64_t longest_us = 0, all_us = 0;
	int64_t began_ms = xn_clock_monotonic_ms();
	unsigned turns = 0, heard_in_turn = 0;
	uint64_t before = 0;
	pthread_t thread;

	(void)state;
	add(1, "snmp://127.0.0.1?community=green");
	add(3, "snmp://127.0.0.3?community=green");
	add(4, "snmp://127.0.0.4?community=green");
	add(6, "snmp://127.0.0.6" V3_URL);
	xn_snmp_traps_engine(traps, 6, device_engine, sizeof(device_engine));
	flood.sizes[0] = notification("green", 0xa7, 1, flood.bytes[0]);
	flood.sizes[1] = notification("guess", 0xa7, 1, flood.bytes[1]);
	flood.sizes[2] = notification("green", 0xa7, 1, flood.bytes[2]);
	flood.sizes[3] = sizeof(forged);
	memcpy(flood.bytes[3], forged, sizeof(forged));
	assert_int_equal(pthread_create(&thread, NULL, pour, &flood), 0);
	for (int quiet = 0; quiet < 10; turns++) {
		int64_t begin_us = cpu_us();
		int64_t used_us;
		uint64_t packets;

		now_ms = 1000000 + xn_clock_monotonic_ms() - began_ms;
		take();
		used_us = cpu_us() - begin_us;
		all_us += used_us;
		longest_us = used_us > longest_us ? used_us : longest_us;
		packets = xn_snmp_traps_counts(traps).packets;
		assert_true(packets - before <= XN_TRAP_BATCH);
		if (heard_in_turn == 0 && calls[1] > 0)
			heard_in_turn = turns;
		if (calls[1] == 0) /* a full socket may lose one; the device says it again */
			trap_from("127.0.0.1", "green");
		quiet = packets == before ? quiet + 1 : 0;
		before = packets;
		if (quiet > 0)
			poll(NULL, 0, 10);
	}
	pthread_join(thread, NULL);
	print_message("taken %llu of 20000 in %u turns, %.2f us a packet, longest turn %lld us\n",
	    (unsigned long long)before, turns, (double)all_us / (double)before,
	    (long long)longest_us);
	assert_int_equal(calls[1], 1);
	assert_int_equal(calls[4] + calls[6], 0);
	assert_in_range(calls[3], 1, 2 + (xn_clock_monotonic_ms() - began_ms) / XN_TRAP_PAUSE_MS);
	assert_true(longest_us < 20000);
	assert_true(heard_in_turn < turns);
	for (int i = 0; i < SENDERS; i++)
		close(flood.fds[i]);
}

static void
of_many_informs_at_once_only_some_are_answered(void **state)
{
	uint8_t bytes[256];
	size_t size = notification("green", 0xa6, 5, bytes);

	(void)state;
	add(1, "snmp://127.0.0.1?community=green");
	for (int i = 0; i < 60; i++)
		send_from("127.0.0.1", bytes, size);
	take();
	assert_int_equal(xn_snmp_traps_counts(traps).answered, XN_TRAP_TRIES);
	now_ms += XN_TRAP_PAUSE_MS;
	send_from("127.0.0.1", bytes, size);
	take();
	assert_int_equal(xn_snmp_traps_counts(traps).answered, XN_TRAP_TRIES + 1);
}

/* A discovery of our engine as net-snmp sends it, and an inform of authNoPriv without its digest.
 */
static const uint8_t discovery[] = {0x30, 0x3a, 0x02, 0x01, 0x03, 0x30, 0x0f, 0x02, 0x02, 0x01,
    0x02, 0x02, 0x03, 0x00, 0xff, 0xe3, 0x04, 0x01, 0x04, 0x02, 0x01, 0x03, 0x04, 0x10, 0x30, 0x0e,
    0x04, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00, 0x04, 0x00, 0x30, 0x12,
    0x04, 0x00, 0x04, 0x00, 0xa0, 0x0c, 0x02, 0x02, 0x33, 0x44, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00,
    0x30, 0x00};

static void
damaged_packets_are_refused_and_do_no_harm(void **state)
{
	uint8_t whole[2][256];
	size_t sizes[2] = {sizeof(discovery), notification("green", 0xa6, 5, whole[1])};
	struct dice dice = dice_for(4711, "traps");
	int fd = dial("127.0.0.1", "127.0.0.1");

	(void)state;
	memcpy(whole[0], discovery, sizeof(discovery));
	add(1, "snmp://127.0.0.1?community=green");
	add(2, "snmp://127.0.0.1?version=3&user=xanh"); /* so that the library reads it all */
	for (int i = 0; i < 2; i++)
		for (size_t size = 0; size < sizes[i]; size++) {
			now_ms += XN_TRAP_PAUSE_MS;
			assert_int_equal(send(fd, whole[i], size, 0), size);
			take();
			assert_string_equal(refusal, "1: not a trap");
		}
	assert_int_equal(calls[1] + calls[2], 0);
	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[256];
		size_t size = sizes[i % 2];

		memcpy(bytes, whole[i % 2], size);
		for (int64_t hits = dice_between(&dice, 1, 4); hits > 0; hits--)
			bytes[dice_between(&dice, 0, (int64_t)size - 1)] =
			    (uint8_t)dice_next(&dice);
		now_ms += XN_TRAP_PAUSE_MS;
		assert_int_equal(send(fd, bytes, size, 0), size);
		take();
	}
	close(fd);
	now_ms += XN_TRAP_PAUSE_MS;
	calls[1] = 0;
	trap_from("127.0.0.1", "green");
	take();
	assert_int_equal(calls[1], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_trap_of_the_devices_address_and_community_is_told, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		another_community_is_refused_however_near_it_is, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_stranger_is_not_even_read, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_device_that_has_only_a_name_cannot_call, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		devices_behind_one_address_are_told_apart_by_community, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		of_devices_behind_one_address_the_nearest_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_device_of_version_2c_is_not_heard_by_version_3, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(ipv6_is_heard_on_the_same_port, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		an_inform_is_answered_from_the_address_it_was_sent_to, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_comes_in_the_pause_is_told_once_when_it_ends, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		no_more_callers_than_there_is_room_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		real_traps_and_informs_of_versions_1_and_2c_are_understood, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_real_trap_of_version_1_is_understood, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_trap_of_version_3_counts_once_the_engine_is_known, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_trap_of_version_3_with_anything_wrong_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_wrong_key_without_privacy_is_refused_too, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_recorded_trap_is_not_believed_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_trap_does_not_move_the_clock_that_polling_goes_by, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		the_pollers_user_is_neither_used_nor_lost, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_inform_of_version_3_is_answered, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_user_of_one_device_is_not_the_user_of_another, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		informs_survive_a_restart_with_the_next_boots_and_only_so, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		while_another_thread_is_in_the_library_nothing_waits, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		in_a_flood_of_20000_the_others_are_heard_and_no_turn_is_long, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		of_many_informs_at_once_only_some_are_answered, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		damaged_packets_are_refused_and_do_no_harm, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
