/*
 * Server: the open port of one device. SNMP by net-snmp's library (v1, v2c, v3), Modbus TCP by
 * hand. Faults are done here, on the bytes that leave.
 */
#ifndef XN_SIMDEV_SERVER_H
#define XN_SIMDEV_SERVER_H

#include "common/loop.h"
#include "tests/simdev/plant.h"

/* Once a process: the library, its engine and its users. */
int xn_snmp_start(const struct xn_plant *plant, struct xn_error *err);

/* Listens at device->host:port (port 0: any free one) and sets device->port. */
int xn_snmp_open(struct xn_loop *loop, struct xn_device *device, struct xn_error *err);
int xn_modbus_open(struct xn_loop *loop, struct xn_device *device, struct xn_error *err);
void xn_snmp_close(struct xn_device *device);
void xn_modbus_close(struct xn_device *device);
/* Leaves the line alone while the device is half open, and takes it up again. */
int xn_modbus_follow(struct xn_device *device, struct xn_error *err);

/* The control socket: lines from `simdev ctl`, an answer, closed. */
int xn_control_open(struct xn_loop *loop, struct xn_plant *plant, struct xn_error *err);
/* The other end of it; its exit code. */
int xn_control_send(const char *path, int count, char **words);

/* Opens or closes the port as the device's fault asks. */
int xn_server_follow(struct xn_loop *loop, struct xn_device *device, struct xn_error *err);

#endif
