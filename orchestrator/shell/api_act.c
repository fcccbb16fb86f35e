/* What changes something: agents' data, and what people ask for. */
#include "orchestrator/shell/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

/* ---- agents ---- */

void
xn_api_answer_agent(struct xn_http_request *request, const char *agent, int result,
    uint64_t durable, const struct xn_error *err)
{
	static const struct {
		enum xn_code code;
		unsigned status;
		const char *word;
	} answers[] = {
	    {XN_EINVALID, 400, "invalid"},
	    {XN_EREFUSED, 403, "refused"},
	    {XN_ENOTFOUND, 409, "unknown-schema"},
	    {XN_EFULL, 503, "full"},
	};

	if (result == XN_OK) {
		xn_api_json(request, 200, json_pack("{s:I}", "durable", (json_int_t)durable));
		return;
	}
	if (result != XN_ENOTFOUND)
		xn_log(XN_LOG_WARNING, "intake", XN_TEXT("agent", agent),
		    XN_TEXT("path", request->path), XN_TEXT("refused", err->text));
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if ((int)answers[i].code == result) {
			xn_api_json(request, answers[i].status,
			    json_pack("{s:I, s:{s:s, s:o}}", "durable", (json_int_t)durable,
				"error", "code", answers[i].word, "text", xn_json_name(err->text)));
			return;
		}
	xn_api_error(request, 503, "not-durable", err->text);
}

void
xn_api_hello(struct xn_call *call)
{
	struct xn_error err;
	uint64_t durable = 0;
	int result = xn_daemon_hello(
	    call->daemon, call->actor, call->request->body, call->request->size, &durable, &err);

	xn_api_answer_agent(call->request, call->actor, result, durable, &err);
}

void
xn_api_frames(struct xn_call *call)
{
	xn_daemon_frames(call->daemon, call->actor, call->request);
}

/* ---- commands ---- */

/* A text field of the JSON body, "" if there is none. */
static void
body_text(const struct xn_call *call, const char *key, char *ret_text, size_t size)
{
	json_t *body = json_loadb(call->request->body, call->request->size, 0, NULL);
	const char *text = json_string_value(json_object_get(body, key));

	snprintf(ret_text, size, "%s", text == NULL ? "" : text);
	json_decref(body);
}

/* Asks the core; answers unless it said yes. */
static bool
command(struct xn_call *call, enum xn_verb verb, const char *subject, struct xn_reply *ret_reply)
{
	char note[XN_SENTENCE_SIZE];
	struct xn_error err;

	body_text(call, "note", note, sizeof(note));
	if (xn_engine_command(&call->daemon->engine, verb, subject, call->actor, note, ret_reply,
		&err) != XN_OK) {
		xn_api_fail(call->request, &err);
		return false;
	}
	if (ret_reply->code == XN_OK)
		return true;
	xn_log(XN_LOG_NOTICE, "api", XN_TEXT("actor", call->actor),
	    XN_TEXT("path", call->request->path), XN_TEXT("refused", ret_reply->text));
	xn_fail(&err, ret_reply->code, "%s", ret_reply->text);
	xn_api_fail(call->request, &err);
	return false;
}

static void
answer_plan(struct xn_call *call, unsigned status, const struct xn_reply *reply)
{
	struct xn_views views = xn_daemon_views(call->daemon);
	const struct xn_plan *plan = xn_core_plan_of(call->daemon->engine.core, reply->subject);
	json_t *view = plan == NULL ? json_object() : xn_view_plan(&views, plan);

	json_object_set_new(view, "text", xn_json_name(reply->text));
	xn_api_json(call->request, status, view);
}

static void
answer_text(struct xn_call *call, const struct xn_reply *reply)
{
	xn_api_json(call->request, 200,
	    json_pack("{s:o, s:o}", "text", xn_json_name(reply->text), "subject",
		xn_json_text(reply->subject)));
}

void
xn_api_propose(struct xn_call *call)
{
	struct xn_reply reply;

	if (command(call, XN_DO_PLAN, "", &reply))
		answer_plan(call, 201, &reply);
}

static void
change_plan(struct xn_call *call, enum xn_verb verb)
{
	struct xn_reply reply;

	if (command(call, verb, call->argument, &reply)) {
		memcpy(reply.subject, call->argument, sizeof(reply.subject));
		answer_plan(call, 200, &reply);
	}
}

