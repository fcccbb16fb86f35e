#include "drivers/snmp_wire.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/large_fd_set.h>

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device.h"

#define TRY_MS_MAX 1000
#define TRIES      3
#define TICK_MS    50 /* how often the library looks whether to send again */

struct xn_snmp {
	struct xn_url url;
	void *handle; /* NULL: not open */
};

/* One exchange; filled by the library's callback. */
struct answer {
	bool done;
	int fault; /* the library's error, 0 for none */
	netsnmp_pdu *pdu;
};

/* The library's state is the process's, so its lock has to be. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t started = PTHREAD_ONCE_INIT;

static void
start_library(void)
{
	setenv("MIBS", "", 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
	netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
	init_snmp("xanh");
}

static const oid *
auth_protocol(enum xn_snmp_auth auth, size_t *ret_length)
{
	*ret_length = OID_LENGTH(usmHMACSHA1AuthProtocol);
	switch (auth) {
	case XN_AUTH_MD5: return usmHMACMD5AuthProtocol;
	case XN_AUTH_SHA: return usmHMACSHA1AuthProtocol;
	case XN_AUTH_SHA224: return usmHMAC128SHA224AuthProtocol;
	case XN_AUTH_SHA256: return usmHMAC192SHA256AuthProtocol;
	case XN_AUTH_SHA384: return usmHMAC256SHA384AuthProtocol;
	case XN_AUTH_SHA512: return usmHMAC384SHA512AuthProtocol;
	case XN_AUTH_NONE: break;
	}
	return usmNoAuthProtocol;
}

/* The user's keys; false when the library cannot derive them. The copies the session takes are its.
 */
static bool
set_user(netsnmp_session *session, struct xn_url *url)
{
	const oid *protocol = auth_protocol(url->auth, &session->securityAuthProtoLen);

	session->securityName = url->user;
	session->securityNameLen = strlen(url->user);
	session->contextName = url->context;
	session->contextNameLen = strlen(url->context);
	session->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
	if (url->auth == XN_AUTH_NONE)
		return true;
	session->securityLevel = SNMP_SEC_LEVEL_AUTHNOPRIV;
	session->securityAuthProto = snmp_duplicate_objid(protocol, session->securityAuthProtoLen);
	session->securityAuthKeyLen = USM_AUTH_KU_LEN;
	if (generate_Ku(protocol, (u_int)session->securityAuthProtoLen, (u_char *)url->auth_pass,
		strlen(url->auth_pass), session->securityAuthKey,
		&session->securityAuthKeyLen) != SNMPERR_SUCCESS)
		return false;
	if (url->priv == XN_PRIV_NONE)
		return true;
	session->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
	session->securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
	session->securityPrivProto =
	    snmp_duplicate_objid(usmAESPrivProtocol, session->securityPrivProtoLen);
	session->securityPrivKeyLen = USM_PRIV_KU_LEN;
	return generate_Ku(protocol, (u_int)session->securityAuthProtoLen, (u_char *)url->priv_pass,
		   strlen(url->priv_pass), session->securityPrivKey,
		   &session->securityPrivKeyLen) == SNMPERR_SUCCESS;
}

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

