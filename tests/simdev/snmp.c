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

#include "tests/simdev/answer.h"

#define ENGINE_ID "0x80001f88047873696d646576"

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
	unsigned answers;
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

/* Bytes on their way to whoever asked. */
struct packet {
	struct link *link;
	const void *bytes;
	int size;
	void **peer;
	int *peer_size;
};

static struct late *
keep(const struct packet *packet)
{
	struct xn_snmp_server *server = packet->link->server;
	struct late *late = calloc(1, sizeof(*late));

	if (late == NULL)
		abort();
	*late = (struct late){.server = server,
	    .size = packet->size,
	    .peer_size = *packet->peer_size,
	    .bytes = netsnmp_memdup(packet->bytes, (size_t)packet->size),
	    .peer = netsnmp_memdup(*packet->peer, (size_t)*packet->peer_size),
	    .next = server->late};
	server->late = late;
	return late;
}

static void
leave(const struct packet *packet)
{
	struct link *link = packet->link;

	link->send(&link->transport, packet->bytes, packet->size, packet->peer, packet->peer_size);
}

static void
swallow(const struct packet *packet)
{
	(void)packet;
}

static void
leave_garbage(const struct packet *packet)
{
	static const uint8_t garbage[] = {0x30, 0x82, 0xff, 0xff, 0x02, 0x09, 0x41, 0x00, 0xa2};
	struct packet other = *packet;

	other.bytes = garbage;
	other.size = sizeof(garbage);
	leave(&other);
}

static void
leave_half(const struct packet *packet)
{
	struct packet half = *packet;

	half.size /= 2;
	leave(&half);
}

static void
leave_slowly(const struct packet *packet)
{
	struct xn_snmp_server *server = packet->link->server;
	xn_duration delay = {.ms = server->device->fault_number};
	struct late *late = keep(packet);

	if (xn_loop_timer(server->loop, delay, (xn_duration){0}, send_late, late, &late->timer,
		NULL) != XN_OK)
		forget(late);
}

/* What was kept before goes first. */
static void
leave_behind(const struct packet *packet)
{
	if (packet->link->server->late != NULL)
		send_late(packet->link->server->late);
	keep(packet);
}

static void
leave_mostly(const struct packet *packet)
{
	struct xn_snmp_server *server = packet->link->server;

	if (++server->answers % server->device->fault_number != 0)
		leave(packet);
}

static void (*const ways[XN_FAULTS])(const struct packet *packet) = {
    [XN_FAULT_SILENT] = swallow,
    [XN_FAULT_OFF] = swallow,
    [XN_FAULT_GARBAGE] = leave_garbage,
    [XN_FAULT_TRUNCATED] = leave_half,
    [XN_FAULT_SLOW] = leave_slowly,
    [XN_FAULT_LATE] = leave_behind,
    [XN_FAULT_LOSS] = leave_mostly,
};

/* The library's way out: faults of the line are made here. */
static int
send_through(netsnmp_transport *transport, const void *bytes, int size, void **peer, int *peer_size)
{
	struct link *link = (struct link *)transport;
	struct packet packet = {link, bytes, size, peer, peer_size};

	if (ways[link->server->device->fault] != NULL)
		ways[link->server->device->fault](&packet);
	else
		leave(&packet);
	return size;
}

/* ---- requests ---- */

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
	xn_snmp_answer(server->device, request, reply);
	server->device->requests++;
	for (const netsnmp_variable_list *v = reply->variables; v != NULL; v = v->next_variable)
		server->device->variables++;
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
