/*
 * Control on the wire: a Modbus device on loopback that keeps every request it was sent. What is
 * not allowed must not send a byte.
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

#include "drivers/device.h"
#include "drivers/modbus_control.h"

#define SECOND   INT64_C(1000)
#define HOUR     (3600 * SECOND)
#define NOON     INT64_C(1700000000000)
#define SENT_MAX 64

/* ---- the device ---- */

struct device {
	int door;
	pthread_t thread;
	uint16_t registers[8];
	uint16_t coils[8];
	bool deaf;    /* answers writes without doing them */
	bool refuses; /* answers writes with exception 3 */
	bool mute;    /* does them without answering */
	unsigned lag; /* so many reads still see the old value */
	unsigned connections;
	uint8_t functions[SENT_MAX];
	unsigned sent;
};

static void
set_register(struct device *device, const uint8_t *pdu)
{
	unsigned at = pdu[2] & 7;

	if (device->deaf)
		return;
	switch (pdu[0]) {
	case 5: device->coils[at] = pdu[3] == 0xff; break;
	case 6: device->registers[at] = (uint16_t)(pdu[3] << 8 | pdu[4]); break;
	case 15: device->coils[at] = pdu[6] & 1; break;
	case 16:
		for (unsigned i = 0; i < pdu[4]; i++)
			device->registers[(at + i) & 7] =
			    (uint16_t)(pdu[6 + 2 * i] << 8 | pdu[7 + 2 * i]);
		break;
	default: break;
	}
}

/* The reply's PDU; its length. */
static size_t
serve(struct device *device, const uint8_t *pdu, uint8_t *reply)
{
	unsigned at = pdu[2] & 7;

	reply[0] = pdu[0];
	if (pdu[0] >= 5 && device->refuses) {
		reply[0] |= 0x80;
		reply[1] = 3;
		return 2;
	}
	if (pdu[0] >= 5) {
		set_register(device, pdu);
		memcpy(reply + 1, pdu + 1, 4);
		return 5;
	}
	if (pdu[0] == 1) {
		reply[1] = 1;
		reply[2] = (uint8_t)device->coils[at];
		return 3;
	}
	reply[1] = (uint8_t)(pdu[4] * 2);
	for (unsigned i = 0; i < pdu[4]; i++) {
		uint16_t word = device->lag > 0 ? 0 : device->registers[(at + i) & 7];

		reply[2 + 2 * i] = (uint8_t)(word >> 8);
		reply[3 + 2 * i] = (uint8_t)word;
	}
	device->lag -= device->lag > 0;
	return 2u + pdu[4] * 2u;
}

static void *
run_device(void *argument)
{
	struct device *device = argument;
	uint8_t frame[260];
	int line;

	while ((line = accept(device->door, NULL, NULL)) >= 0) {
		ssize_t got;

		device->connections++;
		while ((got = recv(line, frame, sizeof(frame), 0)) >= 12) {
			uint8_t reply[260];
			size_t length = serve(device, frame + 7, reply + 7);

			if (device->sent < SENT_MAX)
				device->functions[device->sent++] = frame[7];
			memcpy(reply, frame, 7);
			reply[4] = 0;
			reply[5] = (uint8_t)(length + 1);
			if (device->mute && frame[7] >= 5)
				continue;
			send(line, reply, length + 7, MSG_NOSIGNAL);
		}
		close(line);
	}
	return NULL;
}

/* ---- the stand: device, line, allow-list, journal ---- */

struct stand {
	struct device device;
	struct xn_modbus *modbus;
	struct xn_arena arena;
	struct xn_allow_list *list;
	struct xn_control *control;
	char journal[64];
	struct xn_error err;
};

static const char allowed[] =
    "kind: allow-list\n"
    "allow:\n"
    "  - {device: crac, name: setpoint, holding: 1, type: i16, least: 180, most: 270, per_hour: 3,"
    " apart: 10 s}\n"
    "  - {device: crac, name: wide, holding: 2, type: u32, order: CDAB, least: 0, most: 100000,"
    " per_hour: 3, apart: 10 s}\n"
    "  - {device: crac, name: stop, coil: 3, least: 0, most: 1, per_hour: 3, apart: 10 s}\n"
    "  - {device: crac, name: lamp, coil: 4, multiple: true, least: 0, most: 1, per_hour: 3,"
    " apart: 10 s}\n"
    "  - {device: pdu, name: outlet.1, oid: 1.3.6.1.4.1.318.1.1, least: 1, most: 2, per_hour: 3,"
    " apart: 10 s}\n";

