/*
 * Modbus line: a gateway's TCP connection or a serial port, shared by the devices behind it. See
 * modbus_wire.h, whose inside this is.
 */
#ifndef XN_DRIVERS_MODBUS_LINE_H
#define XN_DRIVERS_MODBUS_LINE_H

#include "drivers/modbus_wire.h"

struct xn_line;

/* The line to the URL's place: the one that is there already, or a new one. */
int xn_line_join(struct xn_line **ret_line, const struct xn_url *url, struct xn_error *err);
void xn_line_leave(struct xn_line *line);

/* The right to ask: one user at a time has it. Between take and give the line is the caller's. */
int xn_line_take(struct xn_line *line, int64_t deadline, struct xn_error *err);
void xn_line_give(struct xn_line *line);

/*
 * Asks, whatever it takes to get there: connects, keeps the pauses, asks again where that is safe.
 * Fills in framing and transaction of the request. XN_OK, an exception code, or a negative error.
 */
int xn_line_ask(struct xn_line *line, const struct xn_modbus_limits *limits,
    struct xn_modbus_request *request, int64_t deadline,
    uint16_t ret_values[XN_MODBUS_REGISTERS_MAX], struct xn_error *err);

#endif
