/*
 * Modbus record: a device's registers and bits as a recording (modbus_recording.h), to test
 * profiles with or to send to somebody who writes one. Looks at all addresses in steps, at what
 * lies around what it found, and at every place a profile recognises by or reads. Islands narrower
 * than a step that no profile knows of are missed.
 */
#ifndef XN_DRIVERS_MODBUS_RECORD_H
#define XN_DRIVERS_MODBUS_RECORD_H

#include <stdio.h>

#include "drivers/profiles.h"

/*
 * `progress` (may be NULL) is told the number of registers now and then. XN_EUNREACHABLE when
 * nothing answers; when it falls silent half-way XN_EDEVICE, with what was there written.
 */
int xn_modbus_record(const char *url, struct xn_profiles *profiles, FILE *out,
    void (*progress)(unsigned registers), unsigned *ret_registers, struct xn_error *err);

#endif