void
xn_api_approve(struct xn_call *call)
{
	change_plan(call, XN_DO_APPROVE);
}

void
xn_api_apply(struct xn_call *call)
{
	change_plan(call, XN_DO_APPLY);
}

void
xn_api_abort(struct xn_call *call)
{
	change_plan(call, XN_DO_ABORT);
}

static void
simple(struct xn_call *call, enum xn_verb verb)
{
	struct xn_reply reply;

	if (command(call, verb, call->argument, &reply))
		answer_text(call, &reply);
}

void
xn_api_drain(struct xn_call *call)
{
	simple(call, XN_DO_DRAIN);
}

void
xn_api_undrain(struct xn_call *call)
{
	simple(call, XN_DO_UNDRAIN);
}

void
xn_api_ack(struct xn_call *call)
{
	simple(call, XN_DO_ACK);
}

void
xn_api_pause(struct xn_call *call)
{
	simple(call, XN_DO_PAUSE);
}

void
xn_api_resume(struct xn_call *call)
{
	simple(call, XN_DO_RESUME);
}

/* ---- policies ---- */

static json_t *
problem_rows(const struct xn_problems *problems)
{
	json_t *rows = json_array();

	for (const struct xn_problem *p = problems->first; p != NULL; p = p->next)
		json_array_append_new(rows,
		    json_pack("{s:i, s:i, s:o, s:o}", "line", (int)p->mark.line, "column",
			(int)p->mark.column, "text", xn_json_name(p->text), "advice",
			xn_json_text(p->advice)));
	return rows;
}

void
xn_api_problems(
    struct xn_http_request *request, const char *text, const struct xn_problems *problems)
{
	xn_api_json(request, 422,
	    json_pack("{s:{s:s, s:s}, s:o}", "error", "code", "invalid", "text", text, "problems",
		problem_rows(problems)));
}

static void
policy(struct xn_call *call, bool apply)
{
	struct xn_arena arena;
	struct xn_problems problems;
	struct xn_reply reply = {0};
	struct xn_error err;
	int result;

	xn_arena_map(&arena, (size_t)64 << 20);
	xn_problems_init(&problems, &arena);
	result = xn_engine_policy(&call->daemon->engine, "policy.yaml", call->request->body,
	    call->request->size, call->actor, apply, &problems, &reply, &err);
	if (problems.count > 0 || (result == XN_EINVALID && reply.code == XN_OK)) {
		xn_api_problems(
		    call->request, "the policy has problems; nothing was changed", &problems);
	} else if (result != XN_OK) {
		xn_api_fail(call->request, &err);
	} else if (reply.code != XN_OK) {
		xn_fail(&err, reply.code, "%s", reply.text);
		xn_api_fail(call->request, &err);
	} else if (apply) {
		xn_api_json(call->request, 200,
		    json_pack("{s:o, s:o}", "name",
			xn_json_name(xn_policy_name(call->daemon->engine.core->policy)), "text",
			xn_json_name(reply.text)));
	} else {
		xn_api_json(call->request, 200, json_pack("{s:[]}", "problems"));
	}
	xn_arena_unmap(&arena);
}

void
xn_api_policy_put(struct xn_call *call)
{
	policy(call, true);
}

void
xn_api_policy_check(struct xn_call *call)
{
	policy(call, false);
}

/* ---- the way into the page ---- */

void
xn_api_login_code(struct xn_call *call)
{
	struct xn_daemon *daemon = call->daemon;
	char url[sizeof(daemon->page) + XN_TOKEN_SIZE + 16];

	if (call->session != NULL || daemon->page[0] == '\0') {
		xn_api_error(call->request, 409, "refused",
		    call->session != NULL
			? "a session cannot make another one"
			: "no listener has the page: add http://127.0.0.1:8080 to api.listen");
		return;
	}
	snprintf(url, sizeof(url), "%s/login?code=%s", daemon->page,
	    xn_session_code(&daemon->sessions, call->actor, xn_clock_now()));
	xn_api_json(call->request, 201, json_pack("{s:s, s:i}", "url", url, "valid_s", 300));
}
