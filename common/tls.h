/*
 * TLS between Xanh's programs: version 1.3, certificates of the site's own authority on both sides.
 * libmicrohttpd only asks a client for its certificate and lets it in without; whoever serves must
 * call xn_tls_verify_peer on every session and refuse when it fails.
 */
#ifndef XN_COMMON_TLS_H
#define XN_COMMON_TLS_H

#include <gnutls/gnutls.h>

#include "common/error.h"
#include "common/pki.h"

/* Priority string of every session, server and client. */
#define XN_TLS_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/*
 * Checks the client's certificate of a session (chain, dates, that it is a client's) against the
 * authority that the session's credentials trust, and says who it is. XN_EREFUSED with the reason.
 */
int xn_tls_verify_peer(
    gnutls_session_t session, struct xn_identity *ret_identity, struct xn_error *err);

/* Reads a certificate or key file as text, for libraries that want it in memory. free() it. */
int xn_tls_read_pem(const char *path, char **ret_pem, struct xn_error *err);

#endif
