#include "drivers/snmp_session.h"

#include <net-snmp/library/large_fd_set.h>

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY_MS_MAX 1000
#define TRIES      3

struct xn_snmp_session {
	struct xn_hub_member member; /* first: the hub's callbacks find us by it */
	struct xn_hub *hub;
	struct xn_url *url;
	struct xn_snmp_keys keys; /* of version 3 */
	bool keyed;
	uint8_t engine[XN_SNMP_ENGINE_MAX];
	size_t engine_size;
	char peer[96];        /* its address; "": not looked up yet */
	void *handle;         /* NULL: not open */
	bool closing;         /* the library tells of what is still open */
	bool greeting;        /* the handle is the one that finds the engine */
	netsnmp_pdu *waiting; /* the question, until the engine is known */
	int64_t deadline;
	xn_snmp_answered answered;
	void *to;
	/* Set by the library's callback. */
	bool done;
	int fault; /* the library's error, 0 for none */
	bool good;
	struct xn_snmp_answer answer; /* if `good` */
};

static int on_answer(
    int operation, netsnmp_session *peer, int request, netsnmp_pdu *pdu, void *magic);

/* The library's word for a fault, made short. */
static int
fail_with(int fault, struct xn_error *err)
{
	switch (fault) {
	case SNMPERR_TIMEOUT: return xn_fail(err, XN_EUNREACHABLE, "no answer to SNMP");
	case SNMPERR_UNKNOWN_USER_NAME: return xn_fail(err, XN_EUNREACHABLE, "unknown SNMPv3 user");
	case SNMPERR_AUTHENTICATION_FAILURE:
		return xn_fail(
		    err, XN_EUNREACHABLE, "SNMPv3 authentication failed (user, auth or authpass)");
	case SNMPERR_DECRYPTION_ERR:
		return xn_fail(err, XN_EUNREACHABLE, "SNMPv3 decryption failed (priv or privpass)");
	case SNMPERR_ASN_PARSE_ERR:
		return xn_fail(err, XN_EUNREACHABLE,
		    "the answer cannot be decoded (a wrong authpass or privpass, or not SNMP)");
	default: return xn_fail(err, XN_EUNREACHABLE, "SNMP: %s", snmp_api_errstring(fault));
	}
}

static void
hang_up(struct xn_snmp_session *session)
{
	if (session->handle == NULL)
		return;
	xn_snmp_library_lock();
	xn_hub_unwatch(session->hub, &session->member, snmp_sess_transport(session->handle)->sock);
	session->closing = true;
	snmp_sess_close(session->handle);
	session->closing = false;
	session->handle = NULL;
	xn_snmp_library_unlock();
}

/*
 * The peer's address, in the library's words. A name is looked up once, not under the lock: a name
 * server that does not answer would hold up every device with each new session.
 */
static int
find_peer(struct xn_snmp_session *session, struct xn_error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	const struct addrinfo *one;
	struct addrinfo *found;
	char address[INET6_ADDRSTRLEN + IF_NAMESIZE];
	int fault;

	if (session->peer[0] != '\0')
		return XN_OK;
	fault = getaddrinfo(session->url->host, NULL, &hints, &found);
	if (fault != 0)
		return xn_fail(err, XN_EUNREACHABLE, "host: %s", gai_strerror(fault));
	/* Cards that speak both listen on IPv4 at least. */
	one = found;
	while (one->ai_family != AF_INET && one->ai_next != NULL)
		one = one->ai_next;
	if (one->ai_family != AF_INET)
		one = found;
	fault = getnameinfo(
	    one->ai_addr, one->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST);
	if (fault == 0)
		snprintf(session->peer, sizeof(session->peer),
		    one->ai_family == AF_INET6 ? "udp6:[%s]:%u" : "udp:%s:%u", address,
		    (unsigned)session->url->port);
	freeaddrinfo(found);
	return fault == 0 ? XN_OK : xn_fail(err, XN_EUNREACHABLE, "host: %s", gai_strerror(fault));
}

/* Opens the library's session: the peer's, or one without user that finds its engine. */
static int
dial(struct xn_snmp_session *session, struct xn_error *err)
{
	netsnmp_session peer;
	int code = XN_OK;

	snmp_sess_init(&peer);
	peer.peername = session->peer;
	peer.version = session->url->version == 1 ? SNMP_VERSION_1
	    : session->url->version == 3          ? SNMP_VERSION_3
						  : SNMP_VERSION_2c;
	peer.community = (u_char *)session->url->community;
	peer.community_len = strlen(session->url->community);
	session->greeting = peer.version == SNMP_VERSION_3 && session->engine_size == 0;
	if (peer.version == SNMP_VERSION_3 && !session->greeting) {
		if (!session->keyed)
			code = xn_snmp_keys_derive(session->url, &session->keys, err);
		if (code < 0)
			return code;
		session->keyed = true;
		xn_snmp_keys_use(&session->keys, session->url, &peer);
		peer.securityEngineID = session->engine;
		peer.securityEngineIDLen = session->engine_size;
	}
	session->handle = snmp_sess_open(&peer);
	xn_snmp_keys_wipe(&peer);
	if (session->handle == NULL)
		return fail_with(peer.s_snmp_errno, err);
	/* Else it would wait for the engine when it sends; opening clears the flag. */
	snmp_sess_session(session->handle)->flags |= SNMP_FLAGS_DONT_PROBE;
	if (!session->greeting && peer.version == SNMP_VERSION_3)
		usm_create_user_from_session(snmp_sess_session(session->handle));
	if (!xn_hub_watch(
		session->hub, &session->member, snmp_sess_transport(session->handle)->sock))
		return xn_fail(err, XN_ESYSTEM, "too many sockets");
	return XN_OK;
}

