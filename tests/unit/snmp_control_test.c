/*
 * SNMP control on the wire: a device on loopback that keeps the type of every PDU it was sent. What
 * is not allowed must not send a byte, and a SET is sent once.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/hub.h"
#include "drivers/snmp_control.h"

#define NOON     INT64_C(1700000000000)
#define GET      0xa0
#define RESPONSE 0xa2
#define SET      0xa3
#define SENT_MAX 32

/* ---- the device: one object, small enough that every length is one byte ---- */

struct device {
	int door;
	pthread_t thread;
	uint8_t value;
	bool deaf;    /* answers a SET without doing it */
	bool mute;    /* does it without answering */
	bool refuses; /* notWritable */
	uint8_t pdus[SENT_MAX];
	unsigned sent;
};

/* Where the PDU begins: behind the version and the community. */
static uint8_t *
pdu_of(uint8_t *message)
{
	uint8_t *community = message + 5;

	return community + 2 + community[1];
}

/* The request, with the value that stands here in the place of the one it had or had not. */
static size_t
answer(const struct device *device, uint8_t *message, size_t length)
{
	uint8_t *pdu = pdu_of(message);
	uint8_t *error = pdu + 2 + 2 + pdu[3]; /* behind the request's number */
	uint8_t *list = error + 6;
	uint8_t *name = list + 4;
	uint8_t *value = name + 2 + name[1];
	int more = 3 - (int)(message + length - value);

	value[0] = 2;
	value[1] = 1;
	value[2] = device->value;
	pdu[0] = RESPONSE;
	error[2] = device->refuses ? 17 : 0;
	message[1] = (uint8_t)(message[1] + more);
	pdu[1] = (uint8_t)(pdu[1] + more);
	list[1] = (uint8_t)(list[1] + more);
	list[3] = (uint8_t)(list[3] + more);
	return (size_t)((int)length + more);
}

static void *
run_device(void *argument)
{
	struct device *device = argument;
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);
	uint8_t message[256];
	ssize_t got;

	while ((got = recvfrom(device->door, message, sizeof(message) - 8, 0,
		    (struct sockaddr *)&peer, &size)) > 0) {
		uint8_t command = pdu_of(message)[0];

		if (device->sent < SENT_MAX)
			device->pdus[device->sent++] = command;
		if (command == SET && !device->deaf && !device->refuses)
			device->value = message[got - 1];
		if (command == SET && device->mute)
			continue;
		sendto(device->door, message, answer(device, message, (size_t)got), 0,
		    (struct sockaddr *)&peer, size);
	}
	return NULL;
}

/* ---- the stand ---- */

struct stand {
	struct device device;
	struct xn_url url;
	struct xn_snmp_control *snmp;
	struct xn_arena arena;
	struct xn_allow_list *list;
	struct xn_control *control;
	char journal[64];
	struct xn_error err;
};

static const char allowed[] =
    "kind: allow-list\n"
    "allow:\n"
    "  - {device: pdu, name: outlet.1, oid: 1.3.6.1.4.1.318.1.1, least: 1, most: 2, per_hour: 30,"
    " apart: 1 s}\n"
    "  - {device: crac, name: stop, coil: 3, least: 0, most: 1, per_hour: 3, apart: 10 s}\n";

static void
read_allow_list(struct stand *stand)
{
	char path[] = "/tmp/xanh-snmp-control-XXXXXX";
	int fd = mkstemp(path);
	struct xn_problems problems;

	assert_int_equal(write(fd, allowed, strlen(allowed)), strlen(allowed));
	close(fd);
	xn_arena_map(&stand->arena, 32 << 20);
	xn_problems_init(&problems, &stand->arena);
	assert_int_equal(
	    xn_allow_list_read(&stand->arena, path, &problems, &stand->list, &stand->err), XN_OK);
	assert_non_null(stand->list);
	unlink(path);
}

static int
set_up(void **state)
{
	struct stand *stand = calloc(1, sizeof(*stand));
	struct sockaddr_in here = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);
	char text[64];

	stand->device.door = socket(AF_INET, SOCK_DGRAM, 0);
	stand->device.value = 1;
	assert_int_equal(bind(stand->device.door, (struct sockaddr *)&here, size), 0);
	getsockname(stand->device.door, (struct sockaddr *)&here, &size);
	pthread_create(&stand->device.thread, NULL, run_device, &stand->device);
	snprintf(text, sizeof(text), "snmp://127.0.0.1:%u?community=rw", ntohs(here.sin_port));
	assert_int_equal(xn_url_parse(text, &stand->url, &stand->err), XN_OK);
	assert_int_equal(
	    xn_snmp_control_open(&stand->snmp, &stand->url, "pdu", &stand->err), XN_OK);
	snprintf(stand->journal, sizeof(stand->journal), "/tmp/xanh-snmp-journal-%d", getpid());
	unlink(stand->journal);
	read_allow_list(stand);
	assert_int_equal(
	    xn_control_open(&stand->control, stand->list, stand->journal, &stand->err), XN_OK);
	*state = stand;
	return 0;
}

