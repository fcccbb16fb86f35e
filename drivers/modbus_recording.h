/*
 * Modbus recording: a device's registers and bits as a file, a line for each below the heading
 * "space,register,value": "holding,3059,0x42bb". Where the heading is "register,value" they are
 * holding and input registers alike. With it `xanh probe replay:FILE` needs no device; what is not
 * in it is refused as a device does.
 */
#ifndef XN_DRIVERS_MODBUS_RECORDING_H
#define XN_DRIVERS_MODBUS_RECORDING_H

#include <stdio.h>

#include "drivers/modbus_codec.h"

struct xn_modbus_recording;

/* Whether the file begins as one. */
bool xn_modbus_is_recording(const char *path);

/* XN_EREAD; XN_EINVALID: with the number of the first wrong line. */
int xn_modbus_recording_open(
    struct xn_modbus_recording **ret_recording, const char *path, struct xn_error *err);

/* An empty one; NULL: out of memory. */
struct xn_modbus_recording *xn_modbus_recording_new(void);
void xn_modbus_recording_free(struct xn_modbus_recording *recording);

void xn_modbus_recording_put(struct xn_modbus_recording *recording, enum xn_modbus_space space,
    uint16_t address, uint16_t value);
bool xn_modbus_recording_has(
    const struct xn_modbus_recording *recording, enum xn_modbus_space space, unsigned address);

/* XN_OK, or exception 2. */
int xn_modbus_recording_read(const struct xn_modbus_recording *recording,
    enum xn_modbus_space space, uint16_t address, uint16_t count, uint16_t *ret_values);

/* All of it, in order; how many there were. */
unsigned xn_modbus_recording_write(const struct xn_modbus_recording *recording, FILE *out);

#endif
