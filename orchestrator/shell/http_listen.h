/* Listening sockets, for http.c: unix sockets (a left-over file is removed when nobody answers) and
 * TCP. A loopback door refuses any address that is not a loopback one. */
#ifndef XN_SHELL_HTTP_LISTEN_H
#define XN_SHELL_HTTP_LISTEN_H

#include "orchestrator/shell/http.h"

int xn_http_listen(
    const struct xn_http_listener *listener, int *ret_fd, int *ret_port, struct xn_error *err);

#endif
