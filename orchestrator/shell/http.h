/*
 * HTTP: libmicrohttpd behind a facade, run inside the loop. Three kinds of door: a unix socket
 * (peers are known by their uid), TLS 1.3 (peers are known by a client certificate that is verified
 * here, because the library only asks for one) and plain HTTP on loopback. What a peer may do is
 * decided by the handler; here is only established who it is.
 *
 * A handler answers with xn_http_reply or xn_http_stream_open, at once or later; until then the
 * request is kept. Invariants: (1) each request is answered exactly once; (2) a certificate that is
 * shown and does not verify never reaches the handler: 403; (3) bodies are at most
 * XN_UPLOAD_BYTES_MAX, and all bodies together XN_HTTP_BODIES_MAX; (4) everything happens in the
 * loop's thread.
 */
#ifndef XN_SHELL_HTTP_H
#define XN_SHELL_HTTP_H

#include <stddef.h>

#include "common/loop.h"
#include "common/tls.h"

#define XN_HTTP_BODIES_MAX (256u << 20)
/* What a subscriber may be behind before it is let go; it comes back with Last-Event-ID. */
#define XN_HTTP_STREAM_MAX (256u << 10)

enum xn_http_door { XN_DOOR_UNIX, XN_DOOR_TLS, XN_DOOR_LOOPBACK };

struct xn_http_listener {
	enum xn_http_door door;
	const char *host; /* an address; of XN_DOOR_UNIX the path */
	int port;         /* 0: any free one, see xn_http_port */
	const char *certificate, *key,
	    *authority; /* PEM, of XN_DOOR_TLS; authority NULL: no client is known */
};

struct xn_http;
struct xn_http_stream;

struct xn_http_request {
	const char *method;
	const char *path;
	enum xn_http_door door;
	uid_t uid;                      /* of XN_DOOR_UNIX */
	const struct xn_identity *peer; /* kind XN_PEER_NONE: it showed no certificate */
	const char *from;               /* its address, for the log */
	const char *body;               /* NUL-terminated; `size` without it */
	size_t size;
};

struct xn_http_header {
	const char *name;
	const char *value;
};

#define XN_HTTP_HEADERS_MAX 8

struct xn_http_reply {
	unsigned status;
	const char *type; /* Content-Type */
	const void *body;
	size_t size;
	bool lasting; /* the body outlives the server: it is not copied */
	struct xn_http_header headers[XN_HTTP_HEADERS_MAX]; /* ends with name NULL, or full */
};

typedef void xn_http_handler(void *context, struct xn_http_request *request);

/* `listeners` need not outlive the call. XN_EUNREACHABLE: an address cannot be had. */
int xn_http_start(struct xn_http **ret_http, struct xn_loop *loop,
    const struct xn_http_listener *listeners, unsigned listener_count, xn_http_handler *handler,
    void *context, struct xn_error *err);
/* The port that listener `index` has. */
int xn_http_port(const struct xn_http *http, unsigned index);
void xn_http_stop(struct xn_http *http);

/* NULL if it was not given. Live as long as the request. */
const char *xn_http_query(struct xn_http_request *request, const char *name);
const char *xn_http_header(struct xn_http_request *request, const char *name);
const char *xn_http_cookie(struct xn_http_request *request, const char *name);

void xn_http_reply(struct xn_http_request *request, const struct xn_http_reply *reply);

/* ---- streams: server-sent events ---- */

/* Answers 200 text/event-stream. `gone` is called once, when the stream is over; it is then freed.
 */
struct xn_http_stream *xn_http_stream_open(
    struct xn_http_request *request, void (*gone)(void *context), void *context);
/* False when the subscriber is too far behind; the stream then ends by itself. */
bool xn_http_stream_write(struct xn_http_stream *stream, const void *bytes, size_t size);

#endif
