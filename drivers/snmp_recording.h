/*
 * Recording: a walk of a device in a file, in the form snmpsim reads (one `OID|tag|value` a line,
 * in the order of a walk), asked as the device would be. What makes `xanh profile test` and `xanh
 * probe replay:FILE` need no device. Tags: ASN.1's number, `x` behind it for bytes in hexadecimal.
 */
#ifndef XN_DRIVERS_SNMP_RECORDING_H
#define XN_DRIVERS_SNMP_RECORDING_H

#include "drivers/snmp_codec.h"

struct xn_recording;

/* XN_EREAD; XN_EINVALID with the first line that is none. */
int xn_recording_open(struct xn_recording **ret_recording, const char *path, struct xn_error *err);
void xn_recording_close(struct xn_recording *recording);

/* The value of an object; a tag of XN_SNMP_NO_INSTANCE if it is not there. */
struct xn_snmp_value xn_recording_get(
    const struct xn_recording *recording, const struct xn_oid *oid);

/* The first object behind `oid`; false at the end. */
bool xn_recording_next(const struct xn_recording *recording, const struct xn_oid *oid,
    struct xn_oid *ret_oid, struct xn_snmp_value *ret_value);

#endif
