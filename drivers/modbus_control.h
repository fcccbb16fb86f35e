/*
 * Modbus control: writing a permit's coil or registers (functions 5, 6, 15, 16) and reading them
 * back (1, 3), for control.h.
 */
#ifndef XN_DRIVERS_MODBUS_CONTROL_H
#define XN_DRIVERS_MODBUS_CONTROL_H

#include "drivers/control.h"
#include "drivers/modbus_wire.h"

/* `device` is the name the allow-list uses; both outlive the port. */
struct xn_control_port xn_modbus_control(struct xn_modbus *modbus, const char *device);

#endif
