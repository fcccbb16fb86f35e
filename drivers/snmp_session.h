/*
 * SNMP session: one peer, one question at a time, by net-snmp's single-session interface under the
 * library's lock (snmp_library.h), served by a hub. The engine of a v3 peer is found by a session
 * of its own without user, because the library, asked to find it, waits for the peer.
 *
 * Invariants: (1) each question is answered exactly once, by its deadline, from the hub's turn or
 * from within xn_snmp_session_ask; (2) nothing waits while the lock is held; (3) a SET, which only
 * snmp_control.c makes, is sent once.
 */
#ifndef XN_DRIVERS_SNMP_SESSION_H
#define XN_DRIVERS_SNMP_SESSION_H

#include "drivers/hub.h"
#include "drivers/snmp_library.h"
#include "drivers/snmp_wire.h"

struct xn_snmp_session;

/* What of a response matters. */
struct xn_snmp_answer {
	long errstat;
	long errindex;
	netsnmp_variable_list *variables;
};

/* The response, which is the caller's only until it returns; or NULL, a code and a sentence. */
typedef void (*xn_snmp_answered)(
    void *to, const struct xn_snmp_answer *answer, int code, const struct xn_error *err);

/* No traffic yet. `url` outlives the session. */
int xn_snmp_session_open(struct xn_snmp_session **ret_session, struct xn_hub *hub,
    struct xn_url *url, xn_snmp_answered answered, void *to, struct xn_error *err);
void xn_snmp_session_close(struct xn_snmp_session *session);

/* Takes the PDU. Not while a question is open. */
void xn_snmp_session_ask(struct xn_snmp_session *session, netsnmp_pdu *pdu, int64_t deadline);

/* The v3 peer's engine id; 0 bytes while it is not known. */
size_t xn_snmp_session_engine(
    const struct xn_snmp_session *session, uint8_t ret_engine[XN_SNMP_ENGINE_MAX]);

#endif
