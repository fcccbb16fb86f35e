/*
 * Modbus wire: one bus or gateway connection, one request at a time, with an absolute deadline that
 * the library cannot overrun. libmodbus waits per byte and aborts the process on a descriptor of
 * 1024 or more, so: descriptors from 1024 on are refused; a TCP reply is awaited and checked while
 * it is still in the socket's buffer, and the library takes it only when it is whole and good; a
 * serial reply is collected here. Any doubt (silence, a foreign or broken reply) closes the
 * connection, so that a late answer can never be taken for the answer to a later question.
 *
 * Invariants: (1) only function codes 1-4 are sent; (2) at most 125 registers a request; (3)
 * nothing is kept of a reply that xn_modbus_check did not pass.
 */
#ifndef XN_DRIVERS_MODBUS_WIRE_H
#define XN_DRIVERS_MODBUS_WIRE_H

#include "drivers/modbus_codec.h"
#include "drivers/url.h"

struct xn_modbus;

/* No traffic yet; the first read connects. */
int xn_modbus_open(struct xn_modbus **ret_modbus, const struct xn_url *url, struct xn_error *err);
void xn_modbus_close(struct xn_modbus *modbus);

/* The pause the device needs between two requests. */
void xn_modbus_set_pause(struct xn_modbus *modbus, unsigned pause_ms);

/* XN_OK; a positive exception code; or XN_EUNREACHABLE, XN_EDEVICE with a sentence. */
int xn_modbus_read(struct xn_modbus *modbus, enum xn_modbus_space space, uint16_t address,
    uint16_t count, int64_t deadline, uint16_t ret_values[XN_MODBUS_REGISTERS_MAX],
    struct xn_error *err);

#endif
