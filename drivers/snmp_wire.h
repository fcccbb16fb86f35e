/*
 * SNMP wire: one device's session over net-snmp's single-session interface, driven by a hub: a job
 * (read these objects, walk these columns) is begun, and its `done` called once from xn_hub_turn.
 * One request is in flight at a time. Every job ends by the deadline that xn_snmp_begin set,
 * whatever the peer does. A session opened on a recording answers from it at once.
 *
 * The library takes no locks and its SNMPv3 tables are shared by the process: every call into it is
 * made under one lock, which is never held while waiting. The engine of a v3 peer is asked for by a
 * session of its own, since the library would wait for the answer. No MIB file, no snmp.conf and no
 * persistent state is read or written.
 */
#ifndef XN_DRIVERS_SNMP_WIRE_H
#define XN_DRIVERS_SNMP_WIRE_H

#include "drivers/hub.h"
#include "drivers/snmp_codec.h"
#include "drivers/url.h"

#define XN_SNMP_GET_MAX  60
#define XN_SNMP_WIDTH    8     /* columns walked side by side */
#define XN_SNMP_ROWS_MAX 65536 /* of one column */

struct xn_snmp;

/* An OID that lies elsewhere. */
struct xn_oid_ref {
	const uint32_t *id;
	unsigned count;
};

/* What a job gives, in order: the place in its list, OID and value. */
typedef void (*xn_snmp_take)(
    void *to, unsigned place, const struct xn_oid *oid, const struct xn_snmp_value *value);
/* The job ended: XN_OK, or a negative code and a sentence. What was taken before stays true. */
typedef void (*xn_snmp_done)(void *to, int code, const struct xn_error *err);

/* How much the device takes at once. */
struct xn_snmp_limits {
	unsigned objects; /* of one GET, at most XN_SNMP_GET_MAX */
	unsigned rows;    /* variables of one GETBULK */
};

/* No traffic yet; the session opens at the first job. `url` outlives it. */
int xn_snmp_open(
    struct xn_snmp **ret_snmp, struct xn_hub *hub, struct xn_url *url, struct xn_error *err);
void xn_snmp_close(struct xn_snmp *snmp);

/* Of the jobs that follow. `to` goes to their take and done. */
void xn_snmp_begin(struct xn_snmp *snmp, int64_t deadline, struct xn_snmp_limits limits,
    xn_snmp_done done, void *to);

/*
 * Reads objects; the list outlives the job. What a device refuses one by one (v1's noSuchName,
 * genErr) is given as XN_SNMP_REFUSED and the rest is asked again; a reply too big is asked in
 * halves. `skip` (may be NULL): places not to ask.
 */
void xn_snmp_get(struct xn_snmp *snmp, const struct xn_oid_ref *oids, const uint8_t *skip,
    unsigned count, xn_snmp_take take);

/*
 * Walks what is below each root, up to XN_SNMP_WIDTH of them side by side; a root's walk ends at an
 * OID that does not increase. `peek`: only the first object of each.
 */
void xn_snmp_walk(struct xn_snmp *snmp, const struct xn_oid_ref *roots, unsigned count, bool peek,
    xn_snmp_take take);

/* The v3 peer's engine id; 0 bytes while it is not known. */
size_t xn_snmp_engine(const struct xn_snmp *snmp, uint8_t ret_engine[XN_SNMP_ENGINE_MAX]);

#endif
