#include "orchestrator/shell/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

/* Who may: anybody, an agent, an operator who looks, an operator who acts. */
enum access { OPEN, AGENT, READ, ACT };

struct route {
	const char *method;
	const char *path; /* "*" stands for one part, given as the argument */
	enum access access;
	void (*serve)(struct xn_call *call);
};

static const struct route routes[] = {
    {"GET", "/healthz", OPEN, xn_api_healthz},
    {"GET", "/login", OPEN, xn_api_login},
    {"GET", "/metrics", READ, xn_api_metrics},
    {"POST", "/agent/v1/hello", AGENT, xn_api_hello},
    {"POST", "/agent/v1/frames", AGENT, xn_api_frames},
    {"GET", "/api/v1/openapi.json", OPEN, xn_api_openapi},
    {"GET", "/api/v1/session", READ, xn_api_session},
    {"POST", "/api/v1/login-codes", ACT, xn_api_login_code},
    {"GET", "/api/v1/events", READ, xn_api_events},
    {"GET", "/api/v1/status", READ, xn_api_status},
    {"GET", "/api/v1/racks", READ, xn_api_racks},
    {"GET", "/api/v1/hosts", READ, xn_api_hosts},
    {"POST", "/api/v1/hosts/*/drain", ACT, xn_api_drain},
    {"POST", "/api/v1/hosts/*/undrain", ACT, xn_api_undrain},
    {"GET", "/api/v1/vms", READ, xn_api_vms},
    {"GET", "/api/v1/vms/*/why", READ, xn_api_why},
    {"GET", "/api/v1/devices", READ, xn_api_devices},
    {"GET", "/api/v1/meters", READ, xn_api_meters},
    {"GET", "/api/v1/plans", READ, xn_api_plans},
    {"POST", "/api/v1/plans", ACT, xn_api_propose},
    {"GET", "/api/v1/plans/*", READ, xn_api_plan},
    {"POST", "/api/v1/plans/*/approve", ACT, xn_api_approve},
    {"POST", "/api/v1/plans/*/apply", ACT, xn_api_apply},
    {"POST", "/api/v1/plans/*/abort", ACT, xn_api_abort},
    {"GET", "/api/v1/policy", READ, xn_api_policy},
    {"PUT", "/api/v1/policy", ACT, xn_api_policy_put},
    {"POST", "/api/v1/policy/check", ACT, xn_api_policy_check},
    {"GET", "/api/v1/alarms", READ, xn_api_alarms},
    {"POST", "/api/v1/alarms/*/ack", ACT, xn_api_ack},
    {"POST", "/api/v1/pause", ACT, xn_api_pause},
    {"POST", "/api/v1/resume", ACT, xn_api_resume},
    {"GET", "/api/v1/ledger", READ, xn_api_ask},
    {"GET", "/api/v1/history", READ, xn_api_history},
    {"GET", "/api/v1/energy", READ, xn_api_ask},
    {"GET", "/api/v1/energy/flow", READ, xn_api_ask},
    {"GET", "/api/v1/energy/balance", READ, xn_api_ask},
    {"GET", "/api/v1/energy/compare", READ, xn_api_ask},
    {"GET", "/api/v1/energy/coverage", READ, xn_api_ask},
    {"GET", "/api/v1/energy/corrections", READ, xn_api_ask},
    {"POST", "/api/v1/energy/corrections", ACT, xn_api_correct},
    {"POST", "/api/v1/energy/activities", ACT, xn_api_activities},
    {"GET", "/api/v1/energy/tenants", READ, xn_api_ask},
    {"GET", "/api/v1/energy/vms", READ, xn_api_ask},
    {"GET", "/api/v1/metrics", READ, xn_api_ask},
    {"GET", "/api/v1/metrics/*", READ, xn_api_ask},
    {"GET", "/api/v1/energy-plan", READ, xn_api_ask},
    {"PUT", "/api/v1/energy-plan", ACT, xn_api_energy_plan_put},
    {"GET", "/api/v1/energy-plan/cost", READ, xn_api_ask},
    {"GET", "/api/v1/energy-plan/gap", READ, xn_api_ask},
    {"GET", "/api/v1/energy-plans", READ, xn_api_ask},
    {"GET", "/api/v1/reports", READ, xn_api_reports},
    {"POST", "/api/v1/reports", ACT, xn_api_report_freeze},
    {"GET", "/api/v1/reports/export", READ, xn_api_report_export},
    {"POST", "/api/v1/reports/file", ACT, xn_api_report_file},
    {"GET", "/api/v1/reports/schedules", READ, xn_api_report_schedules},
    {"POST", "/api/v1/reports/schedules", ACT, xn_api_report_schedule_add},
    {"DELETE", "/api/v1/reports/schedules/*", ACT, xn_api_report_schedule_remove},
    {"GET", "/api/v1/forecast/*", READ, xn_api_ask},
    {"GET", "/api/v1/forecast/*/score", READ, xn_api_ask},
};

/* ---- answers ---- */

void
xn_api_json(struct xn_http_request *request, unsigned status, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(12));

	json_decref(body);
	if (text == NULL)
		abort();
	xn_http_reply(request,
	    &(struct xn_http_reply){.status = status,
		.type = "application/json",
		.body = text,
		.size = strlen(text),
		.headers = {{"Cache-Control", "no-store"}}});
	free(text);
}

