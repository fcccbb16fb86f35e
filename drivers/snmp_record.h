/*
 * SNMP record: a walk of a device as a recording (snmp_recording.h), to test profiles with or to
 * send to somebody who writes one. What names people and places or lets somebody in stays out: the
 * objects sysContact, sysName and sysLocation, texts that hold one of the URL's own secrets, the
 * communities everybody tries, and mail addresses.
 */
#ifndef XN_DRIVERS_SNMP_RECORD_H
#define XN_DRIVERS_SNMP_RECORD_H

#include <stdio.h>

#include "drivers/url.h"

/*
 * Walks the system, UPS, entity and sensor MIBs and the enterprises' objects, and writes a line for
 * each. `progress` (may be NULL) is told the number of objects now and then. XN_EUNREACHABLE when
 * nothing answers; a walk that breaks off half-way is XN_EDEVICE, with what was there written.
 */
int xn_snmp_record(const char *url, FILE *out, void (*progress)(unsigned objects),
    unsigned *ret_objects, struct xn_error *err);

#endif
