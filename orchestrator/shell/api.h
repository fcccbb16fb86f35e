/*
 * API: who may ask what, under /api/v1, and the page's files. Operators are known by the unix
 * socket (root or our own user), by a certificate of the site's authority, or by a browser session;
 * agents by their certificate. What changes anything from a browser needs the session's CSRF token.
 * Every refusal is logged. The routes are one table in api.c, described in docs/api/openapi.json.
 */
#ifndef XN_SHELL_API_H
#define XN_SHELL_API_H

#include "orchestrator/shell/daemon.h"

/* `daemon` is a struct xn_daemon. */
void xn_api_handle(void *daemon, struct xn_http_request *request);

/* ---- shared by the files of the API ---- */

/* A request whose sender is known and may do what it asks. */
struct xn_call {
	struct xn_daemon *daemon;
	struct xn_http_request *request;
	char actor[XN_NAME_SIZE];         /* operator, or agent */
	char argument[XN_NAME_SIZE];      /* the "*" of the route */
	const struct xn_session *session; /* NULL: not a browser's */
};

void xn_api_json(struct xn_http_request *request, unsigned status, json_t *body);
void xn_api_error(
    struct xn_http_request *request, unsigned status, const char *code, const char *text);
/* The status that goes with the code. */
void xn_api_fail(struct xn_http_request *request, const struct xn_error *err);
/* 422 with each problem's place. */
void xn_api_problems(
    struct xn_http_request *request, const char *text, const struct xn_problems *problems);

/* api_read.c */
void xn_api_status(struct xn_call *call);
void xn_api_racks(struct xn_call *call);
void xn_api_hosts(struct xn_call *call);
void xn_api_vms(struct xn_call *call);
void xn_api_why(struct xn_call *call);
void xn_api_devices(struct xn_call *call);
void xn_api_meters(struct xn_call *call);
void xn_api_alarms(struct xn_call *call);
void xn_api_plans(struct xn_call *call);
void xn_api_plan(struct xn_call *call);
void xn_api_history(struct xn_call *call);
void xn_api_policy(struct xn_call *call);
void xn_api_metrics(struct xn_call *call);
/* A question of the books: the path behind /api/v1. */
void xn_api_ask(struct xn_call *call);

/* api_act.c */
/* The answer to an agent's hello or frames. */
void xn_api_answer_agent(struct xn_http_request *request, const char *agent, int result,
    uint64_t durable, const struct xn_error *err);
void xn_api_hello(struct xn_call *call);
void xn_api_frames(struct xn_call *call);
void xn_api_propose(struct xn_call *call);
void xn_api_approve(struct xn_call *call);
void xn_api_apply(struct xn_call *call);
void xn_api_abort(struct xn_call *call);
void xn_api_drain(struct xn_call *call);
void xn_api_undrain(struct xn_call *call);
void xn_api_ack(struct xn_call *call);
void xn_api_pause(struct xn_call *call);
void xn_api_resume(struct xn_call *call);
void xn_api_policy_put(struct xn_call *call);
void xn_api_policy_check(struct xn_call *call);
void xn_api_login_code(struct xn_call *call);

/* api_energy_plan.c */
void xn_api_energy_plan_put(struct xn_call *call);
/* api_report.c */
void xn_api_reports(struct xn_call *call);
void xn_api_report_export(struct xn_call *call);
void xn_api_report_freeze(struct xn_call *call);
void xn_api_report_file(struct xn_call *call);
void xn_api_report_schedules(struct xn_call *call);
void xn_api_report_schedule_add(struct xn_call *call);
void xn_api_report_schedule_remove(struct xn_call *call);

/* api_energy.c */
void xn_api_correct(struct xn_call *call);
void xn_api_activities(struct xn_call *call);

/* api_page.c */
void xn_api_login(struct xn_call *call);
void xn_api_session(struct xn_call *call);
void xn_api_healthz(struct xn_call *call);
void xn_api_openapi(struct xn_call *call);
void xn_api_events(struct xn_call *call);
/* A file of the page; false: there is none of this path. */
bool xn_api_file(struct xn_http_request *request);

#endif
