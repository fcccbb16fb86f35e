#include "tests/simdev/server.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define ANSWER_BYTES_MAX 1300 /* what a GETBULK may fill, so that the answer is one datagram */
#define ENGINE_ID        "0x80001f88047873696d646576"
#define REPEATERS_MAX    64

/* The transport is first, so that the library's pointer to it is also ours. */
struct link {
	netsnmp_transport transport;
	struct xn_snmp_server *server;
	int (*send)(netsnmp_transport *, const void *, int, void **, int *);
};

struct xn_snmp_server {
	struct xn_loop *loop;
	struct xn_loop_source *source;
	struct xn_device *device;
	struct link *link; /* freed by the library with the session */
	void *session;
	struct late *late; /* answers on their way, of a slow device */
};

/* An answer that leaves later. */
struct late {
	struct late *next;
	struct xn_snmp_server *server;
	struct xn_loop_source *timer;
	void *bytes, *peer;
	int size, peer_size;
};

/* ---- bytes that leave ---- */

static void
forget(struct late *late)
{
	struct late **at = &late->server->late;

	while (*at != late)
		at = &(*at)->next;
	*at = late->next;
	xn_loop_drop(late->timer);
	free(late->bytes);
	free(late->peer);
	free(late);
}

static void
send_late(void *context)
{
	struct late *late = context;
	struct link *link = late->server->link;

	link->send(&link->transport, late->bytes, late->size, &late->peer, &late->peer_size);
	forget(late);
}

static int
send_slowly(struct link *link, const void *bytes, int size, void *const *peer, int peer_size)
{
	struct late *late = calloc(1, sizeof(*late));
	xn_duration delay = {.ms = link->server->device->slow_ms};

	if (late == NULL)
		return -1;
	*late = (struct late){.server = link->server,
	    .size = size,
	    .peer_size = peer_size,
	    .bytes = netsnmp_memdup(bytes, (size_t)size),
	    .peer = netsnmp_memdup(*peer, (size_t)peer_size),
	    .next = link->server->late};
	link->server->late = late;
	if (xn_loop_timer(link->server->loop, delay, (xn_duration){0}, send_late, late,
		&late->timer, NULL) != XN_OK)
		forget(late);
	return size;
}

/* The library's way out: faults of the line are made here. */
static int
send_through(netsnmp_transport *transport, const void *bytes, int size, void **peer, int *peer_size)
{
	static const uint8_t garbage[] = {0x30, 0x82, 0xff, 0xff, 0x02, 0x09, 0x41, 0x00, 0xa2};
	struct link *link = (struct link *)transport;

	switch (link->server->device->fault) {
	case XN_FAULT_OFF:
	case XN_FAULT_SILENT: return size;
	case XN_FAULT_SLOW: return send_slowly(link, bytes, size, peer, *peer_size);
	case XN_FAULT_GARBAGE:
		link->send(transport, garbage, sizeof(garbage), peer, peer_size);
		return size;
	case XN_FAULT_TRUNCATED:
		link->send(transport, bytes, size / 2, peer, peer_size);
		return size;
	case XN_FAULT_NONE:
	case XN_FAULT_SENTINEL:
	case XN_FAULT_WRONG_ID:
	case XN_FAULT_FROZEN:
	case XN_FAULTS: break;
	}
	return link->send(transport, bytes, size, peer, peer_size);
}

/* ---- answers ---- */

/* The library counts the size of integers as bytes of a long, whatever the type. */
static void
add_object(netsnmp_variable_list **list, const struct xn_mib_object *object)
{
	struct counter64 wide;

	if (object->type == ASN_COUNTER64) {
		wide.high = (u_long)(object->wide >> 32);
		wide.low = (u_long)(object->wide & UINT32_MAX);
		snmp_varlist_add_variable(
		    list, object->name, object->name_count, object->type, &wide, sizeof(wide));
	} else if (object->bytes != NULL) {
		snmp_varlist_add_variable(list, object->name, object->name_count, object->type,
		    object->bytes, object->size);
	} else {
		snmp_varlist_add_variable(list, object->name, object->name_count, object->type,
		    &object->number, sizeof(object->number));
	}
}

static size_t
bytes_of(const struct xn_mib_object *object)
{
	return 2 * object->name_count + (object->bytes != NULL ? object->size : 8) + 8;
}

/* False when a version 1 request names what is not there: it then fails whole. */
static bool
answer_one(const struct xn_mib *mib, const netsnmp_variable_list *asked, const netsnmp_pdu *request,
    netsnmp_variable_list **list)
{
	bool next = request->command != SNMP_MSG_GET;
	const struct xn_mib_object *object = next
	    ? xn_mib_after(mib, asked->name, asked->name_length)
	    : xn_mib_get(mib, asked->name, asked->name_length);

	if (object != NULL) {
		add_object(list, object);
		return true;
	}
	if (request->version == SNMP_VERSION_1)
		return false;
	snmp_varlist_add_variable(list, asked->name, asked->name_length,
	    next ? SNMP_ENDOFMIBVIEW : SNMP_NOSUCHINSTANCE, NULL, 0);
	return true;
}