/* What a greeting asks: anything, of no engine; the report names the peer's. */
static netsnmp_pdu *
new_greeting(void)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	if (pdu == NULL)
		return NULL;
	pdu->version = SNMP_VERSION_3;
	pdu->securityName = strdup("");
	pdu->securityNameLen = 0;
	pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
	pdu->securityModel = SNMP_SEC_MODEL_USM;
	return pdu;
}

/* Sends the waiting question, or the greeting that has to go before it. */
static int
send_waiting(struct xn_snmp_session *session, struct xn_error *err)
{
	int left = xn_deadline_left(session->deadline);
	int wait = left / TRIES < TRY_MS_MAX ? left / TRIES + 1 : TRY_MS_MAX;
	bool once;
	netsnmp_session *peer;
	netsnmp_pdu *pdu;
	int code = find_peer(session, err);
	int fault = SNMPERR_MALLOC;

	if (code < 0)
		return code;
	xn_snmp_library_lock();
	if (session->handle == NULL)
		code = dial(session, err);
	if (code == XN_OK) {
		peer = snmp_sess_session(session->handle);
		/* A SET whose answer is lost may have been carried out. */
		once = !session->greeting && session->waiting->command == SNMP_MSG_SET;
		peer->retries = once ? 0 : TRIES - 1;
		peer->s_snmp_errno = 0;
		peer->timeout = (once ? left + 1 : wait) * 1000L;
		pdu = session->greeting ? new_greeting() : session->waiting;
		if (!session->greeting)
			session->waiting = NULL;
		if (pdu == NULL ||
		    snmp_sess_async_send(session->handle, pdu, on_answer, session) == 0) {
			snmp_sess_error(session->handle, NULL, &fault, NULL);
			snmp_free_pdu(pdu);
			code = fail_with(fault, err);
		}
	}
	xn_snmp_library_unlock();
	return code;
}

/* Answers the question and forgets it. */
static void
finish(struct xn_snmp_session *session, int code, const struct xn_error *err)
{
	struct xn_snmp_answer answer = session->answer;
	bool good = session->good;

	session->answer.variables = NULL;
	session->good = false;
	session->done = false;
	if (session->waiting != NULL)
		snmp_free_pdu(session->waiting);
	session->waiting = NULL;
	xn_hub_busy(session->hub, &session->member, false);
	session->answered(session->to, good ? &answer : NULL, code, err);
	if (answer.variables != NULL)
		snmp_free_varbind(answer.variables);
}

static int
fail_answer(const struct xn_snmp_session *session, struct xn_error *err)
{
	bool mute = session->fault == SNMPERR_TIMEOUT || session->fault == SNMPERR_BAD_PARSE ||
	    session->fault == 0;

	/* Many devices meet a wrong user or key with silence. */
	if (mute && session->engine_size > 0)
		return xn_fail(err, XN_EUNREACHABLE,
		    "answers SNMPv3, but not this user (user, auth, authpass, priv or privpass)");
	return fail_with(session->fault != 0 ? session->fault : SNMPERR_TIMEOUT, err);
}

/* What the library's callback left: an engine to go on with, an answer, or a fault. */
static void
settle(struct xn_snmp_session *session)
{
	struct xn_error err = {.code = XN_OK};
	int code = XN_OK;

	if (session->greeting && session->engine_size > 0) {
		hang_up(session);
		session->done = false;
		code = send_waiting(session, &err);
		if (code < 0)
			finish(session, code, &err);
		return;
	}
	if (!session->good) {
		code = fail_answer(session, &err);
		/* A v3 device that was exchanged has another engine, which a greeting asks for. */
		if (session->fault != SNMPERR_TIMEOUT || session->url->version == 3) {
			hang_up(session);
			session->engine_size = 0;
		}
	}
	finish(session, code, &err);
}

