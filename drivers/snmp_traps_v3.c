#include "drivers/snmp_traps_state.h"

#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/library/lcd_time.h>
#include <net-snmp/library/snmp_transport.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct xn_snmp_traps *
owner(const netsnmp_transport *transport)
{
	struct xn_snmp_traps *traps;

	memcpy(&traps, transport->data, sizeof(traps));
	return traps;
}

/* The library "receives": it is given the packet that is being read. */
static int
give_packet(netsnmp_transport *transport, void *buffer, int size, void **ret_opaque, int *ret_size)
{
	const struct xn_trap_held *held = owner(transport)->reading;

	*ret_opaque = NULL;
	*ret_size = 0;
	if ((size_t)size < held->size)
		return -1;
	memcpy(buffer, held->bytes, held->size);
	return (int)held->size;
}

/* The library sends an answer or a report. */
static int
take_answer(
    netsnmp_transport *transport, const void *bytes, int size, void **opaque, int *opaque_size)
{
	struct xn_snmp_traps *traps = owner(transport);

	(void)opaque, (void)opaque_size;
	if (xn_trap_socket_answer(traps->fd, &traps->reading->peer, bytes, (size_t)size))
		traps->counts.answered++;
	return size;
}

static int
close_nothing(netsnmp_transport *transport)
{
	(void)transport;
	return 0; /* the socket is ours */
}

static void
answer_inform(struct xn_snmp_traps *traps, netsnmp_pdu *pdu)
{
	netsnmp_pdu *reply = snmp_clone_pdu(pdu);

	if (reply == NULL)
		return;
	reply->command = SNMP_MSG_RESPONSE;
	reply->errstat = SNMP_ERR_NOERROR;
	reply->errindex = 0;
	if (snmp_sess_send(traps->session, reply) == 0)
		snmp_free_pdu(reply);
}

static int
on_packet(int operation, netsnmp_session *session, int request, netsnmp_pdu *pdu, void *magic)
{
	struct xn_snmp_traps *traps = magic;
	const struct xn_trap_held *held = traps->reading;

	(void)request;
	if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || held == NULL)
		return 1;
	/*
	 * With a wrong key the library calls all the same, and gives the PDU as the sender wrote it
	 * (authNoPriv) or with command 0 (authPriv); only the error tells.
	 */
	if (session->s_snmp_errno != 0 || pdu->securityStateRef == NULL) {
		traps->verdict = XN_TRAP_WRONG_KEY;
		return 1;
	}
	if (pdu->version != SNMP_VERSION_3 ||
	    pdu->securityLevel < traps->callers[held->caller].keys.level ||
	    pdu->command != (int)(held->ours ? SNMP_MSG_INFORM : SNMP_MSG_TRAP2))
		return 1;
	traps->verdict = XN_TRAP_GOOD;
	if (held->ours)
		answer_inform(traps, pdu);
	return 1;
}

static bool
open_session(struct xn_snmp_traps *traps)
{
	netsnmp_transport *transport = calloc(1, sizeof(*transport));
	netsnmp_session session;

	if (transport == NULL || (transport->data = malloc(sizeof(traps))) == NULL) {
		free(transport);
		return false;
	}
	memcpy(transport->data, &traps, sizeof(traps));
	transport->data_length = sizeof(traps);
	transport->domain = netsnmpUDPDomain;
	transport->domain_length = (int)netsnmpUDPDomain_len;
	transport->sock = traps->fd;
	transport->msgMaxSize = XN_TRAP_BYTES_MAX;
	transport->f_recv = give_packet;
	transport->f_send = take_answer;
	transport->f_close = close_nothing;
	snmp_sess_init(&session);
	session.callback = on_packet;
	session.callback_magic = traps;
	session.isAuthoritative = SNMP_SESS_UNKNOWNAUTH;
	traps->session = snmp_sess_add(&session, transport, NULL, NULL);
	return traps->session != NULL;
}

