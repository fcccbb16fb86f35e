/* The page: login, session, files, events; and what needs no login. */
#include "orchestrator/shell/api.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "orchestrator/shell/web.h"

#define CSP                                                                                        \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "            \
	"img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* The document goes into the program as it is. */
__asm__(".section .rodata\n"
	"xn_openapi: .incbin \"docs/api/openapi.json\"\n"
	"xn_openapi_end: .byte 0\n"
	".previous\n");
extern const char xn_openapi[], xn_openapi_end[];

void
xn_api_openapi(struct xn_call *call)
{
	xn_http_reply(call->request,
	    &(struct xn_http_reply){.status = 200,
		.type = "application/json",
		.body = xn_openapi,
		.size = (size_t)(xn_openapi_end - xn_openapi),
		.lasting = true});
}

void
xn_api_healthz(struct xn_call *call)
{
	static const char good[] = "ok\n", full[] = "the disk is full\n";
	bool bad = call->daemon->engine.full;

	xn_http_reply(call->request,
	    &(struct xn_http_reply){.status = bad ? 503 : 200,
		.type = "text/plain",
		.body = bad ? full : good,
		.size = bad ? sizeof(full) - 1 : sizeof(good) - 1,
		.lasting = true});
}

void
xn_api_login(struct xn_call *call)
{
	const struct xn_session *session = xn_session_open(
	    &call->daemon->sessions, xn_http_query(call->request, "code"), xn_clock_now());
	char cookie[XN_TOKEN_SIZE + 64];

	if (session == NULL) {
		xn_log(XN_LOG_WARNING, "api", XN_TEXT("from", call->request->from),
		    XN_TEXT("refused", "a login code that is not valid"));
		xn_api_error(call->request, 401, "no-session",
		    "this code is used up or too old; run: xanh dashboard");
		return;
	}
	snprintf(cookie, sizeof(cookie), "xanh=%s; Path=/; HttpOnly; SameSite=Strict%s",
	    session->token, call->request->door == XN_DOOR_TLS ? "; Secure" : "");
	xn_http_reply(call->request,
	    &(struct xn_http_reply){.status = 303,
		.headers = {
		    {"Location", "/"}, {"Set-Cookie", cookie}, {"Cache-Control", "no-store"}}});
}

void
xn_api_session(struct xn_call *call)
{
	xn_api_json(call->request, 200,
	    json_pack("{s:s, s:s, s:s}", "actor", call->actor, "csrf",
		call->session == NULL ? "" : call->session->csrf, "site",
		call->daemon->site->name));
}

void
xn_api_events(struct xn_call *call)
{
	if (!xn_sse_subscribe(call->daemon->sse, call->request))
		xn_api_error(call->request, 503, "busy", "too many follow already");
}

/* ---- files ---- */

static const char *
type_of(const char *path)
{
	static const char *const types[][2] = {
	    {".html", "text/html; charset=utf-8"},
	    {".js", "text/javascript; charset=utf-8"},
	    {".css", "text/css; charset=utf-8"},
	    {".json", "application/json"},
	    {".svg", "image/svg+xml"},
	    {".png", "image/png"},
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

bool
xn_api_file(struct xn_http_request *request)
{
	const char *path = strcmp(request->path, "/") == 0 ? "/index.html" : request->path;
	const char *known = xn_http_header(request, "If-None-Match");

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return false;
	for (const struct xn_web_file *file = xn_web_files; file->path != NULL; file++) {
		bool same;

		if (strcmp(file->path, path) != 0)
			continue;
		same = known != NULL && strstr(known, file->etag) != NULL;
		xn_http_reply(request,
		    &(struct xn_http_reply){.status = same ? 304 : 200,
			.type = type_of(path),
			.body = file->begin,
			.size = same ? 0 : (size_t)(file->end - file->begin),
			.lasting = true,
			.headers = {{"ETag", file->etag}, {"Cache-Control", "no-cache"},
			    {"Content-Security-Policy", CSP},
			    {same ? NULL : "Content-Encoding", "gzip"}}});
		return true;
	}
	return false;
}