int
xn_snmp_open(struct xn_snmp **ret_snmp, const struct xn_url *url, struct xn_error *err)
{
	struct xn_snmp *snmp = calloc(1, sizeof(*snmp));

	if (snmp == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	pthread_once(&started, start_library);
	snmp->url = *url;
	*ret_snmp = snmp;
	return XN_OK;
}

static void
hang_up(struct xn_snmp *snmp)
{
	pthread_mutex_lock(&library);
	if (snmp->handle != NULL)
		snmp_sess_close(snmp->handle);
	snmp->handle = NULL;
	pthread_mutex_unlock(&library);
}

void
xn_snmp_close(struct xn_snmp *snmp)
{
	if (snmp == NULL)
		return;
	hang_up(snmp);
	explicit_bzero(&snmp->url, sizeof(snmp->url));
	free(snmp);
}

/* Opens the library's session; of v3 this asks the peer for its engine. Under the lock. */
static int
dial(struct xn_snmp *snmp, int64_t deadline, struct xn_error *err)
{
	netsnmp_session session;
	char place[XN_URL_HOST_SIZE + 16];
	char peer[sizeof(place) + 8];
	int wait = xn_deadline_left(deadline);
	bool keyed;

	if (wait > XN_SNMP_PROBE_MS)
		wait = XN_SNMP_PROBE_MS;
	snmp_sess_init(&session);
	xn_url_place(&snmp->url, place, sizeof(place));
	snprintf(peer, sizeof(peer), "%s:%s", place[0] == '[' ? "udp6" : "udp", place);
	session.peername = peer;
	session.version = snmp->url.version == 1 ? SNMP_VERSION_1
	    : snmp->url.version == 3             ? SNMP_VERSION_3
						 : SNMP_VERSION_2c;
	session.retries = TRIES - 1;
	session.timeout = (wait / TRIES + 1) * 1000L;
	session.community = (u_char *)snmp->url.community;
	session.community_len = strlen(snmp->url.community);
	keyed = snmp->url.version != 3 || set_user(&session, &snmp->url);
	if (keyed)
		snmp->handle = snmp_sess_open(&session);
	free(session.securityAuthProto);
	free(session.securityPrivProto);
	explicit_bzero(session.securityAuthKey, sizeof(session.securityAuthKey));
	explicit_bzero(session.securityPrivKey, sizeof(session.securityPrivKey));
	if (!keyed)
		return xn_fail(err, XN_EINVALID, "SNMPv3 keys cannot be derived");
	return snmp->handle != NULL ? XN_OK : fail_with(session.s_snmp_errno, err);
}

static int
on_answer(int operation, netsnmp_session *session, int request, netsnmp_pdu *pdu, void *magic)
{
	struct answer *answer = magic;

	(void)request;
	if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE &&
	    pdu->command == SNMP_MSG_RESPONSE) {
		answer->pdu = snmp_clone_pdu(pdu);
		answer->fault = answer->pdu != NULL ? 0 : SNMPERR_MALLOC;
	} else if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) {
		answer->fault = pdu->command == SNMP_MSG_REPORT ? snmpv3_get_report_type(pdu)
								: SNMPERR_PROTOCOL;
		/* The library sends again with the peer's clock. */
		if (answer->fault == SNMPERR_NOT_IN_TIME_WINDOW)
			return 1;
	} else if (operation == NETSNMP_CALLBACK_OP_TIMED_OUT) {
		/* A refusal that the library met on the way (a wrong key) says more than silence.
		 */
		if (answer->fault == 0)
			answer->fault =
			    session->s_snmp_errno != 0 ? session->s_snmp_errno : SNMPERR_TIMEOUT;
	} else if (operation == NETSNMP_CALLBACK_OP_SEC_ERROR) {
		answer->fault = SNMPERR_AUTHENTICATION_FAILURE;
	} else {
		/* Sent again, connected, or not sent this time: the library goes on trying. */
		return 1;
	}
	answer->done = true;
	return 1;
}

/* Lets the library read what came, or send again. */
static void
serve(struct xn_snmp *snmp, int fd, bool readable)
{
	netsnmp_large_fd_set set;

	pthread_mutex_lock(&library);
	if (readable) {
		netsnmp_large_fd_set_init(&set, FD_SETSIZE);
		NETSNMP_LARGE_FD_ZERO(&set);
		NETSNMP_LARGE_FD_SET(fd, &set);
		snmp_sess_read2(snmp->handle, &set);
		netsnmp_large_fd_set_cleanup(&set);
	} else {
		snmp_sess_timeout(snmp->handle);
	}
	pthread_mutex_unlock(&library);
}

/* Sends; the socket to wait on, or a negative code. Takes the PDU. */
static int
send_request(struct xn_snmp *snmp, netsnmp_pdu *pdu, int64_t deadline, struct answer *answer,
    struct xn_error *err)
{
	netsnmp_session *session;
	int wait = xn_deadline_left(deadline) / TRIES;
	int fault;
	int code = XN_OK;

	pthread_mutex_lock(&library);
	if (snmp->handle == NULL)
		code = dial(snmp, deadline, err);
	if (code == XN_OK) {
		session = snmp_sess_session(snmp->handle);
		session->retries = TRIES - 1;
		session->s_snmp_errno = 0;
		session->timeout = (wait < TRY_MS_MAX ? wait + 1 : TRY_MS_MAX) * 1000L;
		if (snmp_sess_async_send(snmp->handle, pdu, on_answer, answer) != 0) {
			code = snmp_sess_transport(snmp->handle)->sock;
			pdu = NULL;
		} else {
			snmp_sess_error(snmp->handle, NULL, &fault, NULL);
			code = fail_with(fault, err);
		}
	}
	if (pdu != NULL)
		snmp_free_pdu(pdu);
	pthread_mutex_unlock(&library);
	return code;
}

