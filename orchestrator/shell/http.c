#include "orchestrator/shell/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "orchestrator/shell/http_listen.h"

#define LISTENERS_MAX      8
#define CONNECTIONS_MAX    4096
#define CONNECTION_IDLE_S  120
#define RUN_AGAIN_LATEST_S 5

struct listener {
	struct xn_http *http;
	enum xn_http_door door;
	char *path; /* of a unix socket, to be removed */
	int port;
	struct MHD_Daemon *daemon;
	struct xn_loop_source *source;
	struct xn_loop_source *timer;
	struct xn_log_repeat chatter;
};

struct xn_http {
	xn_http_handler *handler;
	void *context;
	size_t bodies; /* bytes of all that are held */
	struct listener listeners[LISTENERS_MAX];
	unsigned listener_count;
	struct xn_http_stream *streams;
	struct call *calls;
	bool stopping;
};

/* Who is at the other end of a connection; found out once. */
struct peer {
	bool known;
	struct xn_identity identity;
	struct xn_error refused; /* code 0: not */
	uid_t uid;
	char from[64];
};

/* A request with what the facade needs to know of it; the public part is first. */
struct call {
	struct xn_http_request request;
	struct xn_http *http;
	struct listener *listener;
	struct MHD_Connection *connection;
	struct call *next, **link;
	char *path;
	char *method;
	char *body;
	size_t room;
	bool too_big, busy;
	enum { CALL_READING, CALL_HANDLING, CALL_WAITING, CALL_ANSWERED } state;
	struct MHD_Response *response;
	unsigned status;
};

struct xn_http_stream {
	struct listener *listener;
	struct xn_http_stream *next, **link;
	struct MHD_Connection *connection;
	char *bytes;
	size_t used;
	bool suspended, ending;
	void (*gone)(void *context);
	void *context;
};

/* ---- peers ---- */

static void
find_address(struct peer *peer, const struct sockaddr *address)
{
	const void *bytes = NULL;

	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	if (bytes == NULL ||
	    inet_ntop(address->sa_family, bytes, peer->from, sizeof(peer->from)) == NULL)
		strcpy(peer->from, "?");
}

static void
find_certificate(struct peer *peer, gnutls_session_t session)
{
	unsigned count = 0;

	if (gnutls_certificate_get_peers(session, &count) == NULL || count == 0)
		return; /* a browser */
	xn_tls_verify_peer(session, &peer->identity, &peer->refused);
}

static void
find_peer(struct peer *peer, struct MHD_Connection *connection, enum xn_http_door door)
{
	const union MHD_ConnectionInfo *info;
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	peer->known = true;
	peer->uid = (uid_t)-1;
	if (door == XN_DOOR_UNIX) {
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		if (info != NULL &&
		    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
			peer->uid = credentials.uid;
		snprintf(peer->from, sizeof(peer->from), "uid %d", (int)peer->uid);
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info != NULL)
		find_address(peer, info->client_addr);
	if (door != XN_DOOR_TLS)
		return;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info == NULL)
		xn_fail(&peer->refused, XN_EREFUSED, "no TLS session");
	else
		find_certificate(peer, info->tls_session);
}

static void
on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
	(void)context;
	(void)connection;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = calloc(1, sizeof(struct peer));
	} else {
		free(*socket_context);
		*socket_context = NULL;
	}
}

static struct peer *
peer_of(struct MHD_Connection *connection, enum xn_http_door door)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct peer *peer = info == NULL ? NULL : info->socket_context;

	if (peer != NULL && !peer->known)
		find_peer(peer, connection, door);
	return peer;
}

/* ---- replies ---- */