/*
 * Makes the engine the process's. Its clock goes on, as those of others are kept against it. The
 * library has a call for its boots but exports none, only the line of its own state file, which
 * names the boots of the last start.
 */
static bool
become(const struct xn_snmp_engine *engine)
{
	char line[32];

	snprintf(line, sizeof(line), "engineBoots %u", engine->boots - 1);
	return set_exact_engineID(engine->id, engine->size) == SNMPERR_SUCCESS &&
	    netsnmp_config(line) == SNMPERR_SUCCESS &&
	    snmpv3_local_snmpEngineBoots() == engine->boots &&
	    set_enginetime(engine->id, (u_int)engine->size, engine->boots,
		(u_int)snmpv3_local_snmpEngineTime(), TRUE) == SNMPERR_SUCCESS;
}

/*
 * The library's table has one user of a name and engine, the process over. While a packet is read
 * it is the caller's, so that a key is good from its own device's address only; the user that was
 * there, the poller's, is set aside meanwhile.
 */
static bool
enter_user(struct xn_trap_caller *caller, uint8_t *engine, size_t size, struct usmUser **ret_aside)
{
	netsnmp_session session;
	bool good;

	*ret_aside = usm_get_user(engine, size, caller->url.user);
	if (*ret_aside != NULL)
		usm_remove_user(*ret_aside);
	snmp_sess_init(&session);
	xn_snmp_keys_use(&caller->keys, &caller->url, &session);
	session.securityEngineID = engine;
	session.securityEngineIDLen = size;
	good = usm_create_user_from_session(&session) == SNMPERR_SUCCESS;
	xn_snmp_keys_wipe(&session);
	return good;
}

static void
leave_user(struct xn_trap_caller *caller, const uint8_t *engine, size_t size, struct usmUser *aside)
{
	struct usmUser *user = usm_get_user(engine, size, caller->url.user);

	if (user != NULL) {
		usm_remove_user(user);
		usm_free_user(user);
	}
	if (aside != NULL)
		usm_add_user(aside);
}

static void
let_library_read(struct xn_snmp_traps *traps, const struct xn_trap_held *held)
{
	netsnmp_large_fd_set set;

	traps->reading = held;
	netsnmp_large_fd_set_init(&set, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(&set);
	NETSNMP_LARGE_FD_SET(traps->fd, &set);
	snmp_sess_read2(traps->session, &set);
	netsnmp_large_fd_set_cleanup(&set);
	traps->reading = NULL;
}

int
xn_traps_v3_open(struct xn_snmp_traps *traps, struct xn_error *err)
{
	if (!become(&traps->engine) || !open_session(traps))
		return xn_fail(err, XN_ESYSTEM, "traps: SNMPv3 cannot be set up");
	return XN_OK;
}

void
xn_traps_v3_close(struct xn_snmp_traps *traps)
{
	if (traps->session != NULL)
		snmp_sess_close(traps->session);
	traps->session = NULL;
}

enum xn_trap_verdict
xn_traps_v3_read(struct xn_snmp_traps *traps, const struct xn_trap_held *held)
{
	struct xn_trap_caller *caller = &traps->callers[held->caller];
	uint8_t *engine = held->ours ? traps->engine.id : caller->engine;
	size_t size = held->ours ? traps->engine.size : caller->engine_size;
	struct usmUser *aside;

	Enginetime clock = search_enginetime_list(engine, (u_int)size);
	struct enginetime_struct before = {0};

	traps->verdict = XN_TRAP_UNREADABLE;
	if (held->asking) {
		let_library_read(traps, held);
		return traps->verdict;
	}
	/*
	 * Some devices send traps by a program that counts boots of its own under the
	 * same engine: the clock that polling goes by stays as polling left it.
	 */
	if (clock != NULL)
		before = *clock;
	if (enter_user(caller, engine, size, &aside))
		let_library_read(traps, held);
	leave_user(caller, engine, size, aside);
	if (clock != NULL)
		*clock = before;
	return traps->verdict;
}