/* One request and its response; gone by the deadline. Takes the PDU. */
static int
exchange(struct xn_snmp *snmp, netsnmp_pdu *pdu, int64_t deadline, netsnmp_pdu **ret_answer,
    struct xn_error *err)
{
	struct answer answer = {.done = false};
	int fd;

	fd = send_request(snmp, pdu, deadline, &answer, err);
	if (fd < 0)
		return fd;
	while (!answer.done && xn_deadline_left(deadline) > 0) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		int left = xn_deadline_left(deadline);
		int ready = poll(&waiting, 1, left < TICK_MS ? left : TICK_MS);

		serve(snmp, fd, ready > 0);
	}
	if (answer.pdu == NULL) {
		/*
		 * A request that is still open would call back into this frame. And a v3 device
		 * that was exchanged has another engine, which only a new session asks for.
		 */
		if (!answer.done || answer.fault != SNMPERR_TIMEOUT || snmp->url.version == 3)
			hang_up(snmp);
		return fail_with(answer.fault != 0 ? answer.fault : SNMPERR_TIMEOUT, err);
	}
	*ret_answer = answer.pdu;
	return XN_OK;
}

static netsnmp_pdu *
new_request(int command, const struct xn_oid *oids, unsigned count)
{
	netsnmp_pdu *pdu = snmp_pdu_create(command);

	for (unsigned i = 0; pdu != NULL && i < count; i++) {
		oid id[XN_OID_MAX];

		for (unsigned k = 0; k < oids[i].count; k++)
			id[k] = oids[i].id[k];
		snmp_add_null_var(pdu, id, oids[i].count);
	}
	return pdu;
}

static bool
take_oid(const oid *id, size_t count, struct xn_oid *ret_oid)
{
	ret_oid->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!xn_oid_add(ret_oid, (uint32_t)id[i]))
			return false;
	}
	return true;
}

/* A variable as our value; `text` of OIDs is written to `buffer`. */
static struct xn_snmp_value
take_value(const netsnmp_variable_list *variable, char *buffer, size_t size)
{
	struct xn_snmp_value value = {.tag = variable->type};
	struct xn_oid oid;

	switch (variable->type) {
	case ASN_INTEGER: value.integer = *variable->val.integer; break;
	case ASN_COUNTER:
	case ASN_GAUGE:
	case ASN_TIMETICKS: value.integer = (uint32_t)*variable->val.integer; break;
	case ASN_COUNTER64:
		value.integer = (int64_t)((uint64_t)variable->val.counter64->high << 32 |
		    (variable->val.counter64->low & 0xffffffffu));
		break;
	case ASN_OPAQUE_FLOAT:
		value.tag = XN_SNMP_REAL;
		value.real = (double)*variable->val.floatVal;
		break;
	case ASN_OPAQUE_DOUBLE: value.real = *variable->val.doubleVal; break;
	case ASN_OCTET_STR:
		value.text = (const char *)variable->val.string;
		value.size = variable->val_len;
		break;
	case ASN_OBJECT_ID:
		if (take_oid(variable->val.objid,
			variable->val_len / sizeof(variable->val.objid[0]), &oid))
			xn_oid_print(&oid, buffer, size);
		else
			snprintf(buffer, size, "?");
		value.text = buffer;
		value.size = strlen(buffer);
		break;
	default: break;
	}
	return value;
}

/* Gives the variables of a response to `take`; only those that were asked for, in their order. */
static void
deliver(const netsnmp_pdu *pdu, const struct xn_oid *oids, const unsigned *places, unsigned count,
    xn_snmp_take take, void *to)
{
	const netsnmp_variable_list *variable = pdu->variables;
	char buffer[XN_OID_MAX * 11];
	struct xn_oid oid;

	for (unsigned i = 0; i < count && variable != NULL;
	     i++, variable = variable->next_variable) {
		struct xn_snmp_value value = take_value(variable, buffer, sizeof(buffer));

		if (take_oid(variable->name, variable->name_length, &oid) &&
		    xn_oid_compare(&oid, &oids[i]) == 0)
			take(to, places[i], &oid, &value);
	}
}

/* What is still to be asked, and where it stood in the request. */
struct batch {
	struct xn_oid oids[XN_SNMP_GET_MAX];
	unsigned places[XN_SNMP_GET_MAX];
	unsigned count;
	unsigned limit; /* of one request */
};

static void
drop_front(struct batch *batch, unsigned count)
{
	batch->count -= count;
	memmove(batch->oids, batch->oids + count, batch->count * sizeof(batch->oids[0]));
	memmove(batch->places, batch->places + count, batch->count * sizeof(batch->places[0]));
}