const char *
xn_http_query(struct xn_http_request *request, const char *name)
{
	return MHD_lookup_connection_value(
	    ((struct call *)request)->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *
xn_http_header(struct xn_http_request *request, const char *name)
{
	return MHD_lookup_connection_value(
	    ((struct call *)request)->connection, MHD_HEADER_KIND, name);
}

const char *
xn_http_cookie(struct xn_http_request *request, const char *name)
{
	return MHD_lookup_connection_value(
	    ((struct call *)request)->connection, MHD_COOKIE_KIND, name);
}

/*
 * MHD looks at a resumed connection in its next run only, and its descriptor does not tell the loop
 * to run it; so the loop is told here.
 */
static void
resume(struct listener *listener, struct MHD_Connection *connection)
{
	MHD_resume_connection(connection);
	xn_loop_timer_set(listener->timer, (xn_duration){0});
}

/* Queues now if the handler is still running, else wakes the connection, which then queues. */
static void
answer(struct call *call, unsigned status, struct MHD_Response *response)
{
	assert(call->state == CALL_HANDLING || call->state == CALL_WAITING);
	call->status = status;
	call->response = response;
	if (call->state == CALL_WAITING)
		resume(call->listener, call->connection);
	call->state = CALL_ANSWERED;
}

void
xn_http_reply(struct xn_http_request *request, const struct xn_http_reply *reply)
{
	/* MHD takes the body as not const and leaves it alone in both modes. */
	union {
		const void *from;
		void *to;
	} body = {.from = reply->size == 0 ? "" : reply->body};
	struct MHD_Response *response = MHD_create_response_from_buffer(reply->size, body.to,
	    reply->lasting || reply->size == 0 ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);

	if (response == NULL)
		abort();
	if (reply->type != NULL)
		MHD_add_response_header(response, "Content-Type", reply->type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	for (int i = 0; i < XN_HTTP_HEADERS_MAX && reply->headers[i].name != NULL; i++)
		MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
	answer((struct call *)request, reply->status, response);
}

static void
reply_error(struct call *call, unsigned status, const char *code, const char *text)
{
	char body[512];
	int size = snprintf(
	    body, sizeof(body), "{\"error\":{\"code\":\"%s\",\"text\":\"%s\"}}\n", code, text);

	xn_http_reply(&call->request,
	    &(struct xn_http_reply){
		.status = status, .type = "application/json", .body = body, .size = (size_t)size});
}

/* ---- streams ---- */

static ssize_t
read_stream(void *context, uint64_t position, char *buffer, size_t room)
{
	struct xn_http_stream *stream = context;
	size_t some = stream->used < room ? stream->used : room;

	(void)position;
	if (some > 0) {
		memcpy(buffer, stream->bytes, some);
		memmove(stream->bytes, stream->bytes + some, stream->used - some);
		stream->used -= some;
		return (ssize_t)some;
	}
	if (stream->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	stream->suspended = true;
	MHD_suspend_connection(stream->connection);
	return 0;
}

static void
free_stream(void *context)
{
	struct xn_http_stream *stream = context;

	*stream->link = stream->next;
	if (stream->next != NULL)
		stream->next->link = stream->link;
	stream->gone(stream->context);
	free(stream->bytes);
	free(stream);
}

struct xn_http_stream *
xn_http_stream_open(struct xn_http_request *request, void (*gone)(void *context), void *context)
{
	struct call *call = (struct call *)request;
	struct xn_http_stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	if (stream == NULL || (stream->bytes = malloc(XN_HTTP_STREAM_MAX)) == NULL)
		abort();
	stream->listener = call->listener;
	stream->connection = call->connection;
	stream->gone = gone;
	stream->context = context;
	stream->link = &call->http->streams;
	stream->next = call->http->streams;
	if (stream->next != NULL)
		stream->next->link = &stream->next;
	call->http->streams = stream;
	response = MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, 4096, read_stream, stream, free_stream);
	if (response == NULL)
		abort();
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	answer(call, 200, response);
	return stream;
}

static void
wake(struct xn_http_stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	resume(stream->listener, stream->connection);
}

bool
xn_http_stream_write(struct xn_http_stream *stream, const void *bytes, size_t size)
{
	if (stream->ending)
		return false;
	if (size > XN_HTTP_STREAM_MAX - stream->used) {
		stream->ending = true;
	} else {
		memcpy(stream->bytes + stream->used, bytes, size);
		stream->used += size;
	}
	wake(stream);
	return !stream->ending;
}

/* ---- requests ---- */

static struct call *
new_call(struct listener *listener, struct MHD_Connection *connection, const char *path,
    const char *method)
{
	struct xn_http *http = listener->http;
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL || (call->path = strdup(path)) == NULL ||
	    (call->method = strdup(method)) == NULL)
		abort();
	call->http = http;
	call->listener = listener;
	call->connection = connection;
	call->request.path = call->path;
	call->request.method = call->method;
	call->request.door = listener->door;
	call->request.body = "";
	call->link = &http->calls;
	call->next = http->calls;
	if (call->next != NULL)
		call->next->link = &call->next;
	http->calls = call;
	return call;
}

static void
take_body(struct call *call, const char *bytes, size_t size)
{
	size_t wanted = call->request.size + size + 1;

	if (wanted > XN_UPLOAD_BYTES_MAX + 1u)
		call->too_big = true;
	if (wanted > call->room && call->http->bodies + wanted > XN_HTTP_BODIES_MAX)
		call->busy = true;
	if (call->too_big || call->busy)
		return;
	if (wanted > call->room) {
		size_t room = wanted * 2 < 4096 ? 4096 : wanted * 2;
		char *body = realloc(call->body, room);

		if (body == NULL)
			abort();
		call->http->bodies += room - call->room;
		call->body = body;
		call->room = room;
		call->request.body = body;
	}
	memcpy(call->body + call->request.size, bytes, size);
	call->request.size += size;
	call->body[call->request.size] = '\0';
}

static void
dispatch(struct call *call, struct peer *peer)
{
	call->state = CALL_HANDLING;
	if (peer == NULL) {
		reply_error(call, 503, "busy", "too many connections");
		return;
	}
	call->request.peer = &peer->identity;
	call->request.uid = peer->uid;
	call->request.from = peer->from;
	if (peer->refused.code != XN_OK) {
		xn_log(XN_LOG_WARNING, "http", XN_TEXT("from", peer->from),
		    XN_TEXT("path", call->path), XN_TEXT("refused", peer->refused.text));
		reply_error(call, 403, "refused", "the client certificate is not accepted");
	} else if (call->too_big) {
		reply_error(call, 413, "too-big", "the body is larger than 1 MiB");
	} else if (call->busy || call->http->stopping) {
		reply_error(call, 503, "busy", "try again in a moment");
	} else {
		call->http->handler(call->http->context, &call->request);
	}
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
    const char *version, const char *upload, size_t *upload_size, void **request_context)
{
	struct listener *listener = context;
	struct call *call = *request_context;
	enum MHD_Result queued;

	(void)version;
	if (call == NULL) {
		*request_context = new_call(listener, connection, path, method);
		return MHD_YES;
	}
	if (*upload_size > 0) {
		take_body(call, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (call->state == CALL_READING)
		dispatch(call, peer_of(connection, listener->door));
	if (call->state == CALL_HANDLING) {
		call->state = CALL_WAITING;
		MHD_suspend_connection(connection);
		return MHD_YES;
	}
	if (call->state != CALL_ANSWERED)
		return MHD_YES;
	queued = MHD_queue_response(connection, call->status, call->response);
	MHD_destroy_response(call->response);
	call->response = NULL;
	return queued;
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **request_context,
    enum MHD_RequestTerminationCode code)
{
	struct call *call = *request_context;

	(void)context;
	(void)connection;
	(void)code;
	if (call == NULL)
		return;
	*call->link = call->next;
	if (call->next != NULL)
		call->next->link = call->link;
	if (call->response != NULL)
		MHD_destroy_response(call->response);
	call->http->bodies -= call->room;
	free(call->body);
	free(call->path);
	free(call->method);
	free(call);
	*request_context = NULL;
}

/* ---- running ---- */

static void __attribute__((format(printf, 2, 0)))
on_chatter(void *context, const char *format, va_list arguments)
{
	struct listener *listener = context;
	char text[256];

	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	xn_log_fault(&listener->chatter, XN_LOG_INFO, "http", XN_TEXT("said", text));
}

static void
run(struct listener *listener)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(listener->daemon);
	if (MHD_get_timeout(listener->daemon, &ms) != MHD_YES || ms > RUN_AGAIN_LATEST_S * 1000)
		ms = RUN_AGAIN_LATEST_S * 1000;
	xn_loop_timer_set(listener->timer, (xn_duration){(int64_t)ms});
}

static void
on_ready(void *context, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	run(context);
}

static void
on_timer(void *context)
{
	run(context);
}

static int
start_daemon(
    struct listener *listener, const struct xn_http_listener *from, int fd, struct xn_error *err)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)XN_TLS_PRIORITY},
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)from->certificate},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)from->key},
	    {MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)from->authority},
	    {MHD_OPTION_END, 0, NULL},
	};

	if (from->door == XN_DOOR_TLS)
		flags |= MHD_USE_TLS;
	if (from->authority == NULL)
		tls[3].option = MHD_OPTION_END;
	if (from->door != XN_DOOR_TLS)
		tls[0].option = MHD_OPTION_END;
	listener->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, listener,
	    MHD_OPTION_EXTERNAL_LOGGER, on_chatter, listener, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)CONNECTION_IDLE_S, MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener, MHD_OPTION_ARRAY, tls,
	    MHD_OPTION_END);
	if (listener->daemon != NULL)
		return XN_OK;
	close(fd);
	return xn_fail(err, XN_ESYSTEM,
	    "starting the HTTP server on %s: certificate or key not accepted?", from->host);
}

