#include "orchestrator/shell/session.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CODE_MS    (5 * 60 * INT64_C(1000))
#define SESSION_MS (12 * 3600 * INT64_C(1000))

static void
make_token(char token[XN_TOKEN_SIZE])
{
	uint8_t bytes[(XN_TOKEN_SIZE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token + i * 2, 3, "%02x", bytes[i]);
}

static bool
same(const char *ours, const char *theirs)
{
	unsigned char differs = 0;

	if (ours[0] == '\0' || theirs == NULL || strlen(theirs) != XN_TOKEN_SIZE - 1)
		return false;
	for (size_t i = 0; i < XN_TOKEN_SIZE - 1; i++)
		differs |= (unsigned char)(ours[i] ^ theirs[i]);
	return differs == 0;
}

/* The free place, or the one that ends first. */
static struct xn_session *
place(struct xn_session *rows)
{
	struct xn_session *best = &rows[0];

	for (int i = 1; i < XN_SESSIONS_MAX && best->token[0] != '\0'; i++)
		if (rows[i].token[0] == '\0' || rows[i].until.ms < best->until.ms)
			best = &rows[i];
	return best;
}

static struct xn_session *
find(struct xn_session *rows, const char *token, xn_instant now)
{
	for (int i = 0; i < XN_SESSIONS_MAX; i++)
		if (rows[i].until.ms > now.ms && same(rows[i].token, token))
			return &rows[i];
	return NULL;
}

const char *
xn_session_code(struct xn_sessions *sessions, const char *actor, xn_instant now)
{
	struct xn_session *code = place(sessions->codes);

	*code = (struct xn_session){.until = {now.ms + CODE_MS}};
	snprintf(code->actor, sizeof(code->actor), "%s", actor);
	make_token(code->token);
	return code->token;
}

const struct xn_session *
xn_session_open(struct xn_sessions *sessions, const char *code, xn_instant now)
{
	struct xn_session *from = find(sessions->codes, code, now);
	struct xn_session *session = place(sessions->open);

	if (from == NULL)
		return NULL;
	*session = *from;
	*from = (struct xn_session){0};
	session->until.ms = now.ms + SESSION_MS;
	make_token(session->token);
	make_token(session->csrf);
	return session;
}

const struct xn_session *
xn_session_of(struct xn_sessions *sessions, const char *token, xn_instant now)
{
	struct xn_session *session = find(sessions->open, token, now);

	if (session != NULL)
		session->until.ms = now.ms + SESSION_MS;
	return session;
}

bool
xn_session_csrf(const struct xn_session *session, const char *csrf)
{
	return same(session->csrf, csrf);
}