/* Takes out the object a device refused; it is given as one that is not there. */
static void
refuse(struct batch *batch, unsigned at, xn_snmp_take take, void *to)
{
	struct xn_snmp_value none = {.tag = XN_SNMP_NO_OBJECT};

	take(to, batch->places[at], &batch->oids[at], &none);
	batch->count--;
	memmove(
	    batch->oids + at, batch->oids + at + 1, (batch->count - at) * sizeof(batch->oids[0]));
	memmove(batch->places + at, batch->places + at + 1,
	    (batch->count - at) * sizeof(batch->places[0]));
}

static void
judge(struct batch *batch, unsigned asked, const netsnmp_pdu *answer, xn_snmp_take take, void *to)
{
	if (answer->errstat == SNMP_ERR_NOERROR) {
		deliver(answer, batch->oids, batch->places, asked, take, to);
		drop_front(batch, asked);
	} else if (answer->errstat == SNMP_ERR_TOOBIG && asked > 1) {
		batch->limit = asked / 2;
	} else if (answer->errindex >= 1 && (unsigned long)answer->errindex <= asked) {
		refuse(batch, (unsigned)answer->errindex - 1, take, to);
	} else if (asked > 1) {
		batch->limit = asked / 2; /* refused without saying which */
	} else {
		refuse(batch, 0, take, to);
	}
}

int
xn_snmp_get(struct xn_snmp *snmp, const struct xn_oid *oids, unsigned count, int64_t deadline,
    xn_snmp_take take, void *to, struct xn_error *err)
{
	struct batch batch = {.count = count, .limit = count};

	assert(count <= XN_SNMP_GET_MAX);
	memcpy(batch.oids, oids, count * sizeof(oids[0]));
	for (unsigned i = 0; i < count; i++)
		batch.places[i] = i;
	/* Every round takes one out or halves the limit, so this ends. */
	while (batch.count > 0) {
		unsigned asked = batch.count < batch.limit ? batch.count : batch.limit;
		netsnmp_pdu *pdu = new_request(SNMP_MSG_GET, batch.oids, asked);
		netsnmp_pdu *answer;
		int code;

		if (pdu == NULL)
			return xn_fail(err, XN_ESYSTEM, "out of memory");
		code = exchange(snmp, pdu, deadline, &answer, err);
		if (code < 0)
			return code;
		judge(&batch, asked, answer, take, to);
		snmp_free_pdu(answer);
	}
	return XN_OK;
}

struct walk {
	const struct xn_oid *root;
	struct xn_oid at;
	unsigned rows;
	bool over;
};

static void
step(struct walk *walk, const netsnmp_pdu *answer, xn_snmp_take take, void *to)
{
	const netsnmp_variable_list *variable = answer->variables;
	char buffer[XN_OID_MAX * 11];
	struct xn_oid oid;

	walk->over = answer->errstat != SNMP_ERR_NOERROR || variable == NULL;
	for (; !walk->over && variable != NULL; variable = variable->next_variable) {
		struct xn_snmp_value value = take_value(variable, buffer, sizeof(buffer));

		walk->over = !take_oid(variable->name, variable->name_length, &oid) ||
		    !xn_oid_under(&oid, walk->root) || xn_oid_compare(&oid, &walk->at) <= 0 ||
		    value.tag >= XN_SNMP_NO_OBJECT || walk->rows == XN_SNMP_WALK_MAX;
		if (walk->over)
			break;
		take(to, walk->rows++, &oid, &value);
		walk->at = oid;
	}
}

int
xn_snmp_walk(struct xn_snmp *snmp, const struct xn_oid *root, int64_t deadline, xn_snmp_take take,
    void *to, struct xn_error *err)
{
	struct walk walk = {.root = root, .at = *root};
	bool bulk = snmp->url.version != 1;

	while (!walk.over) {
		netsnmp_pdu *pdu =
		    new_request(bulk ? SNMP_MSG_GETBULK : SNMP_MSG_GETNEXT, &walk.at, 1);
		netsnmp_pdu *answer;
		int code;

		if (pdu == NULL)
			return xn_fail(err, XN_ESYSTEM, "out of memory");
		if (bulk) {
			pdu->non_repeaters = 0;
			pdu->max_repetitions = XN_SNMP_BULK_ROWS;
		}
		code = exchange(snmp, pdu, deadline, &answer, err);
		if (code < 0)
			return code;
		/* Some cards refuse GETBULK; one step at a time does. */
		if (bulk && answer->errstat != SNMP_ERR_NOERROR)
			bulk = false;
		else
			step(&walk, answer, take, to);
		snmp_free_pdu(answer);
	}
	return XN_OK;
}
