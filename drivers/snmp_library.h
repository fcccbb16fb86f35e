/*
 * SNMP library: the one place that starts net-snmp, and what all who call it share. It takes no
 * locks, and its users, engines and clocks of SNMPv3 are the process's: every call into it is made
 * between lock and unlock, and nobody waits for a peer in between. Only a host's name may take its
 * time to be found: whoever must not wait at all tries the lock. No MIB file, no snmp.conf and no
 * state of its own is read or written.
 */
#ifndef XN_DRIVERS_SNMP_LIBRARY_H
#define XN_DRIVERS_SNMP_LIBRARY_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "drivers/url.h"

/* The first of them starts the library. */
void xn_snmp_library_lock(void);
bool xn_snmp_library_try(void); /* false: another thread has the lock */
void xn_snmp_library_unlock(void);

/*
 * A version 3 user's keys, not yet made for an engine. Deriving them hashes a megabyte for each
 * passphrase, so it is done once per device.
 */
struct xn_snmp_keys {
	int level; /* SNMP_SEC_LEVEL_... */
	u_char auth[USM_AUTH_KU_LEN];
	size_t auth_size;
	u_char priv[USM_PRIV_KU_LEN];
	size_t priv_size;
};

/* XN_EINVALID: the library cannot derive them. Under the lock. */
int xn_snmp_keys_derive(
    const struct xn_url *url, struct xn_snmp_keys *ret_keys, struct xn_error *err);

/*
 * Puts user, context and keys into a session to be opened. The session then points into `url` and
 * holds a copy of the keys, which xn_snmp_keys_wipe takes out again. Under the lock.
 */
void xn_snmp_keys_use(
    const struct xn_snmp_keys *keys, struct xn_url *url, netsnmp_session *session);
void xn_snmp_keys_wipe(netsnmp_session *session);

#endif
