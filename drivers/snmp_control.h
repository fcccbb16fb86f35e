/*
 * SNMP control: setting a permit's object and reading it back, for control.h, by a session of its
 * own whose community or user may write. A SET is sent once: an outlet told twice to reboot would
 * do so twice.
 */
#ifndef XN_DRIVERS_SNMP_CONTROL_H
#define XN_DRIVERS_SNMP_CONTROL_H

#include "drivers/control.h"
#include "drivers/url.h"

struct xn_snmp_control;

/* `device` is the name the allow-list uses; both outlive it. No traffic yet. */
int xn_snmp_control_open(struct xn_snmp_control **ret_control, struct xn_url *url,
    const char *device, struct xn_error *err);
void xn_snmp_control_close(struct xn_snmp_control *control);

struct xn_control_port xn_snmp_control_port(struct xn_snmp_control *control);

#endif