/* The report that answers a greeting named the engine, which the library keeps in its session. */
static void
take_engine(struct xn_snmp_session *session)
{
	const netsnmp_session *peer = snmp_sess_session(session->handle);

	if (!session->greeting || peer->securityEngineIDLen == 0 ||
	    peer->securityEngineIDLen > XN_SNMP_ENGINE_MAX)
		return;
	memcpy(session->engine, peer->securityEngineID, peer->securityEngineIDLen);
	session->engine_size = peer->securityEngineIDLen;
	session->done = true;
}

static int
on_answer(int operation, netsnmp_session *peer, int request, netsnmp_pdu *pdu, void *magic)
{
	struct xn_snmp_session *session = magic;

	(void)request;
	if (session->closing)
		return 1;
	session->fault = 0;
	if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE &&
	    pdu->command == SNMP_MSG_RESPONSE) {
		/* The variables are taken out of the PDU, which the library frees: a copy of them
		 * would cost as much as all the rest. */
		session->good = true;
		session->answer = (struct xn_snmp_answer){.errstat = pdu->errstat,
		    .errindex = pdu->errindex,
		    .variables = pdu->variables};
		pdu->variables = NULL;
	} else if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) {
		session->fault = pdu->command == SNMP_MSG_REPORT ? snmpv3_get_report_type(pdu)
								 : SNMPERR_PROTOCOL;
		/* The library sends again with the peer's clock. */
		if (session->fault == SNMPERR_NOT_IN_TIME_WINDOW)
			return 1;
	} else if (operation == NETSNMP_CALLBACK_OP_TIMED_OUT) {
		/* A refusal that the library met on the way (a wrong key) says more than silence.
		 */
		session->fault = peer->s_snmp_errno != 0 ? peer->s_snmp_errno : SNMPERR_TIMEOUT;
	} else if (operation == NETSNMP_CALLBACK_OP_SEC_ERROR) {
		session->fault = SNMPERR_AUTHENTICATION_FAILURE;
	} else {
		/* Sent again, connected, or not sent this time: the library goes on trying. */
		return 1;
	}
	session->done = true;
	return 1;
}

/* ---- the hub's calls ---- */

static void
on_ready(struct xn_hub_member *member)
{
	struct xn_snmp_session *session = (struct xn_snmp_session *)member;
	netsnmp_large_fd_set set;
	int fd;

	if (session->handle == NULL)
		return;
	xn_snmp_library_lock();
	fd = snmp_sess_transport(session->handle)->sock;
	netsnmp_large_fd_set_init(&set, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(&set);
	NETSNMP_LARGE_FD_SET(fd, &set);
	snmp_sess_read2(session->handle, &set);
	netsnmp_large_fd_set_cleanup(&set);
	take_engine(session);
	xn_snmp_library_unlock();
	if (session->done)
		settle(session);
}

static void
on_tick(struct xn_hub_member *member)
{
	struct xn_snmp_session *session = (struct xn_snmp_session *)member;

	xn_snmp_library_lock();
	snmp_sess_timeout(session->handle);
	xn_snmp_library_unlock();
	if (!session->done && xn_deadline_left(session->deadline) == 0) {
		/* A request that is still open would call back for the next question. */
		hang_up(session);
		session->fault = SNMPERR_TIMEOUT;
		session->done = true;
	}
	if (session->done)
		settle(session);
}

/* ---- the owner's calls ---- */

int
xn_snmp_session_open(struct xn_snmp_session **ret_session, struct xn_hub *hub, struct xn_url *url,
    xn_snmp_answered answered, void *to, struct xn_error *err)
{
	struct xn_snmp_session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	session->member = (struct xn_hub_member){.ready = on_ready, .tick = on_tick};
	session->hub = hub;
	session->url = url;
	session->answered = answered;
	session->to = to;
	*ret_session = session;
	return XN_OK;
}

void
xn_snmp_session_close(struct xn_snmp_session *session)
{
	if (session == NULL)
		return;
	xn_hub_busy(session->hub, &session->member, false);
	hang_up(session);
	if (session->waiting != NULL)
		snmp_free_pdu(session->waiting);
	if (session->answer.variables != NULL)
		snmp_free_varbind(session->answer.variables);
	explicit_bzero(session, sizeof(*session));
	free(session);
}

void
xn_snmp_session_ask(struct xn_snmp_session *session, netsnmp_pdu *pdu, int64_t deadline)
{
	struct xn_error err = {.code = XN_OK};
	int code;

	assert(!session->member.busy && session->waiting == NULL);
	session->waiting = pdu;
	session->deadline = deadline;
	session->done = false;
	session->fault = 0;
	xn_hub_busy(session->hub, &session->member, true);
	code =
	    pdu == NULL ? xn_fail(&err, XN_ESYSTEM, "out of memory") : send_waiting(session, &err);
	if (code < 0) {
		hang_up(session);
		finish(session, code, &err);
	}
}

size_t
xn_snmp_session_engine(
    const struct xn_snmp_session *session, uint8_t ret_engine[XN_SNMP_ENGINE_MAX])
{
	memcpy(ret_engine, session->engine, session->engine_size);
	return session->engine_size;
}
