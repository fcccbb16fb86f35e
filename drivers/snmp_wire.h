/*
 * SNMP wire: one device's session over net-snmp's single-session interface, with an absolute
 * deadline around every exchange (the library's own waiting loop can be held for ever by a peer
 * that floods).
 *
 * The library takes no locks and its SNMPv3 tables are shared by the process: every call into it is
 * made under one lock, which is not held while waiting for an answer. Opening a v3 session asks the
 * peer for its engine while the lock is held, up to XN_SNMP_PROBE_MS; an agent therefore uses one
 * thread for SNMP. No MIB file, no snmp.conf and no persistent state is read or written.
 */
#ifndef XN_DRIVERS_SNMP_WIRE_H
#define XN_DRIVERS_SNMP_WIRE_H

#include "drivers/snmp_codec.h"
#include "drivers/url.h"

#define XN_SNMP_PROBE_MS  2500
#define XN_SNMP_GET_MAX   60
#define XN_SNMP_WALK_MAX  2048 /* rows of one column */
#define XN_SNMP_BULK_ROWS 25

struct xn_snmp;

/* What an exchange gives, in order: the place in the request (walks: the row), OID and value. */
typedef void (*xn_snmp_take)(
    void *to, unsigned index, const struct xn_oid *oid, const struct xn_snmp_value *value);

/* No traffic yet; the session opens at the first exchange. */
int xn_snmp_open(struct xn_snmp **ret_snmp, const struct xn_url *url, struct xn_error *err);
void xn_snmp_close(struct xn_snmp *snmp);

/*
 * Reads up to XN_SNMP_GET_MAX objects. What a device refuses one by one (v1's noSuchName, genErr)
 * is given as XN_SNMP_NO_OBJECT and the rest is asked again; a reply too big is asked in halves.
 */
int xn_snmp_get(struct xn_snmp *snmp, const struct xn_oid *oids, unsigned count, int64_t deadline,
    xn_snmp_take take, void *to, struct xn_error *err);

/* Walks what is below `root`; ends at an OID that does not increase. */
int xn_snmp_walk(struct xn_snmp *snmp, const struct xn_oid *root, int64_t deadline,
    xn_snmp_take take, void *to, struct xn_error *err);

#endif