static int
start_listener(struct listener *listener, struct xn_loop *loop, const struct xn_http_listener *from,
    struct xn_error *err)
{
	const union MHD_DaemonInfo *info;
	int fd, result = xn_http_listen(from, &fd, &listener->port, err);

	if (result != XN_OK)
		return result;
	listener->door = from->door;
	if (from->door == XN_DOOR_UNIX)
		listener->path = strdup(from->host);
	if ((result = start_daemon(listener, from, fd, err)) != XN_OK)
		return result;
	info = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return xn_fail(err, XN_ESYSTEM, "the HTTP server has no epoll descriptor");
	result = xn_loop_timer(loop, xn_seconds(RUN_AGAIN_LATEST_S), (xn_duration){0}, on_timer,
	    listener, &listener->timer, err);
	if (result == XN_OK)
		result = xn_loop_fd(
		    loop, info->epoll_fd, EPOLLIN, on_ready, listener, &listener->source, err);
	return result;
}

int
xn_http_start(struct xn_http **ret_http, struct xn_loop *loop,
    const struct xn_http_listener *listeners, unsigned listener_count, xn_http_handler *handler,
    void *context, struct xn_error *err)
{
	struct xn_http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		abort();
	http->handler = handler;
	http->context = context;
	if (listener_count > LISTENERS_MAX) {
		free(http);
		return xn_fail(err, XN_EINVALID, "more than %d listeners", LISTENERS_MAX);
	}
	for (unsigned i = 0; i < listener_count; i++) {
		int result;

		http->listeners[i].http = http;
		http->listener_count++;
		result = start_listener(&http->listeners[i], loop, &listeners[i], err);
		if (result != XN_OK) {
			xn_http_stop(http);
			return result;
		}
	}
	*ret_http = http;
	return XN_OK;
}

