/*
 * Control: the only way to change anything on a device. A caller asks for a permit to write one
 * value; only what the allow-list names, within its range and its rate, is permitted, and a permit
 * is all that the transports' writing functions accept. Every permit is in the journal, on disk,
 * before it can be used, so that the rates hold across restarts and between processes; what came of
 * it follows. Every write is read back.
 *
 * Invariants: (1) no byte is sent without a permit; (2) a permit is used at most once, on the
 * device it names; (3) a clock that went back refuses rather than permits.
 */
#ifndef XN_DRIVERS_CONTROL_H
#define XN_DRIVERS_CONTROL_H

#include "drivers/allow_list.h"

struct xn_control;
struct xn_permit;

/* `list` outlives it; the journal is a text file that only grows, made when it is not there. */
int xn_control_open(struct xn_control **ret_control, const struct xn_allow_list *list,
    const char *journal, struct xn_error *err);
void xn_control_close(struct xn_control *control);

/*
 * Permission to write `value` (raw) to what the allow-list calls `name` of `device`. XN_EREFUSED
 * with the reason; XN_ESYSTEM when the journal cannot be written. The permit is valid until the
 * next one is asked for.
 */
int xn_control_permit(struct xn_control *control, const char *device, const char *name,
    int64_t value, xn_instant now, const struct xn_permit **ret_permit, struct xn_error *err);

/* A device's transport, as control sees it. */
struct xn_control_port {
	const char *device;
	void *to;
	int (*write)(
	    void *to, const struct xn_permit *permit, int64_t deadline, struct xn_error *err);
	/* What stands now where the permit writes. */
	int (*read)(void *to, const struct xn_permit *permit, int64_t deadline, int64_t *ret_value,
	    struct xn_error *err);
};

/*
 * Writes once and reads back until it is as written, at most until the deadline (an instant of the
 * monotonic clock in milliseconds). XN_EDEVICE when it reads as something else; a write that was
 * not answered is good if it reads as written.
 */
int xn_control_carry_out(struct xn_control *control, const struct xn_permit *permit,
    const struct xn_control_port *port, int64_t deadline, struct xn_error *err);

/* ---- for transports ---- */

const struct xn_allowed *xn_permit_allowed(const struct xn_permit *permit);
int64_t xn_permit_value(const struct xn_permit *permit);
/* The Modbus request that writes it; framing, unit and transaction are the line's. */
struct xn_modbus_request xn_permit_request(const struct xn_permit *permit);

#endif
