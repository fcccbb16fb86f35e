#include "drivers/driver.h"

#include <stddef.h>

#include "drivers/transports.h"

const struct xn_driver_ops *const xn_drivers[] = {
    &xn_driver_snmp,
    &xn_driver_replay,
    &xn_driver_modbus_tcp,
    &xn_driver_modbus_rtu,
    &xn_driver_modbus_replay,
    NULL,
};