/* Where a repeater of a GETBULK has come to. */
struct cursor {
	const xn_mib_arc *name;
	size_t count;
};

/* Appends what follows the cursor; false when the answer is full. */
static bool
advance(const struct xn_mib *mib, struct cursor *at, netsnmp_variable_list **list, size_t *bytes_io,
    bool *ret_more)
{
	const struct xn_mib_object *object = xn_mib_after(mib, at->name, at->count);
	size_t bytes = object != NULL ? bytes_of(object) : 2 * at->count + 8;

	if (*bytes_io > 0 && *bytes_io + bytes > ANSWER_BYTES_MAX)
		return false;
	*bytes_io += bytes;
	if (object == NULL) {
		snmp_varlist_add_variable(list, at->name, at->count, SNMP_ENDOFMIBVIEW, NULL, 0);
		return true;
	}
	add_object(list, object);
	*at = (struct cursor){object->name, object->name_count};
	*ret_more = true;
	return true;
}

/* One row after the other over all repeaters, until the answer is full or everything has ended. */
static void
answer_repeaters(const struct xn_mib *mib, const netsnmp_variable_list *asked, long repetitions,
    netsnmp_variable_list **list)
{
	struct cursor cursors[REPEATERS_MAX];
	size_t count = 0, bytes = 0;
	bool more = true;

	for (; asked != NULL && count < REPEATERS_MAX; asked = asked->next_variable)
		cursors[count++] = (struct cursor){asked->name, asked->name_length};
	for (; more && repetitions > 0; repetitions--) {
		more = false;
		for (size_t i = 0; i < count; i++) {
			if (!advance(mib, &cursors[i], list, &bytes, &more) || *list == NULL)
				return;
			list = &(*list)->next_variable;
		}
	}
}

static void
answer_bulk(const struct xn_mib *mib, const netsnmp_pdu *request, netsnmp_pdu *reply)
{
	const netsnmp_variable_list *asked = request->variables;
	netsnmp_variable_list **list = &reply->variables;

	for (long i = 0; i < request->non_repeaters && asked != NULL; i++) {
		answer_one(mib, asked, request, list);
		asked = asked->next_variable;
		list = &(*list)->next_variable;
	}
	answer_repeaters(mib, asked, request->max_repetitions, list);
}

static void
refuse(const netsnmp_pdu *request, netsnmp_pdu *reply, long status, long index)
{
	snmp_free_varbind(reply->variables);
	reply->variables = snmp_clone_varbind(request->variables);
	reply->errstat = status;
	reply->errindex = index;
}

static void
answer(const struct xn_mib *mib, const netsnmp_pdu *request, netsnmp_pdu *reply)
{
	netsnmp_variable_list **list = &reply->variables;
	long index = 0;

	if (request->command == SNMP_MSG_GETBULK) {
		answer_bulk(mib, request, reply);
		return;
	}
	if (request->command != SNMP_MSG_GET && request->command != SNMP_MSG_GETNEXT) {
		refuse(request, reply,
		    request->version == SNMP_VERSION_1 ? SNMP_ERR_NOSUCHNAME : SNMP_ERR_NOTWRITABLE,
		    1);
		return;
	}
	for (const netsnmp_variable_list *asked = request->variables; asked != NULL;
	     asked = asked->next_variable) {
		index++;
		if (!answer_one(mib, asked, request, list)) {
			refuse(request, reply, SNMP_ERR_NOSUCHNAME, index);
			return;
		}
		list = &(*list)->next_variable;
	}
}

/* The library checks keys; who may ask at all is ours to say. */
static bool
may_ask(const struct xn_device *device, const netsnmp_pdu *request)
{
	if (request->version == SNMP_VERSION_3)
		return device->user[0] != '\0' &&
		    request->securityLevel == SNMP_SEC_LEVEL_AUTHPRIV &&
		    request->securityName != NULL &&
		    strcmp(request->securityName, device->user) == 0;
	return device->community[0] != '\0' &&
	    request->community_len == strlen(device->community) &&
	    memcmp(request->community, device->community, request->community_len) == 0;
}

static bool
is_request(const netsnmp_pdu *pdu)
{
	return pdu->command == SNMP_MSG_GET || pdu->command == SNMP_MSG_GETNEXT ||
	    pdu->command == SNMP_MSG_GETBULK || pdu->command == SNMP_MSG_SET;
}

