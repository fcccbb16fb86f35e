/*
 * Server-sent events: everyone who follows the site gets the same numbered events; one that comes
 * back with the last number it saw gets what it missed, as far as it is kept. A ping every 15 s
 * keeps proxies awake and finds the dead.
 */
#ifndef XN_SHELL_SSE_H
#define XN_SHELL_SSE_H

#include "orchestrator/shell/http.h"

#define XN_SSE_SUBSCRIBERS_MAX 1024
#define XN_SSE_KEPT            256

struct xn_sse;

struct xn_sse *xn_sse_new(void);
void xn_sse_free(struct xn_sse *sse);

/* Answers the request with the stream; false (not answered) when there are too many. */
bool xn_sse_subscribe(struct xn_sse *sse, struct xn_http_request *request);

/* `data` is one line. */
void xn_sse_send(struct xn_sse *sse, const char *event, const char *data);
void xn_sse_ping(struct xn_sse *sse);
unsigned xn_sse_count(const struct xn_sse *sse);

#endif