static void
read_allow_list(struct stand *stand)
{
	char path[] = "/tmp/xanh-control-XXXXXX";
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

static void
open_control(struct stand *stand)
{
	assert_int_equal(
	    xn_control_open(&stand->control, stand->list, stand->journal, &stand->err), XN_OK);
}

static int
set_up(void **state)
{
	struct stand *stand = calloc(1, sizeof(*stand));
	struct sockaddr_in here = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);
	struct xn_url url;
	char text[64];

	stand->device.door = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(stand->device.door, (struct sockaddr *)&here, size), 0);
	assert_int_equal(listen(stand->device.door, 4), 0);
	getsockname(stand->device.door, (struct sockaddr *)&here, &size);
	pthread_create(&stand->device.thread, NULL, run_device, &stand->device);
	snprintf(text, sizeof(text), "modbus://127.0.0.1:%u?unit=1", ntohs(here.sin_port));
	assert_int_equal(xn_url_parse(text, &url, &stand->err), XN_OK);
	assert_int_equal(xn_modbus_open(&stand->modbus, &url, &stand->err), XN_OK);
	snprintf(stand->journal, sizeof(stand->journal), "/tmp/xanh-journal-%d", getpid());
	unlink(stand->journal);
	read_allow_list(stand);
	open_control(stand);
	*state = stand;
	return 0;
}

static int
tear_down(void **state)
{
	struct stand *stand = *state;

	xn_control_close(stand->control);
	xn_modbus_close(stand->modbus);
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
set_value(struct stand *stand, const char *device, const char *name, int64_t value, int64_t at)
{
	struct xn_control_port port = xn_modbus_control(stand->modbus, device);
	const struct xn_permit *permit;
	int code = xn_control_permit(
	    stand->control, device, name, value, (xn_instant){at}, &permit, &stand->err);

	if (code == XN_OK)
		code = xn_control_carry_out(
		    stand->control, permit, &port, xn_deadline_in(1500), &stand->err);
	return code;
}

static void
assert_functions(const struct stand *stand, const char *wanted)
{
	char seen[SENT_MAX * 4] = "";

	for (unsigned i = 0; i < stand->device.sent; i++)
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%u ",
		    stand->device.functions[i]);
	assert_string_equal(seen, wanted);
}

/* ---- stories ---- */

static void
what_is_allowed_is_written_and_read_back(void **state)
{
	struct stand *stand = *state;

	assert_int_equal(set_value(stand, "crac", "setpoint", 220, NOON), XN_OK);
	assert_int_equal(stand->device.registers[1], 220);
	assert_functions(stand, "6 3 ");
	assert_int_equal(set_value(stand, "crac", "wide", 0x00012345, NOON), XN_OK);
	assert_int_equal(stand->device.registers[2], 0x2345);
	assert_int_equal(stand->device.registers[3], 0x0001);
	assert_functions(stand, "6 3 16 3 ");
	assert_int_equal(set_value(stand, "crac", "stop", 1, NOON), XN_OK);
	assert_int_equal(stand->device.coils[3], 1);
	assert_int_equal(set_value(stand, "crac", "lamp", 1, NOON), XN_OK);
	assert_int_equal(stand->device.coils[4], 1);
	assert_functions(stand, "6 3 16 3 5 1 15 1 ");
}

static void
what_is_not_on_the_list_sends_no_byte(void **state)
{
	static const struct {
		const char *device;
		const char *name;
		int64_t value;
		const char *why;
	} rows[] = {
	    {"crac", "fan", 1, "not on the allow-list"},
	    {"crac-3", "setpoint", 220, "not on the allow-list"},
	    {"crac", "setpoint", 179, "outside 180 to 270"},
	    {"crac", "setpoint", 271, "outside 180 to 270"},
	    {"crac", "setpoint", 65756, "outside 180 to 270"}, /* 220 in 16 bits */
	    {"crac", "stop", 2, "outside 0 to 1"},
	};
	struct stand *stand = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    set_value(stand, rows[i].device, rows[i].name, rows[i].value, NOON),
		    XN_EREFUSED);
		assert_non_null(strstr(stand->err.text, rows[i].why));
	}
	/* An SNMP object is none of a Modbus device, though it is on the list. */
	assert_int_equal(set_value(stand, "pdu", "outlet.1", 1, NOON), XN_EREFUSED);
	assert_int_equal(stand->device.connections, 0);
	assert_functions(stand, "");
}