static int
on_pdu(int operation, netsnmp_session *session, int request_id, netsnmp_pdu *request, void *context)
{
	struct xn_snmp_server *server = context;
	netsnmp_pdu *reply;

	(void)session;
	(void)request_id;
	if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || !is_request(request) ||
	    !may_ask(server->device, request))
		return 1;
	reply = snmp_clone_pdu(request);
	if (reply == NULL)
		return 1;
	snmp_free_varbind(reply->variables);
	reply->variables = NULL;
	reply->command = SNMP_MSG_RESPONSE;
	reply->errstat = reply->errindex = 0;
	answer(&server->device->mib, request, reply);
	if (server->device->fault == XN_FAULT_WRONG_ID) {
		reply->reqid += 4711;
		reply->msgid += 4711;
	}
	if (snmp_sess_send(server->session, reply) == 0)
		snmp_free_pdu(reply);
	return 1;
}

static void
on_readable(void *context, int fd, uint32_t events)
{
	struct xn_snmp_server *server = context;
	netsnmp_large_fd_set set;

	(void)events;
	netsnmp_large_fd_set_init(&set, fd + 1);
	NETSNMP_LARGE_FD_ZERO(&set);
	NETSNMP_LARGE_FD_SET(fd, &set);
	snmp_sess_read2(server->session, &set);
	netsnmp_large_fd_set_cleanup(&set);
}

/* ---- opening and closing ---- */

/* Boots must grow from run to run, or a poller that knows the last run refuses this one. */
int
xn_snmp_start(const struct xn_plant *plant, struct xn_error *err)
{
	char line[512];

	setenv("MIBS", "", 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
	/* Boots are believed only if the engine is the one of before; all of it before the library
	 * starts. */
	snprintf(line, sizeof(line), "exactEngineID %s", ENGINE_ID);
	netsnmp_config_remember(line);
	snprintf(line, sizeof(line), "oldEngineID %s", ENGINE_ID);
	netsnmp_config_remember(line);
	snprintf(line, sizeof(line), "engineBoots %ld", (long)(time(NULL) - 1700000000));
	netsnmp_config_remember(line);
	init_snmp("simdev");
	for (size_t i = 0; i < plant->user_count; i++) {
		const struct xn_plant_user *user = &plant->users[i];
		const char *auth = strcmp(user->auth, "sha256") == 0 ? "SHA-256" : "SHA";

		if (strcmp(user->priv, "aes") != 0 ||
		    (strcmp(user->auth, "sha") != 0 && *(auth + 3) == 0))
			return xn_fail(err, XN_EINVALID,
			    "user %s: auth is sha or sha256, priv is aes", user->name);
		snprintf(line, sizeof(line), "%s %s \"%s\" AES \"%s\"", user->name, auth,
		    user->auth_pass, user->priv_pass);
		usm_parse_create_usmUser("createUser", line);
	}
	return XN_OK;
}

/* The port that was given, where any free one was asked for. */
static unsigned
port_of(int fd)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return 0;
	return ntohs(address.sin_port);
}

static struct link *
make_link(struct xn_snmp_server *server, const char *where)
{
	netsnmp_transport *transport = netsnmp_transport_open_server("simdev", where);
	struct link *link;

	if (transport == NULL)
		return NULL;
	link = calloc(1, sizeof(*link));
	if (link == NULL)
		abort();
	link->transport = *transport;
	link->server = server;
	link->send = transport->f_send;
	link->transport.f_send = send_through;
	free(transport); /* its parts live on in the copy */
	return link;
}

int
xn_snmp_open(struct xn_loop *loop, struct xn_device *device, struct xn_error *err)
{
	struct xn_snmp_server *server = calloc(1, sizeof(*server));
	netsnmp_session session;
	char where[128];

	if (server == NULL)
		abort();
	snprintf(where, sizeof(where), "udp:%s:%u", device->host, device->port);
	server->loop = loop;
	server->device = device;
	server->link = make_link(server, where);
	if (server->link == NULL) {
		free(server);
		return xn_fail(err, XN_ESYSTEM, "%s: cannot listen at %s", device->name, where);
	}
	snmp_sess_init(&session);
	session.version = SNMP_DEFAULT_VERSION;
	session.callback = on_pdu;
	session.callback_magic = server;
	session.authenticator = NULL;
	session.isAuthoritative = SNMP_SESS_AUTHORITATIVE;
	server->session = snmp_sess_add(&session, &server->link->transport, NULL, NULL);
	if (server->session == NULL)
		return xn_fail(
		    err, XN_ESYSTEM, "%s: the SNMP library refuses %s", device->name, where);
	device->port = port_of(server->link->transport.sock);
	device->snmp = server;
	return xn_loop_fd(
	    loop, server->link->transport.sock, EPOLLIN, on_readable, server, &server->source, err);
}

void
xn_snmp_close(struct xn_device *device)
{
	struct xn_snmp_server *server = device->snmp;

	if (server == NULL)
		return;
	while (server->late != NULL)
		forget(server->late);
	xn_loop_drop(server->source);
	snmp_sess_close(server->session);
	free(server);
	device->snmp = NULL;
}
