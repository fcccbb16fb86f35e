/*
 * Sessions of the web page. An operator who is already known (unix socket, certificate) asks for a
 * code; the code, once, within five minutes, gives a browser a cookie. What changes anything needs
 * the session's second token in a header too, which a foreign page cannot send.
 *
 * Sessions live in memory: a restart ends them. Invariants: (1) a code serves once; (2) tokens are
 * compared in constant time; (3) the newest XN_SESSIONS_MAX sessions and codes are kept.
 */
#ifndef XN_SHELL_SESSION_H
#define XN_SHELL_SESSION_H

#include <stdbool.h>

#include "common/limits.h"
#include "common/units.h"

#define XN_SESSIONS_MAX 64
#define XN_TOKEN_SIZE   65 /* 32 random bytes as hex digits */

struct xn_session {
	char actor[XN_NAME_SIZE];
	char token[XN_TOKEN_SIZE]; /* empty: free */
	char csrf[XN_TOKEN_SIZE];
	xn_instant until;
};

struct xn_sessions {
	struct xn_session codes[XN_SESSIONS_MAX]; /* token is the code */
	struct xn_session open[XN_SESSIONS_MAX];
};

/* A code for `actor`, valid for five minutes. */
const char *xn_session_code(struct xn_sessions *sessions, const char *actor, xn_instant now);
/* The session that the code opens; NULL if it is not valid (any more). */
const struct xn_session *xn_session_open(
    struct xn_sessions *sessions, const char *code, xn_instant now);
/* The session of a cookie; NULL. Using it keeps it open for twelve hours more. */
const struct xn_session *xn_session_of(
    struct xn_sessions *sessions, const char *token, xn_instant now);
bool xn_session_csrf(const struct xn_session *session, const char *csrf);

#endif