static void
a_permit_is_for_one_device_and_one_write(void **state)
{
	struct stand *stand = *state;
	struct xn_control_port other = xn_modbus_control(stand->modbus, "crac-3");
	struct xn_control_port own = xn_modbus_control(stand->modbus, "crac");
	const struct xn_permit *permit;
	const struct xn_permit *next;

	assert_int_equal(xn_control_permit(stand->control, "crac", "setpoint", 200,
			     (xn_instant){NOON}, &permit, &stand->err),
	    XN_OK);
	assert_int_equal(
	    xn_control_carry_out(stand->control, permit, &other, xn_deadline_in(500), &stand->err),
	    XN_EREFUSED);
	assert_int_equal(
	    xn_control_carry_out(stand->control, permit, &own, xn_deadline_in(500), &stand->err),
	    XN_EREFUSED);
	/* A refusal takes the last permit back, too. */
	assert_int_equal(xn_control_permit(stand->control, "crac", "setpoint", 200,
			     (xn_instant){NOON + 20 * SECOND}, &permit, &stand->err),
	    XN_OK);
	assert_int_equal(xn_control_permit(stand->control, "crac", "fan", 1,
			     (xn_instant){NOON + 20 * SECOND}, &next, &stand->err),
	    XN_EREFUSED);
	assert_int_equal(
	    xn_control_carry_out(stand->control, permit, &own, xn_deadline_in(500), &stand->err),
	    XN_EREFUSED);
	assert_functions(stand, "");
}

static void
the_rate_holds_across_a_restart(void **state)
{
	struct stand *stand = *state;

	assert_int_equal(set_value(stand, "crac", "setpoint", 200, NOON), XN_OK);
	assert_int_equal(set_value(stand, "crac", "setpoint", 210, NOON + 9 * SECOND), XN_EREFUSED);
	assert_non_null(strstr(stand->err.text, "at least 10 s"));
	assert_int_equal(set_value(stand, "crac", "setpoint", 210, NOON + 10 * SECOND), XN_OK);
	assert_int_equal(set_value(stand, "crac", "setpoint", 220, NOON + 60 * SECOND), XN_OK);
	xn_control_close(stand->control);
	open_control(stand);
	assert_int_equal(
	    set_value(stand, "crac", "setpoint", 230, NOON + HOUR - SECOND), XN_EREFUSED);
	assert_non_null(strstr(stand->err.text, "3 times within the hour"));
	assert_int_equal(set_value(stand, "crac", "stop", 1, NOON + HOUR - SECOND), XN_OK);
	assert_int_equal(set_value(stand, "crac", "setpoint", 230, NOON + HOUR + SECOND), XN_OK);
	assert_int_equal(stand->device.registers[1], 230);
}

static void
a_clock_that_went_back_refuses(void **state)
{
	struct stand *stand = *state;

	assert_int_equal(set_value(stand, "crac", "setpoint", 200, NOON), XN_OK);
	assert_int_equal(set_value(stand, "crac", "setpoint", 210, NOON - 48 * HOUR), XN_EREFUSED);
	assert_non_null(strstr(stand->err.text, "ahead of the clock"));
	assert_functions(stand, "6 3 ");
}

static void
what_reads_back_differently_is_reported(void **state)
{
	struct stand *stand = *state;

	stand->device.deaf = true;
	stand->device.registers[1] = 190;
	assert_int_equal(set_value(stand, "crac", "setpoint", 220, NOON), XN_EDEVICE);
	assert_string_equal(stand->err.text, "setpoint of crac: wrote 220, reads 190");
	stand->device.refuses = true;
	assert_int_equal(set_value(stand, "crac", "stop", 1, NOON), XN_EDEVICE);
	assert_non_null(strstr(stand->err.text, "exception 3"));
}

static void
a_write_whose_answer_is_lost_is_sent_once_and_read_back(void **state)
{
	struct stand *stand = *state;

	stand->device.mute = true;
	assert_int_equal(set_value(stand, "crac", "setpoint", 220, NOON), XN_OK);
	assert_functions(stand, "6 3 ");
}

static void
a_device_may_take_a_moment(void **state)
{
	struct stand *stand = *state;

	stand->device.lag = 2;
	assert_int_equal(set_value(stand, "crac", "setpoint", 220, NOON), XN_OK);
	assert_functions(stand, "6 3 3 3 ");
}

static void
the_journal_tells_what_was_done(void **state)
{
	struct stand *stand = *state;
	char text[512] = "";
	FILE *file;

	assert_int_equal(set_value(stand, "crac", "setpoint", 200, NOON), XN_OK);
	stand->device.deaf = true;
	assert_int_equal(set_value(stand, "crac", "stop", 1, NOON), XN_EDEVICE);
	file = fopen(stand->journal, "r");
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text,
	    "1700000000000 crac setpoint 200 permitted\n"
	    "1700000000000 crac setpoint 200 done\n"
	    "1700000000000 crac stop 1 permitted\n"
	    "1700000000000 crac stop 1 wrote 1, reads 0\n");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(what_is_allowed_is_written_and_read_back),
	    STORY(what_is_not_on_the_list_sends_no_byte),
	    STORY(a_permit_is_for_one_device_and_one_write),
	    STORY(the_rate_holds_across_a_restart),
	    STORY(a_clock_that_went_back_refuses),
	    STORY(what_reads_back_differently_is_reported),
	    STORY(a_write_whose_answer_is_lost_is_sent_once_and_read_back),
	    STORY(a_device_may_take_a_moment),
	    STORY(the_journal_tells_what_was_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
