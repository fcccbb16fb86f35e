/*
 * Modbus wire: one device behind a line. A line is a gateway's TCP connection or a serial port;
 * devices with the same place share one line, on which one question is in flight at a time, with an
 * absolute deadline that the library cannot overrun. libmodbus waits per byte and aborts the
 * process on a descriptor of 1024 or more, so: descriptors from 1024 on are refused; a TCP reply is
 * awaited and checked while it is still in the socket's buffer, and the library takes it only when
 * it is whole and good; a serial reply is collected here.
 *
 * An answer that comes too late is known by its transaction and passed over; on a serial line,
 * where nothing tells, the same unit is not asked again before late answers have come. A broken
 * reply closes a TCP connection; so do three silences in a row, since the peer may be gone. A line
 * that cannot be opened is tried again with exponential back-off, and refuses at once in between.
 *
 * The table of lines is the only state of the process that drivers keep: a gateway is one thing in
 * the world, whoever asks it. Invariants: (1) only function codes 1-4 are sent, but for a write
 * that carries a permit (control.h); (2) at most 125 registers a request; (3) nothing is kept of a
 * reply that xn_modbus_check did not pass; (4) of one line one request is in flight.
 */
#ifndef XN_DRIVERS_MODBUS_WIRE_H
#define XN_DRIVERS_MODBUS_WIRE_H

#include "drivers/modbus_codec.h"
#include "drivers/url.h"

struct xn_modbus;
struct xn_permit;

/* What a device asks of its master. */
struct xn_modbus_limits {
	unsigned pause_ms;   /* between two requests on its line */
	unsigned settle_ms;  /* after a connect, before the first request */
	unsigned timeout_ms; /* for an answer; 0: as usual */
};

/* No traffic yet; the first read connects. XN_EINVALID: the serial port is in use with other
 * settings. A URL of a recording answers from it. */
int xn_modbus_open(struct xn_modbus **ret_modbus, const struct xn_url *url, struct xn_error *err);
void xn_modbus_close(struct xn_modbus *modbus);

void xn_modbus_limit(struct xn_modbus *modbus, const struct xn_modbus_limits *limits);

/* XN_OK; a positive exception code; or XN_EUNREACHABLE, XN_EDEVICE with a sentence. */
int xn_modbus_read(struct xn_modbus *modbus, enum xn_modbus_space space, uint16_t address,
    uint16_t count, int64_t deadline, uint16_t ret_values[XN_MODBUS_REGISTERS_MAX],
    struct xn_error *err);

/* Writes what the permit says, and nothing else. */
int xn_modbus_write(struct xn_modbus *modbus, const struct xn_permit *permit, int64_t deadline,
    struct xn_error *err);

#endif