static int
tear_down(void **state)
{
	struct stand *stand = *state;

	xn_control_close(stand->control);
	xn_snmp_control_close(stand->snmp);
	shutdown(stand->device.door, SHUT_RDWR);
	pthread_join(stand->device.thread, NULL);
	close(stand->device.door);
	xn_arena_unmap(&stand->arena);
	unlink(stand->journal);
	free(stand);
	return 0;
}

/* Asks for a permit and carries it out. */
static int
set_value(struct stand *stand, const char *device, const char *name, int64_t value)
{
	struct xn_control_port port = xn_snmp_control_port(stand->snmp);
	const struct xn_permit *permit;
	int code = xn_control_permit(
	    stand->control, device, name, value, (xn_instant){NOON}, &permit, &stand->err);

	if (code == XN_OK)
		code = xn_control_carry_out(
		    stand->control, permit, &port, xn_deadline_in(2000), &stand->err);
	return code;
}

static unsigned
count_of(const struct stand *stand, uint8_t command)
{
	unsigned count = 0;

	for (unsigned i = 0; i < stand->device.sent; i++)
		count += stand->device.pdus[i] == command;
	return count;
}

/* ---- stories ---- */

static void
an_outlet_is_switched_and_read_back(void **state)
{
	struct stand *stand = *state;

	assert_int_equal(set_value(stand, "pdu", "outlet.1", 2), XN_OK);
	assert_int_equal(stand->device.value, 2);
	assert_int_equal(stand->device.sent, 2);
	assert_int_equal(stand->device.pdus[0], SET);
	assert_int_equal(stand->device.pdus[1], GET);
}

static void
what_is_not_allowed_sends_no_byte(void **state)
{
	struct stand *stand = *state;

	assert_int_equal(set_value(stand, "pdu", "outlet.2", 2), XN_EREFUSED);
	assert_int_equal(set_value(stand, "pdu", "outlet.1", 3), XN_EREFUSED);
	assert_int_equal(set_value(stand, "pdu-b", "outlet.1", 2), XN_EREFUSED);
	/* A coil is none of an SNMP device, though it is on the list. */
	assert_int_equal(set_value(stand, "crac", "stop", 1), XN_EREFUSED);
	assert_int_equal(stand->device.sent, 0);
}

static void
a_device_that_refuses_is_reported(void **state)
{
	struct stand *stand = *state;

	stand->device.refuses = true;
	assert_int_equal(set_value(stand, "pdu", "outlet.1", 2), XN_EDEVICE);
	assert_non_null(strstr(stand->err.text, "notWritable"));
}

static void
what_reads_back_differently_is_reported(void **state)
{
	struct stand *stand = *state;

	stand->device.deaf = true;
	assert_int_equal(set_value(stand, "pdu", "outlet.1", 2), XN_EDEVICE);
	assert_string_equal(stand->err.text, "outlet.1 of pdu: wrote 2, reads 1");
	assert_int_equal(count_of(stand, SET), 1);
}

/* An outlet that is told twice to reboot does so twice. */
static void
a_set_whose_answer_is_lost_is_sent_once_and_read_back(void **state)
{
	struct stand *stand = *state;

	stand->device.mute = true;
	assert_int_equal(set_value(stand, "pdu", "outlet.1", 2), XN_OK);
	assert_int_equal(stand->device.value, 2);
	assert_int_equal(count_of(stand, SET), 1);
}

static void
a_set_nobody_answers_is_reported(void **state)
{
	struct stand *stand = *state;

	stand->device.mute = true;
	stand->device.deaf = true;
	assert_int_equal(set_value(stand, "pdu", "outlet.1", 2), XN_EUNREACHABLE);
	assert_int_equal(count_of(stand, SET), 1);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(an_outlet_is_switched_and_read_back),
	    STORY(what_is_not_allowed_sends_no_byte),
	    STORY(a_device_that_refuses_is_reported),
	    STORY(what_reads_back_differently_is_reported),
	    STORY(a_set_whose_answer_is_lost_is_sent_once_and_read_back),
	    STORY(a_set_nobody_answers_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
