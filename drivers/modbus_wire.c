#include "drivers/modbus_wire.h"

#include <assert.h>
#include <stdlib.h>

#include "drivers/control.h"
#include "drivers/modbus_line.h"
#include "drivers/modbus_recording.h"

struct xn_modbus {
	struct xn_line *line;
	struct xn_modbus_recording *recording; /* instead of the line */
	uint8_t unit;
	struct xn_modbus_limits limits;
};

int
xn_modbus_open(struct xn_modbus **ret_modbus, const struct xn_url *url, struct xn_error *err)
{
	struct xn_modbus *modbus = calloc(1, sizeof(*modbus));
	int code;

	if (modbus == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	code = url->scheme == XN_URL_REPLAY
	    ? xn_modbus_recording_open(&modbus->recording, url->host, err)
	    : xn_line_join(&modbus->line, url, err);
	if (code < 0) {
		free(modbus);
		return code;
	}
	modbus->unit = url->unit;
	*ret_modbus = modbus;
	return XN_OK;
}

void
xn_modbus_close(struct xn_modbus *modbus)
{
	if (modbus == NULL)
		return;
	if (modbus->line != NULL)
		xn_line_leave(modbus->line);
	xn_modbus_recording_free(modbus->recording);
	free(modbus);
}

void
xn_modbus_limit(struct xn_modbus *modbus, const struct xn_modbus_limits *limits)
{
	modbus->limits = *limits;
}

static int
ask(struct xn_modbus *modbus, struct xn_modbus_request *request, int64_t deadline,
    uint16_t ret_values[XN_MODBUS_REGISTERS_MAX], struct xn_error *err)
{
	int code = xn_line_take(modbus->line, deadline, err);

	if (code < 0)
		return code;
	code = xn_line_ask(modbus->line, &modbus->limits, request, deadline, ret_values, err);
	xn_line_give(modbus->line);
	/* A gateway says that nobody answers behind it: the line is good, the device is not there.
	 */
	if (code == 10 || code == 11)
		return xn_fail(err, XN_EUNREACHABLE, "%s", xn_modbus_exception(code));
	return code;
}

int
xn_modbus_read(struct xn_modbus *modbus, enum xn_modbus_space space, uint16_t address,
    uint16_t count, int64_t deadline, uint16_t ret_values[XN_MODBUS_REGISTERS_MAX],
    struct xn_error *err)
{
	struct xn_modbus_request request = {
	    .unit = modbus->unit, .space = space, .address = address, .count = count};

	assert(space >= XN_MODBUS_COIL && space <= XN_MODBUS_INPUT);
	assert(count >= 1 && count <= XN_MODBUS_REGISTERS_MAX && address + count <= 65536);
	if (modbus->recording != NULL)
		return xn_modbus_recording_read(
		    modbus->recording, space, address, count, ret_values);
	return ask(modbus, &request, deadline, ret_values, err);
}

int
xn_modbus_write(struct xn_modbus *modbus, const struct xn_permit *permit, int64_t deadline,
    struct xn_error *err)
{
	struct xn_modbus_request request = xn_permit_request(permit);
	uint16_t nothing[XN_MODBUS_REGISTERS_MAX];

	assert(request.write != XN_MODBUS_READS);
	if (modbus->recording != NULL)
		return xn_fail(err, XN_EREFUSED, "a recording cannot be written to");
	request.unit = modbus->unit;
	return ask(modbus, &request, deadline, nothing, err);
}
