#include "drivers/modbus_control.h"

static int
write_permit(void *to, const struct xn_permit *permit, int64_t deadline, struct xn_error *err)
{
	if (xn_permit_allowed(permit)->kind == XN_ALLOW_OID)
		return xn_fail(err, XN_EREFUSED, "an object of SNMP, but the device speaks Modbus");
	return xn_modbus_write(to, permit, deadline, err);
}

static int
read_place(void *to, const struct xn_permit *permit, int64_t deadline, int64_t *ret_value,
    struct xn_error *err)
{
	const struct xn_allowed *allowed = xn_permit_allowed(permit);
	bool coil = allowed->kind == XN_ALLOW_COIL;
	uint16_t values[XN_MODBUS_REGISTERS_MAX];
	struct xn_raw raw;
	int code = xn_modbus_read(to, coil ? XN_MODBUS_COIL : XN_MODBUS_HOLDING, allowed->address,
	    (uint16_t)(coil ? 1 : xn_modbus_width(allowed->type)), deadline, values, err);

	if (code > 0)
		return xn_fail(err, XN_EDEVICE, "%s", xn_modbus_exception(code));
	if (code < 0)
		return code;
	raw = coil ? xn_modbus_number(XN_BIT, XN_ABCD, values)
		   : xn_modbus_number(allowed->type, allowed->order, values);
	if (raw.kind != XN_RAW_INTEGER)
		return xn_fail(err, XN_EDEVICE, "reads no number");
	*ret_value = raw.integer;
	return XN_OK;
}

struct xn_control_port
xn_modbus_control(struct xn_modbus *modbus, const char *device)
{
	return (struct xn_control_port){
	    .device = device, .to = modbus, .write = write_permit, .read = read_place};
}
