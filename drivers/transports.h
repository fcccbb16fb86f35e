/*
 * Transports: the tables of verbs that the registry lists. A new transport is a .c file, a row here
 * and a row in registry.c.
 */
#ifndef XN_DRIVERS_TRANSPORTS_H
#define XN_DRIVERS_TRANSPORTS_H

#include "drivers/driver.h"

extern const struct xn_driver_ops xn_driver_snmp;
extern const struct xn_driver_ops xn_driver_replay;
extern const struct xn_driver_ops xn_driver_modbus_tcp;
extern const struct xn_driver_ops xn_driver_modbus_rtu;
extern const struct xn_driver_ops xn_driver_modbus_replay;

#endif