int
xn_http_port(const struct xn_http *http, unsigned index)
{
	assert(index < http->listener_count);
	return http->listeners[index].port;
}

/* MHD must not be stopped while a connection is suspended: all are answered or ended first. */
static void
let_go(struct xn_http *http)
{
	http->stopping = true;
	for (struct call *call = http->calls; call != NULL; call = call->next)
		if (call->state == CALL_WAITING)
			reply_error(call, 503, "stopping", "xanhd is stopping");
	for (struct xn_http_stream *stream = http->streams; stream != NULL; stream = stream->next) {
		stream->ending = true;
		wake(stream);
	}
	for (unsigned i = 0; i < http->listener_count; i++)
		if (http->listeners[i].daemon != NULL)
			MHD_run(http->listeners[i].daemon);
}

void
xn_http_stop(struct xn_http *http)
{
	if (http == NULL)
		return;
	let_go(http);
	for (unsigned i = 0; i < http->listener_count; i++) {
		struct listener *listener = &http->listeners[i];

		xn_loop_drop(listener->source);
		xn_loop_drop(listener->timer);
		if (listener->daemon != NULL)
			MHD_stop_daemon(listener->daemon);
		if (listener->path != NULL)
			unlink(listener->path);
		free(listener->path);
	}
	free(http);
}