void
xn_api_error(struct xn_http_request *request, unsigned status, const char *code, const char *text)
{
	xn_api_json(request, status,
	    json_pack("{s:{s:s, s:o}}", "error", "code", code, "text", xn_json_name(text)));
}

void
xn_api_fail(struct xn_http_request *request, const struct xn_error *err)
{
	switch (err->code) {
	case XN_OK:
	case XN_ESYSTEM:
	case XN_EREAD:
	case XN_EDEVICE: xn_api_error(request, 500, "internal", err->text); return;
	case XN_EINVALID: xn_api_error(request, 422, "invalid", err->text); return;
	case XN_ENOTFOUND: xn_api_error(request, 404, "not-found", err->text); return;
	case XN_EREFUSED: xn_api_error(request, 409, "refused", err->text); return;
	case XN_EUNREACHABLE: xn_api_error(request, 503, "unreachable", err->text); return;
	case XN_EFULL: xn_api_error(request, 503, "full", err->text); return;
	}
}

/* ---- who ---- */

static bool
refuse(struct xn_http_request *request, unsigned status, const char *code, const char *why)
{
	xn_log(XN_LOG_WARNING, "api", XN_TEXT("from", request->from),
	    XN_TEXT("method", request->method), XN_TEXT("path", request->path),
	    XN_TEXT("refused", why));
	xn_api_error(request, status, code, why);
	return false;
}

/* The operator who asks, if it is one. */
static bool
find_operator(struct xn_call *call)
{
	struct xn_http_request *request = call->request;
	const struct xn_identity *peer = request->peer;

	if (request->door == XN_DOOR_UNIX && (request->uid == 0 || request->uid == getuid())) {
		snprintf(call->actor, sizeof(call->actor), request->uid == 0 ? "root" : "uid-%u",
		    (unsigned)request->uid);
		return true;
	}
	if (request->door == XN_DOOR_TLS && peer->kind == XN_PEER_OPERATOR &&
	    strcmp(peer->site, call->daemon->site->name) == 0) {
		strcpy(call->actor, peer->name);
		return true;
	}
	call->session =
	    xn_session_of(&call->daemon->sessions, xn_http_cookie(request, "xanh"), xn_clock_now());
	if (call->session == NULL)
		return false;
	strcpy(call->actor, call->session->actor);
	return true;
}

static bool
check_agent(struct xn_call *call)
{
	const struct xn_identity *peer = call->request->peer;

	if (call->request->door != XN_DOOR_TLS || peer->kind == XN_PEER_NONE)
		return refuse(
		    call->request, 401, "no-certificate", "an agent shows its certificate");
	if (peer->kind != XN_PEER_AGENT || strcmp(peer->site, call->daemon->site->name) != 0)
		return refuse(call->request, 403, "refused",
		    "the certificate is not of an agent of this site");
	strcpy(call->actor, peer->name);
	return true;
}

static bool
check_access(struct xn_call *call, enum access access)
{
	const char *csrf = xn_http_header(call->request, "X-Xanh-Csrf");

	if (access == OPEN)
		return true;
	if (access == AGENT)
		return check_agent(call);
	if (!find_operator(call))
		return call->request->peer->kind != XN_PEER_NONE
		    ? refuse(call->request, 403, "refused",
			  "the certificate is not of an operator of this site")
		    : refuse(call->request, 401, "no-session", "log in first: xanh dashboard");
	if (access == ACT && call->session != NULL && !xn_session_csrf(call->session, csrf))
		return refuse(
		    call->request, 403, "csrf", "the X-Xanh-Csrf header does not fit the session");
	return true;
}

/* ---- what ---- */

static bool
path_fits(const char *pattern, const char *path, char argument[XN_NAME_SIZE])
{
	while (*pattern != '\0') {
		size_t length;

		if (*pattern != '*') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		length = strcspn(path, "/");
		if (length == 0 || length >= XN_NAME_SIZE)
			return false;
		memcpy(argument, path, length);
		argument[length] = '\0';
		path += length;
		pattern++;
	}
	return *path == '\0';
}

static const struct route *
find_route(struct xn_call *call, bool *ret_path_known)
{
	const char *method = call->request->method;

	*ret_path_known = false;
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!path_fits(routes[i].path, call->request->path, call->argument))
			continue;
		*ret_path_known = true;
		if (strcmp(routes[i].method, method) == 0)
			return &routes[i];
	}
	return NULL;
}

void
xn_api_handle(void *daemon, struct xn_http_request *request)
{
	struct xn_call call = {.daemon = daemon, .request = request};
	bool path_known;
	const struct route *route = find_route(&call, &path_known);

	if (route != NULL) {
		if (check_access(&call, route->access))
			route->serve(&call);
	} else if (path_known) {
		xn_api_error(request, 405, "method", "this path does not take that method");
	} else if (strncmp(request->path, "/api/", 5) == 0 || !xn_api_file(request)) {
		xn_api_error(request, 404, "not-found", "there is nothing of this name");
	}
}
